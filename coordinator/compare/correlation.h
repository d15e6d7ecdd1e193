/* correlation - whether a table's reward orders architectures as its report does: the short training that
 * a search goes by as the full one that counts, one seed as the mean of several. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_CORRELATION_H
#define LAYERNAS_COORDINATOR_COMPARE_CORRELATION_H

#include <jansson.h>
#include <stdio.h>

#include "common/rank_correlation.h"
#include "coordinator/compare/benchmark.h"

enum correlation_set {
    CORRELATION_ALL,       /* architectures that have both */
    CORRELATION_IN_TARGET, /* those of them that meet the target */
    CORRELATION_TENTH,     /* of these the best tenth by reward, */
    CORRELATION_HUNDREDTH, /* and the best hundredth; at least one */
    CORRELATION_SETS
};

struct correlation {
    struct rank_correlation sets[CORRELATION_SETS];
    /* Of the best n by reward, how many are no worse than the n-th best by report in the target: not of
     * the first two sets, where all are. */
    size_t shared[CORRELATION_SETS];
    /* The best by reward in the target (of equal ones the one with the best report): its place by
     * report there, from 1, and the points that it is below the best. */
    size_t place;
    double below;
};

/* Of the column-th reward. -EINVAL with a line in err where the benchmark is no table, or that reward is
 * the report; -ENOMEM. */
int correlation_find(const struct benchmark *benchmark, uint32_t column,
                     struct correlation *correlation_out, struct errmsg *err);

/* At most 80 columns. */
void correlation_print(const struct benchmark *benchmark, uint32_t column,
                       const struct correlation *correlation, FILE *out);

/* NULL: out of memory. */
json_t *correlation_json(const struct benchmark *benchmark, uint32_t column,
                         const struct correlation *correlation);

#endif
