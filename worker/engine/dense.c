/* Dense layer: three matrix products, OpenBLAS's. */
#include "worker/engine/dense.h"

#include <cblas.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "worker/engine/conv.h"

enum { STRIP = 128 }; /* pixels at a time */

/* Moves n pixels of one block between a row of the engine's layout and the matrix. */
static void row_to_matrix(const struct tensor *x, size_t block, size_t pixel, size_t n,
                          const float *row, float *matrix)
{
    size_t channels = (size_t)x->shape.channels;

    for (size_t i = 0; i < n; i++) {
        float *at = matrix + (pixel + i) / x->pixels * channels * x->pixels +
                    (pixel + i) % x->pixels;

        for (size_t lane = 0; lane < BLOCK && block * BLOCK + lane < channels; lane++)
            at[(block * BLOCK + lane) * x->pixels] = row[i * BLOCK + lane];
    }
}

static void matrix_to_row(const struct tensor *x, size_t block, size_t pixel, size_t n,
                          const float *matrix, float *row)
{
    size_t channels = (size_t)x->shape.channels;

    memset(row, 0, n * BLOCK * sizeof *row);
    for (size_t i = 0; i < n; i++) {
        const float *at = matrix + (pixel + i) / x->pixels * channels * x->pixels +
                          (pixel + i) % x->pixels;

        for (size_t lane = 0; lane < BLOCK && block * BLOCK + lane < channels; lane++)
            row[i * BLOCK + lane] = at[(block * BLOCK + lane) * x->pixels];
    }
}

void dense_read(const struct net *net, const struct edge *edge, float *matrix)
{
    _Alignas(64) float row[STRIP * BLOCK];
    const struct tensor *x = &net->nodes[edge->node].x;
    size_t pixels = net->n * x->pixels;

    for (size_t block = 0; block < x->blocks; block++)
        for (size_t pixel = 0; pixel < pixels; pixel += STRIP) {
            size_t n = pixels - pixel < STRIP ? pixels - pixel : STRIP;

            edge_value(net, edge, block, pixel, n, row);
            row_to_matrix(x, block, pixel, n, row, matrix);
        }
}

/* The gradient of x of a dense node itself: one pixel an image. */
static void read_gradient(const struct net *net, const struct node *node, float *matrix)
{
    _Alignas(64) float row[STRIP * BLOCK];

    for (size_t block = 0; block < node->x.blocks; block++)
        for (size_t image = 0; image < net->n; image += STRIP) {
            size_t n = net->n - image < STRIP ? net->n - image : STRIP;

            node_gradient(net, node, block, image, n, row);
            row_to_matrix(&node->x, block, image, n, row, matrix);
        }
}

void dense_accumulate(struct net *net, const struct edge *edge, const float *matrix)
{
    _Alignas(64) float row[STRIP * BLOCK];
    const struct tensor *x = &edge_node(net, edge)->x;
    size_t pixels = net->n * x->pixels;

    for (size_t block = 0; block < x->blocks; block++)
        for (size_t pixel = 0; pixel < pixels; pixel += STRIP) {
            size_t n = pixels - pixel < STRIP ? pixels - pixel : STRIP;

            matrix_to_row(x, block, pixel, n, matrix, row);
            edge_accumulate(net, edge, block, pixel, n, row);
        }
}

static size_t features(const struct net *net, const struct node *node)
{
    const struct tensor *x = &net->nodes[node->input[0].node].x;

    return (size_t)x->shape.channels * x->pixels;
}

static int dense_lay_out(struct net *net, struct node *node, struct arena *arena,
                         struct errmsg *err)
{
    size_t in = features(net, node), out = (size_t)node->x.shape.channels;
    enum { LINE = 64 / sizeof(float) };

    if (in > INT_MAX || net->batch > INT_MAX)
        return errmsg_set(err, -EINVAL, "op %zu: a dense layer too large for this engine",
                          node->op);
    parameter_take(node, WEIGHT, (in * out + LINE - 1) / LINE * LINE, arena);
    bias_lay_out(net, node, arena);
    return 0;
}

struct pass {
    float *a;  /* [n][features] */
    float *y;  /* [n][channels] */
    float *da; /* [n][features] */
    size_t bytes;
};

static struct pass pass_of(const struct net *net, const struct node *node)
{
    struct arena scratch = { .base = (char *)net->scratch };
    struct pass pass;

    pass.a = arena_take(&scratch, net->batch * features(net, node), sizeof(float));
    pass.y = arena_take(&scratch, net->batch * (size_t)node->x.shape.channels, sizeof(float));
    pass.da = arena_take(&scratch, net->batch * features(net, node), sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

static size_t dense_scratch(const struct net *net, const struct node *node)
{
    return pass_of(net, node).bytes;
}

static void dense_forward(struct net *net, struct node *node)
{
    const struct pass pass = pass_of(net, node);
    int n = (int)net->n, in = (int)features(net, node), out = node->x.shape.channels;

    dense_read(net, &node->input[0], pass.a);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, out, in, 1, pass.a, in,
                node->parameter[WEIGHT].value, in, 0, pass.y, out);
    for (size_t block = 0; block < node->x.blocks; block++) {
        float *x = tensor_at(&node->x, block, 0);
        const float *bias = bias_of(node, block);

        matrix_to_row(&node->x, block, 0, net->n, pass.y, x);
        for (size_t i = 0; bias && i < net->n * BLOCK; i++)
            x[i] += bias[i % BLOCK];
        node_moments(net, node, block, 0, net->n);
    }
}

static void dense_backward(struct net *net, struct node *node)
{
    const struct pass pass = pass_of(net, node);
    const struct edge *edge = &node->input[0];
    int n = (int)net->n, in = (int)features(net, node), out = node->x.shape.channels;

    dense_read(net, edge, pass.a);
    read_gradient(net, node, pass.y);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, n, 1, pass.y, out, pass.a, in, 1,
                node->parameter[WEIGHT].gradient, in);
    for (size_t i = 0; node->parameter[BIAS].n && i < net->n; i++)
        for (int c = 0; c < out; c++)
            node->parameter[BIAS].gradient[c] += pass.y[i * (size_t)out + (size_t)c];
    if (!edge_node(net, edge)->wants_gradient)
        return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, in, out, 1, pass.y, out,
                node->parameter[WEIGHT].value, in, 0, pass.da, in);
    dense_accumulate(net, edge, pass.da);
}

const struct layer layer_dense = {
    .lay_out = dense_lay_out,
    .scratch = dense_scratch,
    .forward = dense_forward,
    .backward = dense_backward,
};
