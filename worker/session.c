#include "worker/session.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "common/log.h"
#include "common/standard_streams.h"
#include "worker/evaluate/evaluator.h"
#include "worker/session_parts.h"

enum {
    FAREWELL_MS = 3000, /* for verdicts on the last results */
    LINGER_MS = 1000,   /* for the Goodbye to leave */
};

uint32_t session_n_running(const struct session *session)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < session->options->slots; i++)
        n += !slot_is_free(session->slots[i]);
    return n;
}

/* ---- the end ---- */

/* What becomes of the results that nobody acknowledged. */
static void tell_left(const struct session *session)
{
    size_t kept = 0;

    for (size_t i = 0; i < session->outbox.n; i++)
        kept += session->outbox.results[i].lock >= 0;
    if (session->outbox.n > kept)
        log_warn("%zu results were not acknowledged and are lost", session->outbox.n - kept);
    if (kept > 0)
        log_info("%zu results were not acknowledged: they wait in %s for the next worker", kept,
                 session->spool.folder);
}

void session_end(struct session *session, int exit_code)
{
    if (session->ended)
        return;
    session->ended = true;
    session->exit_code = exit_code;
    session_keep_results(session);
    if (session->state == SESSION_SERVING)
        session_send_goodbye(session);
    session_stop_reading(session);
    session_disconnect(session, session->state == SESSION_SERVING ? LINGER_MS : 0);
    tell_left(session);
    outbox_clear(&session->outbox); /* whoever is started next may have what is on disk */
    for (uint32_t i = 0; session->slots && i < session->options->slots; i++)
        slot_free(session->slots[i]);
    uv_close((uv_handle_t *)&session->timer, NULL);
    uv_close((uv_handle_t *)&session->idle, NULL);
    uv_close((uv_handle_t *)&session->farewell, NULL);
    uv_close((uv_handle_t *)&session->sigint, NULL);
    uv_close((uv_handle_t *)&session->sigterm, NULL);
    uv_close((uv_handle_t *)&session->lifeline, NULL);
}

static void on_farewell_over(uv_timer_t *timer)
{
    session_end(timer->data, EXIT_SUCCESS);
}

void session_stop_if_settled(struct session *session)
{
    if (session->stopping && session->outbox.n == 0)
        session_end(session, EXIT_SUCCESS);
}

void session_stop(struct session *session, const char *why)
{
    if (session->stopping || session->ended)
        return;
    log_info("stopping: %s", why);
    session->stopping = true;
    session_keep_results(session);
    for (uint32_t i = 0; i < session->options->slots; i++)
        slot_cancel(session->slots[i]);
    uv_timer_start(&session->farewell, on_farewell_over, FAREWELL_MS, 0);
    if (session->state == SESSION_SERVING)
        session_stop_if_settled(session);
    else
        session_end(session, EXIT_SUCCESS);
}

/* ---- reasons to stop ---- */

static void on_signal(uv_signal_t *handle, int signal_number)
{
    struct session *session = handle->data;

    if (session->stopping)
        _exit(EXIT_FAILED); /* slots end with this process */
    session_stop(session, strsignal(signal_number));
}

static void on_idle(uv_timer_t *timer)
{
    struct session *session = timer->data;

    if (session_n_running(session) == 0 && !session_reads_data(session))
        session_stop(session, "nothing to do");
}

void session_touch_idle(struct session *session)
{
    if (session->options->idle_exit_s != UINT32_MAX && !session->ended)
        uv_timer_start(&session->idle, on_idle, session->options->idle_exit_s * UINT64_C(1000), 0);
}

static void on_lifeline_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    static char nobody_reads[256];

    (void)handle;
    (void)suggested;
    *buffer = uv_buf_init(nobody_reads, sizeof nobody_reads);
}

static void on_lifeline(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    (void)buffer;
    if (n >= 0)
        return;
    uv_read_stop(stream);
    session_stop(stream->data, "standard input has ended");
    session_end(stream->data, EXIT_SUCCESS); /* who held it is gone: there will be no verdict */
}

/* ---- the beginning ---- */

static int open_slots(struct session *session)
{
    const struct worker_options *options = session->options;

    session->slot_settings = (struct slot_settings){ .arguments = options_for_slot(options),
                                                     .done = session_on_done,
                                                     .arg = session };
    session->slots = calloc(options->slots, sizeof(struct slot *));
    if (!session->slot_settings.arguments || !session->slots)
        return -ENOMEM;
    for (uint32_t i = 0; i < options->slots; i++) {
        session->slots[i] = slot_new(&session->loop, &session->slot_settings);
        if (!session->slots[i])
            return -ENOMEM;
    }
    return 0;
}

static void open_handles(struct session *session)
{
    uv_timer_init(&session->loop, &session->timer);
    uv_timer_init(&session->loop, &session->idle);
    uv_timer_init(&session->loop, &session->farewell);
    uv_signal_init(&session->loop, &session->sigint);
    uv_signal_init(&session->loop, &session->sigterm);
    uv_pipe_init(&session->loop, &session->lifeline, 0);
    session->timer.data = session->idle.data = session->farewell.data = session;
    session->sigint.data = session->sigterm.data = session->lifeline.data = session;
}

static int start(struct session *session)
{
    int rc = open_slots(session);

    standard_streams_ignore_broken_pipes(); /* a slot may die while it is told its trial */
    if (rc == 0)
        rc = session_open_data(session);
    if (rc == 0)
        rc = uv_signal_start(&session->sigint, on_signal, SIGINT);
    if (rc == 0)
        rc = uv_signal_start(&session->sigterm, on_signal, SIGTERM);
    if (rc == 0 && session->options->until_eof)
        rc = uv_pipe_open(&session->lifeline, STDIN_FILENO);
    if (rc == 0 && session->options->until_eof)
        rc = uv_read_start((uv_stream_t *)&session->lifeline, on_lifeline_room, on_lifeline);
    if (rc < 0)
        log_error("cannot start: %s", uv_strerror(rc));
    return rc;
}

static int run(struct session *session)
{
    int rc = start(session);

    if (rc < 0) {
        session_end(session, EXIT_FAILED);
    } else if (session_open_spool(session) < 0) {
        session_end(session, EXIT_USAGE);
    } else {
        session_touch_idle(session);
        rc = session_connect(session);
        if (rc < 0) {
            log_error("--connect %s: %s", session->options->endpoint, zmq_strerror(-rc));
            session_end(session, EXIT_USAGE);
        }
    }
    uv_run(&session->loop, UV_RUN_DEFAULT);
    return session->exit_code;
}

static bool read_keys(struct session *session)
{
    static const enum key_role role = KEY_WORKER;
    const char *folder = session->options->keys;
    struct errmsg err;

    if (!folder || key_folder_client(folder, &role, 1, &session->keys, &err) == 0)
        return true;
    log_error("--keys: %s", err.text);
    return false;
}

int session_run(const struct worker_options *options)
{
    struct session session = { .options = options, .told_handshake = -1 };
    int rc;

    if (!read_keys(&session))
        return EXIT_USAGE;
    randombytes_buf(session.worker_id, sizeof session.worker_id);
    evaluator_numerics(PRECISION_FLOAT, options->threads, session.numerics);
    session.zmq_context = zmq_ctx_new();
    if (!session.zmq_context || uv_loop_init(&session.loop) < 0) {
        log_error("cannot start: %s", strerror(errno));
        return EXIT_FAILED;
    }
    open_handles(&session);
    rc = run(&session);
    letter_clear(&session.letter);
    uv_loop_close(&session.loop);
    zmq_ctx_term(session.zmq_context);
    free(session.data);
    free(session.slots);
    free(session.slot_settings.arguments);
    sodium_memzero(&session.keys, sizeof session.keys);
    return rc;
}
