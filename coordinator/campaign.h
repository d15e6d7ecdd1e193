/* campaign - a study's trials from first to last: search, final training, test.
 *
 * Sits between the strategy (and after it the final stage), which propose, and the ledger, which
 * keeps what was proposed; remembers which trial answers which proposal, every opening, and the
 * results that an earlier run stored. Knows the store's content only as told: no SQL, no sockets,
 * no clock. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_CAMPAIGN_H
#define LAYERNAS_COORDINATOR_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/study.h"
#include "coordinator/ledger/store.h"
#include "coordinator/ledger/trial_ledger.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layer_record.h"
#include "coordinator/search/strategy.h"

struct campaign;

enum campaign_state { CAMPAIGN_SEARCH, CAMPAIGN_FINAL, CAMPAIGN_TEST, CAMPAIGN_DONE };

/* study and ledger must outlive it. -ENOMEM. */
int campaign_new(const struct study *study, struct trial_ledger *ledger,
                 struct campaign **campaign_out);
void campaign_free(struct campaign *campaign);

/* What an earlier run left, before the first campaign_advance, in its order: a retry takes back the
 * quarantine before it. Copies. -ENOMEM; -EINVAL for an opening out of its order. */
int campaign_remember_result(struct campaign *campaign, const struct stored_result *stored);
int campaign_remember_opening(struct campaign *campaign, const struct opening *opening);

/* Moves on as far as possible while fewer than wanted trials are READY: asks the strategy, answers
 * from remembered results, adds the rest to the ledger. Returns
 *   0        nothing more to do now;
 *   1        an opening was decided, the last of campaign_opening: store it, and when it is durable
 *            call campaign_opening_stored; until then no further trial is added;
 *   negative an errno with a line in err: the campaign cannot go on. */
int campaign_advance(struct campaign *campaign, uint64_t wanted, struct errmsg *err);
void campaign_opening_stored(struct campaign *campaign);

/* The ledger has settled this trial: tells whoever proposed it. -ENOENT: nobody did. */
int campaign_settled(struct campaign *campaign, const struct digest *key);

/* A durable result of a trial not proposed (yet): kept for when it is. -EALREADY, -ENOMEM. */
int campaign_keep_result(struct campaign *campaign, const struct trial_result *result);
bool campaign_has_kept(const struct campaign *campaign, const struct digest *key);

/* Ends the search here (wall clock, or the user), so that the final stage follows: nothing more is
 * proposed, what is out is waited for, and results that an earlier run stored still count. */
void campaign_stop_search(struct campaign *campaign, const char *reason);

/* Raises the cap on search trials (strategy_raise_cap). False: too late, the search is over. */
bool campaign_raise_cap(struct campaign *campaign, uint32_t trials);

/* The quarantined trial of ledger entry i is READY again, and whoever proposed it waits for its
 * result. -EINVAL: it is not quarantined; -EPERM: something was decided by that already. */
int campaign_retry(struct campaign *campaign, size_t i);

/* ---- looking ---- */

enum campaign_state campaign_state(const struct campaign *campaign);
const char *campaign_stop_reason(const struct campaign *campaign); /* NULL while it searches */
void campaign_progress(const struct campaign *campaign, struct search_progress *progress_out);
size_t campaign_n_openings(const struct campaign *campaign);
const struct opening *campaign_opening(const struct campaign *campaign, size_t i);
/* What became of the i-th opening's children so far. */
const struct layer_record *campaign_record(const struct campaign *campaign, size_t i);
/* The first opening whose trials all come after search trial i (a ledger index); the one before it, if
 * any, is the opening that proposed it, unless that is still to come (search/layernas_early.h), or none
 * did (samples and forecasts). */
size_t campaign_first_after(const struct campaign *campaign, size_t i);
/* The first ledger entry by whose outcome nothing was decided yet. */
size_t campaign_first_open(const struct campaign *campaign);
uint32_t campaign_final_total(const struct campaign *campaign); /* final trainings, 0: none */
uint32_t campaign_final_done(const struct campaign *campaign);

bool campaign_in_target(const struct campaign *campaign, int64_t cost);

/* The search's result for a candidate in its canonical form; false while there is none. */
bool campaign_reward(const struct campaign *campaign, const struct arch *candidate,
                     struct reward *reward_out);
/* The verdict on it; false while there is none. */
bool campaign_verdict(const struct campaign *campaign, const struct arch *candidate,
                      struct verdict *verdict_out);
/* The search trial of a candidate, by ledger index; -ENOENT. */
int campaign_trial_of(const struct campaign *campaign, const struct arch *candidate, size_t *i_out);

/* The best n trained candidates inside the target, best first; returns how many there are. */
size_t campaign_best(const struct campaign *campaign, struct candidate *best, size_t n);

/* The Pareto front of everything the search trained: by rising cost, each with a better reward than
 * all cheaper ones. Kept up to date: good until the next result is told. */
const struct candidate *campaign_pareto(const struct campaign *campaign, size_t *n_out);

/* The winner of the final stage: false while there is none. test.total is 0 until it is tested. */
struct campaign_winner {
    struct candidate candidate; /* reward: of the search */
    double mean_percent;        /* validation, over its seeds */
    uint32_t replica;           /* whose weights count */
    struct digest weights_key;  /* of the final trial that brought them */
    struct reward test;
};
bool campaign_winner(const struct campaign *campaign, struct campaign_winner *winner_out);

#endif
