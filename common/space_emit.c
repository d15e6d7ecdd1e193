#include "common/space_emit.h"

struct shape emitter_shape(const struct emitter *e)
{
    return e->network->ops[e->at].out;
}

static int append(struct emitter *e, struct op *op)
{
    int rc;

    op->layer = e->layer;
    rc = op_infer_shape(e->network, op, e->err);

    if (rc == 0)
        rc = network_append(e->network, op);
    if (rc < 0)
        return rc;
    e->at = rc;
    return 0;
}

int emit_op(struct emitter *e, struct op op)
{
    op.input[0] = e->at;
    return append(e, &op);
}

int emit_pair(struct emitter *e, enum op_kind kind, int32_t first, int32_t second)
{
    struct op op = { .kind = kind, .input = { first, second } };

    return append(e, &op);
}

int32_t emit_padding(int32_t kernel)
{
    return (kernel - 1) / 2;
}

int emit_convolution(struct emitter *e, int32_t out, int32_t kernel, int32_t stride, int32_t groups,
                     bool bias)
{
    return emit_op(e, (struct op){ .kind = OP_CONV,
                                   .out.channels = out,
                                   .kernel_h = kernel,
                                   .kernel_w = kernel,
                                   .stride = stride,
                                   .pad = emit_padding(kernel),
                                   .groups = groups,
                                   .bias = bias });
}

int emit_normalisation(struct emitter *e)
{
    return emit_op(e, (struct op){ .kind = OP_NORM });
}

int emit_activation(struct emitter *e, enum activation activation)
{
    return emit_op(e, (struct op){ .kind = OP_ACTIVATION, .activation = activation });
}

int emit_global_pool(struct emitter *e, enum pooling pooling)
{
    struct shape in = emitter_shape(e);

    return emit_op(e, (struct op){ .kind = OP_POOL,
                                   .pooling = pooling,
                                   .kernel_h = in.height,
                                   .kernel_w = in.width,
                                   .stride = 1 });
}

int emit_squeeze_excite(struct emitter *e, int32_t squeeze, enum activation act,
                        enum activation gate)
{
    int32_t x = e->at, channels = emitter_shape(e).channels;
    int rc = emit_global_pool(e, POOLING_AVERAGE);

    if (rc == 0)
        rc = emit_convolution(e, divisible_by_8(channels / squeeze, 1), 1, 1, 1, true);
    if (rc == 0)
        rc = emit_activation(e, act);
    if (rc == 0)
        rc = emit_convolution(e, channels, 1, 1, 1, true);
    if (rc == 0)
        rc = emit_activation(e, gate);
    return rc < 0 ? rc : emit_pair(e, OP_SCALE, x, e->at);
}

int32_t divisible_by_8(int64_t numerator, int64_t denominator)
{
    int64_t rounded = (numerator + 4 * denominator) / (8 * denominator) * 8;

    if (rounded < 8)
        rounded = 8;
    if (10 * rounded * denominator < 9 * numerator)
        rounded += 8;
    return (int32_t)rounded;
}

int32_t emitter_widen(const struct emitter *e, int32_t channels, int32_t width)
{
    static const int64_t one = (int64_t)FRACTION_ONE * FRACTION_ONE;
    int64_t factor = (int64_t)width * e->width;

    return factor == one ? channels : divisible_by_8(channels * factor, one);
}
