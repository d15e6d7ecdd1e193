/* dense - between the engine's layout and plain matrices, one row per image. */
#ifndef LAYERNAS_WORKER_ENGINE_DENSE_H
#define LAYERNAS_WORKER_ENGINE_DENSE_H

#include "worker/engine/net.h"

/* matrix [n][channels][height][width] = the values that come by an edge. */
void dense_read(const struct net *net, const struct edge *edge, float *matrix);

/* edge_accumulate for a whole batch in such a matrix. */
void dense_accumulate(struct net *net, const struct edge *edge, const float *matrix);

#endif
