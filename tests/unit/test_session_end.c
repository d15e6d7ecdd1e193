/* How a worker ends, and that none of its slots outlives it. */
#include "tests/unit/check.h"

#include <signal.h>

#include "tests/unit/session_fixture.h"
#include "worker/worker.h"

/* Starts a worker that runs attempt 1 until the gate is opened. Returns its slot's process. */
static pid_t start_busy_worker(struct session_fixture *f)
{
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_await_running(f, 1);
    return session_slot(f);
}

/* Results that come meanwhile get no verdict. */
static void await_log_deaf(struct session_fixture *f, const char *text)
{
    f->deaf = true;
    session_await_log(f, text);
    f->deaf = false;
}

static void test_a_refusal_ends_it_with_one_line(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker refusal = { .kind = TO_REFUSAL,
                                 .refusal = { .reason = "protocols 2 to 3 are spoken here",
                                              .protocol_lowest = WIRE_PROTOCOL_HIGHEST + 1,
                                              .protocol_highest = WIRE_PROTOCOL_HIGHEST + 2 } };
    struct from_worker hello;

    session_fixture_start(f, 1);
    hello = session_await(f, FROM_HELLO);
    from_worker_clear(&hello);
    session_say(f, &refusal);
    assert_int_equal(session_await_exit(f), 1);
    assert_int_equal(session_log_count(f, "\n"), 1);
    assert_int_equal(session_log_count(f, "protocols 2 to 3 are spoken here"), 1);
}

static void test_told_to_stop_it_says_goodbye_and_leaves_nothing_behind(void **state)
{
    static const int signals[] = { SIGTERM, SIGINT };
    struct session_fixture *f = *state;

    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        pid_t slot = start_busy_worker(f);
        struct from_worker goodbye;

        assert_int_equal(kill(f->worker, signals[i]), 0);
        goodbye = session_await(f, FROM_GOODBYE);
        from_worker_clear(&goodbye);
        assert_int_equal(session_await_exit(f), 0);
        session_await_gone(f, slot);
    }
    assert_int_equal(f->n_results[1], 0);
}

static void test_told_to_stop_it_waits_for_verdicts(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker message;

    f->welcome.welcome.heartbeat_ms = 100; /* what is told again comes soon */
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "bench", "k1");
    message = session_await(f, FROM_RESULT);
    assert_int_equal(kill(f->worker, SIGTERM), 0);
    await_log_deaf(f, "stopping");
    session_acknowledge(f, &message.result);
    from_worker_clear(&message);
    assert_int_equal(session_await_exit(f), 0);
    assert_int_equal(session_log_count(f, "not acknowledged"), 0);
}

static void test_told_twice_to_stop_it_waits_for_nothing(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker message;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "bench", "k1");
    message = session_await(f, FROM_RESULT);
    from_worker_clear(&message);
    assert_int_equal(kill(f->worker, SIGTERM), 0);
    await_log_deaf(f, "stopping");
    assert_int_equal(kill(f->worker, SIGTERM), 0);
    assert_int_equal(session_await_exit(f), 1);
}

static void test_it_can_be_told_to_stop_when_no_coordinator_answers(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker hello;

    session_fixture_start(f, 1);
    hello = session_await(f, FROM_HELLO);
    from_worker_clear(&hello);
    assert_int_equal(kill(f->worker, SIGTERM), 0);
    assert_int_equal(session_await_exit(f), 0);

    start_busy_worker(f);
    session_say_kind(f, TO_STUDY_OVER);
    session_await_log(f, "the study is over");
    assert_int_equal(kill(f->worker, SIGTERM), 0);
    assert_int_equal(session_await_exit(f), 0);
}

static void test_killed_it_takes_its_slots_along(void **state)
{
    struct session_fixture *f = *state;
    pid_t slot = start_busy_worker(f);

    assert_int_equal(kill(f->worker, SIGKILL), 0);
    assert_int_equal(session_await_exit(f), -SIGKILL);
    session_await_gone(f, slot);
}

/* A terminal, a batch system or a service manager signals all processes at once: whether a slot goes
 * on is the session's to decide, or each of its trials would count as failed. */
static void test_what_asks_a_worker_to_stop_does_not_end_its_slots(void **state)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct session_fixture *f = *state;
    struct result_message result;
    pid_t slot;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "bench", "k1"); /* its process has begun when the result is there */
    result = session_await_result(f, 1);
    session_result_clear(&result);
    slot = session_slot(f);
    session_say_trial(f, 2, "gate", "k2");
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        assert_int_equal(kill(slot, signals[i]), 0);
    session_open_gate(f);
    result = session_await_result(f, 2);
    assert_string_equal(result.result.reason, "");
    assert_int_equal(result.result.outcome, OUTCOME_OK);
    session_result_clear(&result);
}

int main(int argc, char **argv)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, session_fixture_make, session_fixture_remove)
    const struct CMUnitTest tests[] = {
        TEST(test_a_refusal_ends_it_with_one_line),
        TEST(test_told_to_stop_it_says_goodbye_and_leaves_nothing_behind),
        TEST(test_told_to_stop_it_waits_for_verdicts),
        TEST(test_told_twice_to_stop_it_waits_for_nothing),
        TEST(test_it_can_be_told_to_stop_when_no_coordinator_answers),
        TEST(test_killed_it_takes_its_slots_along),
        TEST(test_what_asks_a_worker_to_stop_does_not_end_its_slots),
    };
    if (argc > 1)
        return worker_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
