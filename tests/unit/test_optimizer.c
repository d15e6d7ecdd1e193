#include "tests/unit/check.h"

#include <math.h>

#include "tests/bench/models.h"
#include "worker/engine/optimizer.h"

static void check_near(const char *name, double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * (1 + fabs(want))))
        fail_msg("%s: %.9g, wanted %.9g", name, got, want);
}

static void test_learning_rate(void **state)
{
    enum { STEPS = 10, PER_EPOCH = 5 };
    static const struct {
        const char *name;
        enum decay decay;
        double warmup;
        uint64_t step;
        double want;
    } cases[] = {
        { "steps, before the first milestone", DECAY_STEP, 0, 4, 0.8 },
        { "steps, at the first", DECAY_STEP, 0, 5, 0.4 },
        { "steps, before the second", DECAY_STEP, 0, 6, 0.4 },
        { "steps, at the second, which no float hits", DECAY_STEP, 0, 7, 0.2 },
        { "steps, last", DECAY_STEP, 0, 9, 0.2 },
        { "steps, warm-up counts as training", DECAY_STEP, 1, 5, 0.4 },
        { "steps, warm-up", DECAY_STEP, 1, 4, 0.8 * 5 / 6 },
        { "exponential, first epoch", DECAY_EXPONENTIAL, 0, 4, 0.8 },
        { "exponential, second epoch", DECAY_EXPONENTIAL, 0, 5, 0.4 },
        { "exponential, last", DECAY_EXPONENTIAL, 0, 9, 0.4 },
        { "exponential, from the warm-up on", DECAY_EXPONENTIAL, 0.4, 6, 0.8 },
        { "exponential, an epoch after the warm-up", DECAY_EXPONENTIAL, 0.4, 7, 0.4 },

        { "constant, first", DECAY_NONE, 0, 0, 0.8 },
        { "constant, last", DECAY_NONE, 0, 9, 0.8 },
        { "cosine, first", DECAY_COSINE, 0, 0, 0.8 },
        { "cosine, half way", DECAY_COSINE, 0, 5, 0.4 },
        { "cosine, last", DECAY_COSINE, 0, 9, 0.019577393 },
        { "warm-up over 5 steps, first", DECAY_COSINE, 1, 0, 0.8 / 6 },
        { "warm-up, last", DECAY_COSINE, 1, 4, 0.8 * 5 / 6 },
        { "warm-up is over", DECAY_COSINE, 1, 5, 0.8 },
        { "cosine after the warm-up", DECAY_COSINE, 1, 9, 0.076393202 },
        { "warm-up of half an epoch", DECAY_NONE, 0.5, 2, 0.8 * 3 / 3.5 },
        { "constant after the warm-up", DECAY_NONE, 0.5, 3, 0.8 },
        { "nothing but warm-up", DECAY_COSINE, 2, 9, 0.8 * 10 / 11 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule schedule = { .lr = 0.8,
                                     .decay = cases[i].decay,
                                     .gamma = 0.5,
                                     .n_milestones = 2,
                                     .milestones = { 0.5, 0.7 },
                                     .warmup = cases[i].warmup };

        check_near(cases[i].name, learning_rate(&schedule, cases[i].step, STEPS, PER_EPOCH),
                   cases[i].want);
    }
}

/* A net that has every kind of parameter, all of them 1. */
static struct net *make_net(const struct kernels *kernels)
{
    struct network network = { 0 };
    struct net *net;
    int conv = model_conv(&network, model_input(&network, 1, 1, 1), 3, 1, 1, 1);

    model_dense(&network, model_norm(&network, conv), 2);
    assert_int_equal(net_new(&network, 1, 1, kernels, &net, NULL), 0);
    network_clear(&network);
    for (size_t n = 0; n < net->n_nodes; n++)
        for (int kind = 0; kind < PARAMETERS; kind++)
            if (net->nodes[n].parameter[kind].n)
                net->nodes[n].parameter[kind].value[0] = 1;
    return net;
}

static void set_gradients(struct net *net, float gradient)
{
    for (size_t n = 0; n < net->n_nodes; n++)
        for (int kind = 0; kind < PARAMETERS; kind++)
            if (net->nodes[n].parameter[kind].n)
                net->nodes[n].parameter[kind].gradient[0] = gradient;
}

static void check_values(const char *name, const struct net *net, double weight, double other)
{
    for (size_t n = 0; n < net->n_nodes; n++)
        for (int kind = 0; kind < PARAMETERS; kind++)
            if (net->nodes[n].parameter[kind].n)
                check_near(name, (double)net->nodes[n].parameter[kind].value[0],
                           kind == WEIGHT ? weight : other);
}

static void take_two_steps(struct net *net, const struct schedule *schedule)
{
    struct optimizer_state *optimizer;

    assert_int_equal(optimizer_new(net, schedule, &optimizer), 0);
    for (int step = 0; step < 2; step++) {
        set_gradients(net, step ? -0.25f : 0.5f);
        optimizer_step(optimizer, 0.1);
    }
    optimizer_finish(optimizer);
    optimizer_free(optimizer);
}

/* Two steps with the gradients 0.5 and -0.25 from a weight of 1, worked out by hand from
 * v = momentum v + g + decay w; w = w - lr (g + decay w + momentum v, or v). */
static void test_sgd(void **state)
{
    static const struct {
        const char *name;
        struct schedule schedule;
        double weight, other; /* after two steps; other: without decay */
    } cases[] = {
        { "plain", { .momentum = 0 }, 0.975, 0.975 },
        { "momentum", { .momentum = 0.9 }, 0.93, 0.93 },
        { "Nesterov", { .momentum = 0.9, .nesterov = true }, 0.912, 0.912 },
        /* g = 0.6, then -0.25 + 0.1 * 0.94 = -0.156 */
        { "decay", { .momentum = 0, .weight_decay = 0.1 }, 0.9556, 0.975 },
        /* v = 0.6, w = 0.94; v = 0.54 - 0.156 = 0.384 */
        { "momentum and decay", { .momentum = 0.9, .weight_decay = 0.1 }, 0.9016, 0.93 },
        /* w = 1 - 0.1 (0.6 + 0.54) = 0.886; g = -0.1614, v = 0.3786; w -= 0.1 (g + 0.9 v) */
        { "Nesterov and decay",
          { .momentum = 0.9, .nesterov = true, .weight_decay = 0.1 },
          0.868066,
          0.912 },
    };
    (void)state;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct net *net = make_net(*kernels);

            take_two_steps(net, &cases[i].schedule);
            check_values(cases[i].name, net, cases[i].weight, cases[i].other);
            net_free(net);
        }
}

/* The same gradients; numbers of torch.optim.RMSprop(lr=0.1, alpha=0.9, eps=0.001). */
static void test_rmsprop(void **state)
{
    static const struct {
        const char *name;
        struct schedule schedule;
        double weight, other;
    } cases[] = {
        { "plain", { .momentum = 0 }, 0.832337154, 0.832337154 },
        { "momentum", { .momentum = 0.9 }, 0.549520852, 0.549520852 },
        { "decay", { .weight_decay = 0.1 }, 0.780971541, 0.832337154 },
        { "momentum and decay",
          { .momentum = 0.9, .weight_decay = 0.1 },
          0.497858688,
          0.549520852 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule schedule = cases[i].schedule;
        struct net *net = make_net(kernels_best());

        schedule.optimizer = OPTIMIZER_RMSPROP;
        schedule.alpha = 0.9;
        schedule.epsilon = 0.001;
        take_two_steps(net, &schedule);
        check_values(cases[i].name, net, cases[i].weight, cases[i].other);
        net_free(net);
    }
}

/* Plain steps take the weights from 1 to 0.95 and 0.975, the running mean is 3 and 5 by then. */
static void test_average(void **state)
{
    static const struct {
        const char *name;
        double ema, weight, mean;
    } cases[] = {
        { "none", 0, 0.975, 5 },
        /* d = 1 / 10, then 2 / 11 */
        { "in its first steps", 0.999, 0.955 * 2 / 11 + 0.975 * 9 / 11,
          2.7 * 2 / 11 + 5 * 9. / 11 },
        { "as asked for", 0.05, 0.05 * (0.05 + 0.95 * 0.95) + 0.95 * 0.975,
          0.05 * 0.95 * 3 + 0.95 * 5 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule schedule = { .ema = cases[i].ema };
        struct net *net = make_net(kernels_best());
        struct optimizer_state *optimizer;
        struct norm *norm = &net->nodes[1].norm;

        norm->running_mean[0] = 0;
        assert_int_equal(optimizer_new(net, &schedule, &optimizer), 0);
        for (int step = 0; step < 2; step++) {
            set_gradients(net, step ? -0.25f : 0.5f);
            norm->running_mean[0] = step ? 5 : 3;
            optimizer_step(optimizer, 0.1);
            check_near("the training goes on from the values",
                       (double)net->nodes[1].parameter[WEIGHT].value[0], step ? 0.975 : 0.95);
        }
        optimizer_finish(optimizer);
        check_values(cases[i].name, net, cases[i].weight, cases[i].weight);
        check_near(cases[i].name, (double)norm->running_mean[0], cases[i].mean);
        optimizer_free(optimizer);
        net_free(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learning_rate),
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_rmsprop),
        cmocka_unit_test(test_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
