/* The statistics that batch norm takes and keeps. */
#include "tests/unit/check.h"

#include <math.h>

#include "tests/bench/models.h"
#include "worker/engine/net.h"

/* One channel, normed by a node of its own: x is the input. */
static struct net *make_net(struct network *network, size_t batch, int side)
{
    struct net *net;
    int i = model_norm(network, model_input(network, 1, side, side));

    model_dense(network, i, 2);
    assert_int_equal(net_new(network, batch, 1, kernels_best(), &net, NULL), 0);
    return net;
}

static void check_near(const char *name, double got, double want)
{
    if (!(fabs(got - want) <= 1e-5 * (1 + fabs(want))))
        fail_msg("%s: %.9g, wanted %.9g", name, got, want);
}

static void feed(struct net *net, const float *pixels, size_t images, bool training)
{
    struct tensor *x = &net->nodes[0].x;

    for (size_t i = 0; i < images * x->pixels; i++)
        *tensor_at(x, 0, i) = pixels[i];
    assert_int_equal(net_forward(net, images, training), 0);
}

/* 1, 2, 3, 6: mean 3, variance 3.5, of which the unbiased one is 14/3. */
static const float four[] = { 1, 2, 3, 6 };

static void test_running_statistics(void **state)
{
    struct network network = { 0 };
    struct net *net = make_net(&network, 4, 1);
    const struct norm *norm = &net->nodes[1].norm;

    (void)state;
    check_near("mean at first", (double)norm->running_mean[0], 0);
    check_near("variance at first", (double)norm->running_variance[0], 1);
    feed(net, four, 4, true);
    check_near("mean", (double)norm->running_mean[0], 0.3);
    check_near("variance", (double)norm->running_variance[0], 0.9 + 0.1 * 14 / 3);
    feed(net, four, 4, true);
    check_near("mean again", (double)norm->running_mean[0], 0.57);
    check_near("variance again", (double)norm->running_variance[0],
               0.9 * (0.9 + 0.1 * 14 / 3) + 0.1 * 14 / 3);
    feed(net, four, 4, false);
    check_near("evaluation leaves it alone", (double)norm->running_mean[0], 0.57);
    check_near("evaluation uses it", (double)net->nodes[1].shift[0],
               -0.57 / sqrt((double)norm->running_variance[0] + 1e-5));
    net_free(net);
    network_clear(&network);
}

static void test_statistics_span_images_and_pixels(void **state)
{
    struct network network = { 0 };
    struct net *net = make_net(&network, 2, 2);
    const float eight[] = { 1, 2, 3, 6, 1, 2, 3, 6 };

    (void)state;
    feed(net, eight, 2, true);
    check_near("scale", (double)net->nodes[1].scale[0], 1 / sqrt(3.5 + 1e-5));
    check_near("shift", (double)net->nodes[1].shift[0], -3 / sqrt(3.5 + 1e-5));
    check_near("unbiased over all", (double)net->nodes[1].norm.running_variance[0], 0.9 + 0.1 * 4);
    net_free(net);
    network_clear(&network);
}

/* Pixels far from zero: the variance must not drown in the mean once the latter is known. */
static void test_a_large_mean_does_not_hide_the_variance(void **state)
{
    struct network network = { 0 };
    struct net *net = make_net(&network, 4, 1);
    float far[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        far[i] = four[i] + 30000;
    for (int step = 0; step < 100; step++)
        feed(net, far, 4, true);
    check_near("scale", (double)net->nodes[1].scale[0], 1 / sqrt(3.5 + 1e-5));
    net_free(net);
    network_clear(&network);
}

static void test_a_single_value(void **state)
{
    struct network network = { 0 };
    struct net *net = make_net(&network, 1, 1);

    (void)state;
    feed(net, four, 1, true);
    check_near("variance of one value", (double)net->nodes[1].norm.running_variance[0], 0.9);
    assert_true(isfinite(net->nodes[1].scale[0]));
    net_free(net);
    network_clear(&network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_running_statistics),
        cmocka_unit_test(test_statistics_span_images_and_pixels),
        cmocka_unit_test(test_a_large_mean_does_not_hide_the_variance),
        cmocka_unit_test(test_a_single_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
