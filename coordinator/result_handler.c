#include "coordinator/result_handler.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/log.h"
#include "coordinator/hand_out.h"
#include "coordinator/reply.h"
#include "coordinator/result_check.h"

/* A result, or a failure, that the store has been given and has not made durable yet. */
struct save {
    LIST_ENTRY(save) others;
    struct coordinator *coordinator;
    struct trial_result result;
    struct attempt attempt;
    uint8_t worker_id[16];
    bool settles; /* the trial: a result, or the failure that quarantines it */
    bool answers; /* the worker waits to hear that it is durable */
    bool early;   /* a result of a trial that was not proposed when it came */
};

void result_forget_saves(struct coordinator *coordinator)
{
    struct save *save;

    while ((save = LIST_FIRST(&coordinator->saves))) {
        LIST_REMOVE(save, others);
        free(save);
    }
}

static struct save *new_save(struct coordinator *coordinator, const struct worker *worker,
                             const struct result_message *message)
{
    struct save *save = calloc(1, sizeof *save);

    if (!save) {
        coordinator_fail(coordinator, "out of memory");
        return NULL;
    }
    save->coordinator = coordinator;
    save->result = message->result;
    snprintf(save->result.worker, sizeof save->result.worker, "%s", worker->name);
    save->attempt = message->attempt;
    memcpy(save->worker_id, worker->id, sizeof save->worker_id);
    save->answers = true;
    return save;
}

/* put: what the store said to it. */
static void begin_save(struct save *save, int put)
{
    if (put < 0) {
        coordinator_fail(save->coordinator, "out of memory");
        free(save);
    } else {
        LIST_INSERT_HEAD(&save->coordinator->saves, save, others);
        save->coordinator->n_early_saves += save->early;
    }
}

static bool is_being_saved(const struct coordinator *coordinator, const struct digest *key)
{
    const struct save *save;

    LIST_FOREACH(save, &coordinator->saves, others)
    if (digest_equal(&save->result.key, key))
        return true;
    return false;
}

/* Its trial may have been proposed by now, and even handed out: the ledger does not know that there
 * is a result. */
static bool is_early_save(const struct coordinator *coordinator, const struct digest *key)
{
    const struct save *save;

    if (coordinator->n_early_saves == 0)
        return false; /* nearly always: the list is not walked for each result */
    LIST_FOREACH(save, &coordinator->saves, others)
    if (save->early && digest_equal(&save->result.key, key))
        return true;
    return false;
}

/* ---- durable: settle, tell, acknowledge ---- */

static void log_settled(const struct coordinator *coordinator, const struct ledger_entry *entry)
{
    char arch[ARCH_TEXT_SIZE];

    arch_format(&entry->trial.arch, arch);
    if (entry->quarantined)
        log_warn("trial %" PRIu64 " (%s) quarantined after %" PRIu32 " failures: %s",
                 entry->trial.number, arch, entry->failures, entry->last_reason);
    else
        log_info("trial %" PRIu64 " (%s, %s): %.2f %% at %" PRId64 " %s, %.1f s on %s",
                 entry->trial.number, stage_name(entry->trial.stage), arch,
                 reward_percent(entry->result.reward), entry->trial.cost,
                 cost_metric_name(coordinator->study->metric), entry->result.seconds,
                 entry->result.worker);
}

/* A trial that nobody had proposed when its result came may have been proposed since. */
static int settle_late(struct coordinator *coordinator, const struct trial_result *result)
{
    int rc = trial_ledger_receive(coordinator->ledger, result);

    if (rc == -ENOENT)
        return campaign_keep_result(coordinator->campaign, result);
    return rc == -EALREADY ? 0 : rc;
}

static int settle(struct coordinator *coordinator, const struct trial_result *result)
{
    struct ledger_entry entry;
    size_t i;
    int rc = settle_late(coordinator, result);

    if (rc < 0 || trial_ledger_find(coordinator->ledger, &result->key, &i) < 0)
        return rc;
    rc = trial_ledger_settle(coordinator->ledger, &result->key);
    if (rc < 0)
        return rc;
    trial_ledger_entry(coordinator->ledger, i, &entry);
    log_settled(coordinator, &entry);
    return campaign_settled(coordinator->campaign, &result->key);
}

static void on_durable(void *arg)
{
    struct save *save = arg;
    struct coordinator *coordinator = save->coordinator;
    struct worker *worker = worker_roster_by_id(coordinator->roster, save->worker_id);

    LIST_REMOVE(save, others);
    coordinator->n_early_saves -= save->early;
    if (save->settles && settle(coordinator, &save->result) < 0)
        coordinator_fail(coordinator, "out of memory");
    else if (save->answers && worker)
        reply_verdict(coordinator, &worker->route, &save->result.key, &save->attempt, true, "");
    free(save);
    hand_out(coordinator);
}

/* ---- results ---- */

/* It came before: again if nobody acknowledged it, or from the slower of two attempts. Until it is
 * durable there is no answer; the worker asks again. */
static void take_repeated(struct coordinator *coordinator, struct worker *worker,
                          const struct result_message *message)
{
    const struct digest *key = &message->result.key;

    if (!is_being_saved(coordinator, key))
        reply_verdict(coordinator, &worker->route, key, &message->attempt, true, "");
}

/* As trial_ledger_receive; -ENOENT: the first result of a trial that is not proposed yet. */
static int receive(struct coordinator *coordinator, const struct trial_result *result)
{
    int rc = is_early_save(coordinator, &result->key)
                 ? -EALREADY
                 : trial_ledger_receive(coordinator->ledger, result);

    if (rc == -ENOENT && campaign_has_kept(coordinator->campaign, &result->key))
        return -EALREADY;
    return rc;
}

/* Whoever else runs the trial need not. Should this be lost, its next heartbeat tells it. */
static void cancel_others(struct coordinator *coordinator, const struct result_message *message)
{
    struct trial_runner runners[LEDGER_MAX_ATTEMPTS];
    size_t n = trial_ledger_runners(coordinator->ledger, &message->result.key, runners);

    for (size_t i = 0; i < n; i++) {
        const struct attempt *attempt = &runners[i].attempt;
        struct worker *worker = worker_roster_by_id(coordinator->roster, runners[i].worker_id);

        if (worker && (attempt->start != message->attempt.start ||
                       attempt->counter != message->attempt.counter))
            reply_cancel(coordinator, &worker->route, attempt, "another worker was faster");
    }
}

static void take_result(struct coordinator *coordinator, struct worker *worker,
                        const struct result_message *message, const struct trial *trial)
{
    struct save *save = new_save(coordinator, worker, message);
    int rc;

    if (!save)
        return;
    rc = receive(coordinator, &save->result);
    if (rc == -EALREADY) {
        take_repeated(coordinator, worker, message);
        free(save);
        return;
    }
    cancel_others(coordinator, message);
    save->settles = true;
    save->early = rc == -ENOENT;
    if (rc == 0 || save->early)
        rc = store_put_result(coordinator->store, trial, &save->result, &message->output,
                              &message->weights, on_durable, save);
    begin_save(save, rc);
    worker_roster_succeeded(coordinator->roster, worker);
}

/* ---- failures ---- */

static void count_failure(struct coordinator *coordinator, struct worker *worker,
                          const struct trial *trial, const char *reason)
{
    bool aside = worker->put_aside;

    log_warn("trial %" PRIu64 " failed on %s: %s", trial->number, worker->name, reason);
    worker_roster_failed(coordinator->roster, worker);
    if (worker->put_aside && !aside)
        log_warn("worker %s is put aside: it fails everything", worker->name);
}

static int put_failure(struct coordinator *coordinator, const struct trial *trial,
                       struct save *save, const struct bytes *output)
{
    struct stored_failure failure = { .key = trial->key, .attempt = save->attempt };
    int rc;

    memcpy(failure.worker_id, save->worker_id, sizeof failure.worker_id);
    snprintf(failure.reason, sizeof failure.reason, "%s", save->result.reason);
    rc = store_put_failure(coordinator->store, trial, &failure, output,
                           save->settles ? NULL : on_durable, save);
    if (rc == 0 && save->settles)
        rc = store_put_quarantine(coordinator->store, trial, failure.reason, on_durable, save);
    return rc;
}

/* As the ledger does; of a trial that is not proposed it remembers the failure. */
static int note_failure(struct coordinator *coordinator, const struct worker *worker,
                        const struct digest *key, const struct attempt *attempt, const char *reason)
{
    bool several = worker_roster_n_fit(coordinator->roster) > 1;
    int rc;

    if (is_early_save(coordinator, key))
        return -EALREADY;
    rc = trial_ledger_fail(coordinator->ledger, key, attempt, worker->id, reason, several);
    if (rc == -ENOENT)
        rc = trial_ledger_remember_failure(coordinator->ledger, key, attempt, worker->id, reason);
    return rc;
}

/* answers: the worker is to hear when the failure is durable. */
static void take_failure(struct coordinator *coordinator, struct worker *worker,
                         const struct result_message *message, const struct trial *trial,
                         const char *reason, bool answers)
{
    struct save *save = new_save(coordinator, worker, message);
    int rc;

    if (!save)
        return;
    rc = note_failure(coordinator, worker, &trial->key, &message->attempt, reason);
    if (rc == -EALREADY) {
        if (answers)
            take_repeated(coordinator, worker, message);
        free(save);
        return;
    }
    save->settles = rc == 1;
    save->answers = answers;
    save->result.key = trial->key;
    snprintf(save->result.reason, sizeof save->result.reason, "%s", reason);
    count_failure(coordinator, worker, trial, reason);
    begin_save(save, rc < 0 ? rc : put_failure(coordinator, trial, save, &message->output));
}

/* What it answers, if anything, has failed: the worker would give the same answer again. */
static void refuse(struct coordinator *coordinator, struct worker *worker,
                   const struct result_message *message, const char *reason)
{
    struct ledger_entry entry;
    size_t i;

    coordinator->counts.refused++;
    coordinator_complain(coordinator, "a result of worker %s is refused: %s", worker->name, reason);
    reply_verdict(coordinator, &worker->route, &message->result.key, &message->attempt, false,
                  reason);
    if (trial_ledger_is_anothers(coordinator->ledger, &message->attempt, worker->id) ||
        trial_ledger_find_attempt(coordinator->ledger, &message->attempt, &i) < 0)
        return;
    trial_ledger_entry(coordinator->ledger, i, &entry);
    take_failure(coordinator, worker, message, &entry.trial, reason, false);
}

static int check(const struct coordinator *coordinator, const struct result_message *message,
                 struct trial *trial_out, struct errmsg *err)
{
    struct ledger_entry entry;
    size_t i;
    bool known = trial_ledger_find(coordinator->ledger, &message->result.key, &i) == 0;

    if (known)
        trial_ledger_entry(coordinator->ledger, i, &entry);
    return result_check(coordinator->study, message, known ? &entry.trial : NULL, trial_out, err);
}

void result_handle(struct coordinator *coordinator, struct worker *worker,
                   const struct result_message *message)
{
    struct errmsg err;
    struct trial trial;

    if (check(coordinator, message, &trial, &err) < 0)
        refuse(coordinator, worker, message, err.text);
    else if (message->result.outcome != OUTCOME_FAILED)
        take_result(coordinator, worker, message, &trial);
    else if (trial_ledger_is_anothers(coordinator->ledger, &message->attempt, worker->id))
        refuse(coordinator, worker, message, "an attempt of another worker");
    else
        take_failure(coordinator, worker, message, &trial, message->result.reason, true);
}
