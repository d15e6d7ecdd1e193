/* Depthwise convolution: one block of one image at a time. */
#include <errno.h>
#include <string.h>

#include "worker/engine/conv.h"

static void fill_offsets(struct node *node)
{
    const struct window *w = &node->window;

    window_taps_by_phase(w, node->back_tap);
    for (size_t tap = 0; tap < window_taps(w); tap++) {
        size_t back = (size_t)node->back_tap[tap];

        node->offset[tap] = (int32_t)window_offset(w, tap / w->kernel_w, tap % w->kernel_w);
        node->back_offset[tap] = (int32_t)window_back_offset(w, back / w->kernel_w,
                                                             back % w->kernel_w);
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
    node->offset = arena_take(arena, window_taps(w), sizeof *node->offset);
    node->back_offset = arena_take(arena, window_taps(w), sizeof *node->back_offset);
    node->back_tap = arena_take(arena, window_taps(w), sizeof *node->back_tap);
    if (node->offset)
        fill_offsets(node);
    parameter_take(node, WEIGHT, node->x.blocks * BLOCK * window_taps(w), arena);
    bias_lay_out(net, node, arena);
    return 0;
}

struct pass {
    float *a;       /* values: [plane] */
    float *dy;      /* gradient of x: [back_plane] */
    float *dx;      /* gradient of the values */
    float *part;    /* one phase of it */
    float *weights; /* of one block, in the order of back_tap */
    size_t bytes;
};

static struct pass pass_of(const struct net *net, const struct node *node)
{
    const struct window *w = &node->window;
    struct arena scratch = { .base = (char *)net->scratch };
    struct pass pass;

    pass.a = arena_take(&scratch, w->plane, sizeof(float));
    pass.dy = arena_take(&scratch, w->back_plane, sizeof(float));
    pass.dx = arena_take(&scratch, w->height * w->width * BLOCK, sizeof(float));
    pass.part = arena_take(&scratch, w->height * w->width * BLOCK, sizeof(float));
    pass.weights = arena_take(&scratch, window_taps(w) * BLOCK, sizeof(float));
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
        const float *weights = node->parameter[WEIGHT].value + block * window_taps(w) * BLOCK;

        for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
            float *out = tensor_at(&node->x, block, unit.out_pixel);

            window_load(net, edge, w, block, &unit, pass.a);
            for (size_t y = 0; y < w->out_height; y++)
                net->kernels->depthwise(out + y * w->out_width * BLOCK, pass.a + y * window_row(w),
                                        node->offset, window_taps(w), weights, bias_of(node, block),
                                        w->out_width);
            node_moments(net, node, block, unit.out_pixel, w->out_height * w->out_width);
        }
    }
}

static void weight_gradient(struct net *net, struct node *node, size_t block,
                            const struct pass *pass)
{
    const struct window *w = &node->window;
    const float *dy = pass->dy + window_back_origin(w);

    net->kernels->depthwise_gradient(
        node->parameter[WEIGHT].gradient + block * window_taps(w) * BLOCK, pass->a, window_row(w),
        node->offset, window_taps(w), dy, w->back_pitch, w->out_height, w->out_width);
    bias_gradient(node, block, dy, w->out_height, w->back_pitch, w->out_width);
}

static void sort_weights(const struct node *node, size_t block, float *sorted)
{
    size_t taps = window_taps(&node->window);
    const float *weights = node->parameter[WEIGHT].value + block * taps * BLOCK;

    for (size_t i = 0; i < taps; i++)
        memcpy(sorted + i * BLOCK, weights + (size_t)node->back_tap[i] * BLOCK,
               BLOCK * sizeof *sorted);
}

/* The gradient of an image's values into dx. */
static void input_gradient(const struct net *net, const struct node *node, const struct pass *pass,
                           float *dx)
{
    const struct window *w = &node->window;
    const float *weights = pass->weights;
    const int32_t *offset = node->back_offset;

    for (size_t i = 0; i < window_phases(w); i++) {
        const struct phase phase = window_phase(w, i);
        float *out = w->stride > 1 ? pass->part : dx;

        for (size_t y = 0; y < phase.height; y++)
            net->kernels->depthwise(out + y * phase.width * BLOCK,
                                    pass->dy + phase.start + y * w->back_pitch, offset, phase.taps,
                                    weights, NULL, phase.width);
        if (w->stride > 1)
            window_spread(w, &phase, out, dx);
        offset += phase.taps;
        weights += phase.taps * BLOCK;
    }
}

static void pass_on_gradient(struct net *net, struct node *node, size_t block,
                             const struct unit *unit, const struct pass *pass)
{
    const struct edge *edge = &node->input[0];
    size_t stride = 0;
    float *dx = edge_target(net, edge, unit->in_pixel, NULL, &stride);

    dx = dx ? dx + block * stride : pass->dx;
    input_gradient(net, node, pass, dx);
    edge_accumulate(net, edge, block, unit->in_pixel, node->window.height * node->window.width, dx);
}

static void depthwise_backward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    struct unit unit;

    memset(pass.a, 0, w->plane * sizeof *pass.a);
    memset(pass.dy, 0, w->back_plane * sizeof *pass.dy);
    for (size_t block = 0; block < node->x.blocks; block++) {
        sort_weights(node, block, pass.weights);
        for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
            window_load(net, edge, w, block, &unit, pass.a);
            window_load_gradient(net, node, w, block, &unit, pass.dy);
            weight_gradient(net, node, block, &pass);
            if (edge_node(net, edge)->wants_gradient)
                pass_on_gradient(net, node, block, &unit, &pass);
        }
    }
}

const struct layer layer_depthwise = {
    .lay_out = depthwise_lay_out,
    .scratch = depthwise_scratch,
    .forward = depthwise_forward,
    .backward = depthwise_backward,
};
