/* Attempts: who works on a trial, under which lease, and who was given up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/ledger/trial_ledger_inside.h"

_Static_assert(sizeof(struct attempt) == sizeof(struct digest), "an attempt is its own name");

static struct digest name_of(const struct attempt *attempt)
{
    struct digest name;

    memcpy(name.bytes, attempt, sizeof name.bytes);
    return name;
}

struct attempt ledger_attempt_name(const struct ledger_attempt *attempt)
{
    struct attempt name;

    memcpy(&name, attempt->name.bytes, sizeof name);
    return name;
}

struct ledger_attempt *ledger_find_attempt(const struct trial_ledger *ledger,
                                           const struct attempt *attempt)
{
    struct digest name = name_of(attempt);
    uint64_t value;

    return digest_map_find(&ledger->by_attempt, &name, &value) ? (void *)(uintptr_t)value : NULL;
}

bool ledger_is_of(const struct ledger_attempt *attempt, const uint8_t worker_id[16])
{
    return memcmp(attempt->worker_id, worker_id, sizeof attempt->worker_id) == 0;
}

/* Ids are random: their first bytes do. */
static size_t chain_number(const uint8_t worker_id[16])
{
    return (size_t)(worker_id[0] | worker_id[1] << 8) % LEDGER_WORKER_CHAINS;
}

static struct attempt_list *chain_of(struct trial_ledger *ledger, const uint8_t worker_id[16])
{
    return &ledger->by_worker[chain_number(worker_id)];
}

const struct attempt_list *ledger_chain_of(const struct trial_ledger *ledger,
                                           const uint8_t worker_id[16])
{
    return &ledger->by_worker[chain_number(worker_id)];
}

uint32_t ledger_running(const struct entry *entry, const struct ledger_attempt **newest_out)
{
    const struct ledger_attempt *attempt;
    uint32_t n = 0;

    *newest_out = NULL;
    LIST_FOREACH(attempt, &entry->attempts, same_trial)
    {
        if (attempt->state != ATTEMPT_RUNNING)
            continue;
        if (n++ == 0)
            *newest_out = attempt;
    }
    return n;
}

void ledger_end_attempt(struct trial_ledger *ledger, struct ledger_attempt *attempt)
{
    deadline_heap_remove(&ledger->leases, &attempt->deadline);
    digest_map_remove(&ledger->by_attempt, &attempt->name);
    LIST_REMOVE(attempt, same_worker);
    LIST_REMOVE(attempt, same_trial);
    free(attempt);
}

/* Keeps the newest few of a trial's LOST attempts. */
static void forget_old_losses(struct trial_ledger *ledger, struct entry *entry)
{
    struct ledger_attempt *attempt, *older;
    uint32_t n = 0;

    for (attempt = LIST_FIRST(&entry->attempts); attempt; attempt = older) {
        older = LIST_NEXT(attempt, same_trial);
        if (attempt->state == ATTEMPT_LOST && ++n > LEDGER_MAX_LOST)
            ledger_end_attempt(ledger, attempt);
    }
}

/* A running attempt of trial i, which becomes LEASED. -ENOMEM, and nothing has changed. */
static int begin_attempt(struct trial_ledger *ledger, size_t i, const struct attempt *name,
                         const uint8_t worker_id[16], uint64_t now_ms, uint64_t lease_ms)
{
    struct ledger_attempt *attempt = calloc(1, sizeof *attempt);
    const struct ledger_attempt *newest;

    if (!attempt)
        return -ENOMEM;
    attempt->name = name_of(name);
    attempt->trial = (uint32_t)i;
    attempt->state = ATTEMPT_RUNNING;
    memcpy(attempt->worker_id, worker_id, sizeof attempt->worker_id);
    attempt->leased_at_ms = now_ms;
    attempt->second = ledger_running(ledger_entry_at(ledger, i), &newest) > 0;
    if (digest_map_reserve(&ledger->by_attempt) < 0 ||
        deadline_heap_set(&ledger->leases, &attempt->deadline, now_ms + lease_ms) < 0) {
        free(attempt);
        return -ENOMEM;
    }
    forget_old_losses(ledger, ledger_entry_at(ledger, i));
    digest_map_add(&ledger->by_attempt, (uintptr_t)attempt);
    LIST_INSERT_HEAD(chain_of(ledger, worker_id), attempt, same_worker);
    LIST_INSERT_HEAD(&ledger_entry_at(ledger, i)->attempts, attempt, same_trial);
    ledger_set_state(ledger, i, TRIAL_LEASED);
    return 0;
}

void ledger_end_attempts(struct trial_ledger *ledger, struct entry *entry)
{
    while (!LIST_EMPTY(&entry->attempts))
        ledger_end_attempt(ledger, LIST_FIRST(&entry->attempts));
}

void ledger_release(struct trial_ledger *ledger, size_t i)
{
    const struct ledger_attempt *newest;

    if (ledger_entry_at(ledger, i)->state == TRIAL_LEASED &&
        !ledger_running(ledger_entry_at(ledger, i), &newest))
        ledger_set_state(ledger, i, TRIAL_READY);
}

/* ---- leasing ---- */

int ledger_begin_new(struct trial_ledger *ledger, size_t i, const uint8_t worker_id[16],
                     uint64_t now_ms, uint64_t lease_ms, struct attempt *name_out)
{
    struct attempt name = { .start = ledger->start, .counter = ledger->last_counter + 1 };
    int rc = begin_attempt(ledger, i, &name, worker_id, now_ms, lease_ms);

    if (rc < 0)
        return rc;
    ledger->last_counter++;
    *name_out = name;
    return 0;
}

int trial_ledger_lease(struct trial_ledger *ledger, const uint8_t worker_id[16], bool alone,
                       uint64_t now_ms, uint64_t lease_ms, struct trial *trial_out,
                       struct attempt *attempt_out)
{
    size_t i = index_set_next(&ledger->ready, 0);
    int rc;

    while (i != INDEX_SET_NONE && !alone &&
           ledger_failed_on(ledger, ledger_entry_at(ledger, i), worker_id))
        i = index_set_next(&ledger->ready, i + 1);
    if (i == INDEX_SET_NONE)
        return -EAGAIN;
    rc = ledger_begin_new(ledger, i, worker_id, now_ms, lease_ms, attempt_out);
    if (rc == 0)
        *trial_out = ledger_trial(ledger_entry_at(ledger, i));
    return rc;
}

/* Goes on with a known attempt, RUNNING or LOST. */
static int resume(struct trial_ledger *ledger, struct ledger_attempt *attempt, uint64_t now_ms,
                  uint64_t lease_ms)
{
    int rc = deadline_heap_set(&ledger->leases, &attempt->deadline, now_ms + lease_ms);

    if (rc < 0)
        return rc;
    attempt->state = ATTEMPT_RUNNING;
    ledger_set_state(ledger, attempt->trial, TRIAL_LEASED);
    return 0;
}

int trial_ledger_renew(struct trial_ledger *ledger, const struct attempt *attempt,
                       const uint8_t worker_id[16], const struct progress *progress,
                       uint64_t now_ms, uint64_t lease_ms)
{
    struct ledger_attempt *known = ledger_find_attempt(ledger, attempt);
    enum trial_state needed;
    int rc;

    if (!known || !ledger_is_of(known, worker_id))
        return -ENOENT;
    needed = known->state == ATTEMPT_RUNNING ? TRIAL_LEASED : TRIAL_READY;
    if (ledger_entry_at(ledger, known->trial)->state != needed)
        return -ENOENT;
    rc = resume(ledger, known, now_ms, lease_ms);
    if (rc < 0)
        return rc;
    if (progress)
        known->progress = *progress;
    return 0;
}

int trial_ledger_adopt_attempt(struct trial_ledger *ledger, const struct digest *key,
                               const struct attempt *attempt, const uint8_t worker_id[16],
                               uint64_t now_ms, uint64_t lease_ms)
{
    struct ledger_attempt *known = ledger_find_attempt(ledger, attempt);
    const struct ledger_attempt *newest;
    size_t i;
    struct entry *entry = ledger_find(ledger, key, &i);

    if (!entry)
        return -ENOENT;
    if (known ? known->trial != i || !ledger_is_of(known, worker_id)
              : attempt->start == ledger->start)
        return -EINVAL;
    if (entry->state != TRIAL_READY && entry->state != TRIAL_LEASED)
        return -EALREADY;
    if (known && known->state == ATTEMPT_RUNNING)
        return resume(ledger, known, now_ms, lease_ms);
    if (ledger_running(entry, &newest) >= LEDGER_MAX_ATTEMPTS)
        return -ENOSPC;
    if (known)
        return resume(ledger, known, now_ms, lease_ms);
    return begin_attempt(ledger, i, attempt, worker_id, now_ms, lease_ms);
}

/* ---- losing ---- */

bool trial_ledger_is_needed(const struct trial_ledger *ledger, const struct attempt *attempt)
{
    const struct ledger_attempt *known = ledger_find_attempt(ledger, attempt);

    return known && known->state == ATTEMPT_RUNNING &&
           ledger_entry_at(ledger, known->trial)->state == TRIAL_LEASED;
}

static bool is_leased(const struct ledger_attempt *attempt)
{
    return attempt->deadline.place != 0;
}

static void lose(struct trial_ledger *ledger, struct ledger_attempt *attempt)
{
    deadline_heap_remove(&ledger->leases, &attempt->deadline);
    attempt->state = ATTEMPT_LOST;
    ledger_entry_at(ledger, attempt->trial)->losses++;
    ledger->losses++;
    ledger_release(ledger, attempt->trial);
}

int trial_ledger_lose(struct trial_ledger *ledger, const struct attempt *attempt)
{
    struct ledger_attempt *known = ledger_find_attempt(ledger, attempt);

    if (!known || !is_leased(known))
        return -ENOENT;
    lose(ledger, known);
    return 0;
}

/* Marks what is held first, so that the time is the sum of both lists and not their product. */
size_t trial_ledger_lose_worker(struct trial_ledger *ledger, const uint8_t worker_id[16],
                                const struct attempt *held, size_t n_held)
{
    struct ledger_attempt *attempt, *next;
    uint64_t mark = ++ledger->last_mark;
    size_t n = 0;

    for (size_t h = 0; h < n_held; h++) {
        attempt = ledger_find_attempt(ledger, &held[h]);
        if (attempt)
            attempt->mark = mark;
    }
    for (attempt = LIST_FIRST(chain_of(ledger, worker_id)); attempt; attempt = next) {
        next = LIST_NEXT(attempt, same_worker);
        if (attempt->mark == mark || !is_leased(attempt) || !ledger_is_of(attempt, worker_id))
            continue;
        lose(ledger, attempt);
        n++;
    }
    return n;
}

uint64_t trial_ledger_expire(struct trial_ledger *ledger, uint64_t now_ms, attempt_lost_fn *lost,
                             void *arg)
{
    struct deadline *first;

    while ((first = deadline_heap_first(&ledger->leases)) && first->at_ms <= now_ms) {
        struct ledger_attempt *attempt = (void *)((char *)first -
                                                  offsetof(struct ledger_attempt, deadline));
        struct trial trial = ledger_trial(ledger_entry_at(ledger, attempt->trial));
        struct attempt name = ledger_attempt_name(attempt);

        if (lost)
            lost(arg, &trial, &name, attempt->worker_id);
        lose(ledger, attempt);
    }
    return first ? first->at_ms : UINT64_MAX;
}
