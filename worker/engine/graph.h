/* graph - which operations become one node, and where the gradients of nodes lie. See net.h. */
#ifndef LAYERNAS_WORKER_ENGINE_GRAPH_H
#define LAYERNAS_WORKER_ENGINE_GRAPH_H

#include "worker/engine/net.h"

/* Fills net->nodes from net->network. An op that does not lead to the logits becomes a node all the
 * same, but not a live one. -ENOMEM. */
int graph_build(struct net *net, struct errmsg *err);

/* Takes memory for the gradients of all nodes, each from its last reader to its own way back;
 * those that are not needed at the same time share it. -ENOMEM. */
int graph_place_gradients(struct net *net, struct arena *arena);

#endif
