/* A worker's conversation with its coordinator, which the test plays. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/version.h"
#include "tests/unit/session_fixture.h"
#include "worker/worker.h"

/* ---- checks ---- */

static bool has_data(const struct hello *hello, const char *name)
{
    for (uint32_t i = 0; i < hello->n_data; i++)
        if (strcmp(hello->data[i].name, name) == 0)
            return true;
    return false;
}

static bool holds(const struct hello *hello, const struct to_worker *trial)
{
    const struct trial_message *wanted = &trial->trial;

    for (uint32_t i = 0; i < hello->n_held; i++)
        if (hello->held[i].start == wanted->attempt.start &&
            hello->held[i].counter == wanted->attempt.counter)
            return digest_equal(&hello->held_keys[i], &wanted->trial.key);
    return false;
}

/* The row of that attempt gave that reward; then the worker's credit is as said. */
static void check_result(struct session_fixture *f, const char *name, uint64_t attempt,
                         uint32_t percent, uint64_t credit)
{
    struct result_message result = session_await_result(f, attempt);

    check_string_equal(name, result.result.reason, "");
    check_int_equal(name, result.result.outcome, OUTCOME_OK);
    check_int_equal(name, result.result.reward.correct, percent * 10000);
    check_int_equal(name, result.result.reward.total, 1000000);
    check_int_equal(name, result.credit, credit);
    session_result_clear(&result);
}

static void await_credit(struct session_fixture *f, uint64_t credit)
{
    struct from_worker message;
    uint64_t got;

    do {
        message = session_await(f, FROM_HEARTBEAT);
        got = message.heartbeat.credit;
        from_worker_clear(&message);
    } while (got < credit);
    assert_int_equal(got, credit);
}

/* ---- Hello ---- */

static void test_hello_tells_what_the_worker_is(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker first, again;
    struct hello *hello = &first.hello;

    session_fixture_start(f, 2);
    first = session_await(f, FROM_HELLO);
    assert_int_equal(hello->protocol_lowest, WIRE_PROTOCOL_LOWEST);
    assert_int_equal(hello->protocol_highest, WIRE_PROTOCOL_HIGHEST);
    assert_string_equal(hello->version, LAYERNAS_VERSION);
    assert_string_equal(hello->name, "tester");
    assert_int_equal(hello->slots, 2);
    assert_int_equal(hello->threads, 1);
    assert_int_equal(hello->credit, 2);
    assert_int_equal(hello->n_held, 0);
    assert_true(hello->numerics[0]);
    assert_true(has_data(hello, "bench") && has_data(hello, "corrupt") && has_data(hello, "gate"));

    again = session_await(f, FROM_HELLO); /* nobody answered */
    assert_memory_equal(again.hello.worker_id, hello->worker_id, sizeof hello->worker_id);
    assert_int_equal(again.hello.credit, 2);
    session_say(f, &f->welcome);
    await_credit(f, 2);
    from_worker_clear(&first);
    from_worker_clear(&again);
}

/* ---- Trial, Result, Verdict ---- */

static void test_each_trial_gives_a_result_and_one_more_credit(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 1, "bench", "k4");
    struct result_message result;

    session_fixture_start(f, 2);
    session_greet_worker(f);
    session_say(f, &trial);
    result = session_await_result(f, 1);
    assert_true(digest_equal(&result.study_id, &f->welcome.welcome.study_id));
    assert_int_equal(result.attempt.start, SESSION_START);
    assert_true(digest_equal(&result.result.key, &trial.trial.trial.key));
    assert_int_equal(result.result.stage, STAGE_SEARCH);
    assert_true(arch_equal(&result.result.arch, &trial.trial.trial.arch));
    assert_int_equal(result.result.outcome, OUTCOME_OK);
    assert_int_equal(result.result.reward.correct, 540000);
    assert_string_equal(result.result.numerics, "table");
    assert_true(result.result.seconds > 0);
    assert_non_null(memmem(result.output.data, result.output.size, "10 rows", 7));
    assert_int_equal(result.credit, 3);
    session_result_clear(&result);

    session_say_trial(f, 2, "bench", "k0");
    check_result(f, "the second", 2, 50, 4);
    session_say_trial(f, 3, "bench", "k9");
    check_result(f, "the third", 3, 59, 5);
}

static void test_a_table_tells_the_seconds(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 1, "bench", "k4");
    struct result_message result;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say(f, &trial);
    result = session_await_result(f, 1);
    assert_true(result.result.seconds > 0 && result.result.seconds != 54);
    session_result_clear(&result);

    trial.trial.attempt.counter = 2;
    strcpy(trial.trial.evaluation.table.seconds_column, "acc");
    session_say(f, &trial);
    result = session_await_result(f, 2);
    assert_int_equal(result.result.outcome, OUTCOME_OK);
    assert_true(result.result.seconds == 54);
    session_result_clear(&result);

    trial.trial.attempt.counter = 3;
    strcpy(trial.trial.table_key, "k10"); /* there is none: the time that it took to find out */
    session_say(f, &trial);
    result = session_await_result(f, 3);
    assert_int_equal(result.result.outcome, OUTCOME_FAILED);
    assert_true(result.result.seconds > 0);
    session_result_clear(&result);
}

static void test_a_result_is_told_until_there_is_a_verdict(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker message;
    size_t told;

    f->welcome.welcome.heartbeat_ms = 300;
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "bench", "k1");
    for (int i = 0; i < 3; i++) {
        message = session_await(f, FROM_RESULT);
        assert_int_equal(message.result.attempt.counter, 1);
        assert_int_equal(message.result.result.reward.correct, 510000);
        if (i == 2) {
            session_acknowledge(f, &message.result);
            session_acknowledge(f, &message.result);
        }
        from_worker_clear(&message);
    }
    session_say_trial(f, 2, "bench", "k2");
    message.result = session_await_result(f, 2); /* copies of the first come before this */
    session_result_clear(&message.result);
    told = f->n_results[1];
    for (int i = 0; i < 6; i++) {
        message = session_await(f, FROM_HEARTBEAT);
        from_worker_clear(&message);
    }
    assert_int_equal(f->n_results[1], told);
}

static void test_an_attempt_told_again_is_not_run_again(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker message;

    session_fixture_start(f, 2);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_say_trial(f, 1, "gate", "k1");
    session_await_running(f, 1);
    session_open_gate(f);
    message = session_await(f, FROM_RESULT);
    from_worker_clear(&message);
    session_say_trial(f, 1, "gate", "k1"); /* what it has is told again */
    check_result(f, "told again", 1, 51, 3);
    session_say_trial(f, 2, "bench", "k2");
    check_result(f, "the next", 2, 52, 4);
}

static void test_a_trial_without_credit_is_left(void **state)
{
    struct session_fixture *f = *state;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_say_trial(f, 2, "bench", "k2");
    session_await_running(f, 1);
    session_open_gate(f);
    check_result(f, "the one with credit", 1, 51, 2);
    session_say_trial(f, 3, "bench", "k3");
    check_result(f, "the next", 3, 53, 3);
    assert_int_equal(f->n_results[2], 0);
}

/* ---- Cancel ---- */

static void test_cancel_ends_its_attempt_and_nothing_else(void **state)
{
    struct session_fixture *f = *state;
    pid_t slot;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_say_cancel(f, 9); /* never heard of */
    session_await_running(f, 1);
    slot = session_slot(f);
    session_say_cancel(f, 1);
    session_say_cancel(f, 1);
    await_credit(f, 2);
    session_await_gone(f, slot);
    session_say_trial(f, 2, "bench", "k2");
    check_result(f, "the next", 2, 52, 3);
    session_say_cancel(f, 2); /* done already */
    session_say_trial(f, 3, "bench", "k3");
    check_result(f, "the one after", 3, 53, 4);
    assert_int_equal(f->n_results[1], 0);
}

/* ---- coordinators that forget, go away, or are done ---- */

static void test_hello_again_tells_what_it_holds(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker running = session_table_trial(f, 1, "gate", "k1");
    struct to_worker done = session_table_trial(f, 2, "bench", "k2");
    struct from_worker message;

    session_fixture_start(f, 3);
    session_greet_worker(f);
    session_say(f, &running);
    session_say(f, &done);
    message = session_await(f, FROM_RESULT);
    from_worker_clear(&message);

    session_say_kind(f, TO_HELLO_AGAIN);
    session_say_kind(f, TO_HELLO_AGAIN); /* to the heartbeat after it, say */
    message = session_await(f, FROM_HELLO);
    assert_int_equal(message.hello.n_held, 2);
    assert_true(holds(&message.hello, &running));
    assert_true(holds(&message.hello, &done));
    assert_int_equal(message.hello.credit, 2);
    from_worker_clear(&message);

    session_say(f, &f->welcome);
    f->n_heartbeats = 0;
    check_result(f, "told again after a Welcome", 2, 52, 2);
    assert_int_equal(f->n_heartbeats, 0); /* at once */
    session_open_gate(f);
    check_result(f, "what went on meanwhile", 1, 51, 3);
}

/* A heartbeat every 100 ms: an absence shows soon. */
static void test_an_attempt_outlives_its_coordinator(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 1, "gate", "k1");
    struct from_worker hello;
    struct result_message result;
    pid_t slot;

    f->welcome.welcome.heartbeat_ms = 100;
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say(f, &trial);
    session_await_running(f, 1);
    slot = session_slot(f);
    session_fixture_unbind(f);
    session_await_log(f, "is silent; connecting anew");

    session_fixture_bind(f);
    hello = session_await(f, FROM_HELLO);
    assert_true(holds(&hello.hello, &trial));
    assert_int_equal(hello.hello.credit, 0);
    from_worker_clear(&hello);
    session_say(f, &f->welcome);
    session_await_running(f, 1);
    assert_int_equal(session_slot(f), slot);

    session_fixture_unbind(f);
    session_open_gate(f);
    session_await_log(f, "3 done: 51.00 %");
    session_fixture_bind(f);
    hello = session_await(f, FROM_HELLO);
    assert_true(holds(&hello.hello, &trial));
    assert_int_equal(hello.hello.credit, 1);
    from_worker_clear(&hello);
    session_say(f, &f->welcome);
    result = session_await_result(f, 1);
    assert_int_equal(result.result.reward.correct, 510000);
    session_result_clear(&result);
}

static void test_a_welcome_to_another_study_drops_the_last_one(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker old = session_table_trial(f, 3, "bench", "k3");
    struct from_worker message;
    pid_t slot;

    session_fixture_start(f, 2);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_await_running(f, 1);
    slot = session_slot(f);
    session_say_trial(f, 2, "bench", "k2");
    message = session_await(f, FROM_RESULT);
    from_worker_clear(&message);

    f->welcome.welcome.study_id.bytes[0]++;
    session_say_kind(f, TO_HELLO_AGAIN);
    session_greet_worker(f);
    await_credit(f, 2);
    session_await_gone(f, slot);
    session_say(f, &old);
    session_say_trial(f, 4, "bench", "k4");
    check_result(f, "the new study's", 4, 54, 3);
    assert_int_equal(f->n_results[2], 1);
    assert_int_equal(f->n_results[3], 0);
}

static void test_after_a_study_is_over_the_worker_asks_for_another(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker hello;
    pid_t slot;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_await_running(f, 1);
    slot = session_slot(f);
    session_say_kind(f, TO_STUDY_OVER);
    session_await_gone(f, slot);
    hello = session_await(f, FROM_HELLO);
    assert_int_equal(hello.hello.n_held, 0);
    assert_int_equal(hello.hello.credit, 1);
    from_worker_clear(&hello);
    session_say(f, &f->welcome);
    session_say_trial(f, 2, "bench", "k2");
    check_result(f, "of another study", 2, 52, 2);
}

int main(int argc, char **argv)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, session_fixture_make, session_fixture_remove)
    const struct CMUnitTest tests[] = {
        TEST(test_hello_tells_what_the_worker_is),
        TEST(test_each_trial_gives_a_result_and_one_more_credit),
        TEST(test_a_table_tells_the_seconds),
        TEST(test_a_result_is_told_until_there_is_a_verdict),
        TEST(test_an_attempt_told_again_is_not_run_again),
        TEST(test_a_trial_without_credit_is_left),
        TEST(test_cancel_ends_its_attempt_and_nothing_else),
        TEST(test_hello_again_tells_what_it_holds),
        TEST(test_an_attempt_outlives_its_coordinator),
        TEST(test_a_welcome_to_another_study_drops_the_last_one),
        TEST(test_after_a_study_is_over_the_worker_asks_for_another),
    };
    if (argc > 1)
        return worker_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
