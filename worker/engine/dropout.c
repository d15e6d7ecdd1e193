/* Dropout. Which numbers fall is not stored: the way back draws them again, in the same order. */
#include "worker/engine/net.h"

enum { STRIP = 128 }; /* pixels at a time */

static int dropout_lay_out(struct net *net, struct node *node, struct arena *arena,
                           struct errmsg *err)
{
    (void)net;
    (void)node;
    (void)arena;
    (void)err;
    return 0;
}

static size_t dropout_scratch(const struct net *net, const struct node *node)
{
    (void)net;
    (void)node;
    return STRIP * BLOCK * sizeof(float);
}

/* Half a random number each: the chance to fall is drop / DROP_ONE to 32 bits. */
static void drop(const struct op *op, struct rng *rng, float *row, size_t n)
{
    const uint64_t falls_below = ((uint64_t)op->drop << 32) / DROP_ONE;
    const float kept = (float)DROP_ONE / (float)(DROP_ONE - op->drop);

    for (size_t i = 0; i < n * BLOCK; i += 2) {
        uint64_t draw = rng_u64(rng);

        row[i] = (uint32_t)draw < falls_below ? 0 : row[i] * kept;
        row[i + 1] = draw >> 32 < falls_below ? 0 : row[i + 1] * kept;
    }
}

static void dropout_forward(struct net *net, struct node *node)
{
    size_t pixels = net->n * node->x.pixels;

    node->rng_of_pass = node->rng;
    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t pixel = 0; pixel < pixels; pixel += STRIP) {
            size_t n = pixels - pixel < STRIP ? pixels - pixel : STRIP;
            float *x = tensor_at(&node->x, block, pixel);

            edge_value(net, &node->input[0], block, pixel, n, x);
            if (net->training)
                drop(node_op(net, node), &node->rng, x, n);
            node_moments(net, node, block, pixel, n);
        }
}

static void dropout_backward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    struct rng rng = node->rng_of_pass;
    size_t pixels = net->n * node->x.pixels;

    for (size_t block = 0; edge_node(net, edge)->wants_gradient && block < node->x.blocks; block++)
        for (size_t pixel = 0; pixel < pixels; pixel += STRIP) {
            size_t n = pixels - pixel < STRIP ? pixels - pixel : STRIP;

            node_gradient(net, node, block, pixel, n, net->scratch);
            drop(node_op(net, node), &rng, net->scratch, n);
            edge_accumulate(net, edge, block, pixel, n, net->scratch);
        }
}

const struct layer layer_dropout = {
    .lay_out = dropout_lay_out,
    .scratch = dropout_scratch,
    .forward = dropout_forward,
    .backward = dropout_backward,
};
