/* Small networks put together at random from every kind of operation: tensors read by several
 * others, branches that meet in sums, branches that lead nowhere. Seed s is always the same network. */
#include "tests/unit/check.h"

#include <stdio.h>

#include "common/rng.h"
#include "tests/bench/models.h"
#include "tests/gradient/check_network.h"

enum { NETWORKS = 100, OPS = 16, CLASSES = 3, IMAGES = 3 };

struct maker {
    struct rng rng;
    struct network network;
};

static int up_to(struct maker *m, int n)
{
    return (int)rng_below(&m->rng, (uint64_t)n);
}

/* The latest tensor or one of some before it, so that networks grow deep as well as wide. */
static int any_tensor(struct maker *m)
{
    int n = (int)m->network.n_ops, from = n > 6 ? n - 6 : 0;

    return up_to(m, 2) ? n - 1 : from + up_to(m, n - from);
}

static const struct shape *shape_of(const struct maker *m, int i)
{
    return &m->network.ops[i].out;
}

static int conv(struct maker *m, int from)
{
    static const int kernels[] = { 1, 1, 3, 3, 5, 7, 2 };
    static const int multipliers[] = { 1, 2, 3 };
    int channels = shape_of(m, from)->channels, kernel = kernels[up_to(m, 7)];
    int groups = up_to(m, 2) ? 1 : channels, out = 1 + up_to(m, 20);

    if (groups > 1)
        out = channels * multipliers[channels > 8 ? 0 : up_to(m, 3)];
    return model_op(&m->network, (struct op){ .kind = OP_CONV,
                                              .input = { from },
                                              .out.channels = out,
                                              .kernel_h = kernel,
                                              .kernel_w = kernel,
                                              .stride = 1 + (up_to(m, 3) == 0),
                                              .pad = kernel / 2,
                                              .groups = groups,
                                              .bias = up_to(m, 2) });
}

/* Of a handful of numbers, and of numbers that are normal already, the derivative is a small
 * difference of large ones: that would measure rounding. */
static int norm(struct maker *m, int from)
{
    const struct shape *s = shape_of(m, from);
    bool normal = m->network.ops[from].kind == OP_NORM;

    return normal || s->height * s->width * IMAGES < 12 ? from : model_norm(&m->network, from);
}

static int pool(struct maker *m, int from)
{
    const struct shape *s = shape_of(m, from);
    int kernel = 2 + up_to(m, 2), pad = up_to(m, 2);

    if (s->height + 2 * pad < kernel || s->width + 2 * pad < kernel)
        return from;
    return model_pool(&m->network, from, (enum pooling)up_to(m, 2), kernel, 1 + up_to(m, 2), pad);
}

/* The sum with the latest other tensor of the same shape. */
static int add(struct maker *m, int from)
{
    const struct shape *s = shape_of(m, from);

    for (int i = (int)m->network.n_ops - 1; i >= 0; i--) {
        const struct shape *t = shape_of(m, i);

        if (i != from && t->channels == s->channels && t->height == s->height &&
            t->width == s->width)
            return model_add(&m->network, from, i);
    }
    return model_add(&m->network, from, from);
}

static void add_something(struct maker *m)
{
    int from = any_tensor(m);

    switch (up_to(m, 9)) {
    case 0:
    case 1:
        conv(m, from);
        break;
    case 2:
        norm(m, conv(m, from));
        break;
    case 3:
        norm(m, from);
        break;
    case 4:
        model_act(&m->network, norm(m, from), (enum activation)up_to(m, ACTIVATION_ZERO + 1));
        break;
    case 5:
        pool(m, from);
        break;
    case 6:
        model_squeeze_excite(&m->network, from, 1 + up_to(m, 5),
                             up_to(m, 2) ? ACTIVATION_SIGMOID : ACTIVATION_HSIGMOID);
        break;
    case 7:
        model_dropout(&m->network, from, 1 + up_to(m, DROP_ONE / 2));
        break;
    default:
        add(m, from);
    }
}

static void test_random_networks(void **state)
{
    (void)state;
    for (int seed = 0; seed < NETWORKS; seed++) {
        const struct kernels *const *kernels = kernels_all();
        struct maker m = { 0 };
        char name[40];
        int n = 0;

        rng_init(&m.rng, (uint64_t)seed, 0);
        model_conv(&m.network,
                   model_input(&m.network, 1 + up_to(&m, 4), 3 + up_to(&m, 7), 3 + up_to(&m, 7)),
                   1 + up_to(&m, 20), 1, 1, 1);
        while (m.network.n_ops < OPS)
            add_something(&m);
        model_dense(&m.network, (int)m.network.n_ops - 1, CLASSES);
        while (kernels[n])
            n++;
        kernels += seed % n;
        snprintf(name, sizeof name, "network %d", seed);
        check_network(name, &m.network, *kernels, 1 + (size_t)up_to(&m, 4), IMAGES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
