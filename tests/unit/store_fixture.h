/* store_fixture - a state directory of its own for each test, and rows to fill it with. */
#ifndef LAYERNAS_TESTS_STORE_FIXTURE_H
#define LAYERNAS_TESTS_STORE_FIXTURE_H

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/ledger/store.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

/* Tests run in a group with study_fixture_make and study_fixture_remove, each with a bed. */
#define with_bed(test) cmocka_unit_test_setup_teardown(test, bed_make, bed_remove)

struct bed {
    char root[64], directory[80];
    struct study *study;
};

static inline int bed_make(void **state)
{
    struct bed *bed = calloc(1, sizeof *bed);

    snprintf(bed->root, sizeof bed->root, "/tmp/layernas-store-XXXXXX");
    if (!mkdtemp(bed->root))
        return -1;
    snprintf(bed->directory, sizeof bed->directory, "%s/state", bed->root);
    bed->study = study_fixture_study(training_study, "", "");
    *state = bed;
    return 0;
}

static inline int bed_remove(void **state)
{
    struct bed *bed = *state;
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", bed->root);
    study_free(bed->study);
    if (system(command) != 0)
        return -1;
    free(bed);
    return 0;
}

/* Empties the state directory. */
static inline void bed_clear(const struct bed *bed)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", bed->directory);
    assert_int_equal(system(command), 0);
}

static inline struct store *bed_open(const struct bed *bed)
{
    struct store *store = NULL;
    struct errmsg err = { "" };

    if (store_open(bed->directory, bed->study, &store, &err) < 0)
        fail_msg("cannot open %s: %s", bed->directory, err.text);
    return store;
}

static inline struct trial some_trial(uint64_t number)
{
    struct trial trial = { .number = number, .arch = { .n = 2, .option = { number % 3, 1 } } };

    memcpy(trial.key.bytes, &number, sizeof number);
    return trial;
}

static inline struct trial_result some_result(uint64_t number)
{
    struct trial trial = some_trial(number);
    struct trial_result result = {
        .key = trial.key,
        .stage = trial.stage,
        .arch = trial.arch,
        .madds = 123456 + (int64_t)number,
        .params = 777,
        .reward = { .correct = (uint32_t)number % 1000, .total = 1000 },
        .loss = 1.0 / (double)(number + 3),
        .seconds = 0.125 * (double)number,
        .diverged = number % 7 == 0,
    };

    snprintf(result.numerics, sizeof result.numerics, "openblas-haswell-1t");
    snprintf(result.worker, sizeof result.worker, "node%d:4711", (int)(number % 5));
    return result;
}

static inline void put(struct store *store, uint64_t number, store_done_fn *done, void *arg)
{
    struct trial trial = some_trial(number);
    struct trial_result result = some_result(number);

    assert_int_equal(store_put_result(store, &trial, &result, NULL, NULL, done, arg), 0);
}

/* Waits until nothing is pending, dispatching. */
static inline void wait_for_all(struct store *store)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };

    while (store_pending(store) > 0) {
        assert_int_equal(poll(&poll_fd, 1, 30000), 1);
        store_dispatch(store);
    }
    store_dispatch(store);
}

static inline void check_same_result(const struct trial_result *got,
                                     const struct trial_result *want)
{
    assert_true(digest_equal(&got->key, &want->key));
    assert_int_equal(got->stage, want->stage);
    assert_int_equal(got->replica, want->replica);
    assert_true(arch_equal(&got->arch, &want->arch));
    assert_int_equal(got->madds, want->madds);
    assert_int_equal(got->params, want->params);
    assert_int_equal(got->outcome, want->outcome);
    assert_int_equal(got->reward.correct, want->reward.correct);
    assert_int_equal(got->reward.total, want->reward.total);
    assert_memory_equal(&got->loss, &want->loss, sizeof got->loss);
    assert_memory_equal(&got->seconds, &want->seconds, sizeof got->seconds);
    assert_int_equal(got->diverged, want->diverged);
    assert_string_equal(got->numerics, want->numerics);
    assert_string_equal(got->worker, want->worker);
    assert_string_equal(got->reason, want->reason);
}

/* Counts results, which must be some_result(1), (2), ... in this order. */
static inline int take_in_order(void *arg, const struct stored_result *stored)
{
    uint64_t *n = arg;
    struct trial_result want = some_result(++*n);

    check_same_result(&stored->result, &want);
    return 0;
}

#endif
