#include "common/network.h"

#include <errno.h>
#include <stdlib.h>

void network_clear(struct network *network)
{
    free(network->ops);
    *network = (struct network){ 0 };
}

/* As network_append leaves it: room up to a power of two. */
int network_reserve(struct network *network, size_t n)
{
    size_t room = 1;

    while (room < n)
        room *= 2;
    network->ops = malloc(room * sizeof *network->ops);
    return network->ops ? 0 : -ENOMEM;
}

int network_append(struct network *network, const struct op *op)
{
    size_t n = network->n_ops;

    if (n == NETWORK_MAX_OPS)
        return -E2BIG;
    if ((n & (n - 1)) == 0) { /* full at every power of two */
        struct op *grown = realloc(network->ops, (n ? 2 * n : 1) * sizeof *grown);

        if (!grown)
            return -ENOMEM;
        network->ops = grown;
    }
    network->ops[network->n_ops++] = *op;
    return (int)n;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    return a->channels == b->channels && a->height == b->height && a->width == b->width;
}

bool op_equal(const struct op *a, const struct op *b)
{
    return a->kind == b->kind && a->input[0] == b->input[0] && a->input[1] == b->input[1] &&
           shape_equal(&a->out, &b->out) && a->kernel_h == b->kernel_h &&
           a->kernel_w == b->kernel_w && a->stride == b->stride && a->pad == b->pad &&
           a->groups == b->groups && a->bias == b->bias && a->activation == b->activation &&
           a->pooling == b->pooling && a->drop == b->drop;
}

bool network_equal(const struct network *a, const struct network *b)
{
    if (a->n_ops != b->n_ops)
        return false;
    for (size_t i = 0; i < a->n_ops; i++)
        if (!op_equal(&a->ops[i], &b->ops[i]))
            return false;
    return true;
}

const char *op_kind_name(enum op_kind kind)
{
    static const char *const names[OP_KINDS] = {
        [OP_INPUT] = "input",    [OP_CONV] = "conv",   [OP_NORM] = "norm",
        [OP_ACTIVATION] = "act", [OP_ADD] = "add",     [OP_POOL] = "pool",
        [OP_DENSE] = "dense",    [OP_SCALE] = "scale", [OP_DROPOUT] = "dropout",
    };
    return names[kind];
}

const char *activation_name(enum activation activation)
{
    static const char *const names[ACTIVATION_KINDS] = {
        [ACTIVATION_RELU] = "relu",         [ACTIVATION_RELU6] = "relu6",
        [ACTIVATION_HSWISH] = "hswish",     [ACTIVATION_SWISH] = "swish",
        [ACTIVATION_HSIGMOID] = "hsigmoid", [ACTIVATION_SIGMOID] = "sigmoid",
        [ACTIVATION_ZERO] = "zero",
    };
    return names[activation];
}

const char *pooling_name(enum pooling pooling)
{
    static const char *const names[POOLING_KINDS] = {
        [POOLING_AVERAGE] = "avg",
        [POOLING_MAX] = "max",
    };
    return names[pooling];
}

static bool window_is_sane(const struct op *op)
{
    return op->kernel_h >= 1 && op->kernel_h <= NETWORK_MAX_SIDE && op->kernel_w >= 1 &&
           op->kernel_w <= NETWORK_MAX_SIDE && op->stride >= 1 && op->stride <= NETWORK_MAX_SIDE &&
           op->pad >= 0 && op->pad < op->kernel_h && op->pad < op->kernel_w;
}

static int infer_window(const struct shape *in, struct op *op, struct errmsg *err)
{
    int32_t high = in->height + 2 * op->pad, wide = in->width + 2 * op->pad;

    if (!window_is_sane(op))
        return errmsg_set(err, -EINVAL,
                          "%s: kernel %dx%d, stride %d, padding %d; sides from 1 to %d, padding "
                          "below the kernel",
                          op_kind_name(op->kind), op->kernel_h, op->kernel_w, op->stride, op->pad,
                          NETWORK_MAX_SIDE);
    if (op->kernel_h > high || op->kernel_w > wide)
        return errmsg_set(err, -EINVAL, "%s: a %dx%d kernel on an image of %dx%d, padding included",
                          op_kind_name(op->kind), op->kernel_h, op->kernel_w, high, wide);
    op->out.height = (high - op->kernel_h) / op->stride + 1;
    op->out.width = (wide - op->kernel_w) / op->stride + 1;
    return 0;
}

static int check_channels(const struct op *op, int32_t channels, struct errmsg *err)
{
    if (channels >= 1 && channels <= NETWORK_MAX_CHANNELS)
        return 0;
    return errmsg_set(err, -EINVAL, "%s: %d channels; from 1 to %d", op_kind_name(op->kind),
                      channels, NETWORK_MAX_CHANNELS);
}

static int infer_conv(const struct shape *in, struct op *op, struct errmsg *err)
{
    int rc = check_channels(op, op->out.channels, err);

    if (rc < 0)
        return rc;
    if (op->groups < 1 || in->channels % op->groups || op->out.channels % op->groups)
        return errmsg_set(err, -EINVAL, "conv: %d groups do not divide %d channels in and %d out",
                          op->groups, in->channels, op->out.channels);
    return infer_window(in, op, err);
}

static int infer_add(const struct shape *a, const struct shape *b, struct op *op,
                     struct errmsg *err)
{
    if (!shape_equal(a, b))
        return errmsg_set(err, -EINVAL, "add: %dx%dx%d and %dx%dx%d", a->channels, a->height,
                          a->width, b->channels, b->height, b->width);
    op->out = *a;
    return 0;
}

static int infer_scale(const struct shape *x, const struct shape *gate, struct op *op,
                       struct errmsg *err)
{
    if (gate->channels != x->channels || gate->height != 1 || gate->width != 1)
        return errmsg_set(err, -EINVAL, "scale: %dx%dx%d by %dx%dx%d; by %dx1x1", x->channels,
                          x->height, x->width, gate->channels, gate->height, gate->width,
                          x->channels);
    op->out = *x;
    return 0;
}

static int infer_dropout(const struct shape *in, struct op *op, struct errmsg *err)
{
    if (op->drop < 1 || op->drop >= DROP_ONE)
        return errmsg_set(err, -EINVAL, "dropout: %d ten-thousandths; from 1 to %d", op->drop,
                          DROP_ONE - 1);
    op->out = *in;
    return 0;
}

static int infer_dense(struct op *op, struct errmsg *err)
{
    op->out.height = op->out.width = 1;
    return check_channels(op, op->out.channels, err);
}

static int infer_input(struct op *op, struct errmsg *err)
{
    const struct shape *s = &op->out;

    if (s->height < 1 || s->width < 1 || s->height > NETWORK_MAX_SIDE ||
        s->width > NETWORK_MAX_SIDE)
        return errmsg_set(err, -EINVAL, "input: an image of %dx%d; sides from 1 to %d", s->height,
                          s->width, NETWORK_MAX_SIDE);
    return check_channels(op, s->channels, err);
}

static int infer_any(const struct network *network, struct op *op, struct errmsg *err)
{
    const struct shape *in[2] = { NULL, NULL };

    for (int i = 0; i < op_inputs(op->kind); i++) {
        if (op->input[i] < 0 || (size_t)op->input[i] >= network->n_ops)
            return errmsg_set(err, -EINVAL, "%s: reads op %d of %zu", op_kind_name(op->kind),
                              op->input[i], network->n_ops);
        in[i] = &network->ops[op->input[i]].out;
    }
    switch (op->kind) {
    case OP_INPUT:
        return infer_input(op, err);
    case OP_CONV:
        return infer_conv(in[0], op, err);
    case OP_POOL:
        op->out.channels = in[0]->channels;
        return infer_window(in[0], op, err);
    case OP_NORM:
    case OP_ACTIVATION:
        op->out = *in[0];
        return 0;
    case OP_ADD:
        return infer_add(in[0], in[1], op, err);
    case OP_SCALE:
        return infer_scale(in[0], in[1], op, err);
    case OP_DROPOUT:
        return infer_dropout(in[0], op, err);
    case OP_DENSE:
        return infer_dense(op, err);
    case OP_KINDS:
        break;
    }
    return errmsg_set(err, -EINVAL, "op of an unknown kind %d", (int)op->kind);
}

static int64_t elements(const struct shape *shape)
{
    return (int64_t)shape->channels * shape->height * shape->width;
}

/* Above any real network, and far enough below 2^63 for sums over NETWORK_MAX_OPS. */
static const int64_t most_per_op = INT64_C(1) << 50;

static int check_size(const struct network *before, const struct op *op, struct errmsg *err)
{
    double out = (double)elements(&op->out), weights = 0;

    if (op->kind == OP_CONV)
        weights = (double)op->kernel_h * op->kernel_w *
                  (before->ops[op->input[0]].out.channels / op->groups);
    else if (op->kind == OP_DENSE)
        weights = (double)elements(&before->ops[op->input[0]].out);
    if (out * (weights + sizeof(float)) < (double)most_per_op)
        return 0;
    return errmsg_set(err, -EINVAL, "%s: too large to count", op_kind_name(op->kind));
}

int op_infer_shape(const struct network *network, struct op *op, struct errmsg *err)
{
    int rc = infer_any(network, op, err);

    return rc < 0 ? rc : check_size(network, op, err);
}

void op_costs(const struct network *network, size_t i, const struct count_rules *rules,
              struct costs *costs)
{
    const struct op *op = &network->ops[i];
    const struct shape *in = op->kind == OP_INPUT ? NULL : &network->ops[op->input[0]].out;
    int64_t weights;

    costs->activations += elements(&op->out) * (int64_t)sizeof(float);
    switch (op->kind) {
    case OP_CONV:
        weights = (int64_t)op->kernel_h * op->kernel_w * (in->channels / op->groups) *
                  op->out.channels;
        costs->params += weights + (op->bias ? op->out.channels : 0);
        costs->madds += weights * op->out.height * op->out.width;
        break;
    case OP_DENSE:
        weights = elements(in) * op->out.channels;
        costs->params += weights + (op->bias ? op->out.channels : 0);
        costs->madds += weights + (op->bias && rules->dense_bias ? op->out.channels : 0);
        break;
    case OP_NORM:
        costs->params += 2 * (int64_t)op->out.channels;
        break;
    default: /* the rest has no weights and counts no multiply-adds */
        break;
    }
}

void network_costs(const struct network *network, const struct count_rules *rules,
                   struct costs *costs_out)
{
    struct costs costs = { 0 };

    for (size_t i = 0; i < network->n_ops; i++)
        op_costs(network, i, rules, &costs);
    *costs_out = costs;
}

static int check_op(const struct network *before, const struct op *given, struct errmsg *err)
{
    struct op op = *given;
    int rc;

    if ((unsigned)op.kind >= OP_KINDS || (unsigned)op.activation >= ACTIVATION_KINDS ||
        (unsigned)op.pooling >= POOLING_KINDS)
        return errmsg_set(err, -EINVAL, "op %zu: of a kind this version does not know",
                          before->n_ops);
    if ((op.kind == OP_INPUT) != (before->n_ops == 0))
        return errmsg_set(err, -EINVAL, "op %zu: the input must be the first op, and only that",
                          before->n_ops);
    if (op.drop != 0 && op.kind != OP_DROPOUT)
        return errmsg_set(err, -EINVAL, "op %zu (%s): drops %d ten-thousandths; only dropout does",
                          before->n_ops, op_kind_name(op.kind), op.drop);
    rc = op_infer_shape(before, &op, err);
    if (rc == 0 && !shape_equal(&op.out, &given->out))
        return errmsg_set(err, -EINVAL, "op %zu: shape %dx%dx%d where its inputs give %dx%dx%d",
                          before->n_ops, given->out.channels, given->out.height, given->out.width,
                          op.out.channels, op.out.height, op.out.width);
    return rc;
}

int network_check(const struct network *network, struct errmsg *err)
{
    const struct op *last;

    if (network->n_ops < 2 || network->n_ops > NETWORK_MAX_OPS)
        return errmsg_set(err, -EINVAL, "a network of %zu ops; from 2 to %d", network->n_ops,
                          NETWORK_MAX_OPS);
    for (size_t i = 0; i < network->n_ops; i++) {
        struct network before = { .n_ops = i, .ops = network->ops };
        int rc = check_op(&before, &network->ops[i], err);

        if (rc < 0)
            return rc;
    }
    last = &network->ops[network->n_ops - 1];
    if (last->out.height != 1 || last->out.width != 1)
        return errmsg_set(err, -EINVAL, "the last op gives %dx%dx%d, not one logit per class",
                          last->out.channels, last->out.height, last->out.width);
    return 0;
}
