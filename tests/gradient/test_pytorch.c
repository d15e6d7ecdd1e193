/* Whole networks against what PyTorch computed for them in double precision: make_reference.py, which
 * also says where images and parameters come from and what the lines of reference/NAME.txt are. */
#include "tests/unit/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/models.h"
#include "tests/gradient/net_numbers.h"
#include "worker/engine/dense.h"
#include "worker/engine/loss.h"

/* ---- the stream of numbers ---- */

static double draw(uint64_t *state)
{
    *state = UINT64_C(6364136223846793005) * *state + UINT64_C(1442695040888963407);
    return (double)(*state >> 40) / (1 << 24);
}

static float *draw_images(uint64_t *state, size_t n)
{
    float *images = malloc(n * sizeof *images);

    for (size_t i = 0; i < n; i++)
        images[i] = (float)(4 * draw(state) - 2);
    return images;
}

static float *draw_weights(uint64_t *state, size_t n, double bound, float *at)
{
    for (size_t i = 0; i < n; i++)
        *at++ = (float)((2 * draw(state) - 1) * bound);
    return at;
}

static float *draw_between(uint64_t *state, size_t n, double low, double width, float *at)
{
    for (size_t i = 0; i < n; i++)
        *at++ = (float)(low + width * draw(state));
    return at;
}

/* The tensors that the parameters of op i are kept in, running statistics last; their number. */
static int sizes_of(const struct network *network, size_t i, size_t size[4])
{
    const struct op *op = &network->ops[i];
    const struct shape *in = &network->ops[op->input[0]].out;
    size_t out = (size_t)op->out.channels;

    size[0] = size[1] = size[2] = size[3] = out;
    if (op->kind == OP_NORM)
        return 4;
    if (op->kind == OP_CONV)
        size[0] = out * (size_t)(in->channels / op->groups * op->kernel_h * op->kernel_w);
    else
        size[0] = out * (size_t)(in->channels * in->height * in->width);
    return op->kind != OP_CONV && op->kind != OP_DENSE ? 0 : op->bias ? 2 : 1;
}

static float *draw_op(uint64_t *state, const struct network *network, size_t i, float *at)
{
    const struct op *op = &network->ops[i];
    size_t size[4];
    int n = sizes_of(network, i, size);

    if (n == 4) {
        at = draw_between(state, size[0], 0.5, 1, at);
        at = draw_between(state, size[1], -0.5, 1, at);
        at = draw_between(state, size[2], -0.2, 0.4, at);
        return draw_between(state, size[3], 2, 2, at);
    }
    if (n > 0)
        at = draw_weights(state, size[0],
                          sqrt((op->kind == OP_CONV ? 6 : 3) / (double)(size[0] / size[1])), at);
    return n > 1 ? draw_between(state, size[1], -0.2, 0.4, at) : at;
}

/* ---- what was recorded ---- */

struct recorded {
    const char *name;
    FILE *file;
    double tolerance;        /* of gradients */
    size_t n, classes, step; /* every step-th logit of an image is recorded */
    uint64_t start;          /* of the stream */
};

static struct recorded recorded_open(const char *name, double tolerance)
{
    struct recorded r = { .name = name, .tolerance = tolerance };
    char path[200], found[40];

    snprintf(path, sizeof path, "tests/gradient/reference/%s.txt", name);
    r.file = fopen(path, "r");
    if (!r.file)
        fail_msg("%s: not there", path);
    check_int_equal(
        name, fscanf(r.file, "network %39s %zu %zu %" SCNu64, found, &r.n, &r.classes, &r.start),
        4);
    r.step = (r.classes + 15) / 16;
    return r;
}

static double recorded_number(struct recorded *r)
{
    double number;

    if (fscanf(r->file, "%lf", &number) != 1)
        fail_msg("%s: the recording ends early", r->name);
    return number;
}

static void recorded_word(struct recorded *r, const char *want)
{
    char word[20];

    check_int_equal(r->name, fscanf(r->file, "%19s", word), 1);
    check_string_equal(r->name, word, want);
}

/* ---- comparing ---- */

/* The engine works in single precision, and what rounding does grows on its way through the norms:
 * measured 1e-5 of the largest logit. Of a gradient's norm it is 1e-5 too in the size network, 5e-4 in
 * MobileNetV3, and 1e-3 in MobileNetV2, where of a million numbers some round to the other side of a
 * corner of relu6; hence a tolerance for each network. */
static const double logit_tolerance = 1e-4;

static void check_close(const char *name, const char *what, size_t i, double got, double want,
                        double scale, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * scale))
        fail_msg("%s, %s %zu: %.7g, PyTorch %.7g", name, what, i, got, want);
}

static double *recorded_logits(struct recorded *r, const char *word, size_t *n_out)
{
    size_t n = r->n * ((r->classes + r->step - 1) / r->step);
    double *logits = malloc(n * sizeof *logits);

    recorded_word(r, word);
    for (size_t i = 0; i < n; i++)
        logits[i] = recorded_number(r);
    *n_out = n;
    return logits;
}

/* Compares the logits that the net holds, all by the measure of the largest. */
static void check_logits(struct recorded *r, struct net *net, const char *word)
{
    float *got = malloc(r->n * r->classes * sizeof *got);
    size_t n, per_image = (r->classes + r->step - 1) / r->step;
    double *want = recorded_logits(r, word, &n), largest = 0;

    dense_read(net, &net->output, got);
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        check_close(r->name, word, i,
                    (double)got[i / per_image * r->classes + i % per_image * r->step], want[i],
                    largest, logit_tolerance);
    free(want);
    free(got);
}

static void check_loss(struct recorded *r, double got)
{
    recorded_word(r, "loss");
    check_close(r->name, "loss", 0, got, recorded_number(r), 1, logit_tolerance);
}

/* One parameter's gradient; numbers by the measure of their root mean square. That of a shift whose
 * readers all have a norm is 0 but for rounding. */
static void check_gradient(struct recorded *r, size_t i, const float *g, size_t size)
{
    const double rounding = 2e-3;
    double norm = 0, sum = 0, want, scale, root = sqrt((double)size);

    for (size_t k = 0; k < size; k++) {
        norm += (double)g[k] * (double)g[k];
        sum += (double)g[k];
    }
    norm = sqrt(norm);
    recorded_word(r, "gradient");
    check_close(r->name, "size of gradient", i, (double)size, recorded_number(r), 1, 0);
    want = recorded_number(r);
    scale = want + rounding;
    check_close(r->name, "norm of gradient", i, norm, want, scale, r->tolerance);
    check_close(r->name, "sum of gradient", i, sum, recorded_number(r), root * scale, r->tolerance);
    for (size_t third = 0; third < 3; third++) {
        double number = recorded_number(r);

        check_close(r->name, "number of gradient", i, (double)g[third * size / 3], number,
                    fmax(fabs(number), scale / root), 5 * r->tolerance);
    }
}

static void check_gradients(struct recorded *r, struct net *net)
{
    size_t n, tensor = 0;
    float *gradients = net_gradients(net, &n), *g = gradients;

    for (size_t i = 0; i < net->network.n_ops; i++) {
        size_t size[4];
        int tensors = sizes_of(&net->network, i, size);

        for (int k = 0; k < tensors; g += size[k++])
            if (k < 2) /* the others are statistics */
                check_gradient(r, tensor++, g, size[k]);
    }
    assert_int_equal(g - gradients, n);
    free(gradients);
}

/* ---- the networks ---- */

static struct net *make_net(const struct recorded *r, const struct network *network,
                            const struct kernels *kernels, size_t threads)
{
    size_t side = (size_t)network->ops[0].out.height, n;
    uint64_t state = r->start;
    float *images = draw_images(&state, r->n * 3 * side * side), *numbers, *at;
    struct net *net;

    assert_int_equal(net_new(network, r->n, threads, kernels, &net, NULL), 0);
    net_set_images(net, images, r->n);
    numbers = at = net_numbers(net, &n);
    for (size_t i = 0; i < network->n_ops; i++)
        at = draw_op(&state, network, i, at);
    assert_int_equal(at - numbers, n);
    net_set_numbers(net, numbers);
    free(images);
    free(numbers);
    return net;
}

/* One training pass, forward and backward; gives the mean loss. */
static double train(const struct recorded *r, struct net *net)
{
    float *logits = malloc(r->n * r->classes * sizeof *logits);
    uint16_t *labels = malloc(r->n * sizeof *labels);
    struct loss loss;

    for (size_t i = 0; i < r->n; i++)
        labels[i] = (uint16_t)(7 * i % r->classes);
    assert_int_equal(net_forward(net, r->n, true), 0);
    dense_read(net, &net->output, logits);
    loss = loss_of(logits, labels, r->n, r->classes, 0, r->n, logits);
    dense_accumulate(net, &net->output, logits);
    assert_int_equal(net_backward(net, false), 0);
    free(logits);
    free(labels);
    return loss.sum / (double)r->n;
}

static void check_on(const char *name, double tolerance, const struct network *network,
                     const struct kernels *kernels, size_t threads)
{
    struct recorded r = recorded_open(name, tolerance);
    struct net *net = make_net(&r, network, kernels, threads);
    double loss;

    assert_int_equal(net_forward(net, r.n, false), 0);
    check_logits(&r, net, "eval");
    loss = train(&r, net);
    check_loss(&r, loss);
    check_logits(&r, net, "train");
    assert_int_equal(net_forward(net, r.n, false), 0);
    check_logits(&r, net, "after");
    check_gradients(&r, net);
    fclose(r.file);
    net_free(net);
}

static void check_network(const char *name, double tolerance, struct network *network,
                          const struct kernels *kernels)
{
    for (size_t threads = 1; threads <= 3; threads++)
        check_on(name, tolerance, network, kernels, threads);
    network_clear(network);
}

static void test_mobilenet_v2_and_nats_size(void **state)
{
    (void)state;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        struct network network = { 0 };

        model_mobilenet_v2(&network, 32, 10);
        check_network("mobilenet_v2", 1e-2, &network, *kernels);
        model_nats_size(&network, (int[]){ 8, 8, 40, 32, 40 }, 10);
        check_network("nats_size", 1e-4, &network, *kernels);
    }
}

static void test_mobilenet_v3(void **state)
{
    (void)state;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        struct network network = { 0 };

        model_mobilenet_v3_small(&network, 224, 1000);
        check_network("mobilenet_v3_small", 2e-3, &network, *kernels);
        model_mobilenet_v3_large(&network, 32, 10);
        check_network("mobilenet_v3_large", 5e-3, &network, *kernels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mobilenet_v2_and_nats_size),
        cmocka_unit_test(test_mobilenet_v3),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
