/* Every operation and option, forward and backward, against plain loops in double precision: logits
 * in training and in evaluation, and the derivative by each parameter against finite differences of
 * those loops. Each case hangs the operation between a pointwise convolution, whose derivatives
 * show that the operation hands its own back rightly, and a dense layer. */
#include "tests/unit/check.h"

#include "tests/bench/models.h"
#include "tests/gradient/check_network.h"

enum { CLASSES = 3 };

/* ---- the operations ---- */

static int conv_op(struct network *n, int from, struct op op)
{
    op.kind = OP_CONV;
    op.input[0] = from;
    op.groups = op.groups ? op.groups : 1;
    op.stride = op.stride ? op.stride : 1;
    return model_op(n, op);
}

#define KERNEL(k) .kernel_h = (k), .kernel_w = (k)
#define CONV_CASE(name, ...)                                                                       \
    static int name(struct network *n, int i)                                                      \
    {                                                                                              \
        return conv_op(n, i, (struct op){ __VA_ARGS__ });                                          \
    }

CONV_CASE(pointwise, KERNEL(1), .out.channels = 7)
CONV_CASE(pointwise_bias, KERNEL(1), .out.channels = 35, .bias = true)
CONV_CASE(pointwise_stride, KERNEL(1), .out.channels = 5, .stride = 2)
CONV_CASE(conv_3, KERNEL(3), .out.channels = 5, .pad = 1)
CONV_CASE(conv_3_wide, KERNEL(3), .out.channels = 33, .pad = 1)
CONV_CASE(conv_3_tiles, KERNEL(3), .out.channels = 19, .pad = 1, .bias = true)
CONV_CASE(conv_3_unpadded, KERNEL(3), .out.channels = 5, .bias = true)
CONV_CASE(conv_3_stride, KERNEL(3), .out.channels = 6, .pad = 1, .stride = 2)
CONV_CASE(conv_5_stride, KERNEL(5), .out.channels = 17, .pad = 2, .stride = 2, .bias = true)
CONV_CASE(conv_2_stride_3, KERNEL(2), .out.channels = 4, .stride = 3, .pad = 1)
CONV_CASE(conv_oblong, .kernel_h = 3, .kernel_w = 2, .out.channels = 4, .pad = 1)
CONV_CASE(conv_pad_2, KERNEL(3), .out.channels = 4, .pad = 2)
CONV_CASE(conv_7_stride, KERNEL(7), .out.channels = 6, .pad = 3, .stride = 2)
CONV_CASE(grouped_7_stride, KERNEL(7), .out.channels = 18, .pad = 3, .stride = 2, .groups = 3)
CONV_CASE(grouped, KERNEL(3), .out.channels = 8, .pad = 1, .groups = 2)
CONV_CASE(grouped_pointwise, KERNEL(1), .out.channels = 24, .groups = 4, .bias = true)
CONV_CASE(grouped_multiplier, KERNEL(3), .out.channels = 12, .pad = 1, .groups = 6, .stride = 2)

static int depthwise(struct network *n, int i, struct op op)
{
    op.out.channels = op.groups = n->ops[i].out.channels;
    return conv_op(n, i, op);
}

#define DEPTHWISE_CASE(name, ...)                                                                  \
    static int name(struct network *n, int i)                                                      \
    {                                                                                              \
        return depthwise(n, i, (struct op){ __VA_ARGS__ });                                        \
    }

DEPTHWISE_CASE(depthwise_3, KERNEL(3), .pad = 1)
DEPTHWISE_CASE(depthwise_3_bias, KERNEL(3), .pad = 1, .bias = true)
DEPTHWISE_CASE(depthwise_3_stride, KERNEL(3), .pad = 1, .stride = 2, .bias = true)
DEPTHWISE_CASE(depthwise_5, KERNEL(5), .pad = 2)
DEPTHWISE_CASE(depthwise_5_stride, KERNEL(5), .pad = 2, .stride = 2)
DEPTHWISE_CASE(depthwise_7, KERNEL(7), .pad = 3)
DEPTHWISE_CASE(depthwise_7_stride, KERNEL(7), .pad = 3, .stride = 2, .bias = true)
DEPTHWISE_CASE(depthwise_unpadded, KERNEL(2), .stride = 1)
DEPTHWISE_CASE(depthwise_stride_3, KERNEL(3), .pad = 0, .stride = 3)

static int norm(struct network *n, int i)
{
    return model_norm(n, i);
}

static int relu(struct network *n, int i)
{
    return model_act(n, i, ACTIVATION_RELU);
}

static int relu6(struct network *n, int i)
{
    return model_act(n, i, ACTIVATION_RELU6);
}

#define ACTIVATION_CASE(name, kind)                                                                \
    static int name(struct network *n, int i)                                                      \
    {                                                                                              \
        return model_act(n, i, kind);                                                              \
    }                                                                                              \
    static int norm_##name(struct network *n, int i)                                               \
    {                                                                                              \
        return name(n, norm(n, i));                                                                \
    }

ACTIVATION_CASE(hswish, ACTIVATION_HSWISH)
ACTIVATION_CASE(swish, ACTIVATION_SWISH)
ACTIVATION_CASE(hsigmoid, ACTIVATION_HSIGMOID)
ACTIVATION_CASE(sigmoid, ACTIVATION_SIGMOID)
ACTIVATION_CASE(zero, ACTIVATION_ZERO)

/* What gives nothing to a sum, and takes no gradient. */
static int zero_beside_norm(struct network *n, int i)
{
    return model_add(n, norm_zero(n, i), norm_swish(n, i));
}

static int norm_of_zero(struct network *n, int i)
{
    return model_add(n, norm(n, zero(n, i)), i);
}

static int norm_relu6(struct network *n, int i)
{
    return relu6(n, norm(n, i));
}

/* Far out, where the curves are flat or straight and e^x would overflow. */
static int swish_far_out(struct network *n, int i)
{
    for (int k = 0; k < 5; k++)
        i = model_add(n, i, i);
    return norm_swish(n, model_add(n, swish(n, i), sigmoid(n, i)));
}

static int norm_twice(struct network *n, int i)
{
    return norm(n, norm(n, i));
}

static int relu_then_norm(struct network *n, int i)
{
    return norm(n, relu(n, i));
}

static int relu_twice(struct network *n, int i)
{
    return relu6(n, relu(n, i));
}

static int norm_read_twice(struct network *n, int i)
{
    int normed = norm(n, i);

    return model_add(n, relu(n, normed), normed);
}

static int conv_read_by_norm_and_sum(struct network *n, int i)
{
    return model_add(n, norm_relu6(n, i), i);
}

static int add_to_itself(struct network *n, int i)
{
    return model_add(n, i, i);
}

static int residual(struct network *n, int i)
{
    return model_mbconv(n, norm_relu6(n, i), 3, 3, n->ops[i].out.channels, 1, ACTIVATION_RELU6);
}

static int read_four_times(struct network *n, int i)
{
    int a = norm_relu6(n, i), b = depthwise_3(n, a), c = norm(n, pointwise(n, a));

    c = norm(n, conv_op(n, c, (struct op){ KERNEL(1), .out.channels = n->ops[a].out.channels }));
    return model_add(n, relu(n, model_add(n, b, a)), model_add(n, c, a));
}

static int sum_then_norm(struct network *n, int i)
{
    return norm_relu6(n, model_add(n, norm(n, depthwise_3(n, i)), i));
}

static int average_pool(struct network *n, int i)
{
    return model_pool(n, i, POOLING_AVERAGE, 3, 2, 1);
}

static int max_pool(struct network *n, int i)
{
    return model_pool(n, norm_relu6(n, i), POOLING_MAX, 3, 2, 1);
}

static int max_pool_overlapping(struct network *n, int i)
{
    return norm(n, model_pool(n, i, POOLING_MAX, 2, 1, 0));
}

static int average_pool_same(struct network *n, int i)
{
    return norm(n, model_pool(n, norm_hswish(n, i), POOLING_AVERAGE, 3, 1, 1));
}

static int max_pool_padded(struct network *n, int i)
{
    return model_pool(n, i, POOLING_MAX, 3, 1, 1);
}

static int scale(struct network *n, int i)
{
    return model_scale(n, i, model_global_pool(n, i));
}

static int scale_of_one_pixel(struct network *n, int i)
{
    i = model_global_pool(n, i);
    return model_scale(n, i, i);
}

static int scale_read_twice(struct network *n, int i)
{
    int a = norm_relu6(n, i), gate = sigmoid(n, norm(n, model_global_pool(n, depthwise_3(n, a))));
    int b = model_scale(n, a, gate);

    return model_add(n, norm_swish(n, b), model_scale(n, b, gate));
}

static int squeeze_excite(struct network *n, int i)
{
    return model_squeeze_excite(n, norm_hswish(n, i), 5, ACTIVATION_HSIGMOID);
}

static int mobilenet_v3_block(struct network *n, int i)
{
    int wide = norm_hswish(n, conv_op(n, i, (struct op){ KERNEL(1), .out.channels = 20 }));

    wide = norm_hswish(n, depthwise_5(n, wide));
    wide = model_squeeze_excite(n, wide, 8, ACTIVATION_HSIGMOID);
    wide = conv_op(n, wide, (struct op){ KERNEL(1), .out.channels = n->ops[i].out.channels });
    return model_add(n, norm(n, wide), i);
}

static int dropout(struct network *n, int i)
{
    return model_dropout(n, i, 4000);
}

static int dropout_between(struct network *n, int i)
{
    return norm_relu6(n, model_dropout(n, norm_hswish(n, i), 2500));
}

static int dropout_read_twice(struct network *n, int i)
{
    int a = model_dropout(n, i, 5000);

    return model_add(n, model_dropout(n, a, 1000), model_add(n, i, a));
}

/* A cell of NATS-Bench's topology space: every node the sum of what comes from those before. */
static int cell(struct network *n, int i)
{
    int channels = n->ops[i].out.channels, a, b, c;

    a = norm(n,
             conv_op(n, relu(n, i), (struct op){ KERNEL(3), .out.channels = channels, .pad = 1 }));
    b = norm(n, conv_op(n, relu(n, a), (struct op){ KERNEL(1), .out.channels = channels }));
    b = model_add(n, model_pool(n, i, POOLING_AVERAGE, 3, 1, 1), b);
    c = norm(n,
             conv_op(n, relu(n, b), (struct op){ KERNEL(3), .out.channels = channels, .pad = 1 }));
    return model_add(n, model_add(n, i, model_pool(n, a, POOLING_AVERAGE, 3, 1, 1)), c);
}

/* What leads nowhere changes nothing. */
static int dead_ends(struct network *n, int i)
{
    int a = depthwise_3(n, i), b = norm(n, pointwise(n, i));

    dropout(n, relu(n, b));
    return norm_relu6(n, model_add(n, a, i));
}

static int conv_3_and_sum(struct network *n, int i)
{
    int a = norm_relu6(n, i);
    struct op op = { KERNEL(3), .out.channels = n->ops[i].out.channels, .pad = 1 };

    return model_add(n, norm(n, conv_op(n, a, op)), a);
}

/* Norms that come long after what they normalise. */
static int interleaved(struct network *n, int i)
{
    int a = depthwise_3(n, i), b = depthwise_5(n, i);
    int bn = norm(n, b), an = norm(n, a);

    return model_add(n, hswish(n, bn), relu(n, an));
}

static int global_pool(struct network *n, int i)
{
    return model_global_pool(n, norm_relu6(n, i));
}

static int dense_norm_relu(struct network *n, int i)
{
    return relu(n, norm(n, model_dense(n, i, 19)));
}

static int dense_without_bias(struct network *n, int i)
{
    return model_op(n, (struct op){ .kind = OP_DENSE, .input = { i }, .out.channels = 4 });
}

/* ---- the cases ---- */

struct shape_case {
    const char *name;
    int (*build)(struct network *network, int from);
    int in, channels, height, width; /* of the image, of the lead-in */
    size_t n;
};

static void check_case(const struct shape_case *c, const struct kernels *kernels, size_t threads)
{
    struct network network = { 0 };
    int i = model_input(&network, c->in, c->height, c->width);

    i = c->build(&network, model_conv(&network, i, c->channels, 1, 1, 1));
    model_dense(&network, i, CLASSES);
    check_network(c->name, &network, kernels, threads, c->n);
}

static void test_operations(void **state)
{
    static const struct shape_case cases[] = {
        { "pointwise", pointwise, 3, 5, 4, 5, 3 },
        { "pointwise over several strips", pointwise, 3, 37, 20, 21, 3 },
        { "pointwise with bias", pointwise_bias, 3, 20, 3, 3, 2 },
        { "pointwise, 97 channels", pointwise, 2, 97, 2, 2, 2 },
        { "pointwise with stride", pointwise_stride, 3, 5, 7, 6, 2 },
        { "input of 18 channels", pointwise, 18, 3, 3, 3, 2 },
        { "3x3", conv_3, 3, 5, 6, 5, 2 },
        { "3x3, several blocks", conv_3_wide, 3, 18, 5, 5, 2 },
        { "3x3 on 2x2", conv_3, 3, 5, 2, 2, 2 },
        { "3x3 on wide rows", conv_3, 1, 3, 3, 45, 1 },
        { "3x3 by tiles, even sides", conv_3_wide, 3, 18, 6, 4, 2 },
        { "3x3 by tiles, several images at a time", conv_3_tiles, 2, 17, 3, 8, 9 },
        { "3x3 by tiles, several rows at a time", conv_3_tiles, 1, 16, 7, 45, 2 },
        { "3x3 by tiles on rows too wide", conv_3_tiles, 1, 16, 2, 131, 2 },
        { "3x3 by tiles on 2x2", conv_3_tiles, 3, 35, 2, 2, 3 },
        { "3x3 by tiles, read by a sum as well", conv_3_and_sum, 3, 18, 5, 4, 3 },
        { "3x3 without padding", conv_3_unpadded, 3, 5, 6, 5, 2 },
        { "3x3 with stride", conv_3_stride, 3, 5, 7, 6, 2 },
        { "3x3 with stride, even", conv_3_stride, 3, 20, 8, 8, 2 },
        { "5x5 with stride", conv_5_stride, 3, 5, 9, 8, 2 },
        { "2x2, stride 3", conv_2_stride_3, 3, 5, 7, 8, 2 },
        { "oblong kernel", conv_oblong, 3, 5, 6, 5, 2 },
        { "3x3, padding of 2", conv_pad_2, 3, 5, 4, 5, 2 },
        { "grouped", grouped, 3, 6, 5, 5, 2 },
        { "grouped pointwise", grouped_pointwise, 3, 40, 3, 3, 2 },
        { "grouped, two outputs per channel", grouped_multiplier, 3, 6, 6, 6, 2 },
        { "depthwise", depthwise_3, 3, 5, 6, 5, 2 },
        { "depthwise, 35 channels", depthwise_3, 3, 35, 5, 4, 2 },
        { "depthwise with bias", depthwise_3_bias, 3, 17, 5, 5, 2 },
        { "depthwise with stride", depthwise_3_stride, 3, 5, 7, 6, 2 },
        { "depthwise with stride, even", depthwise_3_stride, 3, 20, 8, 8, 2 },
        { "depthwise 5x5", depthwise_5, 3, 5, 6, 5, 2 },
        { "depthwise 5x5 with stride", depthwise_5_stride, 3, 18, 7, 7, 2 },
        { "depthwise 5x5 on one pixel", depthwise_5, 3, 5, 1, 1, 3 },
        { "depthwise 2x2 without padding", depthwise_unpadded, 3, 5, 5, 4, 2 },
        { "depthwise with stride 3", depthwise_stride_3, 3, 5, 8, 7, 2 },
        { "norm", norm, 3, 5, 3, 3, 2 },
        { "norm, one image", norm, 3, 5, 4, 4, 1 },
        { "norm, five images", norm, 3, 17, 3, 2, 5 },
        { "relu", relu, 3, 5, 3, 3, 2 },
        { "relu6", relu6, 3, 21, 3, 3, 3 },
        { "norm and relu6", norm_relu6, 3, 21, 3, 3, 3 },
        { "norm of a norm", norm_twice, 3, 5, 3, 3, 2 },
        { "norm of an activation", relu_then_norm, 3, 5, 3, 3, 3 },
        { "activation of an activation", relu_twice, 3, 5, 3, 3, 2 },
        { "norm read twice", norm_read_twice, 3, 5, 3, 3, 2 },
        { "convolution read by a norm and a sum", conv_read_by_norm_and_sum, 3, 5, 3, 3, 3 },
        { "sum of a tensor and itself", add_to_itself, 3, 5, 3, 3, 2 },
        { "inverted residual", residual, 3, 7, 5, 5, 3 },
        { "tensor read four times", read_four_times, 3, 18, 4, 4, 3 },
        { "norm of a sum", sum_then_norm, 3, 5, 4, 4, 3 },
        { "average pooling", average_pool, 3, 5, 6, 5, 2 },
        { "max pooling", max_pool, 3, 18, 7, 6, 2 },
        { "max pooling, overlapping", max_pool_overlapping, 3, 5, 4, 4, 2 },
        { "global pooling", global_pool, 3, 18, 4, 5, 4 },
        { "average pooling, same size", average_pool_same, 3, 18, 5, 3, 2 },
        { "max pooling, padded", max_pool_padded, 3, 18, 3, 5, 2 },
        { "7x7 with stride", conv_7_stride, 3, 5, 9, 8, 2 },
        { "grouped 7x7 with stride", grouped_7_stride, 3, 6, 7, 10, 2 },
        { "depthwise 7x7", depthwise_7, 3, 18, 5, 9, 2 },
        { "depthwise 7x7 with stride", depthwise_7_stride, 3, 18, 8, 11, 2 },
        { "depthwise 7x7 with stride on one pixel", depthwise_7_stride, 3, 5, 1, 1, 3 },
        { "hswish", hswish, 3, 5, 3, 3, 2 },
        { "swish", swish, 3, 18, 3, 3, 2 },
        { "hsigmoid", hsigmoid, 3, 5, 3, 3, 2 },
        { "sigmoid", sigmoid, 3, 18, 3, 3, 2 },
        { "swish far out", swish_far_out, 3, 7, 3, 3, 3 },
        { "norm and hswish", norm_hswish, 3, 21, 3, 3, 3 },
        { "norm and swish", norm_swish, 3, 5, 4, 3, 3 },
        { "norm and hsigmoid", norm_hsigmoid, 3, 21, 3, 3, 3 },
        { "norm and sigmoid", norm_sigmoid, 3, 5, 4, 3, 3 },
        { "zero beside a norm", zero_beside_norm, 3, 18, 4, 3, 3 },
        { "norm of zero", norm_of_zero, 3, 5, 4, 3, 3 },
        { "scale", scale, 3, 18, 4, 5, 3 },
        { "scale, several strips", scale, 3, 5, 13, 21, 2 },
        { "scale of one pixel by itself", scale_of_one_pixel, 3, 18, 2, 3, 3 },
        { "scale read twice", scale_read_twice, 3, 18, 4, 4, 3 },
        { "squeeze-and-excitation", squeeze_excite, 3, 18, 5, 4, 3 },
        { "MobileNetV3's block", mobilenet_v3_block, 3, 7, 5, 5, 3 },
        { "dropout", dropout, 3, 18, 4, 4, 3 },
        { "dropout, several strips", dropout, 3, 5, 13, 21, 2 },
        { "dropout before a norm", dropout_between, 3, 18, 4, 4, 3 },
        { "dropout of dropout", dropout_read_twice, 3, 5, 4, 4, 3 },
        { "cell", cell, 3, 7, 4, 5, 2 },
        { "dead ends", dead_ends, 3, 7, 4, 4, 3 },
        { "interleaved norms", interleaved, 3, 18, 4, 4, 3 },
        { "dense, norm, relu", dense_norm_relu, 3, 5, 3, 2, 5 },
        { "dense without bias", dense_without_bias, 3, 18, 3, 3, 2 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
            check_case(&cases[i], *kernels, 1);
        for (size_t threads = 2; threads <= 3; threads++)
            check_case(&cases[i], kernels_best(), threads);
    }
}

/* Operations that read the input itself, which takes no gradient. */
static void test_input(void **state)
{
    static const struct {
        const char *name;
        int (*build)(struct network *network, int from);
    } cases[] = {
        { "norm of the input", norm },
        { "activation of the input", relu },
        { "pooling of the input", average_pool },
        { "sum of the input and itself", add_to_itself },
        { "depthwise on the input", depthwise_3 },
        { "dense on the input", dense_norm_relu },
        { "norm of pooling", max_pool_overlapping },
        { "scale of the input", scale },
        { "dropout of the input", dropout },
        { "dropouts of the input", dropout_read_twice },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct network network = { 0 };
        int in = model_input(&network, 3, 4, 5);

        model_dense(&network, cases[i].build(&network, in), CLASSES);
        check_network(cases[i].name, &network, kernels_best(), 1 + i % 4, 3);
    }
}

/* The logits need not come from a dense layer. */
static void test_logits_of_any_kind(void **state)
{
    struct network network = { 0 };
    int i = model_conv(&network, model_input(&network, 2, 5, 5), CLASSES, 3, 2, 1);

    (void)state;
    i = model_norm(&network, model_global_pool(&network, i));
    model_act(&network, i, ACTIVATION_RELU6);
    check_network("norm and relu6 at the end", &network, kernels_best(), 3, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_logits_of_any_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
