/* network - an architecture resolved to primitive operations with all shapes known.
 *
 * A list in order of execution: op i reads only ops before it, op 0 is the input, the last op
 * gives the logits (classes x 1 x 1). This is what is counted (cost), hashed (identity), sent
 * with a trial, and trained: a program in any language can build it without knowing spaces.
 * Shapes are of one image; the batch is the trainer's affair. */
#ifndef LAYERNAS_COMMON_NETWORK_H
#define LAYERNAS_COMMON_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"

enum op_kind {
    OP_INPUT,
    OP_CONV,       /* kernel, stride, pad, groups, bias; groups == channels in and out: depthwise */
    OP_NORM,       /* batch normalisation over images and pixels, with scale and shift */
    OP_ACTIVATION, /* activation */
    OP_ADD,        /* input[0] + input[1], shapes equal */
    OP_POOL,       /* pool, kernel, stride, pad; an average counts only pixels inside the image */
    OP_DENSE,      /* bias; flattens its input, channels slowest */
    OP_KINDS
};

enum activation { ACTIVATION_RELU, ACTIVATION_RELU6, ACTIVATION_KINDS };
enum pooling { POOLING_AVERAGE, POOLING_MAX, POOLING_KINDS };

enum {
    NETWORK_MAX_OPS = 4096,
    NETWORK_MAX_SIDE = 4096, /* pixels */
    NETWORK_MAX_CHANNELS = 65536,
    NETWORK_STEM = -1, /* op.layer of an op before the first searchable layer, */
    NETWORK_HEAD = -2, /* and of one after the last */
};

struct shape {
    int32_t channels, height, width;
};

/* Fields that a kind does not use are zero, so that equal ops are equal bytes. Output side of a
 * convolution or pooling: floor((side + 2 pad - kernel) / stride) + 1. */
struct op {
    enum op_kind kind;
    int32_t layer;    /* which searchable layer it belongs to, NETWORK_STEM or NETWORK_HEAD */
    int32_t input[2]; /* earlier ops; the second only for OP_ADD */
    struct shape out;
    int32_t kernel_h, kernel_w; /* pixels; both differ from 1:1 only when a pool covers all */
    int32_t stride;
    int32_t pad;
    int32_t groups;
    bool bias;
    enum activation activation;
    enum pooling pooling;
};

struct network {
    size_t n_ops;
    struct op *ops; /* owned */
};

/* What a network costs, all known before training. int64_t: the largest network that
 * network_check accepts stays below 2^63. */
struct costs {
    int64_t madds;       /* multiply-accumulates of convolutions and dense layers, one image */
    int64_t params;      /* weights, biases, norm scale and shift */
    int64_t activations; /* bytes of every op's output in float32, one image */
};

struct count_rules {
    bool dense_bias; /* count one multiply-add for each bias of a dense layer (NATS-Bench does) */
};

void network_clear(struct network *network);

/* Appends a copy of *op and returns its index, or -ENOMEM, or -E2BIG at NETWORK_MAX_OPS. */
int network_append(struct network *network, const struct op *op);

/* Fills op->out from the shapes of its inputs and its own fields. -EINVAL when they do not fit
 * (a kernel larger than the padded image, groups that do not divide, unequal shapes to add), or when
 * the op is too large to count. */
int op_infer_shape(const struct network *network, struct op *op, struct errmsg *err);

/* For networks from outside: kinds known, inputs earlier, every shape as op_infer_shape finds it,
 * sizes within the limits above, total costs countable, the last op a vector of logits. */
int network_check(const struct network *network, struct errmsg *err);

/* Adds the cost of op i to *costs. */
void op_costs(const struct network *network, size_t i, const struct count_rules *rules,
              struct costs *costs);

void network_costs(const struct network *network, const struct count_rules *rules,
                   struct costs *costs_out);

/* Names as they stand in space files and in --describe: "conv", "relu6", "avg". */
const char *op_kind_name(enum op_kind kind);
const char *activation_name(enum activation activation);
const char *pooling_name(enum pooling pooling);

#endif
