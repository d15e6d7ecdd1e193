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

/* ---- whole networks; models_whole.c ---- */

/* About 1 M multiply-adds on 28x28x1, 10 classes. */
void model_fashion(struct network *network);

/* MobileNetV2 1.0 (Sandler et al., 2018) for side x side x 3. At a side of 32 the strides of stem and
 * second stage are 1. */
void model_mobilenet_v2(struct network *network, int side, int classes);

/* MobileNetV3 1.0 (Howard et al., 2019) as torchvision has it, but for its dropout and its norms'
 * constants. At a side of 32 stem and first halving block have stride 1. */
void model_mobilenet_v3_small(struct network *network, int side, int classes);
void model_mobilenet_v3_large(struct network *network, int side, int classes);

/* The size space of NATS-Bench (Dong et al., 2021), on 32x32x3. */
void model_nats_size(struct network *network, const int channels[5], int classes);

/* NAS-Bench-Macro (Su et al., 2021): eight digits from 0 to 2; 32x32x3, 10 classes. */
void model_nas_bench_macro(struct network *network, const char *code);

#endif
