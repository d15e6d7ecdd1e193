#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <errno.h>
#include <unistd.h>

static void test_keys(void **state)
{
    static const struct {
        const char *name, *table, *arch, *want;
    } cases[] = {
        { "digits", "arch: arch, write: digits", "2:1", "21" },
        { "digits by default", "arch: arch", "0:1", "01" },
        { "digits from one", "arch: arch, write: digits, first: 1", "2:1", "32" },
        { "letters", "arch: arch, write: digits, labels: [k, l, m]", "2:1", "ml" },
        { "colons", "arch: arch, write: colons", "2:1", "2:1" },
        { "colons from ten", "arch: arch, write: colons, first: 10", "2:1", "12:11" },
        { "labels", "arch: arch, write: colons, labels: [8, 16, 64]", "2:0", "64:8" },
        { "columns", "arch: [width, depth], write: columns, first: 1", "2:1", "3,2" },
        { "columns by default", "arch: [width, depth], labels: [8, 16, 32]", "2:1", "32,16" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200], key[32];
        struct study *study = NULL;
        struct errmsg err = { "" };
        struct arch arch;

        snprintf(text, sizeof text,
                 "name: n\nspace: space.yaml\ncost: {metric: madds}\nsearch: {trials: 1}\n"
                 "evaluate: {with: table, data: {name: n}, table: {%s, reward: acc}}\n",
                 cases[i].table);
        study_fixture_parse(text, "", "", &study, &err);
        check_string_equal(cases[i].name, err.text, "");
        assert_int_equal(arch_parse(cases[i].arch, &arch), 0);
        check_int_equal(cases[i].name, study_table_key(study, &arch, key, sizeof key), 0);
        check_string_equal(cases[i].name, key, cases[i].want);
        check_int_equal("just fits", study_table_key(study, &arch, key, strlen(key) + 1), 0);
        check_int_equal("too long", study_table_key(study, &arch, key, strlen(key)), -ENAMETOOLONG);
        study_free(study);
    }
}

static int64_t cost_at(const struct study *study, const char *text)
{
    struct arch arch;

    assert_int_equal(arch_parse(text, &arch), 0);
    return cost_of(study->cost_model, &arch);
}

static void test_costs_of_the_table(void **state)
{
    struct study *study = study_fixture_study(table_study, "max: 400", "max: 50%");
    char text[ARCH_TEXT_SIZE];

    (void)state;
    check_int_equal("first", cost_at(study, "0:0"), 100);
    check_int_equal("last layer fastest", cost_at(study, "0:1"), 200);
    check_int_equal("last", cost_at(study, "2:1"), 800);
    check_int_equal("no row", cost_at(study, "2:0"), -1);
    check_int_equal("half of the dearest row", study->search.target.highest, 400);
    check_string_equal("default", arch_format(&study->search.layernas.default_arch, text), "2:1");
    study_free(study);
}

static void test_data_is_looked_at(void **state)
{
    static const struct {
        const char *name, *study, *from, *to, *want;
    } cases[] = {
        { "in order", table_study, "", "", "" },
        { "no path", training_study, "", "", "" },
        { "a folder", training_study, "digits,", "digits, path: /tmp,", "" },
        { "no folder", training_study, "digits,", "digits, path: /nowhere,",
          "study.yaml: evaluate.data.path: /nowhere: No such file or directory" },
        { "no such reward", table_study, "reward: acc", "reward: top1",
          "table.csv:1: no column 'top1'; there are arch, width, depth, acc, test, flops, ms" },
        { "several rewards, and seconds", table_study, "reward: acc",
          "reward: [acc, test], seconds: ms", "" },
        { "not the seed's reward", table_study, "reward: acc", "reward: [acc, top1]",
          "table.csv:1: no column 'top1'; there are arch, width, depth, acc, test, flops, ms" },
        { "no such seconds", table_study, "reward: acc", "reward: acc, seconds: s",
          "table.csv:1: no column 's'; there are arch, width, depth, acc, test, flops, ms" },
        { "no such report", table_study, "report: test", "report: top1",
          "table.csv:1: no column 'top1'; there are arch, width, depth, acc, test, flops, ms" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study *study = study_fixture_study(cases[i].study, cases[i].from, cases[i].to);
        struct errmsg err = { "" };
        int rc = study_check_data(study, &err);

        check_string_equal(cases[i].name, study_fixture_strip(err.text), cases[i].want);
        check_int_equal(cases[i].name, rc < 0, *cases[i].want != '\0');
        study_free(study);
    }
}

static void test_the_seed_chooses_the_reward(void **state)
{
    static const struct {
        const char *reward, *seed, *want;
    } cases[] = {
        { "reward: acc", "20, seed: 7", "acc" },
        { "reward: [acc]", "20, seed: 7", "acc" },
        { "reward: [test, acc, ms]", "20", "test" },
        { "reward: [test, acc, ms]", "20, seed: 1", "test" },
        { "reward: [test, acc, ms]", "20, seed: 2", "acc" },
        { "reward: [test, acc, ms]", "20, seed: 3", "ms" },
        { "reward: [test, acc, ms]", "20, seed: 4", "test" },
        { "reward: [test, acc, ms]", "20, seed: 0", "ms" },
        { "reward: [test, acc, ms]", "20, seed: 9223372036854775807", "test" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char table[200];
        struct study *study;

        snprintf(table, sizeof table,
                 "%s}\nevaluate: {with: table, data: {name: bench, path: table.csv}, "
                 "table: {arch: arch, write: colons, %s}}\nfinal: {top: 2}\n",
                 cases[i].seed, cases[i].reward);
        study = study_fixture_study("name: n\nspace: names.yaml\n"
                                    "cost: {metric: table, column: flops, max: 400}\n"
                                    "search: {trials: TABLE",
                                    "TABLE", table);
        check_string_equal(table, study->evaluation.table.reward_column, cases[i].want);
        check_string_equal(table, study->final.evaluation.table.reward_column, cases[i].want);
        study_free(study);
    }
}

static void test_seconds_below_nothing(void **state)
{
    struct study *study;
    struct errmsg err = { "" };

    (void)state;
    study_fixture_write("table.csv", "arch,acc,test,flops,s\n"
                                     "0:0,70,70,100,0\n0:1,70,70,200,-0.5\n2:1,70,70,800,3\n");
    study = study_fixture_study(table_study, "reward: acc", "reward: acc, seconds: s");
    assert_int_equal(study_check_data(study, &err), -EINVAL);
    check_string_equal("where", study_fixture_strip(err.text),
                       "table.csv:3: s: -0.5; seconds, 0 or more");
    study_free(study);
}

static void test_architectures_written_otherwise(void **state)
{
    struct study *study = study_fixture_study(
        "name: n\nspace: space.yaml\ncost: {metric: madds}\nsearch: {trials: 1}\n"
        "evaluate: {with: table, data: {name: n, path: table.csv}, table: {arch: arch, write: "
        "digits, reward: acc}}\n",
        "", "");
    struct errmsg err;

    (void)state;
    assert_int_equal(study_check_data(study, &err), -EINVAL);
    assert_non_null(strstr(err.text, "table.csv: no row with arch = 21, architecture 2:1; "
                                     "evaluate.table of "));
    study_free(study);
}

static void test_benchmark(void **state)
{
    struct study *study = NULL;
    struct errmsg err = { "" };

    (void)state;
    if (access("../shared/data/nats-bench-sss/nats_sss.csv.gz", R_OK) < 0)
        check_skip("no benchmark tables in ../shared/data");
    study_load("deploy/studies/nats-bench-size.yaml", &study, &err);
    check_string_equal("load", err.text, "");
    check_int_equal("8:8:40:32:40", cost_at(study, "0:0:4:3:4"), 21827994);
    check_int_equal("64:64:64:64:64", cost_at(study, "7:7:7:7:7"), 274399882);
    check_int_equal("half of that", study->search.target.highest, 137199941);
    assert_int_equal(study_check_data(study, &err), 0);
    study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_costs_of_the_table),
        cmocka_unit_test(test_data_is_looked_at),
        cmocka_unit_test(test_the_seed_chooses_the_reward),
        cmocka_unit_test_teardown(test_seconds_below_nothing, study_fixture_refill),
        cmocka_unit_test(test_architectures_written_otherwise),
        cmocka_unit_test(test_benchmark),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
