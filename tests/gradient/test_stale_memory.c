/* A step must not depend on what the one before has left in memory: the same step over zeros and over
 * NaNs, with every set of kernels, gives the same logits and gradients, bit by bit. Under valgrind
 * (make valgrind) what is left counts as never written, and memcheck says where it was first used. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>

#if defined __has_include && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(start, bytes) ((void)(start), (void)(bytes))
#endif

#include "common/rng.h"
#include "tests/bench/models.h"
#include "tests/gradient/net_numbers.h"
#include "tests/gradient/small_models.h"
#include "worker/engine/dense.h"
#include "worker/engine/share.h"
#include "worker/engine/weights.h"

enum { BATCH = 3, IMAGES = 2, MOST_LOGITS = 10 * IMAGES };

static void spoil(void *start, size_t bytes)
{
    if (!start || !bytes)
        return;
    memset(start, 0xff, bytes);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(start, bytes);
}

/* What is a thread's own. */
static void spoil_share(struct net *share)
{
    spoil(share->scratch, share->scratch_bytes);
    for (size_t i = 0; i < share->n_nodes; i++)
        for (int kind = 0; kind < PARAMETERS; kind++) {
            const struct parameter *p = &share->nodes[i].parameter[kind];

            spoil(p->gradient, p->n * sizeof *p->gradient);
        }
}

/* All that a step writes before it reads. */
static void spoil_net(struct net *net)
{
    for (size_t rank = 0; rank < net->threads; rank++)
        spoil_share(share_of(net, rank));
    for (size_t i = 0; i < net->n_nodes; i++) {
        struct node *node = &net->nodes[i];

        if (node->live && node->kind != NODE_INPUT)
            spoil(node->x.data, tensor_floats(&node->x) * sizeof(float));
        if (node->wants_gradient && node->g.data)
            spoil(node->g.data, tensor_floats(&node->g) * sizeof(float));
    }
}

struct step {
    float evaluated[MOST_LOGITS], trained[MOST_LOGITS];
    float *gradients;
    size_t n;
};

static void run(struct net *net, const float *numbers, bool spoiled, struct step *step)
{
    float gradient[MOST_LOGITS];

    net_set_numbers(net, numbers); /* running statistics too */
    if (spoiled)
        spoil_net(net);
    assert_int_equal(net_forward(net, IMAGES, false), 0);
    dense_read(net, &net->output, step->evaluated);
    if (spoiled)
        spoil_net(net);
    net_seed(net, 1);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    dense_read(net, &net->output, step->trained);
    for (int i = 0; i < MOST_LOGITS; i++)
        gradient[i] = cosf((float)i);
    dense_accumulate(net, &net->output, gradient);
    assert_int_equal(net_backward(net, false), 0);
    step->gradients = net_gradients(net, &step->n);
}

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

static void check_model(const char *name, const struct network *network,
                        const struct kernels *kernels, size_t threads)
{
    struct step clean = { .n = 0 }, spoiled = { .n = 0 };
    struct net *net;
    float *numbers;
    size_t n;

    assert_int_equal(net_new(network, BATCH, threads, kernels, &net, NULL), 0);
    weights_init(net, 1);
    set_images(net);
    numbers = net_numbers(net, &n);
    run(net, numbers, false, &clean);
    run(net, numbers, true, &spoiled);
    for (int i = 0; i < MOST_LOGITS; i++)
        check_true(name, isfinite(clean.trained[i]) && isfinite(clean.evaluated[i]));
    if (memcmp(clean.evaluated, spoiled.evaluated, sizeof clean.evaluated) != 0)
        fail_msg("%s, %s: other logits in evaluation", name, kernels->name);
    if (memcmp(clean.trained, spoiled.trained, sizeof clean.trained) != 0)
        fail_msg("%s, %s: other logits in training", name, kernels->name);
    assert_int_equal(clean.n, spoiled.n);
    for (size_t i = 0; i < n; i++)
        if (memcmp(&clean.gradients[i], &spoiled.gradients[i], sizeof *clean.gradients) != 0)
            fail_msg("%s, %s: gradient %zu of %zu is %g, was %g", name, kernels->name, i, n,
                     (double)spoiled.gradients[i], (double)clean.gradients[i]);
    free(clean.gradients);
    free(spoiled.gradients);
    free(numbers);
    net_free(net);
}

/* All that the others lack: pools of both kinds, groups, biases, odd sides, channels that fill no
 * block, gates, dropout, activations of each shape. */
static void everything(struct network *network)
{
    int i = model_conv_norm_act(network, model_input(network, 3, 11, 9), 19, 3, 1, 1,
                                ACTIVATION_SWISH);
    int gate, pool = model_pool(network, i, POOLING_MAX, 3, 2, 1);

    pool = model_add(network, pool, model_pool(network, i, POOLING_AVERAGE, 3, 2, 1));
    i = model_norm(network, model_conv(network, pool, 21, 5, 2, 1));
    i = model_act(network, model_conv(network, model_act(network, i, ACTIVATION_RELU), 21, 3, 1, 1),
                  ACTIVATION_HSWISH);
    i = model_act(network, model_conv(network, i, 42, 3, 2, 3), ACTIVATION_RELU6);
    i = model_conv_norm_act(network, i, 42, 3, 1, 42, ACTIVATION_HSIGMOID);
    gate = model_act(network, model_conv(network, model_global_pool(network, i), 42, 1, 1, 1),
                     ACTIVATION_SIGMOID);
    i = model_dropout(network, model_scale(network, i, gate), 2000);
    model_conv(network, i, 5, 1, 1, 1); /* leads nowhere */
    i = model_norm(network, model_act(network, i, ACTIVATION_RELU));
    model_dense(network, model_act(network, model_dense(network, i, 33), ACTIVATION_RELU), 10);
}

static void check_steps(const char *name, void (*build)(struct network *network), size_t threads)
{
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        struct network network = { 0 };

        build(&network);
        check_model(name, &network, *kernels, 1);
        check_model(name, &network, kernels_bf16(*kernels, true), 1);
        if (threads > 1)
            check_model(name, &network, *kernels, threads);
        network_clear(&network);
    }
}

static void test_steps(void **state)
{
    (void)state;
    check_steps("everything", everything, 2);
    for (size_t i = 0; i < SMALL_MODELS; i++)
        check_steps(small_models[i].name, small_models[i].build, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_steps) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
