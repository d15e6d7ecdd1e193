/* Looking: entries as status and results want them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/ledger/trial_ledger_inside.h"

size_t trial_ledger_n(const struct trial_ledger *ledger)
{
    return ledger->n;
}

static struct trial_result result_of(const struct trial_ledger *ledger, const struct entry *entry,
                                     const struct trial *trial)
{
    struct trial_result result = {
        .key = trial->key,
        .stage = trial->stage,
        .replica = trial->replica,
        .arch = trial->arch,
        .madds = entry->madds,
        .params = entry->params,
        .outcome = OUTCOME_OK,
        .reward = entry->reward,
        .loss = entry->loss,
        .seconds = entry->seconds,
        .diverged = entry->diverged,
    };

    strcpy(result.numerics, text_pool_get(&ledger->texts, entry->numerics));
    strcpy(result.worker, text_pool_get(&ledger->texts, entry->worker));
    return result;
}

static bool has_result(const struct entry *entry)
{
    return entry->state == TRIAL_DONE || (entry->state == TRIAL_SAVING && !entry->quarantined);
}

void trial_ledger_entry(const struct trial_ledger *ledger, size_t i, struct ledger_entry *entry_out)
{
    const struct entry *entry = ledger_entry_at(ledger, i);
    const struct trouble *trouble = entry->troubled ? ledger_trouble(ledger, &entry->key) : NULL;
    const struct ledger_attempt *newest;

    *entry_out = (struct ledger_entry){
        .trial = ledger_trial(entry),
        .state = entry->state,
        .quarantined = entry->quarantined,
        .losses = entry->losses,
        .n_attempts = ledger_running(entry, &newest),
    };
    if (has_result(entry))
        entry_out->result = result_of(ledger, entry, &entry_out->trial);
    if (trouble) {
        entry_out->failures = trouble->failures - trouble->forgiven;
        memcpy(entry_out->last_reason, trouble->last_reason, sizeof entry_out->last_reason);
    }
    if (newest) {
        entry_out->attempt = ledger_attempt_name(newest);
        memcpy(entry_out->worker_id, newest->worker_id, sizeof entry_out->worker_id);
        entry_out->progress = newest->progress;
        entry_out->leased_at_ms = newest->leased_at_ms;
    }
}

int trial_ledger_find(const struct trial_ledger *ledger, const struct digest *key, size_t *i_out)
{
    size_t i;

    if (!ledger_find(ledger, key, &i))
        return -ENOENT;
    *i_out = i;
    return 0;
}

int trial_ledger_find_attempt(const struct trial_ledger *ledger, const struct attempt *attempt,
                              size_t *i_out)
{
    const struct ledger_attempt *known = ledger_find_attempt(ledger, attempt);

    if (!known)
        return -ENOENT;
    *i_out = known->trial;
    return 0;
}

bool trial_ledger_is_anothers(const struct trial_ledger *ledger, const struct attempt *attempt,
                              const uint8_t worker_id[16])
{
    const struct ledger_attempt *known = ledger_find_attempt(ledger, attempt);

    return known && !ledger_is_of(known, worker_id);
}

struct ledger_counts trial_ledger_counts(const struct trial_ledger *ledger)
{
    struct ledger_counts counts = {
        .failures = ledger->failures,
        .losses = ledger->losses,
        .attempts_running = ledger->leases.n,
        .doubled = ledger->doubled,
    };

    memcpy(counts.by_state, ledger->by_state, sizeof counts.by_state);
    return counts;
}

size_t trial_ledger_running_on(const struct trial_ledger *ledger, const uint8_t worker_id[16],
                               struct running_attempt *running, size_t room)
{
    const struct ledger_attempt *attempt;
    size_t n = 0;

    LIST_FOREACH(attempt, ledger_chain_of(ledger, worker_id), same_worker)
    {
        if (attempt->deadline.place == 0 || /* not leased */ !ledger_is_of(attempt, worker_id))
            continue;
        if (n < room)
            running[n] = (struct running_attempt){ attempt->trial, attempt->progress,
                                                   attempt->leased_at_ms, attempt->second };
        n++;
    }
    return n;
}

size_t trial_ledger_runners(const struct trial_ledger *ledger, const struct digest *key,
                            struct trial_runner runners[LEDGER_MAX_ATTEMPTS])
{
    const struct ledger_attempt *attempt;
    size_t i, n = 0;
    const struct entry *entry = ledger_find(ledger, key, &i);

    if (!entry)
        return 0;
    LIST_FOREACH(attempt, &entry->attempts, same_trial)
    {
        if (attempt->state != ATTEMPT_RUNNING)
            continue;
        runners[n].attempt = ledger_attempt_name(attempt);
        memcpy(runners[n++].worker_id, attempt->worker_id, sizeof attempt->worker_id);
    }
    return n;
}
