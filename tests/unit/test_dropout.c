/* What dropout lets through: how much, that it is a function of the seed, and that it differs from
 * pass to pass and from op to op. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>

#include "tests/bench/models.h"
#include "worker/engine/net.h"

enum { SIDE = 23, IMAGES = 3, CHANNELS = 32, DROP = 3000 };

/* Two dropouts of a constant image, and a dense layer over their sum. */
static struct net *make_net(const struct kernels *kernels, size_t threads, int *first, int *second)
{
    struct network network = { 0 };
    struct net *net;
    int i = model_input(&network, CHANNELS, SIDE, SIDE);

    *first = model_dropout(&network, i, DROP);
    *second = model_dropout(&network, i, DROP);
    model_dense(&network, model_add(&network, *first, *second), 2);
    assert_int_equal(net_new(&network, IMAGES, threads, kernels, &net, NULL), 0);
    network_clear(&network);
    for (size_t k = 0; k < tensor_floats(&net->nodes[0].x); k++)
        net->nodes[0].x.data[k] = 2;
    return net;
}

/* A copy of what op i let through in the last pass: [block][pixel][lane]. */
static float *result_of(const struct net *net, int i)
{
    const struct tensor *x = &net->nodes[net->node_of[i]].x;
    size_t floats = IMAGES * x->pixels * BLOCK;
    float *copy = malloc(x->blocks * floats * sizeof *copy);

    for (size_t block = 0; block < x->blocks; block++)
        memcpy(copy + block * floats, tensor_at(x, block, 0), floats * sizeof *copy);
    return copy;
}

enum { FLOATS = IMAGES * SIDE * SIDE * 2 * BLOCK };

static size_t differences(const float *a, const float *b)
{
    size_t n = 0;

    for (size_t i = 0; i < FLOATS; i++)
        n += fabsf(a[i] - b[i]) > 0;
    return n;
}

static void test_how_much_falls(void **state)
{
    const double p = (double)DROP / DROP_ONE, deviation = sqrt(FLOATS * p * (1 - p));
    int first, second;
    struct net *net = make_net(kernels_best(), 1, &first, &second);
    size_t fallen = 0;
    float *out;

    (void)state;
    net_seed(net, 5);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    out = result_of(net, first);
    for (size_t i = 0; i < FLOATS; i++) {
        fallen += out[i] < 1;
        check_true("0 or 2 / 0.7", fabsf(out[i]) <= 0 || fabsf(out[i] - 2 / 0.7f) < 1e-6f);
    }
    if (fabs((double)fallen - FLOATS * p) > 4 * deviation)
        fail_msg("%zu of %d fell, wanted %g", fallen, FLOATS, FLOATS * p);
    free(out);
    net_free(net);
}

static void test_evaluation_lets_everything_through(void **state)
{
    int first, second;
    struct net *net = make_net(kernels_best(), 1, &first, &second);
    float *out;

    (void)state;
    assert_int_equal(net_forward(net, IMAGES, false), 0);
    out = result_of(net, first);
    for (size_t i = 0; i < FLOATS; i++)
        assert_true(fabsf(out[i] - 2) <= 0);
    free(out);
    net_free(net);
}

/* Whichever kernels compute the rest. */
static void test_it_is_a_function_of_the_seed(void **state)
{
    float *want = NULL, *want_next = NULL;

    (void)state;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        int first, second;
        struct net *net = make_net(*kernels, 1, &first, &second);
        float *got, *next;

        net_seed(net, 11);
        assert_int_equal(net_forward(net, IMAGES, true), 0);
        got = result_of(net, first);
        assert_int_equal(net_forward(net, IMAGES, false), 0); /* draws nothing */
        assert_int_equal(net_forward(net, IMAGES, true), 0);
        next = result_of(net, first);
        if (want) {
            check_int_equal((*kernels)->name, differences(got, want), 0);
            check_int_equal((*kernels)->name, differences(next, want_next), 0);
            free(got);
            free(next);
        } else {
            want = got;
            want_next = next;
        }
        net_free(net);
    }
    free(want);
    free(want_next);
}

/* Two independent draws differ in 2 p (1 - p) of the places: 42 %. */
static void test_streams_differ(void **state)
{
    int first, second;
    struct net *net = make_net(kernels_best(), 1, &first, &second);
    float *a, *b, *later, *other;

    (void)state;
    net_seed(net, 11);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    a = result_of(net, first);
    b = result_of(net, second);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    later = result_of(net, first);
    net_seed(net, 12);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    other = result_of(net, first);
    assert_in_range(differences(a, b), 0.4 * FLOATS, 0.44 * FLOATS);
    assert_in_range(differences(a, later), 0.4 * FLOATS, 0.44 * FLOATS);
    assert_in_range(differences(a, other), 0.4 * FLOATS, 0.44 * FLOATS);
    free(a);
    free(b);
    free(later);
    free(other);
    net_free(net);
}

/* Each has images of its own here: 3 equal ones. */
static void test_threads_draw_from_streams_of_their_own(void **state)
{
    enum { IMAGE = SIDE * SIDE * BLOCK };
    int first, second;
    struct net *net = make_net(kernels_best(), IMAGES, &first, &second);
    float *out, *again;

    (void)state;
    net_seed(net, 11);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    out = result_of(net, first);
    net_seed(net, 11);
    assert_int_equal(net_forward(net, IMAGES, true), 0);
    again = result_of(net, first);
    assert_int_equal(differences(out, again), 0);
    for (int image = 1; image < IMAGES; image++) {
        size_t n = 0;

        for (size_t i = 0; i < IMAGE; i++)
            n += fabsf(out[i] - out[image * IMAGE + i]) > 0;
        assert_in_range(n, 0.39 * IMAGE, 0.45 * IMAGE);
    }
    free(out);
    free(again);
    net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_much_falls),
        cmocka_unit_test(test_evaluation_lets_everything_through),
        cmocka_unit_test(test_it_is_a_function_of_the_seed),
        cmocka_unit_test(test_streams_differ),
        cmocka_unit_test(test_threads_draw_from_streams_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
