/* lineage - whether what was trained bears out that the best of a bucket descends from a kept parent.
 *
 * A layer's children all descend from kept parents, so the search by itself cannot tell. But other
 * layers, other passes and the anchor train architectures that could stand in the same table: those
 * that hold what its pass began with in all layers searched after it. The best of these in a bucket,
 * beside the bucket's best child, is a test of the assumption. Only as many as were trained: a lower
 * bound on how often it fails, where descent.h (layernas-compare) counts them all. */
#ifndef LAYERNAS_COORDINATOR_STATUS_LINEAGE_H
#define LAYERNAS_COORDINATOR_STATUS_LINEAGE_H

#include "coordinator/coordinator.h"

struct lineage;

/* Over all search trials that have a result now. -ENOMEM. */
int lineage_new(const struct coordinator *coordinator, struct lineage **lineage_out);
void lineage_free(struct lineage *lineage);

struct lineage_layer {
    uint32_t compared; /* buckets that hold an architecture which is no child of the opening; */
    uint32_t descend;  /* of these, where none of them has a higher reward than the best child; */
    uint32_t reached;  /* where there is a child with a result */
    double lost;       /* points from the best child to the best, mean over reached */
};

/* Of the i-th opening. -ENOMEM. */
int lineage_look(const struct lineage *lineage, size_t i, struct lineage_layer *layer_out);

#endif
