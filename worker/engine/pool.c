/* Average and max pooling: one block of one image at a time, no padding copied, since an average
 * counts only the pixels inside the image. */
#include <math.h>
#include <string.h>

#include "worker/engine/net.h"

/* The part of an output's window that lies inside the image. */
struct reach {
    size_t top, bottom, left, right; /* bottom and right are past the end */
};

static size_t start(size_t i, size_t stride, size_t pad)
{
    return i * stride > pad ? i * stride - pad : 0;
}

static size_t end(size_t i, size_t stride, size_t pad, size_t kernel, size_t side)
{
    size_t past = i * stride + kernel > pad ? i * stride + kernel - pad : 0;

    return past < side ? past : side;
}

static struct reach reach_of(const struct window *w, size_t y, size_t x)
{
    return (struct reach){ .top = start(y, w->stride, w->pad),
                           .bottom = end(y, w->stride, w->pad, w->kernel_h, w->height),
                           .left = start(x, w->stride, w->pad),
                           .right = end(x, w->stride, w->pad, w->kernel_w, w->width) };
}

static float weight_of(const struct reach *r)
{
    size_t pixels = (r->bottom - r->top) * (r->right - r->left);

    return pixels ? 1.0f / (float)pixels : 0.0f;
}

static void average(const struct window *w, const struct reach *r, const float *image, float *out)
{
    float sum[BLOCK] = { 0 }, weight = weight_of(r);

    for (size_t y = r->top; y < r->bottom; y++)
        for (size_t x = r->left; x < r->right; x++)
            for (size_t lane = 0; lane < BLOCK; lane++)
                sum[lane] += image[(y * w->width + x) * BLOCK + lane];
    for (size_t lane = 0; lane < BLOCK; lane++)
        out[lane] = sum[lane] * weight;
}

/* The first of the largest; a NaN counts as larger, so that it shows. */
static size_t largest(const struct window *w, const struct reach *r, const float *image,
                      size_t lane)
{
    size_t best = r->top * w->width + r->left;

    for (size_t y = r->top; y < r->bottom; y++)
        for (size_t x = r->left; x < r->right; x++) {
            float v = image[(y * w->width + x) * BLOCK + lane];

            if (v > image[best * BLOCK + lane] || isnan(v))
                best = y * w->width + x;
        }
    return best;
}

static void maximum(const struct window *w, const struct reach *r, const float *image, float *out)
{
    for (size_t lane = 0; lane < BLOCK; lane++)
        out[lane] = image[largest(w, r, image, lane) * BLOCK + lane];
}

static void spread_average(const struct window *w, const struct reach *r, const float *dy,
                           float *dx)
{
    float weight = weight_of(r);

    for (size_t y = r->top; y < r->bottom; y++)
        for (size_t x = r->left; x < r->right; x++)
            for (size_t lane = 0; lane < BLOCK; lane++)
                dx[(y * w->width + x) * BLOCK + lane] += dy[lane] * weight;
}

static void spread_maximum(const struct window *w, const struct reach *r, const float *image,
                           const float *dy, float *dx)
{
    for (size_t lane = 0; lane < BLOCK; lane++)
        dx[largest(w, r, image, lane) * BLOCK + lane] += dy[lane];
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

static void pool_forward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const struct node *from = edge_node(net, edge);
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    bool averages = node_op(net, node)->pooling == POOLING_AVERAGE;

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t i = 0; i < net->n; i++) {
            float *out = tensor_at(&node->x, block, i * node->x.pixels);

            edge_value(net, edge, block, i * from->x.pixels, from->x.pixels, pass.image);
            for (size_t y = 0; y < w->out_height; y++)
                for (size_t x = 0; x < w->out_width; x++, out += BLOCK) {
                    struct reach r = reach_of(w, y, x);

                    (averages ? average : maximum)(w, &r, pass.image, out);
                }
            node_moments(net, node, block, i * node->x.pixels, node->x.pixels);
        }
}

static void pool_backward(struct net *net, struct node *node)
{
    const struct edge *edge = &node->input[0];
    const struct node *from = edge_node(net, edge);
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    bool averages = node_op(net, node)->pooling == POOLING_AVERAGE;

    for (size_t block = 0; from->wants_gradient && block < node->x.blocks; block++)
        for (size_t i = 0; i < net->n; i++) {
            const float *dy = pass.dy;

            node_gradient(net, node, block, i * node->x.pixels, node->x.pixels, pass.dy);
            if (!averages)
                edge_value(net, edge, block, i * from->x.pixels, from->x.pixels, pass.image);
            memset(pass.dx, 0, from->x.pixels * BLOCK * sizeof *pass.dx);
            for (size_t y = 0; y < w->out_height; y++)
                for (size_t x = 0; x < w->out_width; x++, dy += BLOCK) {
                    struct reach r = reach_of(w, y, x);

                    if (averages)
                        spread_average(w, &r, dy, pass.dx);
                    else
                        spread_maximum(w, &r, pass.image, dy, pass.dx);
                }
            edge_accumulate(net, edge, block, i * from->x.pixels, from->x.pixels, pass.dx);
        }
}

const struct layer layer_pool = {
    .lay_out = pool_lay_out,
    .scratch = pool_scratch,
    .forward = pool_forward,
    .backward = pool_backward,
};
