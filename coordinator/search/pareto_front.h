/* pareto_front - who is cheaper than all that are better: kept up to date, one candidate at a time.
 *
 * By rising cost, each with a better reward than all cheaper ones; of candidates equal in both, the
 * first in the order of candidate_compare. So a front depends only on the set of what it was
 * offered. Pure. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_PARETO_FRONT_H
#define LAYERNAS_COORDINATOR_SEARCH_PARETO_FRONT_H

#include <stddef.h>

#include "coordinator/search/candidate_table.h"

/* Empty when all zero. */
struct pareto_front {
    struct candidate *at; /* owned */
    size_t n, room;
};

void pareto_front_clear(struct pareto_front *front);

/* Files a copy, or drops it: O(log n) to find out, O(n) to make room. -ENOMEM. */
int pareto_front_offer(struct pareto_front *front, const struct candidate *candidate);

#endif
