/* Doubles: a second attempt of a trial whose first one takes too long. */
#include <errno.h>

#include "coordinator/ledger/trial_ledger_inside.h"

struct wish {
    const uint8_t *worker_id; /* who could run it */
    uint64_t now_ms, patience_ms;
    double median[STAGES]; /* seconds */
};

static bool has_failed(const struct trial_ledger *ledger, const struct entry *entry)
{
    const struct trouble *trouble = entry->troubled ? ledger_trouble(ledger, &entry->key) : NULL;

    return trouble && trouble->failures > trouble->forgiven;
}

static bool is_straggler(const struct trial_ledger *ledger, const struct wish *wish,
                         const struct ledger_attempt *attempt)
{
    const struct entry *entry = ledger_entry_at(ledger, attempt->trial);
    const struct ledger_attempt *newest;
    uint64_t ran_ms = wish->now_ms - attempt->leased_at_ms;

    return ran_ms >= wish->patience_ms && ledger_running(entry, &newest) == 1 &&
           yardstick_is_slow(wish->median[entry->stage], (double)ran_ms / 1000,
                             attempt->progress.fraction) &&
           !has_failed(ledger, entry);
}

/* Goes through all that runs, which is no more than there are slots. */
static int find_longest(const struct trial_ledger *ledger, const struct wish *wish, size_t *i_out)
{
    const struct ledger_attempt *longest = NULL;
    bool any = false;

    for (size_t n = 0; n < ledger->leases.n; n++) {
        const struct ledger_attempt *attempt = (void *)((char *)ledger->leases.items[n] -
                                                        offsetof(struct ledger_attempt, deadline));

        if (longest &&
            (attempt->leased_at_ms > longest->leased_at_ms ||
             (attempt->leased_at_ms == longest->leased_at_ms && attempt->trial > longest->trial)))
            continue;
        if (!is_straggler(ledger, wish, attempt))
            continue;
        any = true;
        if (!ledger_is_of(attempt, wish->worker_id))
            longest = attempt;
    }
    if (!longest)
        return any ? -EAGAIN : -ENOENT;
    *i_out = longest->trial;
    return 0;
}

int trial_ledger_double(struct trial_ledger *ledger, const uint8_t worker_id[16], uint64_t now_ms,
                        uint64_t lease_ms, uint64_t patience_ms, struct trial *trial_out,
                        struct attempt *attempt_out)
{
    struct wish wish = { .worker_id = worker_id, .now_ms = now_ms, .patience_ms = patience_ms };
    size_t i;
    int rc;

    for (int stage = 0; stage < STAGES; stage++)
        wish.median[stage] = yardstick_median(&ledger->yardsticks[stage]);
    rc = find_longest(ledger, &wish, &i);
    if (rc == 0)
        rc = ledger_begin_new(ledger, i, worker_id, now_ms, lease_ms, attempt_out);
    if (rc < 0)
        return rc;
    ledger->doubled++;
    *trial_out = ledger_trial(ledger_entry_at(ledger, i));
    return 0;
}
