/* Addition of two nodes, and the copy of one whose norm or activation could not be joined to it. */
#include "worker/engine/net.h"

enum { STRIP = 128 }; /* pixels at a time: 8 KiB, which stay in the first cache */

static int sum_lay_out(struct net *net, struct node *node, struct arena *arena, struct errmsg *err)
{
    (void)net;
    (void)node;
    (void)arena;
    (void)err;
    return 0;
}

static size_t sum_scratch(const struct net *net, const struct node *node)
{
    (void)net;
    (void)node;
    return STRIP * BLOCK * sizeof(float);
}

static void sum_forward(struct net *net, struct node *node)
{
    size_t pixels = net->n * node->x.pixels;

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t pixel = 0; pixel < pixels; pixel += STRIP) {
            size_t n = pixels - pixel < STRIP ? pixels - pixel : STRIP;
            float *x = tensor_at(&node->x, block, pixel);

            edge_value(net, &node->input[0], block, pixel, n, x);
            if (node->n_inputs == 2)
                edge_value_add(net, &node->input[1], block, pixel, n, x);
            node_moments(net, node, block, pixel, n);
        }
}

static void sum_backward(struct net *net, struct node *node)
{
    size_t pixels = net->n * node->x.pixels;

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t pixel = 0; pixel < pixels; pixel += STRIP) {
            size_t n = pixels - pixel < STRIP ? pixels - pixel : STRIP;

            node_gradient(net, node, block, pixel, n, net->scratch);
            for (size_t i = 0; i < node->n_inputs; i++)
                if (edge_node(net, &node->input[i])->wants_gradient)
                    edge_accumulate(net, &node->input[i], block, pixel, n, net->scratch);
        }
}

const struct layer layer_sum = {
    .lay_out = sum_lay_out,
    .scratch = sum_scratch,
    .forward = sum_forward,
    .backward = sum_backward,
};
