/* The final stage, when its results are not what the test of the winner needs. */
#include "tests/unit/played_worker.h"

#include <stdlib.h>

static void test_a_final_training_without_weights_is_refused(void **state)
{
    struct live *live = *state;
    struct verdict_message verdict;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "light");
    played_join(worker, 1);
    trial = played_work_until(worker, STAGE_FINAL);
    result = played_result(worker, &trial);
    result.result.weights = (struct bytes){ 0 };
    played_send(worker, &result);
    verdict = played_verdict(worker, &trial);
    assert_false(verdict.accepted);
    assert_non_null(strstr(verdict.reason, "without weights"));
    live_check("attempts", live, failed, 1);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* They would come with its result, and not fit the Trial of its test. */
static void test_weights_too_large_to_be_tested_are_refused(void **state)
{
    struct live *live = *state;
    struct verdict_message verdict;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;
    uint8_t *weights = calloc(1, WIRE_MAX_WEIGHTS + 1);

    assert_non_null(weights);
    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "heavy");
    played_join(worker, 1);
    trial = played_work_until(worker, STAGE_FINAL);
    result = played_result(worker, &trial);
    result.result.weights = (struct bytes){ weights, WIRE_MAX_WEIGHTS + 1 };
    played_send(worker, &result);
    verdict = played_verdict(worker, &trial);
    assert_false(verdict.accepted);
    assert_non_null(strstr(verdict.reason, "bytes of weights"));
    worker->credit++;
    played_heartbeat(worker, NULL);
    to_worker_clear(&trial);
    trial = played_work_until(worker, STAGE_FINAL);
    result = played_result(worker, &trial);
    result.result.weights = (struct bytes){ weights, WIRE_MAX_WEIGHTS };
    played_report(worker, &result, &trial);
    to_worker_clear(&trial);
    free(weights);
    played_finish(live, 0);
}

/* Keys are right for any replica: only the study says how many there are. */
static void test_a_replica_too_many_is_refused(void **state)
{
    static const struct {
        const char *name;
        enum stage stage;
        uint32_t replica;
    } cases[] = {
        { "search", STAGE_SEARCH, 1 },
        { "final", STAGE_FINAL, 1 },
        { "test", STAGE_TEST, UINT32_MAX },
    };
    struct live *live = *state;
    struct verdict_message verdict;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial, other;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "many");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        other = trial;
        other.trial.attempt.start++;
        other.trial.trial.stage = cases[i].stage;
        other.trial.trial.replica = cases[i].replica;
        study_name_trial(live->study, &other.trial.trial);
        result = played_result(worker, &other);
        played_send(worker, &result);
        verdict = played_verdict(worker, &other);
        check_int_equal(cases[i].name, verdict.accepted, false);
        check_true(cases[i].name, strstr(verdict.reason, "replica") != NULL);
    }
    to_worker_clear(&trial);
    played_finish(live, 0);
}

static void test_where_every_final_training_diverges_nothing_is_tested(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "diverging");
    played_join(worker, 1);
    for (int i = 0; i < LIVE_FINALS; i++) {
        struct to_worker trial = played_work_until(worker, STAGE_FINAL);
        struct from_worker result = played_result(worker, &trial);

        result.result.weights = (struct bytes){ 0 };
        result.result.result.diverged = true;
        result.result.result.reward.correct = 0;
        result.result.credit = ++worker->credit;
        played_report(worker, &result, &trial);
        to_worker_clear(&trial);
    }
    assert_string_equal(played_expect(worker, TO_STUDY_OVER).study_over.reason,
                        "trial cap reached");
    assert_int_equal(live_wait_exit(live), 0);
    assert_int_equal(live_rows(live, "search", "done"), LIVE_TRIALS);
    assert_int_equal(live_rows(live, "final", "done"), LIVE_FINALS);
    assert_int_equal(live_rows(live, "test", "done"), 0);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_a_final_training_without_weights_is_refused),
        LIVE_TEST(test_weights_too_large_to_be_tested_are_refused),
        LIVE_TEST(test_a_replica_too_many_is_refused),
        LIVE_TEST(test_where_every_final_training_diverges_nothing_is_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
