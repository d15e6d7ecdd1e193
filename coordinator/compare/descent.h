/* descent - whether LayerNAS assumes rightly: that the best architecture of a cost bucket, when one more
 * layer is searched, descends from one of the best K of a bucket before.
 *
 * By enumeration, not along one search: after p layers every architecture stands that has any options
 * in these and the defaults in the others, and that some completion brings into the target. Buckets
 * are those of a first pass: `buckets` of them between the cheapest and the dearest. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_DESCENT_H
#define LAYERNAS_COORDINATOR_COMPARE_DESCENT_H

#include "common/study.h"
#include "coordinator/compare/benchmark.h"

enum { DESCENT_KEEPS = 4, DESCENT_MOST = 1 << 20 };

extern const uint32_t descent_keeps[DESCENT_KEEPS]; /* K */

/* Of a table's first reward column. */
struct descent_layer {
    uint32_t layer;
    uint32_t n, n_buckets;           /* architectures; buckets that hold any */
    uint32_t largest;                /* architectures in the fullest bucket */
    uint32_t descend[DESCENT_KEEPS]; /* buckets whose best has a parent among the best K */
    uint32_t reached[DESCENT_KEEPS]; /* buckets in which any has */
    double lost[DESCENT_KEEPS]; /* points from their best to the best that has, mean over these */
};

/* A layer each, in the order of a first pass; room for the space's. -EINVAL with a line in err where the
 * benchmark is no table or has over DESCENT_MOST architectures; -ENOMEM. */
int descent_find(const struct benchmark *benchmark, const struct study *study,
                 struct descent_layer *layers_out, struct errmsg *err);

#endif
