/* Depthwise convolution: one block of one image at a time. */
#include <errno.h>
#include <string.h>

#include "worker/engine/conv.h"

static size_t taps_of(const struct window *w)
{
    return w->kernel_h * w->kernel_w;
}

static void fill_offsets(struct node *node)
{
    const struct window *w = &node->window;

    for (size_t tap = 0; tap < taps_of(w); tap++) {
        size_t row = tap / w->kernel_w, column = tap % w->kernel_w;

        node->offset[tap] = (int32_t)window_offset(w, row, column);
        node->back_offset[tap] = (int32_t)window_back_offset(w, row, column);
    }
}

static int depthwise_lay_out(struct net *net, struct node *node, struct arena *arena,
                             struct errmsg *err)
{
    struct window *w = &node->window;

    *w = window_of(&net->nodes[node->input[0].node].x.shape, node_op(net, node));
    if (w->plane > INT32_MAX || w->back_plane > INT32_MAX)
        return errmsg_set(err, -EINVAL, "op %zu: a convolution too large for this engine",
                          node->op);
    node->offset = arena_take(arena, taps_of(w), sizeof *node->offset);
    node->back_offset = arena_take(arena, taps_of(w), sizeof *node->back_offset);
    if (node->offset)
        fill_offsets(node);
    parameter_take(node, WEIGHT, node->x.blocks * BLOCK * taps_of(w), arena);
    bias_lay_out(net, node, arena);
    return 0;
}

struct pass {
    float *a;        /* values: [plane] */
    float *dy;       /* gradient of x, spread: [back_plane] */
    float *dy_dense; /* the same, not spread, for a stride above 1 */
    float *dx;       /* gradient of the values */
    size_t bytes;
};

static struct pass pass_of(const struct net *net, const struct node *node)
{
    const struct window *w = &node->window;
    struct arena scratch = { .base = (char *)net->scratch };
    struct pass pass;

    pass.a = arena_take(&scratch, w->plane, sizeof(float));
    pass.dy = arena_take(&scratch, w->back_plane, sizeof(float));
    pass.dy_dense = arena_take(&scratch, w->out_height * w->out_width * BLOCK, sizeof(float));
    pass.dx = arena_take(&scratch, w->height * w->width * BLOCK, sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

static size_t depthwise_scratch(const struct net *net, const struct node *node)
{
    return pass_of(net, node).bytes;
}

static void depthwise_forward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    struct unit unit;

    memset(pass.a, 0, w->plane * sizeof *pass.a);
    for (size_t block = 0; block < node->x.blocks; block++) {
        const float *weights = node->parameter[WEIGHT].value + block * taps_of(w) * BLOCK;

        for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
            float *out = tensor_at(&node->x, block, unit.out_pixel);

            window_load(net, edge, w, block, &unit, pass.a);
            for (size_t y = 0; y < w->out_height; y++)
                net->kernels->depthwise(out + y * w->out_width * BLOCK, pass.a + y * window_row(w),
                                        node->offset, taps_of(w), weights, bias_of(node, block),
                                        w->out_width);
            node_moments(net, node, block, unit.out_pixel, w->out_height * w->out_width);
        }
    }
}

static void weight_gradient(struct net *net, struct node *node, size_t block,
                            const struct unit *unit, const struct pass *pass)
{
    const struct window *w = &node->window;
    const float *dy = pass->dy + window_back_origin(w);
    size_t dy_row = w->back_pitch;

    if (w->stride > 1) {
        node_gradient(net, node, block, unit->out_pixel, w->out_height * w->out_width,
                      pass->dy_dense);
        dy = pass->dy_dense;
        dy_row = w->out_width * BLOCK;
    }
    net->kernels->depthwise_gradient(node->parameter[WEIGHT].gradient + block * taps_of(w) * BLOCK,
                                     pass->a, window_row(w), node->offset, taps_of(w), dy, dy_row,
                                     w->out_height, w->out_width);
    bias_gradient(node, block, dy, w->out_height, dy_row, w->out_width);
}

static void pass_on_gradient(struct net *net, struct node *node, size_t block,
                             const struct unit *unit, const struct pass *pass)
{
    const struct window *w = &node->window;
    const struct edge *edge = &node->input[0];
    const float *weights = node->parameter[WEIGHT].value + block * taps_of(w) * BLOCK;
    size_t stride = 0;
    float *dx = edge_target(net, edge, unit->in_pixel, NULL, &stride);

    dx = dx ? dx + block * stride : pass->dx;
    for (size_t y = 0; y < w->height; y++)
        net->kernels->depthwise(dx + y * w->width * BLOCK, pass->dy + y * w->back_pitch,
                                node->back_offset, taps_of(w), weights, NULL, w->width);
    edge_accumulate(net, edge, block, unit->in_pixel, w->height * w->width, dx);
}

static void depthwise_backward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    struct unit unit;

    memset(pass.a, 0, w->plane * sizeof *pass.a);
    memset(pass.dy, 0, w->back_plane * sizeof *pass.dy);
    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
            window_load(net, edge, w, block, &unit, pass.a);
            window_load_gradient(net, node, w, block, &unit, pass.dy);
            weight_gradient(net, node, block, &unit, &pass);
            if (edge_node(net, edge)->wants_gradient)
                pass_on_gradient(net, node, block, &unit, &pass);
        }
}

const struct layer layer_depthwise = {
    .lay_out = depthwise_lay_out,
    .scratch = depthwise_scratch,
    .forward = depthwise_forward,
    .backward = depthwise_backward,
};
