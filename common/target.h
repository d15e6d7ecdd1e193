/* target - what it means for a cost, or for a range of costs, to meet the target. */
#ifndef LAYERNAS_COMMON_TARGET_H
#define LAYERNAS_COMMON_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cost.h"

static inline bool target_holds(const struct cost_range *target, int64_t cost)
{
    return target->lowest <= cost && cost <= target->highest;
}

/* Whether a cost in range may be in target: no architecture of a range that misses it can. */
static inline bool target_meets(const struct cost_range *target, const struct cost_range *range)
{
    return range->lowest <= target->highest && target->lowest <= range->highest &&
           range->lowest <= range->highest;
}

/* How far cost lies from the target; 0 inside. */
static inline uint64_t target_distance(const struct cost_range *target, int64_t cost)
{
    if (cost > target->highest)
        return (uint64_t)cost - (uint64_t)target->highest;
    return cost < target->lowest ? (uint64_t)target->lowest - (uint64_t)cost : 0;
}

#endif
