/* The spaces that are shipped, against figures known from elsewhere. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* The network of the paper is the first option of every layer. */
static void test_mobilenets(void **state)
{
    static const struct {
        const char *path;
        int64_t params, madds;
    } cases[] = {
        { "deploy/spaces/mobilenet-v2-1.0.yaml", 3504872, 300774272 },
        { "deploy/spaces/mobilenet-v2-1.4.yaml", 6108776, 582195824 },
        { "deploy/spaces/mobilenet-v3-large.yaml", 5483032, 216589760 },
        { "deploy/spaces/mobilenet-v3-small.yaml", 2542856, 56510400 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct space *space = load(cases[i].path);
        struct arch arch = { .n = (uint16_t)space_n_layers(space) };
        struct costs costs = costs_of(space, &arch);

        check_int_equal(cases[i].path, costs.params, cases[i].params);
        check_int_equal(cases[i].path, costs.madds, cases[i].madds);
        space_free(space);
    }
}

/* ---- NATS-Bench size ---- */

static struct arch nats_arch(int index)
{
    struct arch arch = { .n = 5 };

    for (int l = 4; l >= 0; l--, index /= 8)
        arch.option[l] = (uint16_t)(index % 8);
    return arch;
}

static void test_nats_bench_size(void **state)
{
    static const struct {
        const char *path, *arch;
        int64_t params, madds;
    } cases[] = {
        { "deploy/spaces/nats-bench-size.yaml", "0:0:0:0:0", 11714, 4481114 },
        { "deploy/spaces/nats-bench-size.yaml", "0:0:4:3:4", 144834, 21827994 },
        { "deploy/spaces/nats-bench-size.yaml", "7:7:7:7:7", 713674, 274399882 },
        { "deploy/spaces/nats-bench-size-imagenet16.yaml", "0:0:4:3:4", 149344, 5461816 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct space *space = load(cases[i].path);
        struct costs costs;
        struct arch arch;

        assert_int_equal(arch_parse(cases[i].arch, &arch), 0);
        costs = costs_of(space, &arch);
        check_int_equal(cases[i].path, costs.params, cases[i].params);
        check_int_equal(cases[i].path, costs.madds, cases[i].madds);
        space_free(space);
    }
}

/* Every row of all three data sets, params and multiply-adds, by the sum over layers; every 97th
 * also as a network. */
static void test_every_row_of_nats_bench_size(void **state)
{
    static const char *const columns[] = { "c10_params", "c10_flops",   "c100_params",
                                           "c100_flops", "im16_params", "im16_flops" };
    static const char *const paths[] = { "deploy/spaces/nats-bench-size.yaml",
                                         "deploy/spaces/nats-bench-size-cifar100.yaml",
                                         "deploy/spaces/nats-bench-size-imagenet16.yaml" };
    struct table *table;
    struct errmsg err;

    (void)state;
    if (table_load(check_data_path("nats-bench-sss/nats_sss.csv.gz"), "index", columns, 6, &table,
                   &err) < 0)
        check_skip("no benchmark table: %s", err.text);
    assert_int_equal(table_n_rows(table), 32768);
    for (size_t set = 0; set < 3; set++) {
        struct space *space = load(paths[set]);
        struct cost_model *model;

        assert_true(space_size(space) == 32768);
        assert_int_equal(cost_model_new(space, COST_MADDS, &model), 0);
        for (int index = 0; index < 32768; index++) {
            struct arch arch = nats_arch(index);
            struct costs costs = cost_details(model, &arch), network = costs;
            char key[16];
            size_t row;

            snprintf(key, sizeof key, "%d", index);
            row = (size_t)table_find(table, key);
            if (index % 97 == 0)
                network = costs_of(space, &arch);
            check_int_equal(key, costs.params, table_value(table, row, 2 * set));
            check_int_equal(key, costs.madds, table_value(table, row, 2 * set + 1));
            check_int_equal(key, network.params, costs.params);
            check_int_equal(key, network.madds, costs.madds);
        }
        cost_model_free(model);
        space_free(space);
    }
    table_free(table);
}

/* ---- NATS-Bench topology ---- */

/* Every row of all three data sets, params and multiply-adds, by the sum over layers; every 97th
 * also as a network, which no other cell is. */
static void test_every_row_of_nats_bench_topology(void **state)
{
    static const char *const columns[] = { "c10_params", "c10_flops",   "c100_params",
                                           "c100_flops", "im16_params", "im16_flops" };
    static const char *const paths[] = { "deploy/spaces/nats-bench-topology.yaml",
                                         "deploy/spaces/nats-bench-topology-cifar100.yaml",
                                         "deploy/spaces/nats-bench-topology-imagenet16.yaml" };
    struct table *table;
    struct errmsg err;

    (void)state;
    if (table_load(check_data_path("nats-bench-tss/nats_tss.csv.gz"), "ops", columns, 6, &table,
                   &err) < 0)
        check_skip("no benchmark table: %s", err.text);
    assert_int_equal(table_n_rows(table), 15625);
    for (size_t set = 0; set < 3; set++) {
        struct space *space = load(paths[set]);
        struct cost_model *model;

        assert_true(space_size(space) == 15625);
        assert_int_equal(cost_model_new(space, COST_MADDS, &model), 0);
        for (int code = 0; code < 15625; code++) {
            struct arch arch = { .n = 6 }, same;
            struct costs costs, network;
            char key[7] = "";
            long row;

            for (int l = 5, rest = code; l >= 0; l--, rest /= 5) {
                arch.option[l] = (uint16_t)(rest % 5);
                key[l] = (char)('0' + rest % 5);
            }
            row = table_find(table, key);
            check_true(key, row >= 0);
            costs = network = cost_details(model, &arch);
            if (code % 97 == 0) {
                network = costs_of(space, &arch);
                check_int_equal(key, space_canonical(space, &arch, &same), 0);
                check_true(key, arch_equal(&same, &arch));
            }
            check_int_equal(key, costs.params, table_value(table, (size_t)row, 2 * set));
            check_int_equal(key, costs.madds, table_value(table, (size_t)row, 2 * set + 1));
            check_int_equal(key, network.params, costs.params);
            check_int_equal(key, network.madds, costs.madds);
            check_int_equal(key, network.activations, costs.activations);
        }
        cost_model_free(model);
        space_free(space);
    }
    table_free(table);
}

/* ---- once-for-all ---- */

static struct space *load_ofa_at(int resolution)
{
    char folder[1024], path[] = "/tmp/layernas-test-ofa-XXXXXX";
    struct space *space;
    FILE *file;
    int fd = mkstemp(path);

    assert_true(fd >= 0 && getcwd(folder, sizeof folder));
    file = fdopen(fd, "w");
    assert_non_null(file);
    fprintf(file,
            "base: %s/deploy/spaces/ofa-mobilenet-v3.yaml\n"
            "input: {channels: 3, height: %d, width: %d, classes: 1000}\n",
            folder, resolution, resolution);
    assert_int_equal(fclose(file), 0);
    space = load(path);
    unlink(path);
    return space;
}

/* kernels, expansions: 20 digits; depths: 5. Blocks past a stage's depth are skipped. */
static struct arch ofa_arch(const char *kernels, const char *expansions, const char *depths)
{
    struct arch arch = { .n = 20 };

    for (int block = 0; block < 20; block++) {
        int kernel = (kernels[block] - '3') / 2, expansion = expansions[block];

        arch.option[block] = block % 4 >= depths[block / 4] - '0'
                                 ? 9
                                 : (uint16_t)((expansion == '6' ? 2 : expansion - '3') * 3 +
                                              kernel);
    }
    return arch;
}

/* The table counts an addition for each bias of a squeeze-and-excitation too; we do not. */
static int64_t conv_biases(const struct space *space, const struct arch *arch)
{
    struct network network;
    int64_t biases = 0;

    assert_int_equal(space_resolve(space, arch, &network), 0);
    for (size_t i = 0; i < network.n_ops; i++)
        if (network.ops[i].kind == OP_CONV && network.ops[i].bias)
            biases += network.ops[i].out.channels;
    network_clear(&network);
    return biases;
}

static void test_once_for_all(void **state)
{
    FILE *csv = fopen(check_data_path("ofa-mbv3/predictor_check_100.csv"), "r");
    char line[256], kernels[21], expansions[21], depths[6];
    long long macs;
    int resolution, n = 0;

    (void)state;
    if (!csv)
        check_skip("no table of once-for-all networks");
    assert_non_null(fgets(line, sizeof line, csv));
    for (; fgets(line, sizeof line, csv); n++) {
        struct space *space;
        struct arch arch;

        assert_int_equal(sscanf(line, "%20[357],%20[346],%5[234],%d,%*f,%*f,%lld", kernels,
                                expansions, depths, &resolution, &macs),
                         5);
        space = load_ofa_at(resolution);
        arch = ofa_arch(kernels, expansions, depths);
        check_int_equal(line, space_check_arch(space, &arch, NULL), 0);
        check_int_equal(line, costs_of(space, &arch).madds + conv_biases(space, &arch), macs);
        space_free(space);
    }
    fclose(csv);
    assert_int_equal(n, 100);
}

/* ---- NAS-Bench-Macro ---- */

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
        cmocka_unit_test(test_mobilenets),
        cmocka_unit_test(test_nats_bench_size),
        cmocka_unit_test(test_every_row_of_nats_bench_size),
        cmocka_unit_test(test_every_row_of_nats_bench_topology),
        cmocka_unit_test(test_once_for_all),
        cmocka_unit_test(test_nas_bench_macro),
        cmocka_unit_test(test_fashion_mobile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
