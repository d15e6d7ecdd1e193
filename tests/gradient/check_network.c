#include "tests/gradient/check_network.h"

#include "tests/unit/check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/gradient/net_numbers.h"
#include "tests/gradient/reference.h"
#include "worker/engine/dense.h"
#include "worker/engine/net.h"
#include "worker/engine/optimizer.h"
#include "worker/engine/weights.h"

enum { MOST_CHECKED = 60 /* parameters of a network */ };

struct run {
    const char *name;
    const struct network *network;
    struct net *net;
    size_t n, logits, count; /* images; of them all; numbers */
    bool *is_parameter;
    double *numbers, *images, *weight; /* weight: of each logit in the sum that is derived */
    double **factor;                   /* of each dropout, in the last training pass */
};

static double sum_of_logits(const struct run *run)
{
    double *logits = reference_logits(run->network, run->numbers, run->images, run->n, true,
                                      run->factor);
    double sum = 0;

    for (size_t i = 0; i < run->logits; i++)
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

static void take_numbers(struct run *run)
{
    size_t n;
    float *numbers = net_numbers(run->net, &n);

    assert_int_equal(n, run->count);
    for (size_t i = 0; i < n; i++)
        run->numbers[i] = (double)numbers[i];
    free(numbers);
}

/* Norms get a scale and shift of their own, and biases a value, so that nothing is 0 or 1 by
 * chance. */
static void stir(struct run *run, struct rng *rng)
{
    for (size_t i = 0; i < run->net->n_nodes; i++) {
        struct node *node = &run->net->nodes[i];
        size_t channels = (size_t)node->x.shape.channels;

        for (size_t c = 0; node->has_norm && c < channels; c++) {
            node->parameter[SCALE].value[c] = (float)(1 + 0.3 * rng_normal(rng));
            node->parameter[SHIFT].value[c] = (float)(0.5 + 0.3 * rng_normal(rng));
            node->norm.running_mean[c] = (float)(0.2 * rng_normal(rng));
            node->norm.running_variance[c] = (float)(0.5 + rng_double(rng));
        }
        for (size_t c = 0; node->parameter[BIAS].n && c < channels; c++)
            node->parameter[BIAS].value[c] = (float)(0.3 * rng_normal(rng));
    }
}

static void run_init(struct run *run, struct network *network, const char *name,
                     const struct kernels *kernels, size_t threads, size_t n)
{
    size_t channels = (size_t)network->ops[0].out.channels, pixels;
    struct errmsg err;
    struct rng rng;
    float *images;

    *run = (struct run){ .name = name, .network = network, .n = n };
    rng_init(&rng, 7, 0);
    if (net_new(network, n + 1, threads, kernels, &run->net, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    weights_init(run->net, 3);
    stir(run, &rng);
    run->count = reference_numbers(network, &run->is_parameter);
    run->numbers = random_numbers(&rng, run->count);
    take_numbers(run);
    pixels = n * channels * run->net->nodes[0].x.pixels;
    run->images = random_numbers(&rng, pixels);
    images = malloc(pixels * sizeof *images);
    for (size_t i = 0; i < pixels; i++)
        images[i] = (float)run->images[i];
    net_set_images(run->net, images, n);
    free(images);
    run->logits = n * (size_t)network->ops[network->n_ops - 1].out.channels;
    assert_true(run->logits <= CHECKED_LOGITS);
    run->weight = random_numbers(&rng, run->logits);
    run->factor = calloc(network->n_ops, sizeof *run->factor);
}

static void run_clear(struct run *run)
{
    for (size_t i = 0; i < run->network->n_ops; i++)
        free(run->factor[i]);
    free(run->factor);
    net_free(run->net);
    free(run->is_parameter);
    free(run->numbers);
    free(run->images);
    free(run->weight);
}

/* Reads off the net what each dropout let through: what fell is 0. */
static void read_factors(struct run *run)
{
    for (size_t i = 0; i < run->network->n_ops; i++) {
        const struct op *op = &run->network->ops[i];
        const struct tensor *x = &run->net->nodes[run->net->node_of[i]].x;
        size_t n = run->n * (size_t)x->shape.channels * x->pixels;

        if (op->kind != OP_DROPOUT || !x->data)
            continue;
        free(run->factor[i]);
        run->factor[i] = malloc(n * sizeof **run->factor);
        for (size_t k = 0; k < n; k++)
            run->factor[i][k] = fabsf(x->data[net_place(x, k)]) > 0
                                    ? 1 / (1 - (double)op->drop / DROP_ONE)
                                    : 0;
    }
}

static void check_logits(struct run *run, bool training)
{
    float got[CHECKED_LOGITS];
    double *want;

    assert_int_equal(net_forward(run->net, run->n, training), 0);
    dense_read(run->net, &run->net->output, got);
    if (training)
        read_factors(run);
    want = reference_logits(run->network, run->numbers, run->images, run->n, training, run->factor);
    for (size_t i = 0; i < run->logits; i++)
        if (!(fabs((double)got[i] - want[i]) < 2e-4 * (1 + fabs(want[i]))))
            fail_msg("%s: logit %zu is %g, wanted %g (%s)", run->name, i, (double)got[i], want[i],
                     training ? "training" : "evaluation");
    free(want);
}

/* The net's own derivatives, in the order of the numbers: halves, added up as of two parts of a
 * batch. */
static float *derive(struct run *run)
{
    float weight[CHECKED_LOGITS];
    size_t n;

    for (size_t i = 0; i < run->logits; i++)
        weight[i] = (float)run->weight[i] / 2;
    for (int part = 0; part < 2; part++) {
        dense_accumulate(run->net, &run->net->output, weight);
        assert_int_equal(net_backward(run->net, part > 0), 0);
    }
    return net_gradients(run->net, &n);
}

static double difference(struct run *run, size_t i)
{
    const double step = 1e-7; /* rarely crosses a corner of a relu or a maximum */
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
    float *got = derive(run);
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
    free(got);
}

/* A step of training changes nothing but the numbers: no padding, nothing between groups. */
static void check_step(struct run *run)
{
    static const struct schedule schedule = { .momentum = 0.9, .weight_decay = 0.01 };
    struct optimizer_state *optimizer;

    assert_int_equal(optimizer_new(run->net, &schedule, &optimizer), 0);
    optimizer_step(optimizer, 0.01);
    optimizer_free(optimizer);
    take_numbers(run);
    check_logits(run, false);
}

void check_network(const char *name, struct network *network, const struct kernels *kernels,
                   size_t threads, size_t n)
{
    char what[100];
    struct run run;

    snprintf(what, sizeof what, "%s, %s, threads %zu", name, kernels->name, threads);
    run_init(&run, network, what, kernels, threads, n);
    check_logits(&run, false);
    check_logits(&run, true);
    check_gradients(&run);
    check_step(&run);
    run_clear(&run);
    network_clear(network);
}
