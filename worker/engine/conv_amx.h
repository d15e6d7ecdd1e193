/* conv_amx - a convolution of operands rounded to bfloat16, by kernels_amx.h.
 *
 * The way of conv.c, with panels of bfloat16 in the place of blocks of floats. The gradient of the
 * weights is a product over pixels, for which both sides are laid out anew: the output's gradient
 * once, the values once for each tap. */
#ifndef LAYERNAS_WORKER_ENGINE_CONV_AMX_H
#define LAYERNAS_WORKER_ENGINE_CONV_AMX_H

#include "worker/engine/net.h"

size_t conv_amx_scratch(const struct net *net, const struct node *node); /* bytes */
void conv_amx_forward(struct net *net, struct node *node);
void conv_amx_backward(struct net *net, struct node *node);

#endif
