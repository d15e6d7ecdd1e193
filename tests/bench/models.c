#include "tests/bench/models.h"

#include <stdio.h>
#include <stdlib.h>

int model_op(struct network *network, struct op op)
{
    struct errmsg err;
    int i = op_infer_shape(network, &op, &err);

    if (i == 0)
        i = network_append(network, &op);
    if (i < 0) {
        fprintf(stderr, "model: %s\n", err.text);
        abort();
    }
    return i;
}

int model_input(struct network *network, int channels, int height, int width)
{
    return model_op(network, (struct op){ .kind = OP_INPUT, .out = { channels, height, width } });
}

int model_conv(struct network *network, int from, int out, int kernel, int stride, int groups)
{
    return model_op(network, (struct op){ .kind = OP_CONV,
                                          .input = { from },
                                          .out.channels = out,
                                          .kernel_h = kernel,
                                          .kernel_w = kernel,
                                          .stride = stride,
                                          .pad = kernel / 2,
                                          .groups = groups });
}

int model_norm(struct network *network, int from)
{
    return model_op(network, (struct op){ .kind = OP_NORM, .input = { from } });
}

int model_act(struct network *network, int from, enum activation activation)
{
    return model_op(
        network, (struct op){ .kind = OP_ACTIVATION, .input = { from }, .activation = activation });
}

int model_add(struct network *network, int a, int b)
{
    return model_op(network, (struct op){ .kind = OP_ADD, .input = { a, b } });
}

int model_pool(struct network *network, int from, enum pooling pooling, int kernel, int stride,
               int pad)
{
    return model_op(network, (struct op){ .kind = OP_POOL,
                                          .input = { from },
                                          .pooling = pooling,
                                          .kernel_h = kernel,
                                          .kernel_w = kernel,
                                          .stride = stride,
                                          .pad = pad });
}

int model_global_pool(struct network *network, int from)
{
    const struct shape *in = &network->ops[from].out;

    return model_op(network, (struct op){ .kind = OP_POOL,
                                          .input = { from },
                                          .pooling = POOLING_AVERAGE,
                                          .kernel_h = in->height,
                                          .kernel_w = in->width,
                                          .stride = 1 });
}

int model_dense(struct network *network, int from, int out)
{
    return model_op(
        network,
        (struct op){ .kind = OP_DENSE, .input = { from }, .out.channels = out, .bias = true });
}

int model_scale(struct network *network, int from, int gate)
{
    return model_op(network, (struct op){ .kind = OP_SCALE, .input = { from, gate } });
}

int model_dropout(struct network *network, int from, int drop)
{
    return model_op(network, (struct op){ .kind = OP_DROPOUT, .input = { from }, .drop = drop });
}

static int model_conv_bias(struct network *network, int from, int out)
{
    return model_op(network, (struct op){ .kind = OP_CONV,
                                          .input = { from },
                                          .out.channels = out,
                                          .kernel_h = 1,
                                          .kernel_w = 1,
                                          .stride = 1,
                                          .groups = 1,
                                          .bias = true });
}

int model_squeeze_excite(struct network *network, int from, int squeezed, enum activation gate)
{
    int i = model_conv_bias(network, model_global_pool(network, from), squeezed);

    i = model_conv_bias(network, model_act(network, i, ACTIVATION_RELU),
                        network->ops[from].out.channels);
    return model_scale(network, from, model_act(network, i, gate));
}

int model_conv_norm_act(struct network *network, int from, int out, int kernel, int stride,
                        int groups, enum activation activation)
{
    int conv = model_conv(network, from, out, kernel, stride, groups);

    return model_act(network, model_norm(network, conv), activation);
}

int model_mbconv(struct network *network, int from, int expand, int kernel, int out, int stride,
                 enum activation activation)
{
    int in = network->ops[from].out.channels, wide = in * expand, i = from;

    if (expand > 1)
        i = model_conv_norm_act(network, i, wide, 1, 1, 1, activation);
    i = model_conv_norm_act(network, i, wide, kernel, stride, wide, activation);
    i = model_norm(network, model_conv(network, i, out, 1, 1, 1));
    return stride == 1 && in == out ? model_add(network, i, from) : i;
}
