/* First weights, and the bytes that weights are kept in. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/bench/models.h"
#include "worker/engine/weights.h"

static struct net *make_net(int classes)
{
    struct network network = { 0 };
    struct net *net;
    int i = model_conv_norm_act(&network, model_input(&network, 3, 4, 4), 20, 3, 1, 1,
                                ACTIVATION_RELU);

    i = model_norm(&network, model_conv(&network, i, 20, 3, 2, 20));
    model_dense(&network, i, classes);
    assert_int_equal(net_new(&network, 2, 1, kernels_best(), &net, NULL), 0);
    network_clear(&network);
    return net;
}

static void put_float(uint8_t *at, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(bits >> 8 * i);
}

enum { CONV = 20 * 27, DEPTHWISE = 20 * 9, NORM = 4 * 20, DENSE = 80 * 5 + 5 };

static void test_layout(void **state)
{
    struct net *net = make_net(5);
    uint8_t *bytes;
    size_t size;

    (void)state;
    weights_init(net, 1);
    assert_int_equal(weights_save(net, &bytes, &size), 0);
    assert_int_equal(size, 4 * (CONV + NORM + DEPTHWISE + NORM + DENSE));
    /* a norm's scales, 1, stand right behind the first convolution */
    assert_memory_equal(bytes + 4 * CONV, "\0\0\x80\x3f", 4);
    free(bytes);
    net_free(net);
}

static void test_round_trip(void **state)
{
    struct net *a = make_net(5), *b = make_net(5);
    uint8_t *bytes, *again;
    size_t size, size_again;

    (void)state;
    weights_init(a, 1);
    weights_init(b, 2);
    assert_int_equal(weights_save(a, &bytes, &size), 0);
    assert_int_equal(weights_load(b, bytes, size, NULL), 0);
    assert_int_equal(weights_save(b, &again, &size_again), 0);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, again, size);
    free(bytes);
    free(again);
    net_free(a);
    net_free(b);
}

static void test_faults(void **state)
{
    static const size_t mean = 4 * (CONV + 40), variance = 4 * (CONV + 60);
    static const struct {
        const char *name;
        int longer; /* by so many bytes */
        size_t at;  /* where value is written */
        float value;
        const char *want;
    } cases[] = {
        { "cut", -1, 0, 0, "weights: 5139 bytes of numbers; 5140 for this network" },
        { "longer", 4, 0, 0, "weights: 5144 bytes of numbers; 5140 for this network" },
        { "nothing", -5140, 0, 0, "weights: 0 bytes of numbers; 5140 for this network" },
        { "not a number", 0, 400, NAN, "weights: a number that no training can give" },
        { "infinite mean", 0, mean, INFINITY, "weights: a number that no training can give" },
        { "negative variance", 0, variance, -1, "weights: a number that no training can give" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct net *net = make_net(5);
        struct errmsg err = { "" };
        uint8_t *before, *after, *bytes;
        size_t size, unchanged;

        weights_init(net, 1);
        assert_int_equal(weights_save(net, &before, &unchanged), 0);
        assert_int_equal(weights_save(net, &bytes, &size), 0);
        bytes = realloc(bytes, size + 4);
        put_float(bytes + cases[i].at, cases[i].value);
        size += (size_t)cases[i].longer;
        check_int_equal(cases[i].name, weights_load(net, bytes, size, &err), -EINVAL);
        check_string_equal(cases[i].name, err.text, cases[i].want);
        assert_int_equal(weights_save(net, &after, &size), 0);
        assert_memory_equal(before, after, unchanged);
        free(before);
        free(after);
        free(bytes);
        net_free(net);
    }
}

/* Deviation of a node's weights about 0, and the largest of them. */
static void measure(const struct parameter *p, size_t n, double *deviation, double *largest)
{
    double squares = 0;

    *largest = 0;
    for (size_t i = 0; i < p->n; i++) { /* the padding, all 0, adds nothing */
        squares += (double)p->value[i] * (double)p->value[i];
        *largest = fmax(*largest, fabs((double)p->value[i]));
    }
    *deviation = sqrt(squares / (double)n);
}

static void test_first_weights(void **state)
{
    struct net *net = make_net(5);
    double deviation, largest;

    (void)state;
    weights_init(net, 1);
    measure(&net->nodes[1].parameter[WEIGHT], CONV, &deviation, &largest);
    assert_true(fabs(deviation / sqrt(2.0 / (20 * 9)) - 1) < 0.1);
    measure(&net->nodes[2].parameter[WEIGHT], DEPTHWISE, &deviation, &largest);
    assert_true(fabs(deviation / sqrt(2.0 / 9) - 1) < 0.15); /* one output for each channel */
    measure(&net->nodes[3].parameter[WEIGHT], DENSE - 5, &deviation, &largest);
    assert_true(fabs(deviation / sqrt(1.0 / 80 / 3) - 1) < 0.1);
    assert_true(largest <= 1 / sqrt(80.0) && largest > 0.95 / sqrt(80.0));
    assert_true(weights_are_finite(net));
    net->nodes[3].parameter[BIAS].value[4] = NAN;
    assert_false(weights_are_finite(net));
    net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_first_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
