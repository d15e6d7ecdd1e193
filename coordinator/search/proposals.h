/* proposals - every trial that a search asked for, and what became of it.
 *
 * Numbers count from 1 in order of issue. A candidate is here once at most: asking whether it is
 * known is what saves trials. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_PROPOSALS_H
#define LAYERNAS_COORDINATOR_SEARCH_PROPOSALS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cost.h"
#include "coordinator/search/arch_set.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/strategy.h"

struct proposed {
    int64_t cost;
    struct verdict verdict;
    bool told;
};

/* Empty when all zero. */
struct proposals {
    struct arch_set archs; /* canonical forms; proposal number has index number - 1 */
    struct proposed *at;   /* owned, archs.n of them */
    size_t room;
    uint64_t told;
    uint64_t told_up_to; /* every proposal up to this number is told, the next one is not */
};

void proposals_clear(struct proposals *proposals);

uint64_t proposals_n(const struct proposals *proposals);

bool proposals_known(const struct proposals *proposals, const struct arch *candidate);

/* The same among the first n proposals. */
bool proposals_known_among(const struct proposals *proposals, uint64_t n,
                           const struct arch *candidate);

/* A new candidate; its number, or -ENOMEM. */
int64_t proposals_add(struct proposals *proposals, const struct arch *candidate, int64_t cost);

/* Whether the valid proposal a is better than the valid proposal b; b may be 0, for none. Those inside
 * target come before all others, then the candidate order decides. */
bool proposals_better(const struct proposals *proposals, uint64_t a, uint64_t b,
                      const struct cost_range *target);

/* Takes the verdict. -EINVAL if number was never proposed or was told before. */
int proposals_tell(struct proposals *proposals, uint64_t number, const struct verdict *verdict);

/* Takes back a verdict that was not valid: there is none. -EINVAL if there was no such. */
int proposals_untell(struct proposals *proposals, uint64_t number);

/* Of the first n proposals. */
struct proposals_among {
    const struct proposals *proposals;
    uint64_t n;
};

/* A reward_lookup_fn over struct proposals_among. */
bool proposals_reward(void *among, const struct arch *candidate, struct reward *reward_out);

#endif
