#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct fault {
    const char *name, *from, *to, *want;
};

static void check_faults(const char *study_text, const struct fault *faults, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct study *study = NULL;
        struct errmsg err = { "" };
        int rc = study_fixture_parse(study_text, faults[i].from, faults[i].to, &study, &err);

        check_string_equal(faults[i].name, study_fixture_strip(err.text), faults[i].want);
        check_true(faults[i].name, rc < 0 && !study);
    }
}

static void test_fields_of_a_study(void **state)
{
    static const struct fault faults[] = {
        { "no name", "name: tiny\n", "", "study.yaml:1: name: missing; it must be given" },
        { "a name that leaves its folder", "name: tiny", "name: ../tiny",
          "study.yaml:1: name: \"../tiny\"; letters, digits, '-', '_' and '.', beginning with a "
          "letter, a digit or '_'" },
        { "a hidden name", "name: tiny", "name: .tiny",
          "study.yaml:1: name: \".tiny\"; letters, digits, '-', '_' and '.', beginning with a "
          "letter, a digit or '_'" },
        { "a misspelt part",
          "limits:", "limit:", "study.yaml:10: limit: unknown field; did you mean limits?" },
        { "no space", "space: space.yaml\n", "", "study.yaml:1: space: missing; it must be given" },
        { "an unknown metric", "madds", "flops",
          "study.yaml:3: cost.metric: \"flops\"; allowed: madds, params, activations, table, "
          "latency" },
        { "too large a percentage", "50%", "101%",
          "study.yaml:3: cost.max: \"101%\"; whole percents of the dearest architecture, 0% to "
          "100%" },
        { "half a percent", "50%", "0.5%",
          "study.yaml:3: cost.max: \"0.5%\"; whole percents of the dearest architecture, 0% to "
          "100%" },
        { "a negative cost", "50%", "-5",
          "study.yaml:3: cost.max: \"-5\"; an integer, at least 0" },
        { "max below min", "max: 50%", "min: 20000, max: 15000",
          "study.yaml:3: cost.max: no cost from 20000 to 15000; max is at least min" },
        { "nothing so cheap", "50%", "100",
          "study.yaml:3: cost.max: no architecture costs 0 to 100; the cheapest costs 11560 (0:0),"
          " the dearest 186784 (2:1)" },
        { "nothing so dear", "max: 50%", "min: 10M, max: 20M",
          "study.yaml:3: cost.max: no architecture costs 10000000 to 20000000; the cheapest costs "
          "11560 (0:0), the dearest 186784 (2:1)" },
        { "a column without a table", "max: 50%", "column: flops",
          "study.yaml:3: cost.column: not with this metric; with `metric: table`" },
        { "a table without latencies", "max: 50%", "table: t.csv",
          "study.yaml:3: cost.table: not with this metric; with `metric: latency`" },
        { "latencies of no table", "metric: madds", "metric: latency",
          "study.yaml:3: cost.table: missing; it must be given" },
        { "latencies of other networks", "metric: madds", "metric: latency, table: table.csv",
          "study.yaml:3: cost.metric: latency, but the space has networks that are not of "
          "ofa-mobilenet-v3: input 1x8x8; 3 channels and sides of 112, 128, ... or 224" },
        { "costs of a table, rewards of none", "metric: madds", "metric: table",
          "study.yaml:3: cost.metric: table; that needs evaluate: {with: table}" },
    };
    (void)state;
    check_faults(training_study, faults, sizeof faults / sizeof *faults);
}

static void test_search(void **state)
{
    static const struct fault faults[] = {
        { "no trials", "trials: 20", "seed: 2",
          "study.yaml:4: search.trials: missing; it must be given" },
        { "trials left to chance", "trials: 20", "trials: auto",
          "study.yaml:4: search.trials: auto; it must be given" },
        { "zero trials", "trials: 20", "trials: 0",
          "study.yaml:4: search.trials: \"0\"; an integer from 1 to 100000000" },
        { "an unknown strategy", "trials: 20", "trials: 20, strategy: magic",
          "study.yaml:4: search.strategy: \"magic\"; allowed: layernas, random, evolution, local, "
          "ppo" },
        { "a shrinking table", "trials: 20", "trials: 20, bucket_growth: 0.5",
          "study.yaml:4: search.bucket_growth: \"0.5\"; a number from 1 to 100" },
        { "an unknown order", "trials: 20", "trials: 20, order: sideways",
          "study.yaml:4: search.order: \"sideways\"; allowed: forward, backward, random" },
        { "a random order with interfaces", "20}", "20, bucket_by: cost+interface, order: random}",
          "study.yaml:4: search.order: random; forward or backward with `bucket_by: "
          "cost+interface`, which keeps apart what the layers after one see" },
        { "a default that is none", "trials: 20", "trials: 20, default: best",
          "study.yaml:4: search.default: \"best\"; dearest, cheapest or one option a layer, "
          "\"0:2:1\"" },
    };
    struct study *study = NULL;
    struct errmsg err;

    (void)state;
    check_faults(training_study, faults, sizeof faults / sizeof *faults);
    assert_true(study_fixture_parse(training_study, "20", "20, default: \"0:7\"", &study, &err) <
                0);
    assert_non_null(strstr(err.text, "study.yaml:4: search.default: "));
}

static void test_evaluation(void **state)
{
    static const struct fault faults[] = {
        { "an evaluator of the future", "with: train", "with: oracle",
          "study.yaml:6: evaluate.with: \"oracle\"; allowed: train, table, surrogate" },
        { "a table that nobody reads", "  with: train", "  table: {}\n  with: train",
          "study.yaml:6: evaluate.table: not with train" },
        { "a predictor that nobody asks", "  with: train", "  surrogate: {}\n  with: train",
          "study.yaml:6: evaluate.surrogate: not with train" },
        { "weights to train on", "name: digits", "name: digits, format: float32",
          "study.yaml:7: evaluate.data.format: float32; idx, cifar10 or cifar100 with train" },
        { "no data", "  data: {name: digits, train: 100, valid: 50}\n", "",
          "study.yaml:6: evaluate.data: missing; it must be given" },
        { "a data set in another folder", "name: digits", "name: a/b",
          "study.yaml:7: evaluate.data.name: \"a/b\"; letters, digits, '-', '_' and '.', beginning "
          "with a letter, a digit or '_'" },
        { "a table to train on", "name: digits", "name: digits, format: csv",
          "study.yaml:7: evaluate.data.format: csv; idx, cifar10 or cifar100 with train" },
        { "colour images for a grey network", "name: digits", "name: digits, format: cifar10",
          "study.yaml:7: evaluate.data.format: cifar10, images of 3x32x32; the space's input is "
          "1x8x8" },
        { "fewer images than classes", "train: 100", "train: 9",
          "study.yaml:7: evaluate.data.train: \"9\"; an integer from 10 to 100000000" },
        { "no validation", ", valid: 50", "",
          "study.yaml:7: evaluate.data.valid: missing; it must be given" },
        { "no epochs", "epochs: 1, ", "",
          "study.yaml:8: evaluate.schedule.epochs: missing; it must be given" },
        { "zero epochs", "epochs: 1", "epochs: 0",
          "study.yaml:8: evaluate.schedule.epochs: \"0\"; an integer from 1 to 100000" },
        { "a batch that batch norm cannot do with", "lr: 0.1", "lr: 0.1, batch: 1",
          "study.yaml:8: evaluate.schedule.batch: \"1\"; an integer from 2 to 65536" },
        { "a batch larger than all", "lr: 0.1", "lr: 0.1, batch: 101",
          "study.yaml:8: evaluate.schedule.batch: 101; up to the 100 training images" },
        { "not a number", "lr: 0.1", "lr: nan",
          "study.yaml:8: evaluate.schedule.lr: \"nan\"; a number from 1e-09 to 1000" },
        { "a warm-up that never ends", "lr: 0.1", "lr: 0.1, warmup: 2",
          "study.yaml:8: evaluate.schedule.warmup: 2 epochs; up to the schedule's 1" },
        { "a crop beyond the image", "lr: 0.1", "lr: 0.1, crop: 8",
          "study.yaml:8: evaluate.schedule.crop: \"8\"; an integer from 0 to 7" },
        { "an unknown optimizer", "lr: 0.1", "lr: 0.1, optimizer: adam",
          "study.yaml:8: evaluate.schedule.optimizer: \"adam\"; allowed: sgd, rmsprop" },
        { "an unknown decay", "lr: 0.1", "lr: 0.1, decay: linear",
          "study.yaml:8: evaluate.schedule.decay: \"linear\"; allowed: none, cosine, step, "
          "exponential" },
        { "an unknown precision", "lr: 0.1", "lr: 0.1, precision: half",
          "study.yaml:8: evaluate.schedule.precision: \"half\"; allowed: float, bf16" },
        { "RMSprop after Nesterov", "lr: 0.1", "lr: 0.1, optimizer: rmsprop, nesterov: true",
          "study.yaml:8: evaluate.schedule.nesterov: not with `optimizer: rmsprop`" },
        { "SGD of squares", "lr: 0.1", "lr: 0.1, alpha: 0.9",
          "study.yaml:8: evaluate.schedule.alpha: not with `optimizer: sgd`" },
        { "SGD with an epsilon", "lr: 0.1", "lr: 0.1, epsilon: 1e-8",
          "study.yaml:8: evaluate.schedule.epsilon: not with `optimizer: sgd`" },
        { "a root that may be 0", "lr: 0.1", "lr: 0.1, optimizer: rmsprop, epsilon: 0",
          "study.yaml:8: evaluate.schedule.epsilon: \"0\"; a number from 1e-12 to 10" },
        { "squares never forgotten", "lr: 0.1", "lr: 0.1, optimizer: rmsprop, alpha: 1",
          "study.yaml:8: evaluate.schedule.alpha: \"1\"; a number from 0 to 0.99999" },
        { "steps nowhere", "lr: 0.1", "lr: 0.1, decay: step",
          "study.yaml:8: evaluate.schedule.milestones: missing; it must be given" },
        { "steps in an empty list", "lr: 0.1", "lr: 0.1, decay: step, milestones: []",
          "study.yaml:8: evaluate.schedule.milestones: 0 of them; a list of 1 to 16 fractions of "
          "the training, [0.5, 0.75]" },
        { "one milestone, no list", "lr: 0.1", "lr: 0.1, decay: step, milestones: 0.5",
          "study.yaml:8: evaluate.schedule.milestones: 0 of them; a list of 1 to 16 fractions of "
          "the training, [0.5, 0.75]" },
        { "milestones in epochs", "lr: 0.1", "lr: 0.1, decay: step, milestones: [30, 60]",
          "study.yaml:8: evaluate.schedule.milestones: 30 after 0; rising fractions of the "
          "training, above 0 and below 1" },
        { "milestones that fall", "lr: 0.1", "lr: 0.1, decay: step, milestones: [0.7, 0.5]",
          "study.yaml:8: evaluate.schedule.milestones: 0.5 after 0.7; rising fractions of the "
          "training, above 0 and below 1" },
        { "a milestone in words", "lr: 0.1", "lr: 0.1, decay: step, milestones: [half]",
          "study.yaml:8: evaluate.schedule.milestones: \"half\"; a number from 0 to 1e+09" },
        { "a list of lists", "lr: 0.1", "lr: 0.1, decay: step, milestones: [[0.5]]",
          "study.yaml:8: evaluate.schedule.milestones: a list; a number from 0 to 1e+09" },
        { "milestones of a cosine", "lr: 0.1", "lr: 0.1, milestones: [0.5]",
          "study.yaml:8: evaluate.schedule.milestones: not with this decay; with step" },
        { "a cosine with a factor", "lr: 0.1", "lr: 0.1, gamma: 0.5",
          "study.yaml:8: evaluate.schedule.gamma: not with this decay; with step or exponential" },
        { "exponential by nothing", "lr: 0.1", "lr: 0.1, decay: exponential",
          "study.yaml:8: evaluate.schedule.gamma: missing; it must be given" },
        { "a rate that grows", "lr: 0.1", "lr: 0.1, decay: exponential, gamma: 1.1",
          "study.yaml:8: evaluate.schedule.gamma: \"1.1\"; a number from 1e-06 to 1" },
        { "exponential by what the steps had", "lr: 0.1}\nfinal: {top: 2",
          "lr: 0.1, decay: step, milestones: [0.5]}\nfinal: {top: 2, decay: exponential",
          "study.yaml:9: final.gamma: missing; it must be given" },
        { "an average that never moves", "lr: 0.1", "lr: 0.1, ema: 1",
          "study.yaml:8: evaluate.schedule.ema: \"1\"; a number from 0 to 0.99999" },
        { "memory in words", "lr: 0.1", "lr: 0.1, memory: much",
          "study.yaml:8: evaluate.schedule.memory: \"much\"; an integer from 0 to "
          "1125899906842624" },
        { "the best of how many", "top: 2, ", "",
          "study.yaml:9: final.top: missing; it must be given" },
        { "zero seeds", "top: 2", "top: 2, seeds: 0",
          "study.yaml:9: final.seeds: \"0\"; an integer from 1 to 100" },
        { "a heart that beats too slowly", "lease: 30", "lease: 5",
          "study.yaml:10: limits.lease: a heartbeat every 5 s, a lease of 5 s; heartbeats within "
          "the lease" },
        { "doubling by number", "lease: 30", "lease: 30, doubling: 2",
          "study.yaml:10: limits.doubling: \"2\"; allowed: false, true" },
        { "a lease of two months", "lease: 30", "lease: 5184000",
          "study.yaml:10: limits.lease: \"5184000\"; an integer from 2 to 2592000" },
    };
    (void)state;
    check_faults(training_study, faults, sizeof faults / sizeof *faults);
}

static void test_table_studies(void **state)
{
    static const struct fault faults[] = {
        { "training without networks", "with: table", "with: train",
          "study.yaml:6: evaluate.with: train; table, for the space has names of options only" },
        { "counting without networks", "metric: table, column: flops", "metric: madds",
          "study.yaml:3: cost.metric: madds; table, for the space has names of options only" },
        { "a split of a table", "name: bench", "name: bench, valid: 10",
          "study.yaml:7: evaluate.data.valid: not with a table" },
        { "a schedule for a table", "  with: table", "  schedule: {}\n  with: table",
          "study.yaml:6: evaluate.schedule: not with table" },
        { "images for a table", "name: bench", "name: bench, format: cifar10",
          "study.yaml:7: evaluate.data.format: cifar10; csv with table" },
        { "no path", ", path: table.csv", "",
          "study.yaml:3: cost.metric: table; evaluate.data.path must say where it is" },
        { "no file", "path: table.csv", "path: none.csv", "none.csv: No such file or directory" },
        { "no column for costs", "column: flops", "column: flop",
          "table.csv:1: no column 'flop'; there are arch, width, depth, acc, test, flops, ms" },
        { "costs that are not whole", "column: flops", "column: ms",
          "table.csv: ms of architecture 0:0: 1.5; costs are whole numbers from 0 to 2^53" },
        { "a column a layer, but one", "arch: arch, write: colons", "arch: [width, depth, ms]",
          "study.yaml:8: evaluate.table.arch: 3 columns; 2 with `write: columns` and 2 layers" },
        { "two columns of digits", "arch: arch, write: colons",
          "arch: [width, depth], write: digits",
          "study.yaml:8: evaluate.table.arch: 2 columns; 1 with `write: digits` and 2 layers" },
        { "no column", "arch: arch, write: colons", "arch: []",
          "study.yaml:8: evaluate.table.arch: 0 columns; 2 with `write: columns` and 2 layers" },
        { "a column of columns", "arch: arch", "arch: [[arch]]",
          "study.yaml:8: evaluate.table.arch: a column's name, or a list of them" },
        { "no reward", "reward: acc, ", "",
          "study.yaml:8: evaluate.table.reward: missing; it must be given" },
        { "an option without a label", "write: colons", "write: colons, labels: [a, b]",
          "study.yaml:8: evaluate.table.labels: 2 of them; 3, one for each option of a layer" },
        { "labels that are alike", "write: colons", "write: colons, labels: [a, b, a]",
          "study.yaml:8: evaluate.table.labels: \"a\" twice; a label for each option" },
        { "a label of two lines", "write: colons", "write: colons, labels: [\"a\\n\", b, a]",
          "study.yaml:8: evaluate.table.labels: \"a \"; 1 to 31 characters, no comma, colon or "
          "quote among them" },
        { "a column of two lines", "reward: acc", "reward: \"a\\nb\"",
          "study.yaml:8: evaluate.table.reward: a column's name, or a list of them" },
        { "no column in a list", "reward: acc", "reward: []",
          "study.yaml:8: evaluate.table.reward: 0 columns; 1 to 16" },
        { "a list of too many", "reward: acc", "reward: [a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q]",
          "study.yaml:8: evaluate.table.reward: 17 columns; 1 to 16" },
        { "a list of lists", "reward: acc", "reward: [acc, [test]]",
          "study.yaml:8: evaluate.table.reward: a column's name, or a list of them" },
        { "a column with a comma", "reward: acc", "reward: \"acc,test\"",
          "study.yaml:8: evaluate.table.reward: a column's name, or a list of them" },
        { "a reward twice", "reward: acc", "reward: [acc, test, acc]",
          "study.yaml:8: evaluate.table.reward: \"acc\" twice; a column for each training" },
        { "a long name", "reward: acc",
          "reward: [acc, x123456789012345678901234567890123456789012345678901234567890123]",
          "study.yaml:8: evaluate.table.reward: a column's name of over 63 characters" },
        { "seconds of no name", "reward: acc", "reward: acc, seconds: []",
          "study.yaml:8: evaluate.table.seconds: a list; text of 1 to 63 bytes" },
        { "a label with a comma", "write: colons", "write: colons, labels: [\"a,b\", b, a]",
          "study.yaml:8: evaluate.table.labels: \"a,b\"; 1 to 31 characters, no comma, colon or "
          "quote among them" },
        { "labels and a first number", "write: colons",
          "write: colons, first: 1, labels: [a, b, c]",
          "study.yaml:8: evaluate.table.first: not together with labels" },
        { "digits that run together", "write: colons", "write: digits, first: 8",
          "study.yaml:8: evaluate.table.write: digits, with options written 8 and 10; of one "
          "length" },
        { "a default that the table lacks", "trials: 20", "trials: 20, default: \"2:0\"",
          "study.yaml:4: search.default: \"2:0\"; an architecture that the table has" },
        { "a table that knows none", "arch: arch, write: colons", "arch: acc, write: colons",
          "study.yaml:3: cost.metric: table; the table has no architecture of this space" },
        { "a schedule of nothing", "report: test}\n", "report: test}\nfinal: {top: 1, epochs: 3}\n",
          "study.yaml:9: final.epochs: unknown field; allowed: top, seeds, time_limit" },
    };
    (void)state;
    check_faults(table_study, faults, sizeof faults / sizeof *faults);
}

static const char surrogate_study[] =
    "name: n\nspace: space.yaml\ncost: {metric: madds}\nsearch: {trials: 1}\n"
    "evaluate:\n  with: surrogate\n  data: {name: n}\n  surrogate: {model: ofa-mobilenet-v3}\n";

static void test_surrogate_studies(void **state)
{
    static const struct fault faults[] = {
        { "no model", "{model: ofa-mobilenet-v3}", "{}",
          "study.yaml:8: evaluate.surrogate.model: missing; it must be given" },
        { "a model of the future", "model: ofa-mobilenet-v3", "model: oracle",
          "study.yaml:8: evaluate.surrogate.model: \"oracle\"; allowed: ofa-mobilenet-v3" },
        { "a table beside it", "  with", "  table: {}\n  with",
          "study.yaml:6: evaluate.table: not with surrogate" },
        { "a table for a predictor", "name: n}", "name: n, format: csv}",
          "study.yaml:7: evaluate.data.format: csv; float32 with surrogate" },
        { "a split of a predictor", "name: n}", "name: n, valid: 10}",
          "study.yaml:7: evaluate.data.valid: not with a surrogate" },
        { "names alone", "space: space.yaml", "space: names.yaml",
          "study.yaml:6: evaluate.with: surrogate; table, for the space has names of options "
          "only" },
        { "networks of another space", "", "",
          "study.yaml:8: evaluate.surrogate.model: ofa-mobilenet-v3, but the space has other "
          "networks: input 1x8x8; 3 channels and sides of 112, 128, ... or 224" },
    };
    (void)state;
    check_faults(surrogate_study, faults, sizeof faults / sizeof *faults);
}

static void test_surrogate_studies_of_its_space(void **state)
{
    static const struct fault faults[] = {
        { "latencies of other columns", "metric: madds", "metric: latency, table: table.csv",
          "table.csv:1: no column 'r'; there are arch, width, depth, acc, test, flops, ms" },
        { "the best once more", "trials: 1}\n", "trials: 1}\nfinal: {top: 1}\n",
          "study.yaml:5: final: not with a surrogate, which would say the same again" },
    };
    char text[1000], *space = realpath("deploy/spaces/ofa-mobilenet-v3.yaml", NULL);
    const char *rest = strstr(surrogate_study, "\ncost:");
    struct study *study;

    (void)state;
    assert_non_null(space);
    snprintf(text, sizeof text, "name: n\nspace: %s%s", space, rest);
    free(space);
    check_faults(text, faults, sizeof faults / sizeof *faults);
    assert_int_equal(study_fixture_parse(text, "", "", &study, NULL), 0);
    assert_int_equal(study->evaluation.data.format, DATA_FLOAT32);
    study_free(study);
}

/* Costs read off a table, for a space that has networks. */
static void test_candidates_and_a_table_of_costs(void **state)
{
    static const struct fault faults[] = {
        { "one candidate of two costs", "20}", "20, canonical: true}",
          "study.yaml:4: search.canonical: true; false with `metric: table`, where equal networks "
          "may differ in cost" },
    };
    char text[600];

    (void)state;
    snprintf(text, sizeof text, "name: n\nspace: space.yaml\n%s", strstr(table_study, "cost:"));
    check_faults(text, faults, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_of_a_study),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_evaluation),
        cmocka_unit_test(test_table_studies),
        cmocka_unit_test(test_surrogate_studies),
        cmocka_unit_test(test_surrogate_studies_of_its_space),
        cmocka_unit_test(test_candidates_and_a_table_of_costs),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
