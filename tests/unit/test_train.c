/* The evaluator that trains: from a trial and a folder of images to a result. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/rng.h"
#include "proto/weights_file.h"
#include "tests/bench/models.h"
#include "worker/evaluate/evaluator.h"

enum { SIDE = 6, CLASSES = 2, IMAGES = 120, VALID = 40 };

static char folder[] = "/tmp/test_train.XXXXXX";

static void put_header(FILE *file, uint8_t dimensions)
{
    const uint8_t header[] = { 0, 0, 8, dimensions, 0, 0, 0, IMAGES, 0, 0, 0, SIDE, 0, 0, 0, SIDE };

    fwrite(header, 1, dimensions == 1 ? 8 : 16, file);
}

static FILE *create(const char *part, const char *kind)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s-%s", folder, part, kind);
    file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

/* Dark images of one class, bright ones of the other. */
static void write_part(const char *part, uint64_t seed)
{
    FILE *pixels = create(part, "images-idx3-ubyte"), *labels = create(part, "labels-idx1-ubyte");
    struct rng rng;

    rng_init(&rng, seed, 0);
    put_header(pixels, 3);
    put_header(labels, 1);
    for (int i = 0; i < IMAGES; i++) {
        fputc(i % CLASSES, labels);
        for (int p = 0; p < SIDE * SIDE; p++)
            fputc((int)rng_below(&rng, 128) + 100 * (i % CLASSES), pixels);
    }
    fclose(pixels);
    fclose(labels);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    write_part("train", 1);
    write_part("t10k", 2);
    return 0;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static bool go_on(void *arg, const struct progress *progress)
{
    (void)arg;
    (void)progress;
    return true;
}

static const char *find(void *arg, const char *name)
{
    (void)arg;
    return strcmp(name, "shades") == 0 ? folder : NULL;
}

static struct evaluator_context context = { .progress = go_on, .data_path = find, .threads = 1 };

static struct trial_message make_trial(enum stage stage)
{
    struct trial_message trial = {
        .trial = { .stage = stage, .seed = 1, .arch = { 1, { 0 } } },
        .evaluation = { .evaluator = EVALUATOR_TRAIN,
                        .data = { .name = "shades", .valid = VALID, .split_seed = 1 },
                        .schedule = { .epochs = 3, .batch = 8, .lr = 0.1, .momentum = 0.9 } },
    };
    int i = model_conv_norm_act(&trial.network, model_input(&trial.network, 1, SIDE, SIDE), 4, 3, 1,
                                1, ACTIVATION_RELU);

    model_dense(&trial.network, model_global_pool(&trial.network, i), CLASSES);
    return trial;
}

static void evaluated(const char *name, const struct trial_message *trial,
                      struct evaluation_result *result)
{
    struct errmsg err = { "" };

    *result = (struct evaluation_result){ 0 };
    if (evaluate(trial, &context, result, &err) < 0)
        fail_msg("%s: %s", name, err.text);
}

/* What comes back says all that a later evaluation needs. */
static void check_file(const struct trial_message *trial, const struct evaluation_result *result)
{
    struct weights_file file;
    struct errmsg err = { "" };

    if (weights_file_unpack(result->weights.data, result->weights.size, &file, &err) < 0)
        fail_msg("%s", err.text);
    check_string_equal("no study yet", file.study, "");
    check_int_equal("not tested yet", file.test.total, 0);
    check_int_equal("validation", file.validation.correct, result->reward.correct);
    check_int_equal("of", file.validation.total, VALID);
    check_true("seed", file.seed == trial->trial.seed);
    check_string_equal("data", file.evaluation.data.name, "shades");
    check_int_equal("epochs", file.evaluation.schedule.epochs, 3);
    check_int_equal("operations", file.network.n_ops, trial->network.n_ops);
    /* bytes 0 to 127 and 100 to 227, as many of both */
    check_true("mean", fabs((double)file.normalisation.mean[0] - 113.5) < 3);
    check_true("deviation", fabs((double)file.normalisation.deviation[0] - 62.2) < 3);
    weights_file_clear(&file);
}

static void test_search_final_test(void **state)
{
    struct trial_message search = make_trial(STAGE_SEARCH), final = make_trial(STAGE_FINAL),
                         test = make_trial(STAGE_TEST);
    struct evaluation_result result, tested;
    struct costs costs;

    (void)state;
    evaluated("search", &search, &result);
    assert_int_equal(result.reward.total, VALID);
    assert_true(result.reward.correct > VALID * 9 / 10);
    assert_int_equal(result.weights.size, 0);
    assert_non_null(strstr(result.numerics, " 1 thread "));
    network_costs(&search.network, &search.count, &costs);
    assert_int_equal(result.madds, costs.madds);
    assert_int_equal(result.params, costs.params);

    evaluated("final", &final, &result);
    check_file(&final, &result);
    test.weights = result.weights;
    evaluated("test", &test, &tested);
    assert_int_equal(tested.reward.total, IMAGES);
    assert_true(tested.reward.correct > IMAGES * 9 / 10);
    assert_int_equal(tested.weights.size, 0);
    free(result.weights.data);
    network_clear(&search.network);
    network_clear(&final.network);
    network_clear(&test.network);
}

/* The tag says so: the last digits differ. */
static void test_threads(void **state)
{
    struct trial_message final = make_trial(STAGE_FINAL), test = make_trial(STAGE_TEST);
    struct evaluation_result result, tested;

    (void)state;
    context.threads = 2;
    evaluated("final", &final, &result);
    check_file(&final, &result);
    assert_non_null(strstr(result.numerics, " 2 threads "));
    test.weights = result.weights;
    evaluated("test", &test, &tested);
    assert_true(tested.reward.correct > IMAGES * 9 / 10);
    context.threads = 1;
    free(result.weights.data);
    network_clear(&final.network);
    network_clear(&test.network);
}

/* At whatever moment the numbers end: reward 0, and no weights worth keeping. */
static void test_a_diverged_training_is_a_result(void **state)
{
    static const struct {
        const char *name;
        double lr;
        uint32_t epochs, batch;
    } cases[] = {
        { "in the loss", 1e30, 3, 8 },
        { "in the last step", 1e39, 1, 80 },
        { "only in the logits, when it is measured", 1e18, 1, 80 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (enum stage stage = STAGE_SEARCH; stage <= STAGE_FINAL; stage++) {
            struct trial_message trial = make_trial(stage);
            struct schedule *schedule = &trial.evaluation.schedule;
            struct evaluation_result result;

            schedule->lr = cases[i].lr;
            schedule->epochs = cases[i].epochs;
            schedule->batch = cases[i].batch;
            evaluated(cases[i].name, &trial, &result);
            check_true(cases[i].name, result.diverged);
            check_int_equal(cases[i].name, result.reward.correct, 0);
            check_int_equal(cases[i].name, result.reward.total, VALID);
            check_int_equal(cases[i].name, result.weights.size, 0);
            check_true(cases[i].name, result.loss == 0);
            network_clear(&trial.network);
        }
}

static void test_what_cannot_be_evaluated(void **state)
{
    struct trial_message trial = make_trial(STAGE_SEARCH), final = make_trial(STAGE_FINAL),
                         test = make_trial(STAGE_TEST);
    struct evaluation_result result;
    struct errmsg err;

    (void)state;
    strcpy(trial.evaluation.data.name, "colours");
    assert_int_equal(evaluate(&trial, &context, &result, &err), -ENOENT);
    assert_string_equal(err.text,
                        "data set colours: this worker does not have it; --data colours=PATH");
    strcpy(trial.evaluation.data.name, "shades");
    trial.evaluation.data.valid = IMAGES;
    assert_int_equal(evaluate(&trial, &context, &result, &err), -EINVAL);
    assert_int_equal(evaluate(&test, &context, &result, &err), -EINVAL);
    assert_string_equal(err.text, "weights: not a file of weights");

    evaluated("final", &final, &result);
    test.weights = result.weights;
    test.network.ops[1].groups++;
    assert_int_equal(evaluate(&test, &context, &result, &err), -EINVAL);
    assert_string_equal(err.text, "weights: those of another network");
    free(test.weights.data);
    network_clear(&final.network);
    network_clear(&trial.network);
    network_clear(&test.network);
}

static rlim_t address_space(void)
{
    unsigned long pages;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* One line, before anything is begun. */
static void test_too_large(void **state)
{
    struct trial_message trial = make_trial(STAGE_SEARCH);
    struct evaluation_result result;
    struct errmsg err = { "" };
    struct rlimit before, limit;

    (void)state;
    trial.evaluation.schedule.memory = 1000;
    assert_int_equal(evaluate(&trial, &context, &result, &err), -ENOMEM);
    assert_non_null(strstr(err.text, "even of 4 images at a time; schedule.memory is 1 MB"));
    trial.evaluation.schedule.memory = 0;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = address_space() + ((rlim_t)64 << 20);
    trial.evaluation.schedule.batch = 65536;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(evaluate(&trial, &context, &result, &err), -ENOMEM);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_non_null(strstr(err.text, "in batches of 65536; "));
    assert_non_null(strstr(err.text, "MB are available (schedule.memory has batches go in parts)"));
    network_clear(&trial.network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search_final_test),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_a_diverged_training_is_a_result),
        cmocka_unit_test(test_what_cannot_be_evaluated),
        cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
