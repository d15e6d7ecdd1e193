#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>

#include "coordinator/known_results.h"

enum { MANY = 5000 };

static struct stored_result numbered(uint32_t i)
{
    struct stored_result stored = {
        .result = { .stage = i % 5 ? STAGE_SEARCH : STAGE_FINAL,
                    .replica = i % 3,
                    .madds = 1000 + i,
                    .params = 7 * (int64_t)i,
                    .outcome = i % 11 ? OUTCOME_OK : OUTCOME_FAILED,
                    .reward = { i, MANY },
                    .loss = 0.5 * i,
                    .seconds = 0.25 * i,
                    .diverged = i % 7 == 0 },
        .quarantined = i % 11 == 0,
        .retried = i % 13 == 0,
        .failures_before = 3 * (uint64_t)i,
    };

    memcpy(stored.result.key.bytes, &i, sizeof i);
    snprintf(stored.result.numerics, sizeof stored.result.numerics, "tag %u", i % 2);
    snprintf(stored.result.worker, sizeof stored.result.worker, "node%u", i % 9);
    snprintf(stored.result.reason, sizeof stored.result.reason, i % 11 ? "" : "signal %u", i % 4);
    return stored;
}

static void check_same(const struct stored_result *a, const struct stored_result *b)
{
    const struct trial_result *x = &a->result, *y = &b->result;

    assert_memory_equal(&x->key, &y->key, sizeof x->key);
    assert_true(x->stage == y->stage && x->replica == y->replica && x->outcome == y->outcome);
    assert_true(x->madds == y->madds && x->params == y->params && x->diverged == y->diverged);
    assert_true(x->reward.correct == y->reward.correct && x->reward.total == y->reward.total);
    assert_true(x->loss == y->loss && x->seconds == y->seconds);
    assert_string_equal(x->numerics, y->numerics);
    assert_string_equal(x->worker, y->worker);
    assert_string_equal(x->reason, y->reason);
    assert_true(a->quarantined == b->quarantined && a->retried == b->retried);
    assert_true(a->failures_before == b->failures_before);
}

static struct known_results *keep_many(uint32_t from)
{
    struct known_results *results = known_results_new();

    assert_non_null(results);
    for (uint32_t i = from; i < from + MANY; i++) {
        struct stored_result stored = numbered(i), later = stored;

        later.result.loss = -1;
        assert_int_equal(known_results_keep(results, &stored), 0);
        assert_int_equal(known_results_keep(results, &later), -EALREADY);
    }
    return results;
}

static void test_each_is_found_as_it_was_and_taken_once(void **state)
{
    struct known_results *results = keep_many(0);

    (void)state;
    check_int_equal("search", known_results_n_search(results), MANY / 5 * 4);
    for (uint32_t k = 0; k < MANY; k++) {
        struct stored_result want = numbered(k * 1237 % MANY), got;

        assert_true(known_results_find(results, &want.result.key, &got));
        check_same(&got, &want);
        assert_true(known_results_take(results, &want.result.key, &got));
        check_same(&got, &want);
        assert_false(known_results_take(results, &want.result.key, &got));
        assert_false(known_results_has(results, &want.result.key));
    }
    check_int_equal("search", known_results_n_search(results), 0);
    known_results_free(results);
}

static void test_what_was_taken_may_come_again(void **state)
{
    struct known_results *results = keep_many(0);
    struct stored_result got;

    (void)state;
    for (int round = 0; round < 3; round++)
        for (uint32_t i = 0; i < MANY; i++) {
            struct stored_result want = numbered(i);

            known_results_drop(results, &want.result.key);
            known_results_drop(results, &want.result.key);
            want.result.loss = round;
            assert_int_equal(known_results_keep(results, &want), 0);
            assert_true(known_results_find(results, &want.result.key, &got));
            check_same(&got, &want);
        }
    known_results_free(results);
    known_results_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_found_as_it_was_and_taken_once),
        cmocka_unit_test(test_what_was_taken_may_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
