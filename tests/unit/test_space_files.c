/* The spaces that are shipped, against figures known from elsewhere. */
#include "tests/unit/check.h"

#include <stdio.h>

#include "common/cost.h"
#include "common/table.h"

static struct space *load(const char *path)
{
    struct space *space;
    struct errmsg err;

    if (space_load(path, &space, &err) < 0)
        fail_msg("%s", err.text);
    return space;
}

static struct costs costs_of(const struct space *space, const struct arch *arch)
{
    struct network network;
    struct costs costs;

    assert_int_equal(space_resolve(space, arch, &network), 0);
    assert_int_equal(network_check(&network, NULL), 0);
    network_costs(&network, space_count_rules(space), &costs);
    network_clear(&network);
    return costs;
}

static void test_mobilenet_v2(void **state)
{
    static const struct {
        const char *path;
        int64_t params, madds;
    } cases[] = {
        { "deploy/spaces/mobilenet-v2-1.0.yaml", 3504872, 300774272 },
        { "deploy/spaces/mobilenet-v2-1.4.yaml", 6108776, 582195824 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct space *space = load(cases[i].path);
        struct arch arch = { .n = 17 };
        struct costs costs;

        assert_int_equal(space_check_arch(space, &arch, NULL), 0);
        costs = costs_of(space, &arch);
        check_int_equal(cases[i].path, costs.params, cases[i].params);
        check_int_equal(cases[i].path, costs.madds, cases[i].madds);
        space_free(space);
    }
}

/* Every row, params and multiply-adds. */
static void test_nas_bench_macro(void **state)
{
    static const char *const columns[] = { "params", "flops" };
    const char *path = check_data_path("nas-bench-macro/nas_bench_macro_cifar10.csv.gz");
    struct space *space = load("deploy/spaces/nas-bench-macro.yaml");
    struct table *table;
    struct errmsg err;
    size_t n = 0;

    (void)state;
    if (table_load(path, "arch", columns, 2, &table, &err) < 0) {
        space_free(space);
        check_skip("no benchmark table at %s", path);
    }
    for (int code = 0; code < 6561; code++, n++) {
        struct arch arch = { .n = 8 };
        struct costs costs;
        char key[9] = "";
        long row;

        for (int l = 7, rest = code; l >= 0; l--, rest /= 3) {
            arch.option[l] = (uint16_t)(rest % 3);
            key[l] = (char)('0' + rest % 3);
        }
        row = table_find(table, key);
        check_true(key, row >= 0);
        costs = costs_of(space, &arch);
        check_int_equal(key, costs.params, table_value(table, (size_t)row, 0));
        check_int_equal(key, costs.madds, table_value(table, (size_t)row, 1));
    }
    assert_int_equal(n, table_n_rows(table));
    table_free(table);
    space_free(space);
}

/* What the default study counts on: early trials stay cheap, and there is a choice of networks just
 * below its budget. */
static void test_fashion_mobile(void **state)
{
    static const int64_t budget = 1000000;
    struct space *space = load("deploy/spaces/fashion-mobile.yaml");
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };
    struct cost_model *model;
    struct cost_range range;
    uint64_t within = 0, just_below = 0, canonical = 0, drawn = 0;

    (void)state;
    assert_int_equal(cost_model_new(space, COST_MADDS, &model), 0);
    range = cost_completions(model, &arch, 0);
    assert_true(range.lowest < budget / 2);
    assert_true(range.highest <= 3 * budget);
    for (uint64_t code = 0; code < (uint64_t)space_size(space); code += 97, drawn++) {
        uint64_t rest = code;
        struct arch same;
        int64_t cost;

        for (uint32_t l = 0; l < arch.n; l++) {
            arch.option[l] = (uint16_t)(rest % space_n_options(space, l));
            rest /= space_n_options(space, l);
        }
        cost = cost_of(model, &arch);
        within += cost <= budget;
        just_below += cost <= budget && cost >= budget * 85 / 100;
        assert_int_equal(space_canonical(space, &arch, &same), 0);
        canonical += arch_equal(&arch, &same);
    }
    print_message("# %.0f architectures of %lld to %lld, %.0f %% distinct, %.1f %% within %lld, "
                  "%.1f %% just below\n",
                  space_size(space), (long long)range.lowest, (long long)range.highest,
                  100.0 * (double)canonical / (double)drawn, 100.0 * (double)within / (double)drawn,
                  (long long)budget, 100.0 * (double)just_below / (double)drawn);
    assert_true(just_below * 20 > drawn);
    cost_model_free(model);
    space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mobilenet_v2),
        cmocka_unit_test(test_nas_bench_macro),
        cmocka_unit_test(test_fashion_mobile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
