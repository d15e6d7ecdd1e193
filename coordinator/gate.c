#include "coordinator/gate.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/log.h"
#include "coordinator/complaint.h"
#include "proto/curve.h"
#include "proto/wire.h"
#include "proto/zmq_watch.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"

/* Of a ZAP request (RFC 27); the last is the client's public key, 32 bytes. */
enum zap_frame {
    ZAP_VERSION,
    ZAP_ID,
    ZAP_DOMAIN,
    ZAP_ADDRESS,
    ZAP_IDENTITY,
    ZAP_MECHANISM,
    ZAP_KEY,
    ZAP_FRAMES
};
enum { ZAP_FRAME_SIZE = 256, KEY_BYTES = 32, SAME_KNOCK_MS = 600000 };

struct zap_request {
    size_t size[ZAP_FRAMES];
    char frame[ZAP_FRAMES][ZAP_FRAME_SIZE]; /* each with a zero at its end */
};

struct guarded {
    struct gate *gate;
    enum gate_door door;
    void *socket, *events;
    struct zmq_watch *watch;
};

struct gate {
    struct gate_settings settings;
    char secret[KEY_TEXT_SIZE];
    struct allowed_keys keys;
    void *zap;
    struct zmq_watch *zap_watch;
    struct guarded guarded[GATE_DOORS];
    uv_signal_t sighup;
    bool has_sighup;
    uint64_t turned_away;
    struct complaints complaints;
    struct errmsg knock; /* the last line about who was turned away, */
    uint64_t knock_ms;   /* and when */
    struct errmsg told;  /* the last fault of the folder */
};

static const char *const door_names[GATE_DOORS] = {
    [GATE_WORKERS] = "workers",
    [GATE_STATUS] = "status",
};

/* ---- who may ---- */

static bool may_enter(enum key_role role, enum gate_door door)
{
    return door == GATE_WORKERS ? role == KEY_WORKER : role == KEY_OBSERVER || role == KEY_CONTROL;
}

static const struct allowed_key *find_key(const struct gate *gate, enum gate_door door,
                                          const char *text)
{
    const struct allowed_key *key = allowed_keys_find(&gate->keys, text);

    return key && may_enter(key->role, door) ? key : NULL;
}

const struct allowed_key *gate_key(const struct gate *gate, enum gate_door door,
                                   const struct route *route)
{
    return gate_has_keys(gate) ? find_key(gate, door, route->key) : NULL;
}

bool gate_admits(struct gate *gate, enum gate_door door, const struct route *route)
{
    if (!gate_has_keys(gate) || gate_key(gate, door, route))
        return true;
    gate->turned_away++;
    return false;
}

bool gate_has_keys(const struct gate *gate)
{
    return gate && gate->settings.folder;
}

uint64_t gate_turned_away(const struct gate *gate)
{
    return gate ? gate->turned_away : 0;
}

size_t gate_n_keys(const struct gate *gate, enum key_role role)
{
    return gate ? gate->keys.by_role[role] : 0;
}

/* ---- the folder ---- */

static void refresh(struct gate *gate, bool always)
{
    struct errmsg err;
    size_t before = gate->keys.n;
    int rc = allowed_keys_refresh(&gate->keys, always, &err);

    if (rc == 0)
        return;
    if (*err.text && strcmp(err.text, gate->told.text) != 0)
        log_warn("%s%s", err.text, rc < 0 ? "; the keys known before hold on" : "");
    gate->told = err;
    if (rc < 0)
        return;
    if (gate->keys.n != before)
        log_info("keys of %s read again: %zu of workers, %zu of observers, %zu of control",
                 gate->settings.folder, gate->keys.by_role[KEY_WORKER],
                 gate->keys.by_role[KEY_OBSERVER], gate->keys.by_role[KEY_CONTROL]);
    if (gate->settings.changed)
        gate->settings.changed(gate->settings.arg);
}

void gate_refresh(struct gate *gate)
{
    if (gate_has_keys(gate))
        refresh(gate, gate->keys.read_too_soon);
}

static void on_sighup(uv_signal_t *signal, int number)
{
    (void)number;
    refresh(signal->data, true);
}

/* ---- connections: ZAP ---- */

/* False: not a request as it should be. Takes all of its frames in any case. */
static bool receive_request(void *socket, struct zap_request *request)
{
    bool good = true;
    int more = 1;

    for (size_t n = 0; more; n++) {
        zmq_msg_t frame;

        zmq_msg_init(&frame);
        if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0 || n >= ZAP_FRAMES ||
            zmq_msg_size(&frame) >= ZAP_FRAME_SIZE) {
            good = false;
        } else {
            request->size[n] = zmq_msg_size(&frame);
            memcpy(request->frame[n], zmq_msg_data(&frame), request->size[n]);
            request->frame[n][request->size[n]] = '\0';
        }
        more = zmq_msg_more(&frame);
        good &= more || n == ZAP_FRAMES - 1;
        zmq_msg_close(&frame);
    }
    return good && strcmp(request->frame[ZAP_VERSION], "1.0") == 0;
}

static void send_text(void *socket, const char *text, bool more)
{
    zmq_send(socket, text, strlen(text), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0));
}

/* The key becomes the User-Id of every message of the connection (router_receive). */
static void send_answer(void *socket, const struct zap_request *request, bool good, const char *key)
{
    const char *text = good ? (key ? "OK" : "not allowed here") : "malformed";

    send_text(socket, "1.0", true);
    zmq_send(socket, request->frame[ZAP_ID], request->size[ZAP_ID], ZMQ_DONTWAIT | ZMQ_SNDMORE);
    send_text(socket, good ? (key ? "200" : "400") : "500", true);
    send_text(socket, text, true);
    send_text(socket, key ? key : "", true);
    send_text(socket, "", false);
}

/* Whoever is turned away comes again at once, and again: one line for all of it. */
static void count(struct gate *gate, const struct errmsg *line)
{
    uint64_t now_ms = uv_now(gate->settings.loop);

    gate->turned_away++;
    if (strcmp(line->text, gate->knock.text) == 0 && now_ms - gate->knock_ms < SAME_KNOCK_MS)
        return;
    gate->knock = *line;
    gate->knock_ms = now_ms;
    complain(&gate->complaints, now_ms, "%s", line->text);
}

static void turn_away(struct gate *gate, const struct zap_request *request, const char *text)
{
    const struct allowed_key *key = allowed_keys_find(&gate->keys, text);
    struct errmsg line;
    char address[64];

    wire_printable(address, sizeof address, request->frame[ZAP_ADDRESS]);
    if (key)
        errmsg_set(&line, 0, "turned away at the %s socket, from %s: the key %s is not for that",
                   request->frame[ZAP_DOMAIN], address, key->key.name);
    else
        errmsg_set(&line, 0, "turned away at the %s socket, from %s: no .pub file has its key, %s",
                   request->frame[ZAP_DOMAIN], address, text);
    count(gate, &line);
}

static bool door_of(const char *domain, enum gate_door *door_out)
{
    for (int door = 0; door < GATE_DOORS; door++)
        if (strcmp(domain, door_names[door]) == 0) {
            *door_out = (enum gate_door)door;
            return true;
        }
    return false;
}

static bool on_zap_request(void *socket, void *arg)
{
    struct gate *gate = arg;
    struct zap_request request = { 0 };
    const struct allowed_key *key = NULL;
    char text[KEY_TEXT_SIZE];
    enum gate_door door;
    bool good = receive_request(socket, &request) && door_of(request.frame[ZAP_DOMAIN], &door) &&
                strcmp(request.frame[ZAP_MECHANISM], "CURVE") == 0 &&
                request.size[ZAP_KEY] == KEY_BYTES;

    if (good) {
        refresh(gate, false);
        zmq_z85_encode(text, (const uint8_t *)request.frame[ZAP_KEY], KEY_BYTES);
        key = find_key(gate, door, text);
        if (!key)
            turn_away(gate, &request, text);
    }
    send_answer(socket, &request, good, key ? key->key.text : NULL);
    return false;
}

/* ---- connections: handshakes that failed ---- */

static const char *what_failed(const struct gate *gate, enum handshake failure)
{
    switch (failure) {
    case HANDSHAKE_ONE_HAS_KEYS:
        return gate_has_keys(gate) ? "it has no keys"
                                   : "it has keys, and this coordinator has none";
    case HANDSHAKE_OTHER_SERVER:
        return "its server.pub is of another coordinator";
    case HANDSHAKE_HUNG_UP:
        return gate_has_keys(gate) ? "it hung up, as who has no keys may"
                                   : "it hung up, as who has keys may";
    default:
        return "it does not speak ZeroMQ";
    }
}

/* Keys that are not allowed were counted where they were turned away. */
static bool on_handshake(void *socket, void *arg)
{
    const struct guarded *guarded = arg;
    struct gate *gate = guarded->gate;
    enum handshake failure;
    struct errmsg line;

    if (handshakes_next(socket, &failure) < 0 || failure == HANDSHAKE_KEY_REFUSED)
        return false;
    errmsg_set(&line, 0, "turned away at the %s socket: %s", door_names[guarded->door],
               what_failed(gate, failure));
    count(gate, &line);
    return false;
}

/* ---- opening, closing ---- */

static int open_zap(struct gate *gate, struct errmsg *err)
{
    int rc;

    gate->zap = zmq_socket(gate->settings.zmq_context, ZMQ_REP);
    rc = gate->zap && zmq_bind(gate->zap, ZAP_ENDPOINT) == 0 ? 0 : -zmq_errno();
    if (rc == 0)
        rc = zmq_watch_new(gate->settings.loop, gate->zap, on_zap_request, gate, &gate->zap_watch);
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", ZAP_ENDPOINT, zmq_strerror(-rc)) : 0;
}

static int open_keys(struct gate *gate, struct errmsg *err)
{
    const char *folder = gate->settings.folder;
    struct errmsg why;
    int rc = key_file_secret(folder, key_role_name(KEY_SERVER), gate->secret, &why);

    if (rc == 0)
        rc = allowed_keys_open(&gate->keys, folder, &why);
    if (rc < 0)
        return errmsg_set(err, -EINVAL, "--keys: %s", why.text);
    rc = open_zap(gate, err);
    if (rc < 0)
        return rc;
    uv_signal_init(gate->settings.loop, &gate->sighup);
    gate->sighup.data = gate;
    gate->has_sighup = true;
    rc = uv_signal_start(&gate->sighup, on_sighup, SIGHUP);
    return rc < 0 ? errmsg_set(err, rc, "%s", uv_strerror(rc)) : 0;
}

int gate_open(const struct gate_settings *settings, struct gate **gate_out, struct errmsg *err)
{
    struct gate *gate = calloc(1, sizeof *gate);
    int rc = 0;

    if (!gate)
        return errmsg_set(err, -ENOMEM, "out of memory");
    gate->settings = *settings;
    if (settings->folder)
        rc = open_keys(gate, err);
    if (rc < 0)
        gate_close(gate);
    else
        *gate_out = gate;
    return rc;
}

int gate_guard(struct gate *gate, enum gate_door door, void *socket, struct errmsg *err)
{
    struct guarded *guarded = &gate->guarded[door];
    int rc = gate_has_keys(gate) ? curve_serve(socket, gate->secret, door_names[door]) : 0;

    *guarded = (struct guarded){ .gate = gate, .door = door, .socket = socket };
    if (rc == 0)
        rc = handshakes_open(gate->settings.zmq_context, socket, &guarded->events);
    if (rc == 0)
        rc = zmq_watch_new(gate->settings.loop, guarded->events, on_handshake, guarded,
                           &guarded->watch);
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", door_names[door], zmq_strerror(-rc)) : 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void gate_close(struct gate *gate)
{
    if (!gate)
        return;
    for (int door = 0; door < GATE_DOORS; door++) {
        zmq_watch_free(gate->guarded[door].watch);
        handshakes_close(gate->guarded[door].socket, gate->guarded[door].events);
    }
    zmq_watch_free(gate->zap_watch);
    if (gate->zap)
        zmq_close(gate->zap);
    allowed_keys_clear(&gate->keys);
    sodium_memzero(gate->secret, sizeof gate->secret);
    if (gate->has_sighup)
        uv_close((uv_handle_t *)&gate->sighup, on_closed);
    else
        free(gate);
}
