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
    OP_SCALE,      /* input[0] * input[1], the latter one number for each channel */
    OP_DROPOUT,    /* drop; identity in evaluation */
    OP_KINDS
};

/* With u = clamp(x + 3, 0, 6) / 6, the hard sigmoid of Howard et al. (2019, arXiv 1905.02244): */
enum activation {
    ACTIVATION_RELU,     /* max(x, 0) */
    ACTIVATION_RELU6,    /* clamp(x, 0, 6) */
    ACTIVATION_HSWISH,   /* x u */
    ACTIVATION_SWISH,    /* x / (1 + exp(-x)); Ramachandran et al., 2017, arXiv 1710.05941 */
    ACTIVATION_HSIGMOID, /* u */
    ACTIVATION_SIGMOID,  /* 1 / (1 + exp(-x)) */
    ACTIVATION_ZERO,     /* 0: an edge that passes nothing on */
    ACTIVATION_KINDS
};
enum pooling { POOLING_AVERAGE, POOLING_MAX, POOLING_KINDS };

enum {
    NETWORK_MAX_OPS = 4096,
    NETWORK_MAX_SIDE = 4096, /* pixels */
    NETWORK_MAX_CHANNELS = 65536,
    DROP_ONE = 10000,  /* op.drop counts ten-thousandths */
    NETWORK_STEM = -1, /* op.layer of an op before the first searchable layer, */
    NETWORK_HEAD = -2, /* and of one after the last */
};

struct shape {
    int32_t channels, height, width;
};

/* Fields that a kind does not use are zero, so that equal ops are equal field by field (not byte by
 * byte: there is padding). Output side of a
 * convolution or pooling: floor((side + 2 pad - kernel) / stride) + 1.
 *
 * Squeeze-and-excitation (Hu et al., 2018) is six of them: an average pool over all of x, a
 * convolution of one pixel with bias, an activation, another such convolution, a sigmoid or hard
 * sigmoid, and the scaling of x by what came out.
 *
 * Dropout (Srivastava et al., 2014), inverted: in training each number becomes 0 with probability
 * p = drop / DROP_ONE, and is divided by 1 - p if it does not. */
struct op {
    enum op_kind kind;
    int32_t layer;    /* which searchable layer it belongs to, NETWORK_STEM or NETWORK_HEAD */
    int32_t input[2]; /* earlier ops, as many as op_inputs says */
    struct shape out;
    int32_t kernel_h, kernel_w; /* pixels; both differ from 1:1 only when a pool covers all */
    int32_t stride;
    int32_t pad;
    int32_t groups;
    bool bias;
    enum activation activation;
    enum pooling pooling;
    int32_t drop; /* in 1 / DROP_ONE: 1 to DROP_ONE - 1 for OP_DROPOUT */
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

/* Room for n ops in a network that is empty. -ENOMEM. */
int network_reserve(struct network *network, size_t n);

/* Appends a copy of *op and returns its index, or -ENOMEM, or -E2BIG at NETWORK_MAX_OPS. */
int network_append(struct network *network, const struct op *op);

bool shape_equal(const struct shape *a, const struct shape *b);

/* Whether both compute the same, whatever layers they belong to. */
bool op_equal(const struct op *a, const struct op *b);
bool network_equal(const struct network *a, const struct network *b);

/* How many inputs an op of that kind has: 0, 1 or 2. */
static inline int op_inputs(enum op_kind kind)
{
    return kind == OP_INPUT ? 0 : kind == OP_ADD || kind == OP_SCALE ? 2 : 1;
}

/* Fills op->out from the shapes of its inputs and its own fields. -EINVAL when they do not fit
 * (a kernel larger than the padded image, groups that do not divide, unequal shapes to add, a gate
 * of several pixels), or when the op is too large to count. */
int op_infer_shape(const struct network *network, struct op *op, struct errmsg *err);

/* For networks from outside: kinds known, inputs earlier, every shape as op_infer_shape finds it,
 * sizes within the limits above, total costs countable, the last op a vector of logits. */
int network_check(const struct network *network, struct errmsg *err);

/* Adds the cost of op i to *costs. */
void op_costs(const struct network *network, size_t i, const struct count_rules *rules,
              struct costs *costs);

void network_costs(const struct network *network, const struct count_rules *rules,
                   struct costs *costs_out);

/* Names as they stand in space files and in --describe: "conv", "hswish", "avg". */
const char *op_kind_name(enum op_kind kind);
const char *activation_name(enum activation activation);
const char *pooling_name(enum pooling pooling);

#endif
