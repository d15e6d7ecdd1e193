/* share - a thread's share of a batch: some of its images, as a net of their own.
 *
 * Between two norms no image knows of another. So a pass goes node by node, and at each node every
 * thread runs the whole operation over its share of the images. A share is a copy of the net's nodes
 * whose tensors begin at its first image. Its own are scratch and what is summed up over images: the
 * moments of norms, the gradients of weights and biases. These are added up in the order of the
 * shares once all threads are done, so for a number of threads the result is the same bit by bit,
 * whoever was first. No operation knows of any of this.
 *
 * With one thread the net is its own share. Private to engine/. */
#ifndef LAYERNAS_WORKER_ENGINE_SHARE_H
#define LAYERNAS_WORKER_ENGINE_SHARE_H

#include "worker/engine/net.h"

/* Before the first shares_lay_out. -ENOMEM. */
int shares_new(struct net *net);
void shares_free(struct net *net);

/* Copies the nodes of a net that is laid out, and takes what is a share's own. */
void shares_lay_out(struct net *net, struct arena *arena);

struct net *share_of(struct net *net, size_t rank);

/* Dense layers are the caller's alone, over the whole batch: each thread that calls OpenBLAS at the same
 * time takes 128 MB of address space for good, and they are a hundredth of the work. */
static inline bool is_shared(const struct node *node)
{
    return node->kind != NODE_DENSE;
}

/* Hands the n images of a pass out, of which net->n and net->training tell. */
void shares_hand_out(struct net *net);

/* Adds up what all shares gathered for a node's norm, in the net. */
void shares_add_moments(struct net *net, size_t node);
/* For all nodes: the gradients of weights and biases. On all threads. */
void shares_add_gradients(struct net *net);

#endif
