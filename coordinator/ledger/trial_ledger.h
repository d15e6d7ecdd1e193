/* trial_ledger - every trial of a study, and what became of it.
 *
 *               lease                  receive               settle
 *     READY ------------> LEASED ------------------> SAVING ---------> DONE
 *       ^                  | |                         ^
 *       +---- lost --------+ |                         |
 *       |                    | fail                    |
 *       +-- tries left ------+---- last try ---> SAVING ---> QUARANTINED
 *       '------------------- receive, late ------------'
 *
 * A QUARANTINED trial becomes READY again where people want it so.
 *
 * A lease says who should be working, not whose result counts: the first valid result settles a
 * trial, whenever it comes. SAVING is the time between a result's receipt and its commit. A trial
 * whose worker disappeared (LOST) is handed out again, without limit; one whose evaluator failed is
 * tried again, on another worker where there is one, up to LEDGER_MAX_FAILURES.
 *
 * READY trials go out in the order they were added. So a lost one is at the head of the queue again,
 * several keep their order, and a failed one is tried again at once: last of its layer, it would
 * hold the whole search up.
 *
 * A trial may have several running attempts: adopted ones, and doubled ones, where somebody waits who
 * could end it sooner. An attempt given up as
 * lost is remembered, the last few of each trial, while its trial is open.
 *
 * No sockets, SQL, logging or clock: callers pass now_ms (monotonic). Loop thread only. int
 * functions give 0 or a negative errno; on failure the ledger and every *_out are as they were. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_TRIAL_LEDGER_H
#define LAYERNAS_COORDINATOR_LEDGER_TRIAL_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/trial.h"
#include "proto/wire.h"

enum {
    LEDGER_MAX_FAILURES = 3,
    LEDGER_MAX_ATTEMPTS = 8, /* running at once, of one trial */
};

enum trial_state {
    TRIAL_READY,
    TRIAL_LEASED,
    TRIAL_SAVING,
    TRIAL_DONE,
    TRIAL_QUARANTINED,
    TRIAL_STATES
};

struct trial_ledger;

/* start names this run of the coordinator; attempts are (start, 1), (start, 2), ... */
struct trial_ledger *trial_ledger_new(uint64_t start);
void trial_ledger_free(struct trial_ledger *ledger);

/* Adds a copy of *trial as READY, at the end of the queue. -EEXIST if its key is known, -ENOMEM,
 * -ERANGE past a billion. */
int trial_ledger_add(struct trial_ledger *ledger, const struct trial *trial);

/* Adds a trial that the store has a result of, or a quarantine, straight to DONE or QUARANTINED. Of
 * a quarantine's result only the reason matters. */
int trial_ledger_add_settled(struct trial_ledger *ledger, const struct trial *trial,
                             const struct trial_result *result, bool quarantined);

/* What the store remembers of an earlier failure of a trial, so that a restart does not forget. The
 * trial need not have been added yet. -EALREADY: this attempt's failure is known. */
int trial_ledger_remember_failure(struct trial_ledger *ledger, const struct digest *key,
                                  const struct attempt *attempt, const uint8_t worker_id[16],
                                  const char *reason);

/* Leases the first READY trial that has not failed on this worker until now_ms + lease_ms, under a
 * fresh attempt. Any will do where `alone` says that no other worker is there, or when it has failed
 * on two workers already. -EAGAIN if there is none. */
int trial_ledger_lease(struct trial_ledger *ledger, const uint8_t worker_id[16], bool alone,
                       uint64_t now_ms, uint64_t lease_ms, struct trial *trial_out,
                       struct attempt *attempt_out);

/* For a worker that would wait: leases a second attempt of a LEASED trial that has one, on another
 * worker, and is a straggler (yardstick.h, by the seconds of its stage's last results) that has run for
 * patience_ms at least; of several the one that has run longest. Not one that has failed, which may be
 * the trial's fault. -ENOENT if there is none; -EAGAIN: none that this worker does not run itself. */
int trial_ledger_double(struct trial_ledger *ledger, const uint8_t worker_id[16], uint64_t now_ms,
                        uint64_t lease_ms, uint64_t patience_ms, struct trial *trial_out,
                        struct attempt *attempt_out);

/* Renews a lease of this worker's (an attempt that was given up as lost becomes leased again if its
 * trial is still READY). progress may be NULL: no news. -ENOENT: this worker has no such attempt, or its
 * trial needs it no more: cancel it. */
int trial_ledger_renew(struct trial_ledger *ledger, const struct attempt *attempt,
                       const uint8_t worker_id[16], const struct progress *progress,
                       uint64_t now_ms, uint64_t lease_ms);

/* A worker that held an attempt of an earlier coordinator start says it is still running it. If its
 * trial is leased to another by now, both run on. -EALREADY: the trial is SAVING or settled, -ENOENT:
 * no trial has that key, -ENOSPC: LEDGER_MAX_ATTEMPTS run; cancel it. -EINVAL: an attempt of this
 * start that was never handed out, or one of another trial or another worker. Adopting it again renews
 * it. */
int trial_ledger_adopt_attempt(struct trial_ledger *ledger, const struct digest *key,
                               const struct attempt *attempt, const uint8_t worker_id[16],
                               uint64_t now_ms, uint64_t lease_ms);

/* Whether the attempt runs, as far as is known, and its trial still needs it. */
bool trial_ledger_is_needed(const struct trial_ledger *ledger, const struct attempt *attempt);

/* The attempt's worker is gone: LOST. -ENOENT if it is not running. */
int trial_ledger_lose(struct trial_ledger *ledger, const struct attempt *attempt);

/* Loses every attempt of worker that is not among held[0..n_held). Returns how many. */
size_t trial_ledger_lose_worker(struct trial_ledger *ledger, const uint8_t worker_id[16],
                                const struct attempt *held, size_t n_held);

/* Loses every attempt whose lease is due at now_ms. Calls lost for each (NULL: nobody), which may
 * look but not touch. Returns when the next one is due; UINT64_MAX: none. */
typedef void attempt_lost_fn(void *arg, const struct trial *trial, const struct attempt *attempt,
                             const uint8_t worker_id[16]);
uint64_t trial_ledger_expire(struct trial_ledger *ledger, uint64_t now_ms, attempt_lost_fn *lost,
                             void *arg);

/* A valid result is here and on its way to the store: the trial is SAVING, is handed out no more,
 * and what *result measured is kept. Its attempts have no lease any more, and cannot be renewed:
 * whoever still runs one is told to cancel it. -ENOENT: no trial has that key; -EALREADY: SAVING or settled; -ENOMEM. */
int trial_ledger_receive(struct trial_ledger *ledger, const struct trial_result *result);

/* An evaluator failed; the attempt may have been given up as lost, or be of an earlier start.
 * 0: it will be tried again, or another attempt still runs; 1: that was the last try, the trial is
 * SAVING, to be settled as quarantined. several_workers: at least two are there, so a verdict on the
 * trial needs failures on two. -ENOENT, -EALREADY, -ENOMEM as above; -EALREADY too when this attempt
 * has failed before (a repeated message). */
int trial_ledger_fail(struct trial_ledger *ledger, const struct digest *key,
                      const struct attempt *attempt, const uint8_t worker_id[16],
                      const char *reason, bool several_workers);

/* What failed of a trial so far counts no more. */
void trial_ledger_forgive(struct trial_ledger *ledger, const struct digest *key);

/* A QUARANTINED trial becomes READY, its failures forgiven. -ENOENT; -EINVAL: it is not. */
int trial_ledger_retry(struct trial_ledger *ledger, const struct digest *key);

/* What was SAVING is durable. -ENOENT, -EINVAL if it was not SAVING. */
int trial_ledger_settle(struct trial_ledger *ledger, const struct digest *key);

/* ---- looking, for handlers, status and results; entries in order of addition ---- */

struct ledger_entry {
    struct trial trial;
    enum trial_state state;
    bool quarantined;           /* while SAVING too */
    struct trial_result result; /* once SAVING, if not quarantined */
    uint32_t failures, losses;
    char last_reason[TRIAL_REASON_SIZE];
    uint32_t n_attempts;    /* running now */
    struct attempt attempt; /* the newest running one, if any */
    uint8_t worker_id[16];
    struct progress progress;
    uint64_t leased_at_ms;
};

struct ledger_counts {
    uint64_t by_state[TRIAL_STATES];
    uint64_t failures, losses, attempts_running;
    uint64_t doubled; /* second attempts handed out, by trial_ledger_double */
};

size_t trial_ledger_n(const struct trial_ledger *ledger);
void trial_ledger_entry(const struct trial_ledger *ledger, size_t i,
                        struct ledger_entry *entry_out);
int trial_ledger_find(const struct trial_ledger *ledger, const struct digest *key, size_t *i_out);
int trial_ledger_find_attempt(const struct trial_ledger *ledger, const struct attempt *attempt,
                              size_t *i_out);
/* Whether the attempt, running or lost, was given to some other worker than this one. */
bool trial_ledger_is_anothers(const struct trial_ledger *ledger, const struct attempt *attempt,
                              const uint8_t worker_id[16]);
struct ledger_counts trial_ledger_counts(const struct trial_ledger *ledger);

/* What a worker runs under a lease, the newest first: at most room of them are written; returns how
 * many there are. Takes as long as that worker's list, not the ledger, is. */
struct running_attempt {
    size_t i; /* the trial's entry */
    struct progress progress;
    uint64_t leased_at_ms;
    bool second; /* began while another attempt of its trial was running */
};
size_t trial_ledger_running_on(const struct trial_ledger *ledger, const uint8_t worker_id[16],
                               struct running_attempt *running, size_t room);

/* Who runs a trial, under a lease or, once it is SAVING, without. Returns how many are written. */
struct trial_runner {
    struct attempt attempt;
    uint8_t worker_id[16];
};
size_t trial_ledger_runners(const struct trial_ledger *ledger, const struct digest *key,
                            struct trial_runner runners[LEDGER_MAX_ATTEMPTS]);

#endif
