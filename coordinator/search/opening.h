/* opening - what every strategy with openings does with one (struct opening: strategy.h). */
#ifndef LAYERNAS_COORDINATOR_SEARCH_OPENING_H
#define LAYERNAS_COORDINATOR_SEARCH_OPENING_H

#include "common/cost.h"
#include "coordinator/search/strategy.h"

/* Whether a child has a place in its bucket, or will have one with its result. */
static inline bool opening_child_is_filed(const struct opening_child *child)
{
    return child->fate != FATE_DROPPED && child->fate != FATE_PASSED_OVER;
}

/* An independent copy, the caller's to clear. -ENOMEM. */
int opening_copy(const struct opening *opening, struct opening *copy_out);

/* -EINVAL unless every architecture, index and cost in it can belong to a search on model. */
int opening_check(const struct opening *opening, const struct cost_model *model);

#endif
