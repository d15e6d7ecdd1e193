#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <zmq.h>

#include "common/log.h"
#include "worker/session_parts.h"

enum {
    FIRST_PATIENCE_MS = 1000, /* for the answer to a Hello; grows by half each time */
    LONGEST_PATIENCE_MS = 5000,
    REST_MS = 5000,
    SILENT_HEARTBEATS = 3,
    TELL_ABSENT_EVERY_MS = 600000,
    HANG_UPS = 6, /* in a row that are no accident */
    RECONNECT_MS = 100,
    LONGEST_RECONNECT_MS = 1000,
};

/* Within a quarter of ms, so that a thousand workers of a coordinator that died do not come back in
 * step. */
static uint64_t jitter(uint64_t ms)
{
    return ms - ms / 4 + randombytes_uniform((uint32_t)(ms / 2) + 1);
}

/* ---- the socket ---- */

static const struct public_key *own_key(const struct session *session)
{
    return session->options->keys ? &session->keys.own : NULL;
}

/* Some are no more than a coordinator that was stopped in the middle. */
static bool is_accident(struct session *session, enum handshake failure)
{
    return failure == HANDSHAKE_HUNG_UP &&
           (session->told_handshake >= 0 || ++session->hang_ups < HANG_UPS);
}

/* Each reason once, until it is another: a coordinator that turns this worker away is asked again and
 * again, as its keys may come. */
static bool on_handshake(void *handshakes, void *arg)
{
    struct session *session = arg;
    enum handshake failure;
    char why[400];

    if (handshakes_next(handshakes, &failure) < 0 || is_accident(session, failure) ||
        session->told_handshake == (int)failure)
        return false;
    session->told_handshake = (int)failure;
    log_warn("%s: %s; trying on", session->options->endpoint,
             handshake_explain(failure, own_key(session), why, sizeof why));
    return false;
}

static int watch_socket(struct session *session, void *socket)
{
    int rc = handshakes_open(session->zmq_context, socket, &session->handshakes);

    if (rc == 0)
        rc = zmq_watch_new(&session->loop, session->handshakes, on_handshake, session,
                           &session->handshakes_watch);
    if (rc == 0)
        rc = zmq_watch_new(&session->loop, socket, session_on_message, session, &session->watch);
    if (rc == 0)
        zmq_watch_before_sleep(session->watch, session_send_letter);
    return rc;
}

static int open_socket(struct session *session)
{
    void *socket = zmq_socket(session->zmq_context, ZMQ_DEALER);
    int64_t largest = WIRE_MAX_MESSAGE;
    int rc;

    if (!socket)
        return -zmq_errno();
    session->socket = socket;
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &largest, sizeof largest);
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &(int){ RECONNECT_MS }, sizeof(int));
    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &(int){ LONGEST_RECONNECT_MS }, sizeof(int));
    zmq_setsockopt(socket, ZMQ_IPV6, &(int){ 1 }, sizeof(int));
    rc = session->options->keys ? curve_connect(socket, &session->keys) : 0;
    if (rc == 0)
        rc = watch_socket(session, socket);
    if (rc == 0 && zmq_connect(socket, session->options->endpoint) < 0)
        rc = -zmq_errno();
    if (rc < 0)
        session_disconnect(session, 0);
    return rc;
}

void session_disconnect(struct session *session, int linger_ms)
{
    if (!session->socket)
        return;
    session_send_letter(session);
    zmq_watch_free(session->watch);
    zmq_watch_free(session->handshakes_watch);
    handshakes_close(session->socket, session->handshakes);
    zmq_setsockopt(session->socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_close(session->socket);
    session->socket = session->handshakes = NULL;
    session->watch = session->handshakes_watch = NULL;
}

/* ---- CONNECTING ---- */

static void reconnect(struct session *session)
{
    int rc;

    session_keep_results(session); /* nobody is there to acknowledge them */
    session_disconnect(session, 0);
    rc = session_connect(session);
    if (rc < 0) {
        log_error("cannot connect to %s: %s", session->options->endpoint, zmq_strerror(-rc));
        session_end(session, EXIT_FAILED);
    }
}

/* Once soon, then rarely: a coordinator may be away for days. */
static void tell_absent(struct session *session)
{
    uint64_t now_ms = uv_now(&session->loop);

    if (session->told_handshake >= 0)
        return; /* the log has why */
    if (session->tries > 1 && now_ms - session->told_absent_ms < TELL_ABSENT_EVERY_MS)
        return;
    session->told_absent_ms = now_ms;
    log_info("no answer from %s%s; trying on", session->options->endpoint,
             session->tries == 1 ? " yet" : "");
}

static void on_no_answer(uv_timer_t *timer)
{
    struct session *session = timer->data;

    session->tries++;
    tell_absent(session);
    reconnect(session);
}

void session_greet(struct session *session)
{
    uint64_t patience_ms = FIRST_PATIENCE_MS;

    for (uint32_t i = 0; i < session->tries && patience_ms < LONGEST_PATIENCE_MS; i++)
        patience_ms += patience_ms / 2;
    if (patience_ms > LONGEST_PATIENCE_MS)
        patience_ms = LONGEST_PATIENCE_MS;
    session->state = SESSION_CONNECTING;
    session_data_changed(session);
    session_take_left_results(session); /* so that their trials are not handed out meanwhile */
    session_send_hello(session);
    uv_timer_start(&session->timer, on_no_answer, jitter(patience_ms), 0);
}

int session_connect(struct session *session)
{
    int rc = open_socket(session);

    if (rc == 0)
        session_greet(session);
    return rc;
}

/* ---- SERVING ---- */

/* What waits in the socket was said in time, even if this process was stopped meanwhile. */
static bool is_silent(const struct session *session)
{
    uint64_t silent_ms = uv_now(&session->loop) - session->heard_ms;

    return silent_ms > SILENT_HEARTBEATS * (uint64_t)session->welcome.heartbeat_ms &&
           !zmq_watch_pending(session->watch);
}

static void on_heartbeat(uv_timer_t *timer)
{
    struct session *session = timer->data;

    session_keep_overdue_results(session);
    if (is_silent(session)) {
        log_warn("%s is silent; connecting anew", session->options->endpoint);
        reconnect(session);
        return;
    }
    if (session_data_changed(session)) {
        session_greet(session);
        return;
    }
    if (!*session->welcome.data && !*session->welcome.no_trials)
        session_take_left_results(session);
    session_send_heartbeat(session);
    session_send_results_due(session);
}

void session_start_heartbeats(struct session *session)
{
    uint32_t every_ms = session->welcome.heartbeat_ms;

    uv_timer_start(&session->timer, on_heartbeat, every_ms, every_ms);
}

/* ---- RESTING ---- */

static void on_rested(uv_timer_t *timer)
{
    reconnect(timer->data);
}

void session_rest(struct session *session)
{
    session->state = SESSION_RESTING;
    session_disconnect(session, 0);
    uv_timer_start(&session->timer, on_rested, jitter(REST_MS), 0);
}
