/* A worker that ends keeps the results that nobody acknowledged; the next one delivers them, once. */
#include "tests/unit/check.h"

#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/session_fixture.h"
#include "worker/worker.h"

/* A worker whose result of that attempt is not acknowledged. */
static void start_unheard_worker(struct session_fixture *f, uint64_t attempt)
{
    struct from_worker message;

    f->deaf = false;
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, attempt, "bench", "k1");
    message = session_await(f, FROM_RESULT);
    from_worker_clear(&message);
    f->deaf = true;
}

static void stop(struct session_fixture *f, int signal, int status)
{
    assert_int_equal(kill(f->worker, signal), 0);
    assert_int_equal(session_await_exit(f), status);
    f->deaf = false;
}

/* The next worker, which is told of no trial. */
static void check_delivered(struct session_fixture *f, uint64_t attempt)
{
    struct result_message result;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    result = session_await_result(f, attempt);
    assert_int_equal(result.result.outcome, OUTCOME_OK);
    assert_int_equal(result.result.reward.correct, 510000);
    assert_true(digest_equal(&result.study_id, &f->welcome.welcome.study_id));
    session_result_clear(&result);
    while (session_spooled(f, ".result") > 0)
        session_nap(f, "the acknowledged result to go");
}

static void test_told_to_stop_it_keeps_what_nobody_acknowledged(void **state)
{
    struct session_fixture *f = *state;

    start_unheard_worker(f, 1);
    stop(f, SIGTERM, 0);
    assert_int_equal(session_spooled(f, ".result"), 1);
    assert_int_equal(session_log_count(f, "1 results were not acknowledged: they wait in"), 1);
    check_delivered(f, 1);
}

static void test_without_a_coordinator_it_keeps_it_at_once(void **state)
{
    struct session_fixture *f = *state;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "gate", "k1");
    session_await_running(f, 1);
    session_fixture_unbind(f);
    session_await_log(f, "is silent; connecting anew");
    session_open_gate(f);
    session_await_log(f, " done: 51.00 %");
    stop(f, SIGTERM, 0); /* while it is CONNECTING */
    assert_int_equal(session_spooled(f, ".result"), 1);
    session_fixture_bind(f);
    check_delivered(f, 1);
}

static void test_killed_it_has_kept_what_waited_for_a_heartbeat(void **state)
{
    struct session_fixture *f = *state;

    start_unheard_worker(f, 1);
    while (session_spooled(f, ".result") == 0)
        session_nap(f, "the result to be kept");
    stop(f, SIGKILL, -SIGKILL);
    check_delivered(f, 1);
}

/* Nor does what the next worker has taken over get lost with it. */
static void test_it_is_kept_until_there_is_a_verdict(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker message;

    start_unheard_worker(f, 1);
    stop(f, SIGTERM, 0);
    for (int i = 0; i < 2; i++) {
        session_fixture_start(f, 1);
        session_greet_worker(f);
        message = session_await(f, FROM_RESULT);
        assert_int_equal(message.result.attempt.counter, 1);
        from_worker_clear(&message);
        f->deaf = true;
        stop(f, SIGKILL, -SIGKILL);
        assert_int_equal(session_spooled(f, ".result"), 1);
    }
    check_delivered(f, 1);
}

static void test_while_its_worker_lives_no_other_delivers_it(void **state)
{
    struct session_fixture *f = *state;
    struct result_message result;
    pid_t first;

    start_unheard_worker(f, 1);
    while (session_spooled(f, ".result") == 0)
        session_nap(f, "the result to be kept");
    first = f->worker;
    assert_int_equal(kill(first, SIGSTOP), 0);
    while (waitpid(first, NULL, WUNTRACED | WNOHANG) == 0)
        session_nap(f, "the first worker to stand still");
    f->deaf = false;
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 2, "bench", "k2");
    result = session_await_result(f, 2);
    session_result_clear(&result);
    assert_int_equal(session_log_count(f, "left by a worker that is gone"), 0);
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_equal(waitpid(first, NULL, 0), first);
    session_await_log(f, "left by a worker that is gone: 1"); /* with its next heartbeat */
    result = session_await_result(f, 1);
    session_result_clear(&result);
}

static void test_it_waits_for_its_study(void **state)
{
    struct session_fixture *f = *state;
    struct result_message result;
    size_t n;

    start_unheard_worker(f, 1);
    stop(f, SIGTERM, 0);
    n = f->n_results[1];
    f->welcome.welcome.study_id.bytes[0]++;
    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 2, "bench", "k2");
    result = session_await_result(f, 2);
    session_result_clear(&result);
    assert_int_equal(f->n_results[1], n);
    stop(f, SIGTERM, 0);
    assert_int_equal(session_spooled(f, ".result"), 1);
    f->welcome.welcome.study_id.bytes[0]--;
    check_delivered(f, 1);
}

/* The same, for a worker that goes from study to study. */
static void test_its_study_may_come_back(void **state)
{
    struct session_fixture *f = *state;
    struct result_message result;

    start_unheard_worker(f, 1);
    f->welcome.welcome.study_id.bytes[0]++;
    session_say_kind(f, TO_HELLO_AGAIN);
    session_greet_worker(f);
    session_await_log(f, "1 results of another study wait for it in");
    f->deaf = false;
    f->welcome.welcome.study_id.bytes[0]--;
    session_say_kind(f, TO_HELLO_AGAIN);
    session_greet_worker(f);
    result = session_await_result(f, 1);
    assert_int_equal(result.result.reward.correct, 510000);
    session_result_clear(&result);
}

/* A coordinator that has yet to learn what data the worker has would refuse it. */
static void test_it_waits_until_the_coordinator_is_content_with_the_data(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker hello;
    size_t n;

    start_unheard_worker(f, 1);
    stop(f, SIGTERM, 0);
    n = f->n_results[1];
    session_fixture_start(f, 1);
    strcpy(f->welcome.welcome.data, "bench");
    session_greet_worker(f);
    hello = session_await(f, FROM_HELLO); /* it has read its data */
    assert_int_equal(hello.hello.n_held, 1);
    assert_int_equal(hello.hello.held[0].counter, 1);
    from_worker_clear(&hello);
    *f->welcome.welcome.data = '\0';
    strcpy(f->welcome.welcome.no_trials, "other data");
    session_say(f, &f->welcome);
    session_await_log(f, "no trials of study");
    assert_int_equal(f->n_results[1], n);
    stop(f, SIGTERM, 0);
    *f->welcome.welcome.no_trials = '\0';
    check_delivered(f, 1);
}

static void test_it_is_not_kept_past_the_end_of_its_study(void **state)
{
    struct session_fixture *f = *state;

    start_unheard_worker(f, 1);
    while (session_spooled(f, ".result") == 0)
        session_nap(f, "the result to be kept");
    session_say_kind(f, TO_STUDY_OVER);
    session_await_log(f, "the study is over");
    stop(f, SIGTERM, 0);
    assert_int_equal(session_spooled(f, ".result"), 0);
}

static void test_a_failure_is_not_kept(void **state)
{
    struct session_fixture *f = *state;
    struct from_worker message;

    session_fixture_start(f, 1);
    session_greet_worker(f);
    session_say_trial(f, 1, "corrupt", "k1");
    message = session_await(f, FROM_RESULT);
    from_worker_clear(&message);
    f->deaf = true;
    stop(f, SIGTERM, 0);
    assert_int_equal(session_spooled(f, ".result"), 0);
}

int main(int argc, char **argv)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, session_fixture_make, session_fixture_remove)
    const struct CMUnitTest tests[] = {
        TEST(test_told_to_stop_it_keeps_what_nobody_acknowledged),
        TEST(test_without_a_coordinator_it_keeps_it_at_once),
        TEST(test_killed_it_has_kept_what_waited_for_a_heartbeat),
        TEST(test_it_is_kept_until_there_is_a_verdict),
        TEST(test_while_its_worker_lives_no_other_delivers_it),
        TEST(test_it_waits_for_its_study),
        TEST(test_its_study_may_come_back),
        TEST(test_it_waits_until_the_coordinator_is_content_with_the_data),
        TEST(test_it_is_not_kept_past_the_end_of_its_study),
        TEST(test_a_failure_is_not_kept),
    };
    if (argc > 1)
        return worker_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
