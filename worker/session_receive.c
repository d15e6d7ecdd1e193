/* What the coordinator says, and what becomes of it. handlers[] has a row per message of PROTOCOL.md. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <zmq.h>

#include "common/log.h"
#include "worker/session_parts.h"

/* ---- Welcome, Refusal, HelloAgain, StudyOver, Alive ---- */

/* What belongs to another study is of no use to this coordinator. */
static void drop_other_studies(struct session *session)
{
    const struct digest *study_id = &session->welcome.study_id;
    size_t dropped;

    session_keep_results(session);
    dropped = outbox_keep_study(&session->outbox, study_id);
    if (dropped > 0 && *session->spool.folder)
        log_warn("%zu results of another study wait for it in %s", dropped, session->spool.folder);
    else if (dropped > 0)
        log_warn("%zu results of another study are dropped", dropped);
    for (uint32_t i = 0; i < session->options->slots; i++)
        if (slot_study(session->slots[i]) && !digest_equal(slot_study(session->slots[i]), study_id))
            slot_cancel(session->slots[i]);
}

/* A worker that was started for this one study alone is of no use then. */
static void take_no_trials(struct session *session)
{
    const char *trouble = session_data_trouble(session);
    const char *why = trouble ? trouble : session->welcome.no_trials;

    if (!session->options->until_eof) {
        log_warn("no trials of study %s for this worker: %s", session->welcome.study_name, why);
        return;
    }
    log_error("%s", why);
    session_end(session, EXIT_USAGE);
}

static void on_welcome(struct session *session, const struct to_worker *message)
{
    if (session->state != SESSION_CONNECTING)
        return; /* the answer to a Hello that was repeated */
    session->state = SESSION_SERVING;
    session->tries = 0;
    session->told_handshake = -1;
    session->hang_ups = 0;
    session->welcome = message->welcome;
    log_info("connected to %s: study %s%s%s", session->options->endpoint,
             message->welcome.study_name, *message->welcome.data ? "; reading data set " : "",
             message->welcome.data);
    drop_other_studies(session);
    for (size_t i = 0; i < session->outbox.n; i++)
        session->outbox.results[i].sent_ms = 0;
    if (*session->welcome.data || *session->welcome.no_trials)
        session_leave_results(session);
    else
        session_take_left_results(session);
    session_send_results_due(session);
    session_start_heartbeats(session);
    if (*session->welcome.data)
        session_read_data(session, session->welcome.data);
    else if (*session->welcome.no_trials)
        take_no_trials(session);
}

static void on_refusal(struct session *session, const struct to_worker *message)
{
    log_error("%s refuses this worker: %s", session->options->endpoint, message->refusal.reason);
    session_end(session, EXIT_FAILED);
}

static void on_hello_again(struct session *session, const struct to_worker *message)
{
    (void)message;
    if (session->state != SESSION_SERVING)
        return; /* a Hello is on its way already */
    log_info("%s does not know this worker (any more)", session->options->endpoint);
    session_greet(session);
}

static void on_study_over(struct session *session, const struct to_worker *message)
{
    log_info("the study is over: %s", message->study_over.reason);
    session_forget_results(session);
    for (uint32_t i = 0; i < session->options->slots; i++)
        slot_cancel(session->slots[i]);
    session_rest(session);
}

static void on_alive(struct session *session, const struct to_worker *message)
{
    (void)session;
    (void)message; /* that it came is all it says */
}

/* ---- Trial, Cancel, Verdict ---- */

static struct slot *find_slot(const struct session *session, const struct attempt *attempt)
{
    for (uint32_t i = 0; i < session->options->slots; i++) {
        const struct attempt *running = slot_attempt(session->slots[i]);

        if (running && attempt_equal(running, attempt))
            return session->slots[i];
    }
    return NULL;
}

static struct slot *find_free_slot(const struct session *session)
{
    for (uint32_t i = 0; i < session->options->slots; i++)
        if (slot_is_free(session->slots[i]))
            return session->slots[i];
    return NULL;
}

static bool is_for_us(const struct session *session, const struct trial_message *trial)
{
    return session->state == SESSION_SERVING && !session->stopping &&
           digest_equal(&trial->study_id, &session->welcome.study_id);
}

static void take_trial(struct session *session, const struct trial_message *trial,
                       const struct bytes *bytes)
{
    struct outgoing_result *result = outbox_find(&session->outbox, &trial->attempt);
    struct slot *slot = find_free_slot(session);
    char arch[ARCH_TEXT_SIZE];

    if (result) {
        session_send_result(session, result);
    } else if (find_slot(session, &trial->attempt)) {
        /* told twice, started once */
    } else if (!slot || session->outbox.n + session->options->slots > WIRE_MAX_HELD) {
        log_warn("trial %" PRIu64 " came without credit and is left", trial->trial.number);
    } else if (session_data_changed(session)) {
        session_greet(session); /* which hands it back */
    } else {
        log_info("trial %" PRIu64 " (%s, %s) starts", trial->trial.number,
                 arch_format(&trial->trial.arch, arch), stage_name(trial->trial.stage));
        session_touch_idle(session);
        slot_start(slot, trial, bytes);
    }
}

static void on_cancel(struct session *session, const struct to_worker *message)
{
    struct slot *slot = find_slot(session, &message->cancel.attempt);

    if (!slot) /* done meanwhile: the verdict on its result will come */
        return;
    log_info("trial %" PRIu64 " is cancelled: %s", slot_trial(slot)->number,
             message->cancel.reason);
    slot_cancel(slot);
}

static void on_verdict(struct session *session, const struct to_worker *message)
{
    const struct verdict_message *verdict = &message->verdict;
    struct outgoing_result *result = outbox_find(&session->outbox, &verdict->attempt);

    if (!result)
        return; /* a verdict told twice */
    if (!verdict->accepted)
        log_warn("a result is refused: %s", verdict->reason);
    session_forget_result(session, result);
    session_stop_if_settled(session);
}

/* ---- results ---- */

static void log_result(const struct trial_result *result)
{
    char arch[ARCH_TEXT_SIZE];

    arch_format(&result->arch, arch);
    if (result->outcome == OUTCOME_OK)
        log_info("%s done: %.2f %%%s in %.1f s", arch, reward_percent(result->reward),
                 result->diverged ? " (diverged)" : "", result->seconds);
    else
        log_warn("%s failed after %.1f s: %s", arch, result->seconds, result->reason);
}

/* data: the digest of what it was got from. */
static void take_result(struct session *session, struct result_message *result,
                        const struct digest *data)
{
    log_result(&result->result);
    if (outbox_add(&session->outbox, result, data, uv_now(&session->loop), -1) < 0)
        log_error("out of memory: a result is lost");
}

/* A trial that was never answered would be handed out for ever. */
static void refuse_trial(struct session *session, const struct trial_message *trial,
                         const char *why)
{
    const struct digest no_data = { { 0 } };
    struct result_message result = result_message_about(&trial->study_id, &trial->attempt,
                                                        &trial->trial);
    char reason[TRIAL_REASON_SIZE];

    if (outbox_find(&session->outbox, &trial->attempt))
        return; /* told twice, answered until there is a verdict */
    result.result.outcome = OUTCOME_FAILED;
    snprintf(reason, sizeof reason, "the worker cannot read it: %s", why);
    wire_printable(result.result.reason, sizeof result.result.reason, reason);
    session->credit++;
    take_result(session, &result, &no_data);
    session_send_results_due(session);
}

void session_on_done(void *arg, struct slot *slot, struct result_message *result)
{
    struct session *session = arg;
    struct digest data = session_data_digest(session, slot_data(slot));

    session_touch_idle(session);
    if (!session->stopping)
        session->credit++;
    if (result)
        take_result(session, result, &data);
    if (session->state == SESSION_SERVING) {
        session_send_results_due(session);
        if (!result)
            session_send_heartbeat(session); /* tells the new credit */
    } else {
        session_keep_results(session); /* nobody is there to acknowledge it */
    }
}

/* ---- the socket ---- */

static void handle(struct session *session, const struct to_worker *message,
                   const struct bytes *bytes)
{
    typedef void handler(struct session *, const struct to_worker *);
    static handler *const handlers[TO_KINDS] = {
        [TO_WELCOME] = on_welcome,       [TO_REFUSAL] = on_refusal,
        [TO_VERDICT] = on_verdict,       [TO_CANCEL] = on_cancel,
        [TO_ALIVE] = on_alive,           [TO_HELLO_AGAIN] = on_hello_again,
        [TO_STUDY_OVER] = on_study_over,
    };

    if (message->kind != TO_TRIAL)
        handlers[message->kind](session, message);
    else if (is_for_us(session, &message->trial))
        take_trial(session, &message->trial, bytes);
}

bool session_on_message(void *socket, void *arg)
{
    struct session *session = arg;
    struct errmsg err = { "" };
    struct to_worker message;
    struct bytes bytes;
    zmq_msg_t frame;

    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0)
        return false;
    bytes = (struct bytes){ .data = zmq_msg_data(&frame), .size = zmq_msg_size(&frame) };
    if (to_worker_unpack(bytes.data, bytes.size, &message, &err) < 0) {
        log_warn("ignoring a malformed message: %s", err.text);
        if (message.kind == TO_TRIAL && is_for_us(session, &message.trial))
            refuse_trial(session, &message.trial, err.text);
    } else {
        session->heard_ms = uv_now(&session->loop);
        handle(session, &message, &bytes);
        to_worker_clear(&message);
    }
    zmq_msg_close(&frame);
    return true;
}
