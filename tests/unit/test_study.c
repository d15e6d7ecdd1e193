#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void test_defaults(void **state)
{
    struct study *study = study_fixture_study(training_study, "name: tiny", "name: tiny");
    const struct search_settings *search = &study->search;
    const struct schedule *schedule = &study->evaluation.schedule;
    char text[ARCH_TEXT_SIZE];

    (void)state;
    check_string_equal("name", study->name, "tiny");
    check_string_equal("strategy", search->strategy, "layernas");
    check_int_equal("trials", search->trials, 20);
    check_int_equal("parallel", search->parallel, 1);
    check_int_equal("seed", search->seed, 1);
    check_true("canonical", search->canonical);
    check_true("guided", search->layernas.guided);
    check_int_equal("buckets", search->layernas.buckets, 2);
    check_int_equal("picks", search->layernas.picks, 1);
    check_int_equal("keep more", search->layernas.keep_more, 2);
    check_true("reach", search->layernas.reach == 0.8);
    check_true("growth", search->layernas.bucket_growth == 1.5);
    check_int_equal("keep", search->layernas.keep, 1);
    check_int_equal("order", search->layernas.order, ORDER_RANDOM);
    check_int_equal("passes", search->layernas.passes, 0);
    check_int_equal("edges", search->layernas.edges, EDGES_CHILDREN);
    check_int_equal("bucket_by", search->layernas.bucket_by, BUCKET_BY_COST);
    check_string_equal("default", arch_format(&search->layernas.default_arch, text), "2:1");
    check_int_equal("format", study->evaluation.data.format, DATA_IDX);
    check_int_equal("split seed", study->evaluation.data.split_seed, 1);
    check_int_equal("batch", schedule->batch, 64);
    check_true("momentum", schedule->momentum == 0.9 && schedule->nesterov);
    check_int_equal("decay", schedule->decay, DECAY_COSINE);
    check_int_equal("no time limit", study->evaluation.time_limit_s, 0);
    check_int_equal("lease", study->limits.lease_s, 30);
    check_int_equal("heartbeat", study->limits.heartbeat_s, 5);
    check_int_equal("wall clock", study->limits.wall_clock_s, 0);
    check_true("doubling", study->limits.doubling);
    check_string_equal("data path", study->data_path, "");
    study_free(study);
}

static void test_final_differs_from_search_only_where_said(void **state)
{
    struct study *study = study_fixture_study(training_study, "{top: 2, epochs: 3}",
                                              "{top: 2, epochs: 3, lr: 0.2, time_limit: 60}");
    struct evaluation want = study->evaluation;

    (void)state;
    want.data.train = 0;
    want.schedule.epochs = 3;
    want.schedule.lr = 0.2;
    want.time_limit_s = 60;
    check_int_equal("top", study->final.top, 2);
    check_int_equal("seeds", study->final.seeds, 1);
    assert_memory_equal(&study->final.evaluation, &want, sizeof want);
    assert_ptr_equal(study_evaluation(study, STAGE_SEARCH), &study->evaluation);
    assert_ptr_equal(study_evaluation(study, STAGE_FINAL), &study->final.evaluation);
    assert_ptr_equal(study_evaluation(study, STAGE_TEST), &study->final.evaluation);
    study_free(study);
}

/* Options go with their optimizer and their decay, and not from one to another. */
static void test_options_of_optimizer_and_decay(void **state)
{
    static const struct {
        const char *name, *search, *final;
        struct schedule want; /* of the final stage */
    } cases[] = {
        { "defaults of RMSprop",
          "optimizer: rmsprop",
          "",
          { .optimizer = OPTIMIZER_RMSPROP,
            .alpha = 0.99,
            .epsilon = 1e-8,
            .decay = DECAY_COSINE } },
        { "what the search says holds on",
          "optimizer: rmsprop, alpha: 0.9, decay: step, gamma: 0.2, milestones: [0.5, 0.75]",
          ", epsilon: 1e-3, milestones: [0.9]",
          { .optimizer = OPTIMIZER_RMSPROP,
            .alpha = 0.9,
            .epsilon = 1e-3,
            .decay = DECAY_STEP,
            .gamma = 0.2,
            .n_milestones = 1,
            .milestones = { 0.9 } } },
        { "steps by 0.1",
          "decay: step, milestones: [0.5]",
          "",
          { .nesterov = true,
            .decay = DECAY_STEP,
            .gamma = 0.1,
            .n_milestones = 1,
            .milestones = { 0.5 } } },
        { "another optimizer and decay start anew",
          "optimizer: rmsprop, alpha: 0.9, decay: step, milestones: [0.5]",
          ", optimizer: sgd, decay: exponential, gamma: 0.98",
          { .nesterov = true, .decay = DECAY_EXPONENTIAL, .gamma = 0.98 } },
        { "averages",
          "ema: 0.9",
          ", ema: 0.999",
          { .nesterov = true, .decay = DECAY_COSINE, .ema = 0.999 } },
        { "memory",
          "memory: 0.5G",
          "",
          { .nesterov = true, .decay = DECAY_COSINE, .memory = 500000000 } },
        { "memory of the final stage",
          "memory: 0.5G",
          ", memory: 0",
          { .nesterov = true, .decay = DECAY_COSINE } },
        { "precision",
          "precision: bf16",
          "",
          { .nesterov = true, .decay = DECAY_COSINE, .precision = PRECISION_BF16 } },
        { "precision of the final stage",
          "precision: bf16",
          ", precision: float",
          { .nesterov = true, .decay = DECAY_COSINE } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule want = cases[i].want;
        struct study *study;
        char to[300];

        snprintf(to, sizeof to, "lr: 0.1, %s}\nfinal: {top: 2, epochs: 3%s}\n", cases[i].search,
                 cases[i].final);
        study = study_fixture_study(training_study, "lr: 0.1}\nfinal: {top: 2, epochs: 3}\n", to);
        want.epochs = 3;
        want.batch = 64;
        want.lr = 0.1;
        want.momentum = 0.9;
        if (memcmp(&study->final.evaluation.schedule, &want, sizeof want) != 0)
            fail_msg("%s", cases[i].name);
        study_free(study);
    }
}

static void test_a_time_limit_holds_for_its_stage(void **state)
{
    struct study *study = study_fixture_study(training_study, "  with: train",
                                              "  with: train\n  time_limit: 9");

    (void)state;
    check_int_equal("search", study->evaluation.time_limit_s, 9);
    check_int_equal("final", study->final.evaluation.time_limit_s, 0);
    study_free(study);
}

static void test_no_final_stage_unless_asked(void **state)
{
    struct study *study = study_fixture_study(training_study, "final: {top: 2, epochs: 3}\n", "");

    (void)state;
    check_int_equal("training", study->final.top, 0);
    study_free(study);
    study = study_fixture_study(table_study, "name", "name");
    check_int_equal("table", study->final.top, 0);
    check_true("a table's rows are apart", !study->search.canonical);
    study_free(study);
}

/* 4 x 3x3 x 64 pixels in the stem, 8 channels deep at most below: madds by hand. */
enum {
    STEM = 9 * 4 * 64,
    CHEAPEST = STEM + 9 * 4 * 4 * 64 + 4 * 10,
    DEAREST = STEM + 9 * 4 * 16 * 64 + 9 * 16 * 16 * 64 + 16 * 10,
};

static void test_target(void **state)
{
    static const struct {
        const char *name, *target;
        int64_t lowest, highest;
    } cases[] = {
        { "half of the dearest, rounded down", "max: 50%", 0, DEAREST / 2 },
        { "all", "max: 100%", 0, DEAREST },
        { "a third", "max: 33%", 0, (int64_t)DEAREST * 33 / 100 },
        { "a number with a unit", "max: 100k", 0, 100000 },
        { "a floor", "min: 10%, max: 0.1M", DEAREST / 10, 100000 },
        { "a floor alone", "min: 20000", 20000, DEAREST },
        { "auto", "max: auto", 0, DEAREST },
        { "just the cheapest", "max: 11560", 0, CHEAPEST },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study *study = study_fixture_study(training_study, "max: 50%", cases[i].target);

        check_int_equal(cases[i].name, study->search.target.lowest, cases[i].lowest);
        check_int_equal(cases[i].name, study->search.target.highest, cases[i].highest);
        study_free(study);
    }
}

static void test_search_settings(void **state)
{
    static const struct {
        const char *name, *settings;
        uint32_t buckets, passes, order, edges, by;
        const char *arch;
    } cases[] = {
        { "buckets follow parallel", "parallel: 9", 9, 0, 0, 0, 0, "2:1" },
        { "at least four", "parallel: 3", 4, 0, 0, 0, 0, "2:1" },
        { "auto", "parallel: 9, buckets: auto, passes: auto", 9, 0, 0, 0, 0, "2:1" },
        { "given", "parallel: 9, buckets: 3, passes: 2", 3, 2, 0, 0, 0, "2:1" },
        { "backward", "order: backward", 4, 0, ORDER_BACKWARD, 0, 0, "2:1" },
        { "edges", "edges: reachable", 4, 0, 0, EDGES_REACHABLE, 0, "2:1" },
        { "interfaces", "bucket_by: cost+interface", 4, 0, 0, 0, BUCKET_BY_COST_AND_INTERFACE,
          "2:1" },
        { "dearest", "default: dearest", 4, 0, 0, 0, 0, "2:1" },
        { "cheapest", "default: cheapest", 4, 0, 0, 0, 0, "0:0" },
        { "an architecture", "default: \"1:0\"", 4, 0, 0, 0, 0, "1:0" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char settings[120], arch[ARCH_TEXT_SIZE];
        struct study *study;
        const struct layernas_settings *layernas;

        snprintf(settings, sizeof settings, "trials: 20, guided: false, %s", cases[i].settings);
        study = study_fixture_study(training_study, "trials: 20", settings);
        layernas = &study->search.layernas;
        check_int_equal(cases[i].name, layernas->buckets, cases[i].buckets);
        check_int_equal(cases[i].name, layernas->passes, cases[i].passes);
        check_int_equal(cases[i].name, layernas->order, cases[i].order);
        check_int_equal(cases[i].name, layernas->edges, cases[i].edges);
        check_int_equal(cases[i].name, layernas->bucket_by, cases[i].by);
        check_string_equal(cases[i].name, arch_format(&layernas->default_arch, arch),
                           cases[i].arch);
        study_free(study);
    }
}

static void test_guided_settings(void **state)
{
    static const struct {
        const char *name, *settings;
        uint32_t buckets, picks, order;
        double reach;
    } cases[] = {
        { "alone", "parallel: 1", 2, 1, ORDER_RANDOM, 0.8 },
        { "both follow parallel", "parallel: 10", 4, 3, ORDER_RANDOM, 0.8 },
        { "picks do where buckets are few", "parallel: 9, buckets: 2", 2, 5, ORDER_RANDOM, 0.8 },
        { "given", "picks: 1, reach: 0, order: forward", 2, 1, ORDER_FORWARD, 0 },
        { "interfaces", "bucket_by: cost+interface", 2, 1, ORDER_FORWARD, 0.8 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char settings[120];
        struct study *study;

        snprintf(settings, sizeof settings, "trials: 20, %s", cases[i].settings);
        study = study_fixture_study(training_study, "trials: 20", settings);
        check_int_equal(cases[i].name, study->search.layernas.buckets, cases[i].buckets);
        check_int_equal(cases[i].name, study->search.layernas.picks, cases[i].picks);
        check_int_equal(cases[i].name, study->search.layernas.order, cases[i].order);
        check_true(cases[i].name, study->search.layernas.reach == cases[i].reach);
        study_free(study);
    }
}

static void test_paths_go_by_the_study_file(void **state)
{
    struct study *study = study_fixture_study(training_study, "digits,", "digits, path: sub/d,");

    (void)state;
    check_string_equal("relative", study_fixture_strip(study->data_path), "sub/d");
    check_true("prefixed", study->data_path[0] == '/');
    study_free(study);
    study = study_fixture_study(training_study, "digits,", "digits, path: /data/d,");
    check_string_equal("absolute", study->data_path, "/data/d");
    study_free(study);
}

static void check_candidate(const char *search, const char *arch, const char *want)
{
    struct study *study = study_fixture_study(training_study, "20", search);
    struct arch given, candidate;
    char text[ARCH_TEXT_SIZE];

    assert_int_equal(arch_parse(arch, &given), 0);
    assert_int_equal(study_canonical(study, &given, &candidate), 0);
    check_string_equal(search, arch_format(&candidate, text), want);
    study_free(study);
}

static void test_equal_networks_are_one_candidate(void **state)
{
    (void)state;
    study_fixture_write("space.yaml",
                        "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                        "layers:\n"
                        "  - {name: l, repeat: 2, options: [skip, conv: {out: 1, kernel: 3}]}\n"
                        "head: [pool: {kind: avg, size: all}, dense: {out: classes}]\n");
    check_candidate("20", "1:0", "0:1");
    check_candidate("20, canonical: false", "1:0", "1:0");
}

static void test_examples_load(void **state)
{
    static const char *const studies[] = {
        "deploy/studies/fashion-mobile.yaml",
        "deploy/studies/nas-bench-macro.yaml",
        "deploy/studies/nats-bench-size.yaml",
        "deploy/studies/nats-bench-size-cifar100.yaml",
        "deploy/studies/nats-bench-size-imagenet16.yaml",
        "deploy/studies/nats-bench-topology-cifar10.yaml",
        "deploy/studies/nats-bench-topology-cifar100.yaml",
        "deploy/studies/nats-bench-topology-imagenet16.yaml",
        "deploy/studies/channel-bench-macro.yaml",
        "deploy/studies/ofa-mobilenet-v3.yaml",
    };
    (void)state;
    if (access(check_data_path("nats-bench-sss"), R_OK) < 0 || access("../shared/data", R_OK) < 0)
        check_skip("no benchmark tables in ../shared/data");
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++) {
        struct study *study = NULL;
        struct errmsg err = { "" };

        study_load(studies[i], &study, &err);
        check_string_equal(studies[i], err.text, "");
        if (study->evaluation.evaluator != EVALUATOR_TRAIN)
            study_check_data(study, &err);
        check_string_equal(studies[i], err.text, "");
        study_free(study);
    }
}

static void test_files_that_are_not_there(void **state)
{
    struct study *study = NULL;
    struct errmsg err;

    (void)state;
    assert_int_equal(study_load("/nowhere/s.yaml", &study, &err), -ENOENT);
    assert_string_equal(err.text, "/nowhere/s.yaml: No such file or directory");
    assert_int_equal(study_fixture_parse(training_study, "space.yaml", "no.yaml", &study, &err),
                     -ENOENT);
    assert_string_equal(study_fixture_strip(err.text), "no.yaml: No such file or directory");
    assert_null(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_final_differs_from_search_only_where_said),
        cmocka_unit_test(test_options_of_optimizer_and_decay),
        cmocka_unit_test(test_a_time_limit_holds_for_its_stage),
        cmocka_unit_test(test_no_final_stage_unless_asked),
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_search_settings),
        cmocka_unit_test(test_guided_settings),
        cmocka_unit_test(test_paths_go_by_the_study_file),
        cmocka_unit_test_teardown(test_equal_networks_are_one_candidate, study_fixture_refill),
        cmocka_unit_test(test_examples_load),
        cmocka_unit_test(test_files_that_are_not_there),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
