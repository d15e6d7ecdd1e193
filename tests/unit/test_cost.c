#include "tests/unit/random_space.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cost.h"

enum { SPACES = 60, QUERIES = 30 };

/* What the answers to one query should be. */
struct extremes {
    struct cost_range range;
    struct arch cheapest, dearest;
};

static bool holds(const struct arch *candidate, const struct arch *arch, uint64_t fixed)
{
    for (uint32_t l = 0; l < arch->n; l++)
        if (fixed >> l & 1 && candidate->option[l] != arch->option[l])
            return false;
    return true;
}

static struct extremes brute_force(const struct cost_model *model, const struct arch *arch,
                                   uint64_t fixed)
{
    struct extremes found = { { INT64_MAX, INT64_MIN }, *arch, *arch };
    const struct space *space = cost_model_space(model);
    struct arch candidate = first_arch(space);

    do {
        int64_t cost = cost_of(model, &candidate);

        if (cost < 0 || !holds(&candidate, arch, fixed))
            continue;
        if (cost < found.range.lowest) {
            found.range.lowest = cost;
            found.cheapest = candidate;
        }
        if (cost > found.range.highest) {
            found.range.highest = cost;
            found.dearest = candidate;
        }
    } while (next_arch(space, &candidate));
    return found;
}

static void check_query(const struct cost_model *model, const struct arch *arch, uint64_t fixed)
{
    struct extremes want = brute_force(model, arch, fixed);
    struct cost_range got = cost_completions(model, arch, fixed);
    struct arch cheapest = cost_cheapest(model, arch, fixed);
    struct arch dearest = cost_dearest(model, arch, fixed);
    char name[ARCH_TEXT_SIZE + 32], text[ARCH_TEXT_SIZE];

    snprintf(name, sizeof name, "%s, fixed %llx", arch_format(arch, text),
             (unsigned long long)fixed);
    check_int_equal(name, got.lowest, want.range.lowest);
    check_int_equal(name, got.highest, want.range.highest);
    check_true(name, arch_equal(&cheapest, &want.cheapest));
    check_true(name, arch_equal(&dearest, &want.dearest));
}

/* Sets of fixed layers as both orders of search ask for them, and any others. */
static void check_queries(const struct cost_model *model, struct rng *rng)
{
    const struct space *space = cost_model_space(model);
    uint64_t all = (UINT64_C(1) << space_n_layers(space)) - 1;

    for (int i = 0; i < QUERIES; i++) {
        struct arch arch = random_arch(space, rng);
        uint64_t front = (UINT64_C(1) << rng_below(rng, space_n_layers(space) + 1)) - 1;
        uint64_t sets[] = { front, all & ~front, rng_below(rng, all + 1) };

        check_query(model, &arch, sets[i % 3]);
    }
}

static int64_t counted(const struct space *space, const struct arch *arch, enum cost_metric metric)
{
    struct network network;
    struct costs costs;

    assert_int_equal(space_resolve(space, arch, &network), 0);
    network_costs(&network, space_count_rules(space), &costs);
    network_clear(&network);
    return metric == COST_MADDS    ? costs.madds
           : metric == COST_PARAMS ? costs.params
                                   : costs.activations;
}

static void test_cost_is_that_of_the_network(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < 3 * SPACES; i++) {
        struct space *space = random_space(&rng);
        enum cost_metric metric = (enum cost_metric)(i % COST_TABLE);
        struct cost_model *model;

        assert_int_equal(cost_model_new(space, metric, &model), 0);
        for (int k = 0; k < 20; k++) {
            struct arch arch = random_arch(space, &rng);
            struct costs details = cost_details(model, &arch);

            check_int_equal(cost_metric_name(metric), cost_of(model, &arch),
                            counted(space, &arch, metric));
            check_int_equal("details", details.madds, counted(space, &arch, COST_MADDS));
            check_int_equal("details", details.params, counted(space, &arch, COST_PARAMS));
            check_int_equal("details", details.activations,
                            counted(space, &arch, COST_ACTIVATIONS));
        }
        cost_model_free(model);
        space_free(space);
    }
}

static void test_completions_of_networks(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 2, 0);
    for (int i = 0; i < SPACES; i++) {
        struct space *space = random_space(&rng);
        struct cost_model *model;

        assert_int_equal(cost_model_new(space, (enum cost_metric)(i % COST_TABLE), &model), 0);
        check_queries(model, &rng);
        cost_model_free(model);
        space_free(space);
    }
}

/* ---- tables ---- */

/* A space of names only, with n_options[l] options in layer l. */
static struct space *names(const uint32_t *n_options, size_t n_layers)
{
    char text[65536];
    size_t used = (size_t)snprintf(text, sizeof text, "names:\n");
    struct space *space;
    struct errmsg err;

    for (size_t l = 0; l < n_layers; l++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "- {name: l%zu, options: [0", l);
        for (uint32_t o = 1; o < n_options[l]; o++)
            used += (size_t)snprintf(text + used, sizeof text - used, ", %u", o);
        used += (size_t)snprintf(text + used, sizeof text - used, "]}\n");
    }
    if (space_parse(text, used, "names", &space, &err) < 0)
        fail_msg("%s", err.text);
    return space;
}

/* Few different costs, so that many rows tie; a quarter of the rows missing if `gaps`. */
static int64_t *random_costs(struct rng *rng, size_t n, bool gaps)
{
    int64_t *cost = malloc(n * sizeof *cost);

    assert_non_null(cost);
    for (size_t i = 0; i < n; i++)
        cost[i] = gaps && rng_below(rng, 4) == 0 ? -1 : (int64_t)rng_below(rng, 50);
    return cost;
}

static void test_completions_of_tables(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 0);
    for (int i = 0; i < SPACES; i++) {
        uint32_t n_options[5];
        size_t n_layers = 1 + rng_below(&rng, 5);
        struct space *space;
        struct cost_model *model;
        int64_t *cost;

        for (size_t l = 0; l < n_layers; l++)
            n_options[l] = 1 + (uint32_t)rng_below(&rng, 4);
        space = names(n_options, n_layers);
        cost = random_costs(&rng, (size_t)space_size(space), i % 2);
        assert_int_equal(cost_model_from_table(space, cost, (size_t)space_size(space), &model), 0);
        free(cost);
        check_queries(model, &rng);
        cost_model_free(model);
        space_free(space);
    }
}

static void test_a_table_that_knows_nothing(void **state)
{
    static const uint32_t n_options[] = { 2, 3 };
    static const int64_t cost[] = { -1, -1, -1, 5, -1, 7 };
    struct space *space = names(n_options, 2);
    struct arch arch = { .n = 2, .option = { 0, 2 } };
    struct cost_model *model;
    struct cost_range range;
    struct arch best;

    (void)state;
    assert_int_equal(cost_model_from_table(space, cost, 6, &model), 0);
    assert_int_equal(cost_of(model, &arch), -1);
    range = cost_completions(model, &arch, 1);
    assert_true(range.lowest > range.highest);
    best = cost_cheapest(model, &arch, 1);
    assert_true(arch_equal(&best, &arch));
    range = cost_completions(model, &arch, 2);
    assert_int_equal(range.lowest, 7);
    assert_int_equal(range.highest, 7);
    assert_int_equal(cost_details(model, &arch).madds, 0);
    assert_int_equal(cost_interface(model, &arch, 0), 0);
    cost_model_free(model);
    space_free(space);
}

static void test_refusals(void **state)
{
    static const uint32_t n_options[] = { 2, 3 };
    static const int64_t cost[7] = { 0, 1, 2, 3, 4, 5, 6 }, negative[6] = { 0, 0, -2 };
    struct space *space = names(n_options, 2);
    struct cost_model *model;

    (void)state;
    assert_int_equal(cost_model_new(space, COST_MADDS, &model), -ENOTSUP);
    assert_int_equal(cost_model_from_table(space, cost, 5, &model), -EINVAL);
    assert_int_equal(cost_model_from_table(space, cost, 7, &model), -EINVAL);
    assert_int_equal(cost_model_from_table(space, negative, 6, &model), -EINVAL);
    cost_model_free(NULL);
    space_free(space);
}

/* ---- interfaces ---- */

static struct shape shape_after(const struct space *space, const struct arch *arch, uint32_t layer)
{
    struct network network;
    struct shape shape = { 0 };

    assert_int_equal(space_resolve(space, arch, &network), 0);
    for (size_t i = 0; i < network.n_ops; i++)
        if (network.ops[i].layer == NETWORK_STEM ||
            (network.ops[i].layer >= 0 && network.ops[i].layer <= (int32_t)layer))
            shape = network.ops[i].out;
    network_clear(&network);
    return shape;
}

static void test_interfaces_name_what_later_layers_see(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 4, 0);
    for (int i = 0; i < SPACES; i++) {
        struct space *space = random_space(&rng);
        struct cost_model *model;

        assert_int_equal(cost_model_new(space, COST_MADDS, &model), 0);
        for (int k = 0; k < 20; k++) {
            uint32_t layer = (uint32_t)rng_below(&rng, space_n_layers(space));
            struct arch a = random_arch(space, &rng), b = random_arch(space, &rng);
            struct shape x = shape_after(space, &a, layer), y = shape_after(space, &b, layer);

            assert_int_equal(cost_interface(model, &a, layer) == cost_interface(model, &b, layer),
                             memcmp(&x, &y, sizeof x) == 0);
        }
        cost_model_free(model);
        space_free(space);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost_is_that_of_the_network),
        cmocka_unit_test(test_completions_of_networks),
        cmocka_unit_test(test_completions_of_tables),
        cmocka_unit_test(test_a_table_that_knows_nothing),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_interfaces_name_what_later_layers_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
