/* The final stage, when its results are not what the test of the winner needs. */
#include "tests/unit/played_worker.h"

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
        LIVE_TEST(test_where_every_final_training_diverges_nothing_is_tested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
