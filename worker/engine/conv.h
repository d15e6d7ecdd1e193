/* conv - weights of convolutions: where they lie in the engine's layout.
 *
 * Dense and grouped: [block of outputs][tap][input channel][lane], a grouped convolution as a dense
 * one whose weights are zero outside the groups. Depthwise: [block][tap][lane]. */
#ifndef LAYERNAS_WORKER_ENGINE_CONV_H
#define LAYERNAS_WORKER_ENGINE_CONV_H

#include "worker/engine/net.h"

static inline size_t channels_in(const struct net *net, const struct node *node)
{
    return (size_t)net->nodes[node->input[0].node].x.shape.channels;
}

/* Index into the weights of a convolution or dense node of the weight from input channel `in` of
 * its group to output channel `out`, at (row, column) of the kernel. For a dense node the kernel
 * is its whole input. */
size_t weight_index(const struct net *net, const struct node *node, size_t out, size_t in,
                    size_t row, size_t column);

/* Whether a convolution of so many input channels is faster by Winograd's algorithm. */
bool winograd_pays(const struct op *op, int channels);

/* Whether its operands are rounded where bfloat16 was asked for: not where there are few input
 * channels, as in images, nor over a single pixel, as in squeeze-and-excitation. */
bool conv_rounds(const struct op *op, int channels);

/* The weights for the way back, [input block][tap][output channel][lane], of n of the taps; lanes past
 * the channels are zero. Returns the end of what it has written. */
float *conv_transpose(const struct net *net, const struct node *node, const int32_t *tap, size_t n,
                      float *transposed);

/* A grouped convolution's weights outside its groups stay zero. */
void conv_clear_outside_groups(const struct net *net, struct node *node);

/* Input channels that one output sees. */
size_t weight_fan(const struct net *net, const struct node *node);

/* What both kinds of convolution do about an optional bias. */
void bias_lay_out(const struct net *net, struct node *node, struct arena *arena);
const float *bias_of(const struct node *node, size_t block);
void bias_gradient(struct node *node, size_t block, const float *dy, size_t rows, size_t row_stride,
                   size_t pixels);

#endif
