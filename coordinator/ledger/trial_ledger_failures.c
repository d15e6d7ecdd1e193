/* Failures: what an evaluator could not do, counted towards a trial's quarantine. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/ledger/trial_ledger_inside.h"

struct trouble *ledger_trouble(const struct trial_ledger *ledger, const struct digest *key)
{
    uint64_t value;

    return digest_map_find(&ledger->troubles, key, &value) ? (void *)(uintptr_t)value : NULL;
}

static bool is_among_workers(const struct trouble *trouble, const uint8_t worker_id[16])
{
    for (uint32_t w = 0; w < trouble->n_workers; w++)
        if (memcmp(trouble->workers[w], worker_id, 16) == 0)
            return true;
    return false;
}

bool ledger_failed_on(const struct trial_ledger *ledger, const struct entry *entry,
                      const uint8_t worker_id[16])
{
    const struct trouble *trouble = entry->troubled ? ledger_trouble(ledger, &entry->key) : NULL;

    return trouble && trouble->n_workers < 2 && is_among_workers(trouble, worker_id);
}

static bool has_failed(const struct trouble *trouble, const struct attempt *attempt)
{
    for (uint32_t i = 0; i < trouble->failures && i < LEDGER_FAILED_KEPT; i++)
        if (trouble->attempts[i].start == attempt->start &&
            trouble->attempts[i].counter == attempt->counter)
            return true;
    return false;
}

int ledger_open_trouble(struct trial_ledger *ledger, const struct digest *key,
                        struct trouble **trouble_out)
{
    struct trouble *trouble = ledger_trouble(ledger, key);

    if (!trouble) {
        trouble = calloc(1, sizeof *trouble);
        if (!trouble)
            return -ENOMEM;
        trouble->key = *key;
        if (digest_map_add(&ledger->troubles, (uintptr_t)trouble) < 0) {
            free(trouble);
            return -ENOMEM;
        }
    }
    *trouble_out = trouble;
    return 0;
}

int trial_ledger_remember_failure(struct trial_ledger *ledger, const struct digest *key,
                                  const struct attempt *attempt, const uint8_t worker_id[16],
                                  const char *reason)
{
    struct trouble *trouble;
    struct entry *entry;
    size_t i;
    int rc = ledger_open_trouble(ledger, key, &trouble);

    if (rc < 0)
        return rc;
    if (has_failed(trouble, attempt))
        return -EALREADY;
    trouble->attempts[trouble->failures++ % LEDGER_FAILED_KEPT] = *attempt;
    if (trouble->n_workers < 2 && !is_among_workers(trouble, worker_id))
        memcpy(trouble->workers[trouble->n_workers++], worker_id, 16);
    snprintf(trouble->last_reason, sizeof trouble->last_reason, "%s", reason);
    ledger->failures++;
    entry = ledger_find(ledger, key, &i);
    if (entry)
        entry->troubled = true;
    return 0;
}

int trial_ledger_fail(struct trial_ledger *ledger, const struct digest *key,
                      const struct attempt *attempt, const uint8_t worker_id[16],
                      const char *reason, bool several_workers)
{
    const struct trouble *trouble;
    const struct ledger_attempt *newest;
    struct ledger_attempt *failed;
    size_t i;
    struct entry *entry = ledger_find(ledger, key, &i);
    int rc;

    if (!entry)
        return -ENOENT;
    if (entry->state != TRIAL_READY && entry->state != TRIAL_LEASED)
        return -EALREADY;
    rc = trial_ledger_remember_failure(ledger, key, attempt, worker_id, reason);
    if (rc < 0)
        return rc;
    failed = ledger_find_attempt(ledger, attempt);
    if (failed && failed->trial == i)
        ledger_end_attempt(ledger, failed);
    if (ledger_running(entry, &newest))
        return 0; /* its result, should there be one, is better than a verdict */
    trouble = ledger_trouble(ledger, key);
    if (trouble->failures - trouble->forgiven < LEDGER_MAX_FAILURES ||
        (several_workers && trouble->n_workers < 2)) {
        ledger_release(ledger, i);
        return 0;
    }
    entry->quarantined = true;
    ledger_set_state(ledger, i, TRIAL_SAVING);
    return 1;
}

/* Which attempts failed is still known: none fails twice. */
void trial_ledger_forgive(struct trial_ledger *ledger, const struct digest *key)
{
    struct trouble *trouble = ledger_trouble(ledger, key);

    if (!trouble)
        return;
    trouble->forgiven = trouble->failures;
    trouble->n_workers = 0;
    trouble->last_reason[0] = '\0';
}

int trial_ledger_retry(struct trial_ledger *ledger, const struct digest *key)
{
    size_t i;
    struct entry *entry = ledger_find(ledger, key, &i);

    if (!entry)
        return -ENOENT;
    if (entry->state != TRIAL_QUARANTINED)
        return -EINVAL;
    trial_ledger_forgive(ledger, key);
    entry->quarantined = false;
    ledger_set_state(ledger, i, TRIAL_READY);
    return 0;
}
