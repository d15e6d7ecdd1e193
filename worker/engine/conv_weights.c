#include "worker/engine/conv.h"

size_t weight_fan(const struct net *net, const struct node *node)
{
    const struct op *op = node_op(net, node);

    return channels_in(net, node) / (size_t)(op->kind == OP_CONV ? op->groups : 1);
}

/* The input channels that the group of output channel `out` starts with. */
static size_t group_start(const struct net *net, const struct node *node, size_t out)
{
    const struct op *op = node_op(net, node);

    return out / (size_t)(op->out.channels / op->groups) * weight_fan(net, node);
}

static size_t conv_index(const struct net *net, const struct node *node, size_t out, size_t in,
                         size_t tap)
{
    size_t channels = channels_in(net, node);
    size_t k = tap * channels + group_start(net, node, out) + in;

    return (out / BLOCK * window_taps(&node->window) * channels + k) * BLOCK + out % BLOCK;
}

size_t weight_index(const struct net *net, const struct node *node, size_t out, size_t in,
                    size_t row, size_t column)
{
    const struct tensor *x = &net->nodes[node->input[0].node].x;
    size_t tap = row * node->window.kernel_w + column;

    switch (node->kind) {
    case NODE_DEPTHWISE:
        return (out / BLOCK * window_taps(&node->window) + tap) * BLOCK + out % BLOCK;
    case NODE_DENSE:
        return (out * (size_t)x->shape.channels + in) * x->pixels + row * (size_t)x->shape.width +
               column;
    default:
        return conv_index(net, node, out, in, tap);
    }
}

void bias_lay_out(const struct net *net, struct node *node, struct arena *arena)
{
    if (node_op(net, node)->bias)
        parameter_take(node, BIAS, node->x.blocks * BLOCK, arena);
}

const float *bias_of(const struct node *node, size_t block)
{
    return node->parameter[BIAS].n ? node->parameter[BIAS].value + block * BLOCK : NULL;
}

void bias_gradient(struct node *node, size_t block, const float *dy, size_t rows, size_t row_stride,
                   size_t pixels)
{
    float *gradient = node->parameter[BIAS].gradient + block * BLOCK;

    if (!node->parameter[BIAS].n)
        return;
    for (size_t r = 0; r < rows; r++)
        for (size_t p = 0; p < pixels; p++)
            for (size_t lane = 0; lane < BLOCK; lane++)
                gradient[lane] += dy[r * row_stride + p * BLOCK + lane];
}

float *conv_transpose(const struct net *net, const struct node *node, const int32_t *tap, size_t n,
                      float *transposed)
{
    size_t in = channels_in(net, node), out = (size_t)node->x.shape.channels;
    size_t taps = window_taps(&node->window);
    const float *w = node->parameter[WEIGHT].value;

    for (size_t block = 0; block < blocks_of(in); block++)
        for (size_t t = 0; t < n; t++)
            for (size_t o = 0; o < out; o++)
                for (size_t lane = 0; lane < BLOCK; lane++) {
                    size_t c = block * BLOCK + lane;
                    size_t at = ((o / BLOCK * taps + (size_t)tap[t]) * in + c) * BLOCK + o % BLOCK;

                    *transposed++ = c < in ? w[at] : 0;
                }
    return transposed;
}

void conv_clear_outside_groups(const struct net *net, struct node *node)
{
    size_t in = channels_in(net, node), fan = weight_fan(net, node);
    size_t out = (size_t)node->x.shape.channels, taps = window_taps(&node->window);
    float *gradient = node->parameter[WEIGHT].gradient;

    for (size_t o = 0; fan < in && o < out; o++)
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t c = 0; c < in; c++)
                if (c / fan != group_start(net, node, o) / fan)
                    gradient[((o / BLOCK * taps + tap) * in + c) * BLOCK + o % BLOCK] = 0;
}
