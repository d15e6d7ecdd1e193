#include "tests/bench/models.h"

void model_fashion(struct network *network)
{
    const enum activation relu = ACTIVATION_RELU;
    int i = model_input(network, 1, 28, 28);

    i = model_conv_norm_act(network, i, 16, 3, 2, 1, relu);
    i = model_mbconv(network, i, 3, 3, 16, 1, relu);
    i = model_mbconv(network, i, 3, 3, 24, 2, relu);
    i = model_mbconv(network, i, 3, 3, 24, 1, relu);
    i = model_mbconv(network, i, 3, 3, 32, 2, relu);
    i = model_mbconv(network, i, 3, 3, 32, 1, relu);
    i = model_conv_norm_act(network, i, 128, 1, 1, 1, relu);
    model_dense(network, model_global_pool(network, i), 10);
}

void model_mobilenet_v2(struct network *network, int side, int classes)
{
    static const struct {
        int expand, out, repeat, stride;
    } stages[] = { { 1, 16, 1, 1 }, { 6, 24, 2, 2 },  { 6, 32, 3, 2 }, { 6, 64, 4, 2 },
                   { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 } };
    const enum activation relu6 = ACTIVATION_RELU6;
    int first = side == 32 ? 1 : 2;
    int i = model_input(network, 3, side, side);

    i = model_conv_norm_act(network, i, 32, 3, first, 1, relu6);
    for (size_t s = 0; s < sizeof stages / sizeof *stages; s++)
        for (int r = 0; r < stages[s].repeat; r++) {
            int stride = s == 1 ? first : stages[s].stride;

            i = model_mbconv(network, i, stages[s].expand, 3, stages[s].out, r == 0 ? stride : 1,
                             relu6);
        }
    i = model_conv_norm_act(network, i, 1280, 1, 1, 1, relu6);
    model_dense(network, model_global_pool(network, i), classes);
}

/* ---- MobileNetV3 ---- */

struct v3_block {
    int kernel, wide, out;
    bool squeezes;
    int curve; /* RE or HS */
    int stride;
};

enum { RE, HS };

/* The multiple of 8 nearest to a quarter, but no more than a tenth below it. */
static int squeezed(int channels)
{
    int quarter = channels / 4, nearest = (quarter + 4) / 8 * 8;

    if (10 * nearest < 9 * quarter)
        nearest += 8;
    return nearest < 8 ? 8 : nearest;
}

static int v3_block(struct network *network, int from, const struct v3_block *b, int stride)
{
    enum activation activation = b->curve == HS ? ACTIVATION_HSWISH : ACTIVATION_RELU;
    int in = network->ops[from].out.channels, i = from;

    if (b->wide != in)
        i = model_conv_norm_act(network, i, b->wide, 1, 1, 1, activation);
    i = model_conv_norm_act(network, i, b->wide, b->kernel, stride, b->wide, activation);
    if (b->squeezes)
        i = model_squeeze_excite(network, i, squeezed(b->wide), ACTIVATION_HSIGMOID);
    i = model_norm(network, model_conv(network, i, b->out, 1, 1, 1));
    return stride == 1 && in == b->out ? model_add(network, i, from) : i;
}

static void mobilenet_v3(struct network *network, int side, const struct v3_block *blocks, size_t n,
                         int last, int classes)
{
    const enum activation hswish = ACTIVATION_HSWISH;
    int i = model_input(network, 3, side, side);
    bool halved = side != 32;

    i = model_conv_norm_act(network, i, 16, 3, halved ? 2 : 1, 1, hswish);
    for (size_t b = 0; b < n; b++) {
        int stride = halved ? blocks[b].stride : 1;

        halved |= blocks[b].stride == 2;
        i = v3_block(network, i, &blocks[b], stride);
    }
    i = model_conv_norm_act(network, i, blocks[n - 1].wide, 1, 1, 1, hswish);
    i = model_dense(network, model_global_pool(network, i), last);
    model_dense(network, model_act(network, i, hswish), classes);
}

void model_mobilenet_v3_small(struct network *network, int side, int classes)
{
    static const struct v3_block blocks[] = {
        { 3, 16, 16, true, RE, 2 },  { 3, 72, 24, false, RE, 2 }, { 3, 88, 24, false, RE, 1 },
        { 5, 96, 40, true, HS, 2 },  { 5, 240, 40, true, HS, 1 }, { 5, 240, 40, true, HS, 1 },
        { 5, 120, 48, true, HS, 1 }, { 5, 144, 48, true, HS, 1 }, { 5, 288, 96, true, HS, 2 },
        { 5, 576, 96, true, HS, 1 }, { 5, 576, 96, true, HS, 1 },
    };

    mobilenet_v3(network, side, blocks, sizeof blocks / sizeof *blocks, 1024, classes);
}

void model_mobilenet_v3_large(struct network *network, int side, int classes)
{
    static const struct v3_block blocks[] = {
        { 3, 16, 16, false, RE, 1 },  { 3, 64, 24, false, RE, 2 },  { 3, 72, 24, false, RE, 1 },
        { 5, 72, 40, true, RE, 2 },   { 5, 120, 40, true, RE, 1 },  { 5, 120, 40, true, RE, 1 },
        { 3, 240, 80, false, HS, 2 }, { 3, 200, 80, false, HS, 1 }, { 3, 184, 80, false, HS, 1 },
        { 3, 184, 80, false, HS, 1 }, { 3, 480, 112, true, HS, 1 }, { 3, 672, 112, true, HS, 1 },
        { 5, 672, 160, true, HS, 2 }, { 5, 960, 160, true, HS, 1 }, { 5, 960, 160, true, HS, 1 },
    };

    mobilenet_v3(network, side, blocks, sizeof blocks / sizeof *blocks, 1280, classes);
}

/* ---- NATS-Bench, size ---- */

static int relu_conv_norm(struct network *network, int from, int out, int stride)
{
    int i = model_act(network, from, ACTIVATION_RELU);

    return model_norm(network, model_conv(network, i, out, 3, stride, 1));
}

/* Every node the sum of what comes from all before, the last one's first summand excepted: the
 * input itself, or brought to its width. */
static int nats_cell(struct network *network, int x, int out)
{
    int a = relu_conv_norm(network, x, out, 1), b = relu_conv_norm(network, x, out, 1), c = x;

    b = model_add(network, b, relu_conv_norm(network, a, out, 1));
    if (network->ops[x].out.channels != out)
        c = model_norm(network, model_conv(network, x, out, 1, 1, 1));
    c = model_add(network, c, relu_conv_norm(network, a, out, 1));
    return model_add(network, c, relu_conv_norm(network, b, out, 1));
}

static int nats_reduction(struct network *network, int x, int out)
{
    int i = relu_conv_norm(network, relu_conv_norm(network, x, out, 2), out, 1);
    int shortcut = model_pool(network, x, POOLING_AVERAGE, 2, 2, 0);

    return model_add(network, model_conv(network, shortcut, out, 1, 1, 1), i);
}

void model_nats_size(struct network *network, const int channels[5], int classes)
{
    int i = model_input(network, 3, 32, 32);

    i = model_norm(network, model_conv(network, i, channels[0], 3, 1, 1));
    i = nats_cell(network, i, channels[0]);
    i = nats_reduction(network, i, channels[1]);
    i = nats_cell(network, i, channels[2]);
    i = nats_reduction(network, i, channels[3]);
    i = nats_cell(network, i, channels[4]);
    i = model_act(network, model_norm(network, i), ACTIVATION_RELU);
    model_dense(network, model_global_pool(network, i), classes);
}

/* ---- NAS-Bench-Macro ---- */

void model_nas_bench_macro(struct network *network, const char *code)
{
    static const struct {
        int out, stride;
    } layers[] = { { 64, 2 },  { 64, 1 },  { 128, 2 }, { 128, 1 },
                   { 128, 1 }, { 256, 2 }, { 256, 1 }, { 256, 1 } };
    const enum activation relu = ACTIVATION_RELU;
    int i = model_conv_norm_act(network, model_input(network, 3, 32, 32), 32, 3, 1, 1, relu);

    for (size_t l = 0; l < sizeof layers / sizeof *layers; l++) {
        int out = layers[l].out, stride = layers[l].stride;

        if (code[l] != '0')
            i = model_mbconv(network, i, code[l] == '1' ? 3 : 6, code[l] == '1' ? 3 : 5, out,
                             stride, relu);
        else if (stride == 2)
            i = model_norm(network, model_conv(network, i, out, 1, stride, 1));
    }
    i = model_conv_norm_act(network, i, 1280, 1, 1, 1, relu);
    model_dense(network, model_global_pool(network, i), 10);
}
