/* models - networks to measure and test the engine with, built op by op. */
#ifndef LAYERNAS_TESTS_MODELS_H
#define LAYERNAS_TESTS_MODELS_H

#include "common/network.h"

/* Each appends to *network what its name says and returns the index of the last op. A fault is a
 * bug of the caller's and ends the program. */
int model_input(struct network *network, int channels, int height, int width);
int model_conv(struct network *network, int from, int out, int kernel, int stride, int groups);
int model_norm(struct network *network, int from);
int model_act(struct network *network, int from, enum activation activation);
int model_add(struct network *network, int a, int b);
int model_pool(struct network *network, int from, enum pooling pooling, int kernel, int stride,
               int pad);
int model_global_pool(struct network *network, int from);
int model_dense(struct network *network, int from, int out);
int model_scale(struct network *network, int from, int gate);
int model_dropout(struct network *network, int from, int drop);
int model_op(struct network *network, struct op op);

/* conv, norm, activation; padding keeps the size where the stride is 1. */
int model_conv_norm_act(struct network *network, int from, int out, int kernel, int stride,
                        int groups, enum activation activation);

/* Squeeze-and-excitation (Hu et al., 2018) through `squeezed` channels: relu, then the gate's curve. */
int model_squeeze_excite(struct network *network, int from, int squeezed, enum activation gate);

/* Inverted residual (Sandler et al., 2018). */
int model_mbconv(struct network *network, int from, int expand, int kernel, int out, int stride,
                 enum activation activation);

/* About 1 M multiply-adds on 28x28x1. */
void model_fashion(struct network *network);

/* MobileNetV2 1.0 for 32x32x3, 10 classes: strides of stem and second stage are 1; 88.0 M. */
void model_mobilenet_v2(struct network *network);

#endif
