#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <stdlib.h>

static struct digest id_of(const char *text, const char *from, const char *to)
{
    struct study *study = study_fixture_study(text, from, to);
    struct digest id = study->id;

    study_free(study);
    return id;
}

static void test_what_may_change_between_runs(void **state)
{
    static const struct {
        const char *name, *from, *to;
    } cases[] = {
        { "the trial cap", "trials: 20", "trials: 2000" },
        { "the name", "name: tiny", "name: small" },
        { "the final stage", "{top: 2, epochs: 3}", "{top: 1, epochs: 9, lr: 0.3}" },
        { "limits", "lease: 30", "lease: 60, wall_clock: 3600, doubling: false" },
        { "a time limit", "  with: train", "  with: train\n  time_limit: 60" },
        { "where the data lies", "name: digits", "name: digits, path: /data" },
        { "a default in words", "trials: 20",
          "trials: 20, buckets: 2, default: dearest, seed: 1, guided: true" },
        { "a percentage in figures", "max: 50%", "max: 93392" },
    };
    struct digest before = id_of(training_study, "", "");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct digest after = id_of(training_study, cases[i].from, cases[i].to);

        check_true(cases[i].name, digest_equal(&before, &after));
    }
}

/* The field of the first line in which two identities differ. */
static const char *first_difference(const char *a, const char *b, char field[100])
{
    size_t line = 0;

    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '\n')
            line = i + 1;
    a = a[line] ? a : b; /* a line more at the end */
    snprintf(field, 100, "%.*s", (int)strcspn(a + line, "\t\n"), a + line);
    return field;
}

static const char rmsprop_study[] =
    "name: tiny\n"
    "space: space.yaml\n"
    "cost: {metric: madds, max: 50%}\n"
    "search: {trials: 20}\n"
    "evaluate:\n"
    "  with: train\n"
    "  data: {name: digits, train: 100, valid: 50}\n"
    "  schedule: {epochs: 1, lr: 0.1, optimizer: rmsprop, alpha: 0.9, epsilon: 0.01, decay: step,"
    " gamma: 0.2, milestones: [0.5, 0.75], ema: 0.99}\n"
    "final: {top: 2, epochs: 3}\n";

/* A study that was begun before these fields were there goes on: they do not appear in it. */
static void test_fields_of_other_choices_are_no_part_of_it(void **state)
{
    static const char *const fields[] = { "alpha", "epsilon", "gamma",    "milestones",
                                          "ema",   "memory",  "precision" };
    struct study *study = study_fixture_study(training_study, "", "");
    char *identity = study_identity(study);

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        check_true(fields[i], !strstr(identity, fields[i]));
    free(identity);
    study_free(study);
}

/* So does one of a table without seconds and with one column of rewards, listed or not. */
static void test_one_reward_is_no_list(void **state)
{
    struct digest alone = id_of(table_study, "", "");
    struct digest listed = id_of(table_study, "reward: acc", "reward: [acc]");
    struct study *study = study_fixture_study(table_study, "", "");
    char *identity = study_identity(study);

    (void)state;
    check_true("the same", digest_equal(&alone, &listed));
    check_true("no list", !strstr(identity, "all columns"));
    check_true("no seconds", !strstr(identity, "seconds"));
    free(identity);
    study_free(study);
}

static void test_what_may_not_change(void **state)
{
    static char two_rewards_study[1000];
    static const struct {
        const char *study, *from, *to, *field;
    } cases[] = {
        { training_study, "metric: madds, max: 50%", "metric: params", "cost.metric" },
        { training_study, "max: 50%", "min: 20000, max: 50%", "cost.min" },
        { training_study, "max: 50%", "max: 49%", "cost.max" },
        { training_study, "20}", "20, parallel: 2}", "search.parallel" },
        { training_study, "20}", "20, seed: 2}", "search.seed" },
        { training_study, "20}", "20, canonical: false}", "search.canonical" },
        { training_study, "20}", "20, guided: false}", "search.guided" },
        { training_study, "20}", "20, picks: 3}", "search.picks" },
        { training_study, "20}", "20, reach: 0.1}", "search.reach" },
        { training_study, "20}", "20, strategy: ppo}", "search.strategy" },
        { training_study, "20}", "20, buckets: 5}", "search.buckets" },
        { training_study, "20}", "20, bucket_growth: 2}", "search.bucket_growth" },
        { training_study, "20}", "20, keep: 2}", "search.keep" },
        { training_study, "20}", "20, keep_more: 3}", "search.keep_more" },
        { training_study, "20}", "20, order: backward}", "search.order" },
        { training_study, "20}", "20, passes: 2}", "search.passes" },
        { training_study, "20}", "20, edges: reachable}", "search.edges" },
        { training_study, "20}", "20, bucket_by: cost+interface}", "search.bucket_by" },
        { training_study, "20}", "20, default: cheapest}", "search.default" },
        { training_study, "digits", "letters", "evaluate.data.name" },
        { training_study, "train: 100", "train: 200", "evaluate.data.train" },
        { training_study, "valid: 50", "valid: 60", "evaluate.data.valid" },
        { training_study, "epochs: 1", "epochs: 2", "evaluate.schedule.epochs" },
        { training_study, "lr: 0.1", "lr: 0.10000000000000002", "evaluate.schedule.lr" },
        { training_study, "lr: 0.1", "lr: 0.1, batch: 32", "evaluate.schedule.batch" },
        { training_study, "lr: 0.1", "lr: 0.1, momentum: 0", "evaluate.schedule.momentum" },
        { training_study, "lr: 0.1", "lr: 0.1, nesterov: false", "evaluate.schedule.nesterov" },
        { training_study, "lr: 0.1", "lr: 0.1, decay: none", "evaluate.schedule.decay" },
        { training_study, "lr: 0.1", "lr: 0.1, warmup: 1", "evaluate.schedule.warmup" },
        { training_study, "lr: 0.1", "lr: 0.1, weight_decay: 1", "evaluate.schedule.weight_decay" },
        { training_study, "lr: 0.1", "lr: 0.1, label_smoothing: 0.1",
          "evaluate.schedule.label_smoothing" },
        { training_study, "lr: 0.1", "lr: 0.1, crop: 2", "evaluate.schedule.crop" },
        { training_study, "lr: 0.1", "lr: 0.1, flip: true", "evaluate.schedule.flip" },
        { training_study, "lr: 0.1", "lr: 0.1, optimizer: rmsprop", "evaluate.schedule.optimizer" },
        { rmsprop_study, "alpha: 0.9", "alpha: 0.8", "evaluate.schedule.alpha" },
        { rmsprop_study, "epsilon: 0.01", "epsilon: 0.001", "evaluate.schedule.epsilon" },
        { rmsprop_study, "gamma: 0.2", "gamma: 0.3", "evaluate.schedule.gamma" },
        { rmsprop_study, "[0.5, 0.75]", "[0.5]", "evaluate.schedule.milestones" },
        { rmsprop_study, "[0.5, 0.75]", "[0.5, 0.8]", "evaluate.schedule.milestones" },
        { rmsprop_study, "ema: 0.99", "ema: 0.9", "evaluate.schedule.ema" },
        { training_study, "lr: 0.1", "lr: 0.1, ema: 0.99", "evaluate.schedule.ema" },
        { training_study, "lr: 0.1", "lr: 0.1, memory: 500M", "evaluate.schedule.memory" },
        { training_study, "lr: 0.1", "lr: 0.1, precision: bf16", "evaluate.schedule.precision" },
        { table_study, "column: flops", "column: depth", "cost.column" },
        { table_study, "reward: acc", "reward: test", "evaluate.table.reward" },
        { table_study, "report: test", "report: acc", "evaluate.table.report" },
        { table_study, "report: test", "report: test, seconds: ms", "evaluate.table.seconds" },
        { two_rewards_study, "[acc, test]", "acc", "evaluate.table.reward (all columns)" },
        { two_rewards_study, "[acc, test]", "[acc, test, flops]",
          "evaluate.table.reward (all columns)" },
        { two_rewards_study, "20}", "20, seed: 2}", "search.seed" },
        { two_rewards_study, "20}", "20, seed: 3}", "search.seed" }, /* of the same column */
        { table_study, "write: colons", "write: colons, labels: [0, 1, 3]",
          "evaluate.table.labels" },
    };
    (void)state;
    strcpy(two_rewards_study,
           study_fixture_edit(table_study, "reward: acc, report: test", "reward: [acc, test]"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study *before = study_fixture_study(cases[i].study, "", "");
        struct study *after = study_fixture_study(cases[i].study, cases[i].from, cases[i].to);
        char *a = study_identity(before), *b = study_identity(after), field[100];

        check_string_equal(cases[i].to, first_difference(a, b, field), cases[i].field);
        check_true(cases[i].to, !digest_equal(&before->id, &after->id));
        free(a);
        free(b);
        study_free(before);
        study_free(after);
    }
}

static void test_another_table_is_another_study(void **state)
{
    struct digest before = id_of(table_study, "", ""), after;

    (void)state;
    study_fixture_write("table.csv", "arch,acc,test,flops\n2:1,75,74,800\n0:0,70,69,300\n");
    after = id_of(table_study, "", "");
    assert_false(digest_equal(&before, &after));
}

static void test_another_space_is_another_study(void **state)
{
    struct digest before = id_of(training_study, "", ""), after;

    (void)state;
    study_fixture_write("space.yaml",
                        "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                        "layers:\n"
                        "  - {name: only, options: [conv: {out: [4, 8], kernel: 3}]}\n"
                        "head: [pool: {kind: avg, size: all}, dense: {out: classes}]\n");
    after = id_of(training_study, "", "");
    assert_false(digest_equal(&before, &after));
}

static struct trial name_trial(const struct study *study, const char *arch, enum stage stage,
                               uint32_t replica, uint64_t number)
{
    struct trial trial = { .stage = stage, .replica = replica, .number = number };

    assert_int_equal(arch_parse(arch, &trial.arch), 0);
    study_name_trial(study, &trial);
    return trial;
}

static void test_trials_are_named_by_what_they_are(void **state)
{
    struct study *study = study_fixture_study(training_study, "", "");
    struct study *longer = study_fixture_study(training_study, "epochs: 3", "epochs: 4");
    struct study *other = study_fixture_study(training_study, "20}", "20, seed: 2}");
    struct trial one = name_trial(study, "1:0", STAGE_SEARCH, 0, 1);
    const struct {
        const char *name;
        struct trial trial;
        bool same;
    } cases[] = {
        { "whatever its number", name_trial(study, "1:0", STAGE_SEARCH, 0, 2), true },
        { "whatever the final stage", name_trial(longer, "1:0", STAGE_SEARCH, 0, 1), true },
        { "another architecture", name_trial(study, "1:1", STAGE_SEARCH, 0, 1), false },
        { "another stage", name_trial(study, "1:0", STAGE_FINAL, 0, 1), false },
        { "another replica", name_trial(study, "1:0", STAGE_SEARCH, 1, 1), false },
        { "another study", name_trial(other, "1:0", STAGE_SEARCH, 0, 1), false },
    };
    struct trial final = name_trial(study, "1:0", STAGE_FINAL, 0, 1);
    struct trial longer_final = name_trial(longer, "1:0", STAGE_FINAL, 0, 1);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_int_equal(cases[i].name, digest_equal(&one.key, &cases[i].trial.key), cases[i].same);
        check_int_equal(cases[i].name, one.seed == cases[i].trial.seed, cases[i].same);
    }
    check_true("another final schedule", !digest_equal(&final.key, &longer_final.key));
    check_int_equal("cost", one.cost, one.costs.madds);
    check_true("details", one.costs.params > 0 && one.costs.activations > 0);
    study_free(study);
    study_free(longer);
    study_free(other);
}

/* Stores go by these names: when one changes, SEARCH_VERSION must too. */
static void test_names_last(void **state)
{
    struct study *study = study_fixture_study(training_study, "", "");
    struct trial trial = name_trial(study, "1:0", STAGE_SEARCH, 0, 1);
    char text[DIGEST_TEXT_SIZE];

    (void)state;
    check_string_equal("study", digest_format(&study->id, text),
                       "d8907d2db8d9fd5cf40776808788f880");
    check_string_equal("trial", digest_format(&trial.key, text),
                       "4fbb1e67ecc68a6eacb2aac5f8b986e4");
    check_int_equal("seed", trial.seed, INT64_C(-3241680141072406541));
    study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_change_between_runs),
        cmocka_unit_test(test_fields_of_other_choices_are_no_part_of_it),
        cmocka_unit_test(test_one_reward_is_no_list),
        cmocka_unit_test(test_what_may_not_change),
        cmocka_unit_test(test_names_last),
        cmocka_unit_test(test_trials_are_named_by_what_they_are),
        cmocka_unit_test_teardown(test_another_table_is_another_study, study_fixture_refill),
        cmocka_unit_test_teardown(test_another_space_is_another_study, study_fixture_refill),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
