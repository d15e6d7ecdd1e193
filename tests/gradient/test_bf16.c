/* Steps of whole networks whose convolutions take operands rounded to bfloat16, by AMX and by the kernels
 * without it: as near to what floats come to as a network in floats whose weights were rounded, whose
 * relus turn and whose norms amplify as much; and near to each other. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/bench/models.h"
#include "tests/gradient/net_numbers.h"
#include "tests/gradient/small_models.h"
#include "worker/engine/conv.h"
#include "worker/engine/dense.h"
#include "worker/engine/weights.h"

enum { IMAGES = 5, LOGITS = 10 * IMAGES };

struct step {
    float logits[LOGITS];
    float *gradients;
    size_t n;
};

static void set_images(struct net *net)
{
    size_t n = IMAGES * (size_t)net->nodes[0].x.shape.channels * net->nodes[0].x.pixels;
    float *images = malloc(n * sizeof *images);
    struct rng rng;

    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < n; i++)
        images[i] = (float)rng_normal(&rng);
    net_set_images(net, images, IMAGES);
    free(images);
}

static void round_weights(struct net *net)
{
    for (size_t i = 0; i < net->n_nodes; i++) {
        struct parameter *p = &net->nodes[i].parameter[WEIGHT];

        if (p->n && net->nodes[i].kind != NODE_DENSE)
            kernels_plain->round(p->value, p->value, p->n / BLOCK * BLOCK);
    }
}

static struct step step_of(const struct network *network, const struct kernels *kernels,
                           bool rounded)
{
    float gradient[LOGITS];
    struct step step;
    struct net *net;

    assert_int_equal(net_new(network, IMAGES, 1, kernels, &net, NULL), 0);
    weights_init(net, 1);
    if (rounded)
        round_weights(net);
    set_images(net);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    dense_read(net, &net->output, step.logits);
    for (int i = 0; i < LOGITS; i++)
        gradient[i] = cosf((float)i);
    dense_accumulate(net, &net->output, gradient);
    assert_int_equal(net_backward(net, false), 0);
    step.gradients = net_gradients(net, &step.n);
    net_free(net);
    return step;
}

/* The length of the difference over that of want. */
static double distance(const float *got, const float *want, size_t n)
{
    double difference = 0, length = 0;

    for (size_t i = 0; i < n; i++) {
        difference += pow((double)got[i] - (double)want[i], 2);
        length += pow((double)want[i], 2);
    }
    return sqrt(difference / length);
}

struct distances {
    double logits, gradients;
};

static struct distances distances_of(const char *what, const struct step *got,
                                     const struct step *want)
{
    struct distances d = { distance(got->logits, want->logits, LOGITS),
                           distance(got->gradients, want->gradients, want->n) };

    print_message("# %s: logits off by %.2g, gradients by %.2g\n", what, d.logits, d.gradients);
    return d;
}

/* Odd sides and channels that fill no panel; taps with strides, phases that have none; groups, biases. */
static void odd(struct network *network)
{
    int i = model_conv_norm_act(network, model_input(network, 3, 13, 11), 19, 3, 1, 1,
                                ACTIVATION_RELU);

    i = model_norm(network, model_conv(network, i, 21, 5, 2, 1));
    i = model_conv_norm_act(network, i, 50, 3, 1, 1, ACTIVATION_HSWISH);
    i = model_conv_norm_act(network, i, 36, 1, 3, 1, ACTIVATION_RELU);
    i = model_act(network, model_conv(network, i, 42, 3, 1, 3), ACTIVATION_RELU6);
    model_dense(network, model_global_pool(network, i), 10);
}

static void check_model(const char *name, const struct network *network)
{
    const struct kernels *plain = kernels_bf16(kernels_plain, false);
    const struct kernels *best = kernels_bf16(kernels_best(), true);
    struct step floats = step_of(network, kernels_best(), false);
    struct step weights = step_of(network, kernels_best(), true);
    struct step by_plain = step_of(network, plain, false), by_best = step_of(network, best, false);
    struct distances want, got[2], apart;

    print_message("# %s\n", name);
    want = distances_of("float, weights rounded", &weights, &floats);
    got[0] = distances_of(plain->name, &by_plain, &floats);
    got[1] = distances_of(best->name, &by_best, &floats);
    apart = distances_of("one from the other", &by_best, &by_plain);
    for (int i = 0; i < 2; i++) {
        check_true(name, got[i].logits > 1e-4 && got[i].logits < 4 * want.logits);
        check_true(name, got[i].gradients > 1e-4 && got[i].gradients < 4 * want.gradients);
    }
    check_true(name, apart.logits < got[0].logits && apart.gradients < got[0].gradients);
    free(floats.gradients);
    free(weights.gradients);
    free(by_plain.gradients);
    free(by_best.gradients);
}

static void check_steps(const char *name, void (*build)(struct network *network))
{
    struct network network = { 0 };

    build(&network);
    check_model(name, &network);
    network_clear(&network);
}

static void test_steps(void **state)
{
    (void)state;
    check_steps("odd", odd);
    for (size_t i = 0; i < SMALL_MODELS; i++)
        check_steps(small_models[i].name, small_models[i].build);
}

static size_t bytes_of(const struct network *network, const struct kernels *kernels)
{
    struct net *net;
    size_t bytes;

    assert_int_equal(net_plan(network, IMAGES, 1, kernels, &net, NULL), 0);
    bytes = net->arena.used;
    net_free(net);
    return bytes;
}

static void check_memory(const char *name, void (*build)(struct network *network))
{
    struct network network = { 0 };

    build(&network);
    check_int_equal(name, bytes_of(&network, kernels_bf16(kernels_best(), true)),
                    bytes_of(&network, kernels_bf16(kernels_plain, false)));
    network_clear(&network);
}

/* A plan's memory, and so the parts that batches go in, is the same on every machine. */
static void test_memory_does_not_depend_on_amx(void **state)
{
    (void)state;
    check_memory("odd", odd);
    for (size_t i = 0; i < SMALL_MODELS; i++)
        check_memory(small_models[i].name, small_models[i].build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_does_not_depend_on_amx),
        cmocka_unit_test(test_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
