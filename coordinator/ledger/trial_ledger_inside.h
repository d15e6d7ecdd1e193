/* trial_ledger_inside - what the ledger is made of; for trial_ledger*.c alone.
 *
 * Invariants:
 *   - a trial is in `ready` exactly while it is READY;
 *   - an attempt is in `leases` exactly while it is RUNNING and its trial is LEASED;
 *   - a LEASED trial has such an attempt, a READY one has none, a settled one has none of any kind;
 *   - a trial has at most LEDGER_MAX_LOST LOST attempts that are older than its newest.
 *     (They are forgotten when one begins: losing frees nothing, so that lists can be walked.) */
#ifndef LAYERNAS_COORDINATOR_LEDGER_TRIAL_LEDGER_INSIDE_H
#define LAYERNAS_COORDINATOR_LEDGER_TRIAL_LEDGER_INSIDE_H

#include <sys/queue.h>

#include "common/digest_map.h"
#include "coordinator/ledger/deadline_heap.h"
#include "coordinator/ledger/index_set.h"
#include "coordinator/ledger/text_pool.h"
#include "coordinator/ledger/trial_ledger.h"
#include "coordinator/ledger/yardstick.h"

enum {
    LEDGER_BLOCK = 1024,          /* entries allocated at a time */
    LEDGER_OPTIONS_BLOCK = 32768, /* option indices allocated at a time */
    LEDGER_WORKER_CHAINS = 1024,  /* a power of two */
    LEDGER_MAX_LOST = 4,          /* of one trial, remembered */
    LEDGER_FAILED_KEPT = 8,       /* failed attempts of one trial, remembered */
};

enum attempt_state { ATTEMPT_RUNNING, ATTEMPT_LOST };

struct ledger_attempt {
    struct digest name; /* struct attempt, as bytes */
    struct deadline deadline;
    LIST_ENTRY(ledger_attempt) same_worker, same_trial; /* a trial's: newest first */
    uint32_t trial;
    enum attempt_state state;
    uint8_t worker_id[16];
    uint64_t leased_at_ms;
    uint64_t mark; /* see trial_ledger_lose_worker */
    bool second;   /* see struct running_attempt */
    struct progress progress;
};

LIST_HEAD(attempt_list, ledger_attempt);

/* A trial, as small as it can be: there may be a million. What only some have is kept elsewhere:
 * failures in `troubles`, the lease and progress in attempts. */
struct entry {
    struct digest key;
    uint64_t number, seed;
    int64_t cost;
    struct costs costs;
    const uint16_t *options;
    struct attempt_list attempts;
    double loss, seconds; /* from here to worker: of the result, once SAVING or DONE */
    int64_t madds, params;
    struct reward reward;
    uint32_t numerics, worker; /* in texts */
    uint32_t replica, losses;
    uint8_t stage, state, n_layers;
    bool quarantined : 1, diverged : 1, troubled : 1;
};

/* The failures of a trial: of one that is not added yet, too. */
struct trouble {
    struct digest key;
    uint32_t failures, n_workers;
    uint32_t forgiven;      /* of failures: they count no more */
    uint8_t workers[2][16]; /* the first two different ones it failed on */
    struct attempt attempts[LEDGER_FAILED_KEPT];
    char last_reason[TRIAL_REASON_SIZE];
};

struct options_block {
    struct options_block *next;
    uint16_t options[LEDGER_OPTIONS_BLOCK];
};

struct trial_ledger {
    uint64_t start, last_counter, last_mark;

    struct entry **blocks;
    size_t n, n_blocks;
    struct options_block *options;
    size_t options_used; /* of the first block */
    struct text_pool texts;
    struct digest_map by_key;     /* -> index */
    struct index_set ready;       /* of indices */
    struct digest_map by_attempt; /* -> struct ledger_attempt */
    struct digest_map troubles;   /* -> struct trouble */
    struct deadline_heap leases;
    struct attempt_list by_worker[LEDGER_WORKER_CHAINS];

    uint64_t by_state[TRIAL_STATES], failures, losses, doubled;
    struct yardstick yardsticks[STAGES]; /* in seconds */
};

static inline struct entry *ledger_entry_at(const struct trial_ledger *ledger, size_t i)
{
    return &ledger->blocks[i / LEDGER_BLOCK][i % LEDGER_BLOCK];
}

/* NULL when no trial has that key. */
struct entry *ledger_find(const struct trial_ledger *ledger, const struct digest *key,
                          size_t *i_out);
struct trial ledger_trial(const struct entry *entry);
void ledger_set_state(struct trial_ledger *ledger, size_t i, enum trial_state state);

/* ---- attempts: trial_ledger_attempts.c ---- */

struct ledger_attempt *ledger_find_attempt(const struct trial_ledger *ledger,
                                           const struct attempt *attempt);
struct attempt ledger_attempt_name(const struct ledger_attempt *attempt);

/* A running attempt of trial i, of this start, which becomes LEASED. -ENOMEM, and nothing has changed. */
int ledger_begin_new(struct trial_ledger *ledger, size_t i, const uint8_t worker_id[16],
                     uint64_t now_ms, uint64_t lease_ms, struct attempt *name_out);

/* Whether it was given to this worker. */
bool ledger_is_of(const struct ledger_attempt *attempt, const uint8_t worker_id[16]);

/* Attempts of this worker, and of others that share the chain. */
const struct attempt_list *ledger_chain_of(const struct trial_ledger *ledger,
                                           const uint8_t worker_id[16]);

/* Forgets an attempt; its trial's state is the caller's affair. */
void ledger_end_attempt(struct trial_ledger *ledger, struct ledger_attempt *attempt);
void ledger_end_attempts(struct trial_ledger *ledger, struct entry *entry);

/* Makes a LEASED trial READY that nobody works on any more. */
void ledger_release(struct trial_ledger *ledger, size_t i);

/* How many of its attempts run, and of those the newest (NULL: none). */
uint32_t ledger_running(const struct entry *entry, const struct ledger_attempt **newest_out);

/* ---- failures: trial_ledger_failures.c ---- */

/* NULL when it never failed. */
struct trouble *ledger_trouble(const struct trial_ledger *ledger, const struct digest *key);

/* The same, a new one if need be. -ENOMEM. */
int ledger_open_trouble(struct trial_ledger *ledger, const struct digest *key,
                        struct trouble **trouble_out);
bool ledger_failed_on(const struct trial_ledger *ledger, const struct entry *entry,
                      const uint8_t worker_id[16]);

#endif
