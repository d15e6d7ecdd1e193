#include "worker/slot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/evaluate/evaluator.h"
#include "worker/slot_process.h"

enum slot_state { SLOT_FREE, SLOT_RUNNING, SLOT_KILLED };

struct slot {
    uv_loop_t *loop;
    const struct slot_settings *settings;
    enum slot_state state;
    struct slot_process *process; /* NULL: none, the next trial starts one */
    uv_timer_t time_limit;

    char data[EVALUATION_NAME_SIZE];

    /* while not FREE */
    struct trial trial;
    struct digest study_id;
    struct attempt attempt;
    struct progress progress;
    uint32_t time_limit_s;
    bool knows_seconds; /* a good result brings its own */
    uint64_t started_ns;
    bool cancelled;
    struct bytes
        untold; /* the trial, owned, while a process of an earlier one has yet to begin it */
    char why_killed[TRIAL_REASON_SIZE];
};

static void end_process(struct slot *slot)
{
    slot_process_free(slot->process);
    slot->process = NULL;
}

static void forget_untold(struct slot *slot)
{
    free(slot->untold.data);
    slot->untold = (struct bytes){ 0 };
}

/* ---- the ways out of RUNNING and KILLED ---- */

/* done may start the next trial at once, so it comes last. */
static void finish(struct slot *slot, struct result_message *result)
{
    uv_timer_stop(&slot->time_limit);
    forget_untold(slot);
    slot->state = SLOT_FREE;
    if (result && !(slot->knows_seconds && result->result.outcome == OUTCOME_OK))
        result->result.seconds = (double)(uv_hrtime() - slot->started_ns) * 1e-9;
    slot->settings->done(slot->settings->arg, slot, result);
}

/* Takes output over. */
static void fail(struct slot *slot, const char *reason, struct bytes output)
{
    struct result_message message = result_message_about(&slot->study_id, &slot->attempt,
                                                         &slot->trial);

    message.result.outcome = OUTCOME_FAILED;
    message.output = output;
    wire_printable(message.result.reason, sizeof message.result.reason, reason);
    finish(slot, &message);
}

static void kill_it(struct slot *slot, const char *why)
{
    slot->state = SLOT_KILLED;
    wire_printable(slot->why_killed, sizeof slot->why_killed, why);
    slot_process_kill(slot->process);
}

/* ---- telling a process its trial ---- */

static slot_report_fn on_report;
static slot_nonsense_fn on_nonsense;
static slot_ended_fn on_ended;

/* Starts a process where there is none. A slot that cannot have one fails its trial. */
static void tell(struct slot *slot, const struct bytes *message)
{
    const struct slot_process_events events = {
        .report = on_report, .nonsense = on_nonsense, .ended = on_ended, .arg = slot
    };
    char reason[TRIAL_REASON_SIZE];
    int rc = 0;

    if (!slot->process)
        rc = slot_process_start(slot->loop, slot->settings->arguments, &events, &slot->process);
    if (rc == 0)
        rc = slot_process_send(slot->process, message);
    if (rc < 0) {
        snprintf(reason, sizeof reason, "cannot start a process for it: %s", uv_strerror(rc));
        end_process(slot);
        fail(slot, reason, (struct bytes){ 0 });
    }
}

static bool is_untold(const struct slot *slot)
{
    return slot->state == SLOT_RUNNING && slot->untold.data;
}

/* Its process came to its end with an earlier trial: that is no fault of this one. */
static void tell_another(struct slot *slot)
{
    struct bytes message = slot->untold;

    slot->untold = (struct bytes){ 0 };
    end_process(slot);
    tell(slot, &message);
    free(message.data);
}

/* ---- what the process does ---- */

static bool is_about_its_trial(const struct slot *slot, const struct result_message *result)
{
    return digest_equal(&result->result.key, &slot->trial.key) &&
           result->attempt.start == slot->attempt.start &&
           result->attempt.counter == slot->attempt.counter;
}

static void on_nonsense(void *arg, const char *why)
{
    struct slot *slot = arg;
    char reason[TRIAL_REASON_SIZE];

    if (slot->state == SLOT_KILLED)
        return;
    snprintf(reason, sizeof reason, "its process reported nonsense: %s", why);
    if (is_untold(slot))
        tell_another(slot);
    else if (slot->state == SLOT_RUNNING)
        kill_it(slot, reason);
    else
        end_process(slot); /* nothing runs: the next trial gets another one */
}

static void on_report(void *arg, struct slot_report *report)
{
    struct slot *slot = arg;

    if (slot->state == SLOT_KILLED) {
        slot_report_clear(report);
    } else if (slot->state == SLOT_RUNNING && report->kind == SLOT_PROGRESS) {
        forget_untold(slot);
        slot->progress = report->progress;
    } else if (slot->state == SLOT_RUNNING && is_about_its_trial(slot, &report->result)) {
        free(report->result.output.data); /* what it printed comes on another pipe */
        report->result.output = slot_process_take_output(slot->process);
        finish(slot, &report->result);
    } else {
        slot_report_clear(report);
        on_nonsense(slot, "a report about no trial of its own");
    }
}

static void on_ended(void *arg, const char *how)
{
    struct slot *slot = arg;
    struct bytes output;
    bool cancelled = slot->state == SLOT_KILLED && slot->cancelled;

    if (is_untold(slot)) {
        tell_another(slot);
        return;
    }
    output = slot_process_take_output(slot->process);
    end_process(slot);
    if (slot->state == SLOT_FREE || cancelled)
        free(output.data);
    if (cancelled)
        finish(slot, NULL);
    else if (slot->state != SLOT_FREE)
        fail(slot, slot->state == SLOT_KILLED ? slot->why_killed : how, output);
}

static void on_time_limit(uv_timer_t *timer)
{
    struct slot *slot = timer->data;
    char why[64];

    if (slot->state != SLOT_RUNNING)
        return;
    snprintf(why, sizeof why, "time limit of %" PRIu32 " s", slot->time_limit_s);
    kill_it(slot, why);
}

/* ---- face ---- */

struct slot *slot_new(uv_loop_t *loop, const struct slot_settings *settings)
{
    struct slot *slot = calloc(1, sizeof *slot);

    if (!slot)
        return NULL;
    slot->loop = loop;
    slot->settings = settings;
    uv_timer_init(loop, &slot->time_limit);
    slot->time_limit.data = slot;
    return slot;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void slot_free(struct slot *slot)
{
    if (!slot)
        return;
    end_process(slot);
    forget_untold(slot);
    uv_close((uv_handle_t *)&slot->time_limit, on_closed);
}

/* Without memory for it the trial is told once, and once only. */
static struct bytes copy_of(const struct bytes *bytes)
{
    struct bytes copy = { .data = malloc(bytes->size), .size = bytes->size };

    if (copy.data)
        memcpy(copy.data, bytes->data, bytes->size);
    return copy;
}

void slot_start(struct slot *slot, const struct trial_message *trial, const struct bytes *message)
{
    slot->trial = trial->trial;
    slot->study_id = trial->study_id;
    slot->attempt = trial->attempt;
    memcpy(slot->data, trial->evaluation.data.name, sizeof slot->data);
    slot->progress = (struct progress){ 0 };
    slot->time_limit_s = trial->evaluation.time_limit_s;
    slot->knows_seconds = evaluator_knows_seconds(&trial->evaluation);
    slot->started_ns = uv_hrtime();
    slot->cancelled = false;
    slot->state = SLOT_RUNNING;
    if (slot->time_limit_s)
        uv_timer_start(&slot->time_limit, on_time_limit, slot->time_limit_s * UINT64_C(1000), 0);
    if (slot->process)
        slot->untold = copy_of(message);
    tell(slot, message);
}

void slot_cancel(struct slot *slot)
{
    if (slot->state != SLOT_RUNNING)
        return;
    slot->cancelled = true;
    kill_it(slot, "cancelled");
}

void slot_reset(struct slot *slot)
{
    slot_cancel(slot);
    if (slot->state == SLOT_FREE)
        end_process(slot);
}

bool slot_is_free(const struct slot *slot)
{
    return slot->state == SLOT_FREE;
}

static bool is_wanted(const struct slot *slot)
{
    return slot->state != SLOT_FREE && !slot->cancelled;
}

const struct attempt *slot_attempt(const struct slot *slot)
{
    return is_wanted(slot) ? &slot->attempt : NULL;
}

const struct trial *slot_trial(const struct slot *slot)
{
    return is_wanted(slot) ? &slot->trial : NULL;
}

const struct progress *slot_progress(const struct slot *slot)
{
    return is_wanted(slot) ? &slot->progress : NULL;
}

const struct digest *slot_study(const struct slot *slot)
{
    return is_wanted(slot) ? &slot->study_id : NULL;
}

const char *slot_data(const struct slot *slot)
{
    return slot->data;
}
