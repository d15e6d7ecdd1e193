/* How good the search is, on a benchmark that nobody here made: NATS-Bench's size space, networks
 * of at most half the largest cost, the reward its test accuracy. */
#include "common/space.h"
#include "common/table.h"
#include "tests/unit/search_run.h"

#include <unistd.h>

enum { LAYERS = 5, WIDTHS = 8, NETWORKS = 32768 };

static const char space_text[] = "names:\n"
                                 "  - {name: c1, options: [8, 16, 24, 32, 40, 48, 56, 64]}\n"
                                 "  - {name: c2, options: [8, 16, 24, 32, 40, 48, 56, 64]}\n"
                                 "  - {name: c3, options: [8, 16, 24, 32, 40, 48, 56, 64]}\n"
                                 "  - {name: c4, options: [8, 16, 24, 32, 40, 48, 56, 64]}\n"
                                 "  - {name: c5, options: [8, 16, 24, 32, 40, 48, 56, 64]}\n";

static struct search_run run;

struct benchmark {
    struct space *space;
    struct cost_model *model;
    struct reward *rewards; /* NETWORKS of them */
};

static size_t index_of(const struct arch *arch)
{
    size_t index = 0;

    for (uint32_t l = 0; l < LAYERS; l++)
        index = index * WIDTHS + arch->option[l];
    return index;
}

static struct verdict look_up(void *arg, const struct arch *candidate)
{
    const struct reward *rewards = arg;

    return (struct verdict){ true, rewards[index_of(candidate)] };
}

static struct benchmark load(const char *flops, const char *accuracy)
{
    const char *const columns[] = { flops, accuracy };
    struct benchmark b = { .rewards = calloc(NETWORKS, sizeof *b.rewards) };
    int64_t *costs = calloc(NETWORKS, sizeof *costs);
    struct table *table;
    struct errmsg err = { "" };

    assert_non_null(b.rewards);
    assert_non_null(costs);
    if (table_load(check_data_path("nats-bench-sss/nats_sss.csv.gz"), "index", columns, 2, &table,
                   &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < NETWORKS; i++) { /* rows are in order of index */
        costs[i] = (int64_t)table_value(table, i, 0);
        b.rewards[i] = (struct reward){ (uint32_t)(table_value(table, i, 1) * 1e4 + 0.5), 1000000 };
    }
    table_free(table);
    assert_int_equal(space_parse(space_text, strlen(space_text), "sss", &b.space, &err), 0);
    assert_int_equal(cost_model_from_table(b.space, costs, NETWORKS, &b.model), 0);
    free(costs);
    return b;
}

static void unload(struct benchmark *b)
{
    cost_model_free(b->model);
    space_free(b->space);
    free(b->rewards);
}

/* Points between the best network inside the target and the best that the search found. */
static double regret(const struct benchmark *b, uint32_t trials)
{
    static const struct arch any = { LAYERS, { 0 } };
    struct cost_range all = cost_completions(b->model, &any, 0);
    struct search_settings settings = { .strategy = "layernas",
                                        .trials = trials,
                                        .target = { 0, all.highest / 2 },
                                        .layernas = {
                                            .buckets = 4,
                                            .bucket_growth = 1.5,
                                            .keep = 1,
                                            .default_arch = cost_dearest(b->model, &any, 0) } };
    struct reward best = { 0, 1 };
    struct rng rng;
    double points;

    rng_init(&rng, 1, 0);
    run = (struct search_run){ .settings = &settings,
                               .model = b->model,
                               .judge = look_up,
                               .judge_arg = b->rewards,
                               .workers = 4 };
    run_until(&run, &rng, UINT32_MAX);
    assert_int_equal(run.n_proposals, trials);
    for (size_t i = 0; i < NETWORKS; i++) {
        struct arch arch = any;

        for (uint32_t l = LAYERS, rest = (uint32_t)i; l-- > 0; rest /= WIDTHS)
            arch.option[l] = (uint16_t)(rest % WIDTHS);
        if (cost_of(b->model, &arch) <= settings.target.highest &&
            reward_compare(b->rewards[i], best) > 0)
            best = b->rewards[i];
    }
    points = reward_percent(best) - reward_percent(run.verdicts[run_best(&run) - 1].reward);
    run_clear(&run);
    return points;
}

/* Measured: 0.00 and 0.00, 0.24 and 0.10, 0.00 and 0.00. */
static void test_little_regret_on_the_size_space(void **state)
{
    static const struct {
        const char *name, *flops, *accuracy;
        double at_100, at_400;
    } cases[] = {
        { "CIFAR-10", "c10_flops", "c10_test90", 0.1, 0.1 },
        { "CIFAR-100", "c100_flops", "c100_test90", 0.4, 0.2 },
        { "ImageNet16-120", "im16_flops", "im16_test90", 0.3, 0.2 },
    };

    (void)state;
    if (access(check_data_path("nats-bench-sss/nats_sss.csv.gz"), R_OK) != 0)
        check_skip("no %s", check_data_path("nats-bench-sss"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct benchmark b = load(cases[i].flops, cases[i].accuracy);
        double at_100 = regret(&b, 100), at_400 = regret(&b, 400);

        unload(&b);
        print_message("# %s: regret %.2f points after 100 trials, %.2f after 400\n", cases[i].name,
                      at_100, at_400);
        check_true(cases[i].name, at_100 <= cases[i].at_100);
        check_true(cases[i].name, at_400 <= cases[i].at_400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_little_regret_on_the_size_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
