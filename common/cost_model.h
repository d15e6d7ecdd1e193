/* cost_model - the two kinds of cost model behind cost.h: sums over layers, and tables. Private to
 * cost. */
#ifndef LAYERNAS_COMMON_COST_MODEL_H
#define LAYERNAS_COMMON_COST_MODEL_H

#include <stdbool.h>

#include "common/cost.h"

static const struct cost_range cost_range_empty = { INT64_MAX, INT64_MIN };

static inline void cost_range_join(struct cost_range *range, struct cost_range other)
{
    if (other.lowest < range->lowest)
        range->lowest = other.lowest;
    if (other.highest > range->highest)
        range->highest = other.highest;
}

/* ---- cost_sum.c: a term for each (layer, interface, option) ---- */

struct cost_sum;

/* By metric, or where there are terms by these. */
int cost_sum_new(const struct space *space, enum cost_metric metric, const struct cost_terms *terms,
                 struct cost_sum **sum_out);
void cost_sum_free(struct cost_sum *sum);
int64_t cost_sum_of(const struct cost_sum *sum, const struct arch *arch);
struct cost_range cost_sum_completions(const struct cost_sum *sum, const struct arch *arch,
                                       uint64_t fixed);

/* The smallest option vector that attains the lower end, or the upper one. */
struct arch cost_sum_extreme(const struct cost_sum *sum, const struct arch *arch, uint64_t fixed,
                             bool highest);

/* ---- cost_rows.c: a cost for each architecture ---- */

struct cost_rows;

int cost_rows_new(const struct space *space, const int64_t *cost, size_t n,
                  struct cost_rows **rows_out);
void cost_rows_free(struct cost_rows *rows);
int64_t cost_rows_of(const struct cost_rows *rows, const struct arch *arch);
struct cost_range cost_rows_completions(const struct cost_rows *rows, const struct arch *arch,
                                        uint64_t fixed);
struct arch cost_rows_extreme(const struct cost_rows *rows, const struct arch *arch, uint64_t fixed,
                              bool highest);

#endif
