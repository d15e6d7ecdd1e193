/* Results that nobody has acknowledged, on disk: they outlive this process. */
#include <errno.h>

#include "common/log.h"
#include "worker/session_parts.h"

int session_open_spool(struct session *session)
{
    const struct worker_options *options = session->options;
    struct errmsg err;

    if (!*options->spool || spool_open(&session->spool, options->spool, &err) == 0)
        return 0;
    if (options->spool_given) {
        log_error("--spool %s", err.text);
        return -EINVAL;
    }
    log_warn("results that nobody acknowledges end with this worker: %s", err.text);
    return 0;
}

/* ---- keeping ---- */

/* Once, until it is well again: it is tried with every heartbeat. */
static void tell_trouble(struct session *session, const struct errmsg *err)
{
    if (!session->spool_failed)
        log_warn("results cannot be kept on disk: %s", err->text);
    session->spool_failed = true;
}

static void keep(struct session *session, struct outgoing_result *result)
{
    struct errmsg err;

    if (!*session->spool.folder || result->lock >= 0 ||
        result->message.result.outcome != OUTCOME_OK)
        return;
    if (spool_put(&session->spool, &result->message, &result->data, &result->lock, &err) < 0)
        tell_trouble(session, &err);
    else
        session->spool_failed = false;
}

void session_keep_results(struct session *session)
{
    for (size_t i = 0; i < session->outbox.n; i++)
        keep(session, &session->outbox.results[i]);
}

void session_keep_overdue_results(struct session *session)
{
    uint64_t now_ms = uv_now(&session->loop);

    for (size_t i = 0; i < session->outbox.n; i++)
        if (now_ms - session->outbox.results[i].came_ms >= session->welcome.heartbeat_ms)
            keep(session, &session->outbox.results[i]);
}

void session_forget_result(struct session *session, struct outgoing_result *result)
{
    if (result->lock >= 0)
        spool_remove(&session->spool, &result->message, &result->data);
    outbox_remove(&session->outbox, result);
}

void session_forget_results(struct session *session)
{
    for (size_t i = session->outbox.n; i > 0; i--) {
        struct outgoing_result *result = &session->outbox.results[i - 1];

        if (digest_equal(&result->message.study_id, &session->welcome.study_id))
            session_forget_result(session, result);
    }
}

/* ---- taking ---- */

static bool has_room(const struct session *session)
{
    return session->outbox.n + session->options->slots < WIRE_MAX_HELD;
}

/* Returns how many. */
static size_t take_from(struct session *session, const struct digest *data)
{
    uint64_t now_ms = uv_now(&session->loop);
    struct result_message message;
    struct spool_scan scan;
    struct errmsg err;
    size_t n = 0;
    int lock, rc;

    if (spool_scan_begin(&scan, &session->spool, &session->welcome.study_id, data, &err) < 0) {
        tell_trouble(session, &err);
        return 0;
    }
    while (has_room(session) && (rc = spool_scan_next(&scan, &message, &lock, &err)) != -ENOENT) {
        if (rc < 0)
            log_warn("%s", err.text);
        else if (outbox_add(&session->outbox, &message, data, now_ms, lock) == 0)
            n++;
        else
            break; /* out of memory; the file is there for later */
    }
    spool_scan_end(&scan);
    return n;
}

/* Only what comes from data that this worker has too: that is what the coordinator compares with the
 * study's. */
void session_take_left_results(struct session *session)
{
    const struct digest not_known = { { 0 } };
    size_t n;

    if (!*session->spool.folder || session->stopping || session->welcome.heartbeat_ms == 0)
        return; /* heartbeat_ms: no study is known yet */
    n = take_from(session, &not_known);
    for (size_t i = 0; i < session->options->n_data; i++)
        if (session->data[i].set.known)
            n += take_from(session, &session->data[i].set.digest);
    if (n > 0)
        log_info("results left by a worker that is gone: %zu, from %s", n, session->spool.folder);
}

void session_leave_results(struct session *session)
{
    size_t before = session->outbox.n;

    for (size_t i = before; i > 0; i--)
        if (session->outbox.results[i - 1].lock >= 0)
            outbox_remove(&session->outbox, &session->outbox.results[i - 1]);
    if (session->outbox.n < before)
        log_info("results that wait in %s for a worker whose data is known to be the study's: %zu",
                 session->spool.folder, before - session->outbox.n);
}
