#include "coordinator/status/show/client.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

#include "coordinator/status/show/reply.h"
#include "coordinator/status/snapshot.h"
#include "proto/curve.h"

enum {
    HEARTBEAT_MS = 2000, /* so that a machine that fell silent is noticed, */
    SILENCE_MS = 6000,   /* after so long */
    RECONNECT_MS = 500,  /* at most, between attempts */
};

struct client {
    const char *endpoint;
    void *context, *socket, *handshakes;
    struct public_key own; /* name: empty without keys */
    bool given_up;         /* ZeroMQ does not try to connect any more */
    char trouble[400];
    uint64_t last_id;
};

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static void set_options(void *socket)
{
    int64_t most = STATUS_MAX_REPLY;

    set(socket, ZMQ_LINGER, 0);
    set(socket, ZMQ_IMMEDIATE, 1);
    set(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS);
    set(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, SILENCE_MS);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
}

static int use_keys(struct client *client, const char *folder, struct errmsg *err)
{
    static const enum key_role roles[] = { KEY_CONTROL, KEY_OBSERVER };
    struct client_keys keys;
    struct errmsg why;
    int rc;

    if (!folder)
        return 0;
    if (key_folder_client(folder, roles, sizeof roles / sizeof *roles, &keys, &why) < 0)
        return errmsg_set(err, -EINVAL, "--keys: %s", why.text);
    rc = curve_connect(client->socket, &keys);
    client->own = keys.own;
    sodium_memzero(&keys, sizeof keys);
    return rc < 0 ? errmsg_set(err, -EINVAL, "--keys: %s", zmq_strerror(-rc)) : 0;
}

static int connect_to(struct client *client, struct errmsg *err)
{
    if (zmq_connect(client->socket, client->endpoint) == 0)
        return 0;
    return errmsg_set(err, -EINVAL, "--connect: \"%s\" is not an endpoint (%s); tcp://HOST:PORT",
                      client->endpoint, zmq_strerror(errno));
}

int client_open(const char *endpoint, const char *keys, struct client **client_out,
                struct errmsg *err)
{
    int rc;
    struct client *client = calloc(1, sizeof *client);

    if (!client)
        return errmsg_set(err, -ENOMEM, "out of memory");
    client->endpoint = endpoint;
    client->context = zmq_ctx_new();
    client->socket = client->context ? zmq_socket(client->context, ZMQ_DEALER) : NULL;
    if (!client->socket ||
        handshakes_open(client->context, client->socket, &client->handshakes) < 0) {
        rc = errmsg_set(err, -ENOMEM, "ZeroMQ: %s", zmq_strerror(errno));
    } else {
        set_options(client->socket);
        rc = use_keys(client, keys, err);
        if (rc == 0)
            rc = connect_to(client, err);
    }
    if (rc < 0)
        client_close(client);
    else
        *client_out = client;
    return rc;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    handshakes_close(client->socket, client->handshakes);
    if (client->socket)
        zmq_close(client->socket);
    if (client->context)
        zmq_ctx_term(client->context);
    free(client);
}

void *client_socket(const struct client *client)
{
    return client->socket;
}

int client_send(struct client *client, const struct question *question, uint64_t id)
{
    Layernas__Query query = LAYERNAS__QUERY__INIT;
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    uint8_t *packed;
    size_t size;
    int rc;

    query.what = question->what;
    query.limit = question->limit;
    query.first = question->first;
    query.watch = question->watch;
    if (question->arch)
        query.arch = (char *)question->arch;
    request.protocol = STATUS_PROTOCOL;
    request.id = id;
    if (question->command) {
        request.body_case = LAYERNAS__STATUS_REQUEST__BODY_COMMAND;
        request.command = (Layernas__Command *)(uintptr_t)question->command;
    } else {
        request.body_case = LAYERNAS__STATUS_REQUEST__BODY_QUERY;
        request.query = &query;
    }
    packed = malloc(layernas__status_request__get_packed_size(&request));
    if (!packed)
        return -ENOMEM;
    size = layernas__status_request__pack(&request, packed);
    rc = zmq_send(client->socket, packed, size, ZMQ_DONTWAIT) < 0 ? -errno : 0;
    free(packed);
    return rc;
}

/* ---- why there is no answer ---- */

/* Who hangs up may do otherwise the next time, or say why. */
static void take_handshakes(struct client *client)
{
    const struct public_key *own = *client->own.name ? &client->own : NULL;
    enum handshake failure;

    while (handshakes_next(client->handshakes, &failure) == 0) {
        client->given_up |= failure != HANDSHAKE_HUNG_UP;
        handshake_explain(failure, own, client->trouble, sizeof client->trouble);
    }
}

const char *client_trouble(struct client *client)
{
    take_handshakes(client);
    if (client->given_up) {
        zmq_disconnect(client->socket, client->endpoint);
        zmq_connect(client->socket, client->endpoint);
    }
    client->given_up = false;
    return client->trouble;
}

/* ---- answers ---- */

int client_receive(struct client *client, Layernas__StatusReply **reply_out, struct errmsg *err)
{
    zmq_msg_t message;
    int rc;

    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) < 0) {
        rc = errmsg_set(err, -errno, "the answer cannot be received: %s", zmq_strerror(errno));
    } else if (zmq_msg_more(&message)) {
        while (zmq_msg_more(&message) && zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) >= 0)
            ;
        rc = errmsg_set(err, -EPROTO, "an answer in several frames; this is no coordinator");
    } else {
        client->trouble[0] = '\0';
        rc = reply_unpack(zmq_msg_data(&message), zmq_msg_size(&message), reply_out, err);
    }
    zmq_msg_close(&message);
    return rc;
}

int64_t client_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits for events until the deadline: -ETIMEDOUT; -ECONNREFUSED: there will be none. */
static int wait_for(struct client *client, short events, int64_t deadline_ms)
{
    zmq_pollitem_t items[] = {
        { .socket = client->socket, .events = events },
        { .socket = client->handshakes, .events = ZMQ_POLLIN },
    };
    int64_t left;

    while ((left = deadline_ms - client_now_ms()) > 0) {
        if (zmq_poll(items, 2, left) <= 0)
            continue;
        if (items[0].revents)
            return 0;
        take_handshakes(client);
        if (client->given_up)
            return -ECONNREFUSED;
    }
    return -ETIMEDOUT;
}

static int exchange(struct client *client, const struct question *question, int64_t deadline_ms,
                    Layernas__StatusReply **reply_out, struct errmsg *err)
{
    Layernas__StatusReply *reply;
    int rc = wait_for(client, ZMQ_POLLOUT, deadline_ms);

    if (rc == 0)
        rc = client_send(client, question, ++client->last_id);
    while (rc == 0) {
        rc = wait_for(client, ZMQ_POLLIN, deadline_ms);
        if (rc == 0)
            rc = client_receive(client, &reply, err);
        if (rc == 0 && reply->id >= client->last_id) {
            rc = question->command ? reply_check_commanded(reply, client->last_id, err)
                                   : reply_check(reply, client->last_id, question->what, err);
            if (rc == 0)
                *reply_out = reply;
            else
                layernas__status_reply__free_unpacked(reply, NULL);
            return rc;
        }
        if (rc == 0) /* to an earlier question, too late */
            layernas__status_reply__free_unpacked(reply, NULL);
    }
    return rc;
}

int client_ask(struct client *client, const struct question *question, int timeout_ms,
               Layernas__StatusReply **reply_out, struct errmsg *err)
{
    int rc = exchange(client, question, client_now_ms() + timeout_ms, reply_out, err);

    if (rc == -ECONNREFUSED || (rc == -ETIMEDOUT && *client->trouble))
        return errmsg_set(err, -ECONNREFUSED, "%s: %s", client->endpoint, client->trouble);
    if (rc == -ETIMEDOUT || rc == -EAGAIN)
        return errmsg_set(err, -ETIMEDOUT,
                          "no coordinator answered at %s within %g s; is one running there, with "
                          "this --status endpoint?",
                          client->endpoint, timeout_ms / 1000.0);
    return rc;
}
