/* Every operation and option, forward and backward, against plain loops in double precision: logits
 * in training and in evaluation, and the derivative by each parameter against finite differences of
 * those loops. Each case hangs the operation between a pointwise convolution, whose derivatives
 * show that the operation hands its own back rightly, and a dense layer. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/bench/models.h"
#include "tests/gradient/reference.h"
#include "worker/engine/dense.h"
#include "worker/engine/net.h"
#include "worker/engine/optimizer.h"
#include "worker/engine/weights.h"

enum { CLASSES = 3, MOST_CHECKED = 60 /* parameters of a case */ };

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
CONV_CASE(conv_3_unpadded, KERNEL(3), .out.channels = 5, .bias = true)
CONV_CASE(conv_3_stride, KERNEL(3), .out.channels = 6, .pad = 1, .stride = 2)
CONV_CASE(conv_5_stride, KERNEL(5), .out.channels = 17, .pad = 2, .stride = 2, .bias = true)
CONV_CASE(conv_2_stride_3, KERNEL(2), .out.channels = 4, .stride = 3, .pad = 1)
CONV_CASE(conv_oblong, .kernel_h = 3, .kernel_w = 2, .out.channels = 4, .pad = 1)
CONV_CASE(conv_pad_2, KERNEL(3), .out.channels = 4, .pad = 2)
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

static int norm_relu6(struct network *n, int i)
{
    return relu6(n, norm(n, i));
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

/* ---- running a case ---- */

struct run {
    const char *name;
    struct network network;
    struct net *net;
    size_t n, count; /* images, numbers */
    bool *is_parameter;
    double *numbers, *images, *weight; /* weight: of each logit in the sum that is derived */
};

static double sum_of_logits(const struct run *run)
{
    double *logits = reference_logits(&run->network, run->numbers, run->images, run->n, true);
    double sum = 0;

    for (size_t i = 0; i < run->n * CLASSES; i++)
        sum += run->weight[i] * logits[i];
    free(logits);
    return sum;
}

static double *random_numbers(struct rng *rng, size_t n)
{
    double *numbers = malloc(n * sizeof *numbers);

    for (size_t i = 0; i < n; i++)
        numbers[i] = (float)rng_normal(rng);
    return numbers;
}

/* Numbers of the net, in the order of weights.h. */
static float *numbers_of(const struct run *run, uint8_t **bytes_out)
{
    enum { HEADER = 24 };
    size_t size;

    assert_int_equal(weights_save(run->net, bytes_out, &size), 0);
    assert_int_equal(size, HEADER + 4 * run->count + 4);
    return (float *)(*bytes_out + HEADER);
}

/* Norms get a scale and shift of their own, so that nothing is 0 or 1 by chance. */
static void stir(struct run *run, struct rng *rng)
{
    for (size_t i = 0; i < run->net->n_nodes; i++) {
        struct node *node = &run->net->nodes[i];

        for (size_t c = 0; node->has_norm && c < (size_t)node->x.shape.channels; c++) {
            node->parameter[SCALE].value[c] = (float)(1 + 0.3 * rng_normal(rng));
            node->parameter[SHIFT].value[c] = (float)(0.5 + 0.3 * rng_normal(rng));
            node->norm.running_mean[c] = (float)(0.2 * rng_normal(rng));
            node->norm.running_variance[c] = (float)(0.5 + rng_double(rng));
        }
    }
}

static void fill_input(struct run *run)
{
    const struct tensor *x = &run->net->nodes[0].x;
    size_t channels = (size_t)x->shape.channels;

    for (size_t i = 0; i < run->n * channels * x->pixels; i++) {
        size_t c = i / x->pixels % channels,
               pixel = i / x->pixels / channels * x->pixels + i % x->pixels;

        tensor_at(x, c / BLOCK, pixel)[c % BLOCK] = (float)run->images[i];
    }
}

static void run_init(struct run *run, const char *name, const struct kernels *kernels, size_t n)
{
    struct errmsg err;
    struct rng rng;
    uint8_t *bytes;
    float *numbers;

    run->name = name;
    run->n = n;
    rng_init(&rng, 7, 0);
    if (net_new(&run->network, n + 1, kernels, &run->net, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    weights_init(run->net, 3);
    stir(run, &rng);
    run->count = reference_numbers(&run->network, &run->is_parameter);
    run->numbers = random_numbers(&rng, run->count);
    numbers = numbers_of(run, &bytes);
    for (size_t i = 0; i < run->count; i++)
        run->numbers[i] = (double)numbers[i];
    free(bytes);
    run->images = random_numbers(&rng, n * (size_t)run->net->nodes[0].x.shape.channels *
                                           run->net->nodes[0].x.pixels);
    run->weight = random_numbers(&rng, n * CLASSES);
    fill_input(run);
}

static void run_clear(struct run *run)
{
    net_free(run->net);
    network_clear(&run->network);
    free(run->is_parameter);
    free(run->numbers);
    free(run->images);
    free(run->weight);
}

static void check_logits(struct run *run, bool training)
{
    double *want = reference_logits(&run->network, run->numbers, run->images, run->n, training);
    float got[64];

    assert_int_equal(net_forward(run->net, run->n, training), 0);
    dense_read(run->net, net_output(run->net), got);
    for (size_t i = 0; i < run->n * CLASSES; i++)
        if (!(fabs((double)got[i] - want[i]) < 2e-4 * (1 + fabs(want[i]))))
            fail_msg("%s: logit %zu is %g, wanted %g (%s)", run->name, i, (double)got[i], want[i],
                     training ? "training" : "evaluation");
    free(want);
}

/* Swaps each parameter's value with its gradient: numbers_of then gives the latter. */
static void swap_values(struct net *net)
{
    for (size_t i = 0; i < net->n_nodes; i++)
        for (int kind = 0; kind < PARAMETERS; kind++) {
            struct parameter *p = &net->nodes[i].parameter[kind];
            float *value = p->value;

            p->value = p->gradient;
            p->gradient = value;
        }
}

/* The net's own derivatives, in the order of the numbers. */
static float *derive(struct run *run, uint8_t **bytes_out)
{
    const struct edge output = net_output_edge(run->net);
    float weight[64], *derivatives;

    for (size_t i = 0; i < run->n * CLASSES; i++)
        weight[i] = (float)run->weight[i];
    dense_accumulate(run->net, &output, weight);
    assert_int_equal(net_backward(run->net), 0);
    swap_values(run->net);
    derivatives = numbers_of(run, bytes_out);
    swap_values(run->net);
    return derivatives;
}

static double difference(struct run *run, size_t i)
{
    const double step = 1e-5;
    double saved = run->numbers[i], up, down;

    run->numbers[i] = saved + step;
    up = sum_of_logits(run);
    run->numbers[i] = saved - step;
    down = sum_of_logits(run);
    run->numbers[i] = saved;
    return (up - down) / (2 * step);
}

static void check_gradients(struct run *run)
{
    size_t stride = run->count / MOST_CHECKED + 1;
    uint8_t *bytes;
    float *got = derive(run, &bytes);
    double largest = 0;

    for (size_t i = 0; i < run->count; i++)
        if (run->is_parameter[i])
            largest = fmax(largest, fabs((double)got[i]));
    assert_true(largest > 0);
    for (size_t i = 0; i < run->count; i += stride) {
        double want = run->is_parameter[i] ? difference(run, i) : 0;

        if (run->is_parameter[i] &&
            !(fabs((double)got[i] - want) < 1e-3 * fabs(want) + 2e-5 * largest))
            fail_msg("%s: derivative by number %zu is %g, wanted %g", run->name, i, (double)got[i],
                     want);
    }
    free(bytes);
}

/* A step of training changes nothing but the numbers: no padding, nothing between groups. */
static void check_step(struct run *run)
{
    static const struct schedule schedule = { .momentum = 0.9, .weight_decay = 0.01 };
    uint8_t *bytes;
    float *numbers;

    optimizer_step(run->net, &schedule, 0.01);
    numbers = numbers_of(run, &bytes);
    for (size_t i = 0; i < run->count; i++)
        run->numbers[i] = (double)numbers[i];
    free(bytes);
    check_logits(run, false);
}

/* ---- the cases ---- */

struct shape_case {
    const char *name;
    int (*build)(struct network *network, int from);
    int in, channels, height, width; /* of the image, of the lead-in */
    size_t n;
};

static void check_case(const struct shape_case *c, const struct kernels *kernels)
{
    struct run run = { 0 };
    char name[100];
    int i = model_input(&run.network, c->in, c->height, c->width);

    snprintf(name, sizeof name, "%s, %s", c->name, kernels->name);
    i = c->build(&run.network, model_conv(&run.network, i, c->channels, 1, 1, 1));
    model_dense(&run.network, i, CLASSES);
    run_init(&run, name, kernels, c->n);
    check_logits(&run, false);
    check_logits(&run, true);
    check_gradients(&run);
    check_step(&run);
    run_clear(&run);
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
        { "dense, norm, relu", dense_norm_relu, 3, 5, 3, 2, 5 },
        { "dense without bias", dense_without_bias, 3, 18, 3, 3, 2 },
    };
    (void)state;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            check_case(&cases[i], *kernels);
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
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run = { 0 };
        int in = model_input(&run.network, 3, 4, 5);

        model_dense(&run.network, cases[i].build(&run.network, in), CLASSES);
        run_init(&run, cases[i].name, kernels_best(), 3);
        check_logits(&run, true);
        check_gradients(&run);
        check_step(&run);
        run_clear(&run);
    }
}

/* The logits need not come from a dense layer. */
static void test_logits_of_any_kind(void **state)
{
    struct run run = { 0 };
    int i = model_conv(&run.network, model_input(&run.network, 2, 5, 5), CLASSES, 3, 2, 1);

    (void)state;
    model_act(&run.network, model_norm(&run.network, model_global_pool(&run.network, i)),
              ACTIVATION_RELU6);
    run_init(&run, "norm and relu6 at the end", kernels_best(), 4);
    check_logits(&run, false);
    check_logits(&run, true);
    check_gradients(&run);
    check_step(&run);
    run_clear(&run);
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
