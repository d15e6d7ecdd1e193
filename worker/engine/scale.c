/* A tensor times a gate, one number for each image and channel. */
#include <string.h>

#include "worker/engine/net.h"

enum { STRIP = 128 }; /* pixels at a time: 8 KiB, which stay in the first cache */

static int scale_lay_out(struct net *net, struct node *node, struct arena *arena,
                         struct errmsg *err)
{
    (void)net;
    (void)node;
    (void)arena;
    (void)err;
    return 0;
}

struct pass {
    float *dy, *a;
    size_t bytes;
};

static struct pass pass_of(const struct net *net)
{
    struct arena scratch = { .base = (char *)net->scratch };
    struct pass pass;

    pass.dy = arena_take(&scratch, STRIP * BLOCK, sizeof(float));
    pass.a = arena_take(&scratch, STRIP * BLOCK, sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

static size_t scale_scratch(const struct net *net, const struct node *node)
{
    (void)node;
    return pass_of(net).bytes;
}

/* Multiplication by a gate is the kernels' way of applying a norm. */
static struct finish times(const struct net *net, const float *gate)
{
    return (struct finish){ .scale = gate, .shift = net->zeros, .curve = CURVE_NONE };
}

static void scale_forward(struct net *net, struct node *node)
{
    _Alignas(64) float gate[BLOCK];
    const struct finish finish = times(net, gate);
    size_t pixels = node->x.pixels;

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t i = 0; i < net->n; i++) {
            edge_value(net, &node->input[1], block, i, 1, gate);
            for (size_t p = 0; p < pixels; p += STRIP) {
                size_t n = pixels - p < STRIP ? pixels - p : STRIP;
                float *x = tensor_at(&node->x, block, i * pixels + p);

                edge_value(net, &node->input[0], block, i * pixels + p, n, x);
                net->kernels->value(x, x, n, &finish);
                node_moments(net, node, block, i * pixels + p, n);
            }
        }
}

/* Passes on the gradient of one image's block; adds that of its gate to dgate. */
static void scale_image(struct net *net, struct node *node, size_t block, size_t image,
                        const float *gate, float *dgate)
{
    const struct edge *edge = &node->input[0];
    const struct node *from = edge_node(net, edge);
    const struct finish finish = times(net, gate);
    const struct pass pass = pass_of(net);
    size_t pixels = node->x.pixels;

    for (size_t p = 0; p < pixels; p += STRIP) {
        size_t n = pixels - p < STRIP ? pixels - p : STRIP, at = image * pixels + p;

        node_gradient(net, node, block, at, n, pass.dy);
        edge_value(net, edge, block, at, n, pass.a);
        net->kernels->dot(pass.a, pass.dy, n, dgate);
        if (!from->wants_gradient)
            continue;
        net->kernels->value(pass.dy, pass.dy, n, &finish);
        edge_accumulate(net, edge, block, at, n, pass.dy);
    }
}

static void scale_backward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[1];
    const struct node *by = edge_node(net, edge);
    _Alignas(64) float gate[BLOCK], dgate[BLOCK];

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t i = 0; i < net->n; i++) {
            memset(dgate, 0, sizeof dgate);
            edge_value(net, edge, block, i, 1, gate);
            scale_image(net, node, block, i, gate, dgate);
            if (by->wants_gradient)
                edge_accumulate(net, edge, block, i, 1, dgate);
        }
}

const struct layer layer_scale = {
    .lay_out = scale_lay_out,
    .scratch = scale_scratch,
    .forward = scale_forward,
    .backward = scale_backward,
};
