/* Average and max pooling: one block of one image at a time, no padding copied, since an average
 * counts only the pixels inside the image. */
#include <string.h>

#include "worker/engine/net.h"

/* The part of an output's window that lies inside the image. */
struct reach {
    size_t start;        /* of its first pixel, in floats */
    size_t rows, pixels; /* of each row */
};

static size_t start(size_t i, size_t stride, size_t pad)
{
    return i * stride > pad ? i * stride - pad : 0;
}

static size_t end(size_t i, size_t stride, size_t pad, size_t kernel, size_t side)
{
    size_t past = i * stride + kernel - pad; /* pad is less than kernel */

    return past < side ? past : side;
}

static struct reach reach_of(const struct window *w, size_t y, size_t x)
{
    size_t top = start(y, w->stride, w->pad), left = start(x, w->stride, w->pad);

    return (struct reach){ .start = (top * w->width + left) * BLOCK,
                           .rows = end(y, w->stride, w->pad, w->kernel_h, w->height) - top,
                           .pixels = end(x, w->stride, w->pad, w->kernel_w, w->width) - left };
}

static int pool_lay_out(struct net *net, struct node *node, struct arena *arena, struct errmsg *err)
{
    (void)arena;
    (void)err;
    node->window = window_of(&net->nodes[node->input[0].node].x.shape, node_op(net, node));
    return 0;
}

struct pass {
    float *image, *dy, *dx;
    size_t bytes;
};

static struct pass pass_of(const struct net *net, const struct node *node)
{
    const struct window *w = &node->window;
    struct arena scratch = { .base = (char *)net->scratch };
    struct pass pass;

    pass.image = arena_take(&scratch, w->height * w->width * BLOCK, sizeof(float));
    pass.dx = arena_take(&scratch, w->height * w->width * BLOCK, sizeof(float));
    pass.dy = arena_take(&scratch, w->out_height * w->out_width * BLOCK, sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

static size_t pool_scratch(const struct net *net, const struct node *node)
{
    return pass_of(net, node).bytes;
}

static float weight_of(const struct reach *r)
{
    return 1.0f / (float)(r->rows * r->pixels);
}

static void pool_image(const struct net *net, const struct node *node, const float *image,
                       float *out)
{
    const struct window *w = &node->window;
    bool averages = node_op(net, node)->pooling == POOLING_AVERAGE;

    for (size_t y = 0; y < w->out_height; y++)
        for (size_t x = 0; x < w->out_width; x++, out += BLOCK) {
            const struct reach r = reach_of(w, y, x);

            if (averages)
                net->kernels->window_sum(out, image + r.start, w->width * BLOCK, r.rows, r.pixels,
                                         weight_of(&r));
            else
                net->kernels->window_max(out, image + r.start, w->width * BLOCK, r.rows, r.pixels);
        }
}

static void pool_forward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const size_t pixels = edge_node(net, edge)->x.pixels;
    const struct pass pass = pass_of(net, node);

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t i = 0; i < net->n; i++) {
            edge_value(net, edge, block, i * pixels, pixels, pass.image);
            pool_image(net, node, pass.image, tensor_at(&node->x, block, i * node->x.pixels));
            node_moments(net, node, block, i * node->x.pixels, node->x.pixels);
        }
}

static void unpool_image(const struct net *net, const struct node *node, const struct pass *pass)
{
    const struct window *w = &node->window;
    bool averages = node_op(net, node)->pooling == POOLING_AVERAGE;
    const float *dy = pass->dy;

    for (size_t y = 0; y < w->out_height; y++)
        for (size_t x = 0; x < w->out_width; x++, dy += BLOCK) {
            const struct reach r = reach_of(w, y, x);
            float *dx = pass->dx + r.start;

            if (averages)
                net->kernels->window_add(dx, w->width * BLOCK, r.rows, r.pixels, dy, weight_of(&r));
            else
                net->kernels->window_add_at_max(dx, pass->image + r.start, w->width * BLOCK, r.rows,
                                                r.pixels, dy);
        }
}

static void pool_backward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const struct node *from = edge_node(net, edge);
    const size_t pixels = from->x.pixels;
    const struct pass pass = pass_of(net, node);
    bool averages = node_op(net, node)->pooling == POOLING_AVERAGE;

    for (size_t block = 0; from->wants_gradient && block < node->x.blocks; block++)
        for (size_t i = 0; i < net->n; i++) {
            node_gradient(net, node, block, i * node->x.pixels, node->x.pixels, pass.dy);
            if (!averages)
                edge_value(net, edge, block, i * pixels, pixels, pass.image);
            memset(pass.dx, 0, pixels * BLOCK * sizeof *pass.dx);
            unpool_image(net, node, &pass);
            edge_accumulate(net, edge, block, i * pixels, pixels, pass.dx);
        }
}

const struct layer layer_pool = {
    .lay_out = pool_lay_out,
    .scratch = pool_scratch,
    .forward = pool_forward,
    .backward = pool_backward,
};
