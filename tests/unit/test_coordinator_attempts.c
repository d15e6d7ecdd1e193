/* Who is given which trial, and when it goes to somebody else: Hellos, credit, leases, failures,
 * Goodbyes. After each test the study is done by a worker that makes no mistakes, with exactly its
 * trials. */
#include "tests/unit/played_worker.h"

#include <stdlib.h>

/* ---- Hello ---- */

static void test_the_same_hello_twice_is_one_worker(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct to_worker first, second;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "twice");
    played_join(worker, 1);
    first = played_expect(worker, TO_TRIAL);
    played_join(worker, 1); /* says that it has not got it */
    second = played_expect(worker, TO_TRIAL);
    played_check_same(&first, &second);
    played_sync(worker, &first);
    check_int_equal("the lost one is cancelled", played_count(worker, TO_CANCEL), 1);
    check_int_equal("and that is all", worker->n_inbox, 1);
    live_check("after two", live, workers, 1);
    live_check("after two", live, slots, 2);
    live_check("after two", live, lost, 1);
    live_check("after two", live, running, 1);
    to_worker_clear(&first);
    to_worker_clear(&second);
    played_finish(live, 0);
}

static void test_a_trial_that_is_held_is_not_handed_out_again(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "back");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    played_rejoin(worker, &trial);
    played_rejoin(worker, &trial);
    played_sync(worker, &trial);
    assert_int_equal(worker->n_inbox, 0);
    live_check("back twice", live, lost, 0);
    live_check("back twice", live, running, 1);
    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

static void test_a_stranger_is_asked_for_a_hello(void **state)
{
    struct live *live = *state;
    struct played_worker *worker, *stranger;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "known");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    stranger = played_open(live, "stranger");
    played_goodbye(stranger); /* no answer */
    result = played_result(stranger, &trial);
    played_send(stranger, &result);
    played_expect(stranger, TO_HELLO_AGAIN);
    played_heartbeat(stranger, &trial);
    played_expect(stranger, TO_HELLO_AGAIN);
    assert_int_equal(stranger->n_inbox, 0);
    live_check("nothing was taken", live, done, 0);
    live_check("nothing was taken", live, running, 1);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* ---- credit ---- */

static void test_credit_said_again_is_no_more_credit(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct to_worker first, second;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "credit");
    played_join(worker, 0);
    played_sync(worker, NULL);
    check_int_equal("none", played_count(worker, TO_TRIAL), 0);

    first = played_next(worker);
    for (int i = 0; i < 5; i++)
        played_sync(worker, &first);
    check_int_equal("one, again and again", played_count(worker, TO_TRIAL), 0);
    live_check("one", live, running, 1);

    worker->credit = 0; /* a heartbeat that comes late */
    played_sync(worker, &first);
    worker->credit = 1;
    played_sync(worker, &first);
    check_int_equal("none, then one", played_count(worker, TO_TRIAL), 0);
    to_worker_clear(&first);
    played_goodbye(worker);

    played_join(worker, 2);
    first = played_expect(worker, TO_TRIAL);
    second = played_expect(worker, TO_TRIAL);
    played_sync(worker, &first);
    check_int_equal("two", played_count(worker, TO_TRIAL), 0);
    to_worker_clear(&first);
    to_worker_clear(&second);
    played_finish(live, 0);
}

/* ---- leases ---- */

/* The trial goes to another; the result of the slow one comes first all the same, and counts. */
static void check_late_result(struct live *live, struct played_worker *slow,
                              const struct to_worker *trial, bool forgotten)
{
    struct played_worker *other = played_open(live, forgotten ? "other" : "another");
    uint64_t done = live_counts(live).done;
    struct from_worker result;
    struct to_worker again, cancel;

    played_join(other, 1);
    again = played_expect(other, TO_TRIAL);
    played_check_same(trial, &again);
    result = played_result(slow, trial);
    if (forgotten) {
        played_send(slow, &result);
        played_expect(slow, TO_HELLO_AGAIN);
        played_rejoin(slow, trial);
        result = played_result(slow, trial);
    }
    played_report(slow, &result, trial);
    live_check("after the late result", live, done, done + 1);
    played_sync(other, &again);
    cancel = played_expect(other, TO_CANCEL);
    assert_memory_equal(&cancel.cancel.attempt, &again.trial.attempt, sizeof(struct attempt));
    result = played_result(other, &again);
    result.result.result.reward.correct = LIVE_VALID;
    played_report(other, &result, &again);
    live_check("after the later one", live, done, done + 1);
    live_check("after the later one", live, refused, 0);
    to_worker_clear(&again);
}

static void test_a_lost_trial_goes_to_another_and_its_result_still_counts(void **state)
{
    struct live *live = *state;
    struct played_worker *silent, *vague;
    struct to_worker of_silent, of_vague;

    live_start(live, LIVE_SHORT_LEASE);
    silent = played_open(live, "silent");
    played_join(silent, 1);
    of_silent = played_expect(silent, TO_TRIAL);
    vague = played_open(live, "vague"); /* is heard, but does not list its trial */
    played_join(vague, 1);
    of_vague = played_expect(vague, TO_TRIAL);
    for (int left = LIVE_WAIT_MS; live_counts(live).lost < 2; left -= 100) {
        assert_true(left > 0);
        played_sync(vague, NULL);
        played_receive(silent, 100);
    }
    live_check("lost", live, failed, 0);
    live_check("who is silent is forgotten", live, workers, 1);
    check_late_result(live, silent, &of_silent, true);
    check_late_result(live, vague, &of_vague, false);
    to_worker_clear(&of_silent);
    to_worker_clear(&of_vague);
    played_finish(live, 0);
}

/* ---- failures ---- */

static void fail_trial(struct played_worker *worker, struct to_worker *trial)
{
    struct from_worker failure = played_failure(worker, trial, "out of memory");

    played_report(worker, &failure, trial);
    played_report(worker, &failure, trial); /* changes nothing */
}

static void test_three_failures_on_two_workers_end_a_trial(void **state)
{
    struct live *live = *state;
    struct played_worker *one, *two;
    struct to_worker first, second, third;

    live_start(live, LIVE_LONG_LEASE);
    one = played_open(live, "one");
    two = played_open(live, "two");
    played_join(one, 0);
    played_join(two, 0);
    first = played_next(one);
    fail_trial(one, &first);
    second = played_next(two);
    played_check_same(&first, &second);
    fail_trial(two, &second);
    live_check("after two failures", live, quarantined, 0);
    third = played_next(one);
    played_check_same(&first, &third);
    fail_trial(one, &third);
    live_check("after three", live, failed, 3);
    live_check("after three", live, quarantined, 1);
    live_check("after three", live, running, 0);
    to_worker_clear(&first);
    to_worker_clear(&second);
    to_worker_clear(&third);
    played_finish(live, 1);
}

static void test_failures_on_one_of_two_workers_end_no_trial(void **state)
{
    struct live *live = *state;
    struct played_worker *bad, *other;
    struct to_worker trial;
    struct from_worker result;
    uint64_t number;

    live_start(live, LIVE_LONG_LEASE);
    bad = played_open(live, "bad");
    other = played_open(live, "other");
    played_join(bad, 1);
    trial = played_expect(bad, TO_TRIAL);
    number = trial.trial.trial.number;
    played_join(other, 0);
    fail_trial(bad, &trial);
    to_worker_clear(&trial);
    bad->credit++;
    played_sync(bad, NULL); /* is not given it again while another is there */
    live_check("one failure", live, failed, 1);
    live_check("one failure", live, quarantined, 0);
    trial = played_next(other);
    check_int_equal("goes to the other", trial.trial.trial.number, number);
    result = played_result(other, &trial);
    played_report(other, &result, &trial);
    live_check("settled", live, quarantined, 0);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* Who is put aside is no other worker to wait for. */
static void test_a_worker_put_aside_is_nobody_to_try_again(void **state)
{
    struct live *live = *state;
    struct played_worker *bad, *only;
    struct from_worker result;
    struct to_worker trial;
    uint64_t number;

    live_start(live, LIVE_LONG_LEASE);
    bad = played_open(live, "bad");
    played_join(bad, 0);
    for (int i = 0; i < 5; i++) { /* ends one trial, fails the next one twice */
        trial = played_next(bad);
        fail_trial(bad, &trial);
        to_worker_clear(&trial);
    }
    only = played_open(live, "only");
    played_join(only, 0);
    trial = played_next(only);
    number = trial.trial.trial.number;
    result = played_result(only, &trial);
    played_report(only, &result, &trial);
    to_worker_clear(&trial);
    trial = played_next(only);
    assert_int_not_equal(trial.trial.trial.number, number);
    number = trial.trial.trial.number;
    fail_trial(only, &trial);
    to_worker_clear(&trial);
    trial = played_next(only);
    check_int_equal("again, to the same", trial.trial.trial.number, number);
    result = played_result(only, &trial);
    played_report(only, &result, &trial);
    to_worker_clear(&trial);
    played_finish(live, 1);
}

/* What another worker says of an attempt is not that attempt's end. */
static void test_only_its_own_worker_can_fail_an_attempt(void **state)
{
    struct live *live = *state;
    struct played_worker *owner, *other;
    struct verdict_message verdict;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    owner = played_open(live, "owner");
    other = played_open(live, "other");
    played_join(owner, 1);
    played_join(other, 0);
    trial = played_expect(owner, TO_TRIAL);
    result = played_failure(other, &trial, "out of memory");
    played_send(other, &result);
    verdict = played_verdict(other, &trial);
    assert_false(verdict.accepted);
    assert_string_equal(verdict.reason, "an attempt of another worker");
    result = played_result(other, &trial);
    result.result.result.madds++;
    played_send(other, &result);
    assert_false(played_verdict(other, &trial).accepted);
    live_check("after both", live, failed, 0);
    live_check("after both", live, running, 1);
    played_sync(owner, &trial);
    assert_int_equal(played_count(owner, TO_CANCEL), 0);
    result = played_result(owner, &trial);
    played_report(owner, &result, &trial);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* ---- Goodbye ---- */

static void test_a_goodbye_frees_trials_at_once(void **state)
{
    struct live *live = *state;
    struct played_worker *leaving, *other;
    struct to_worker left[2], got[2];

    live_start(live, LIVE_LONG_LEASE);
    leaving = played_open(live, "leaving");
    played_join(leaving, 2);
    for (int i = 0; i < 2; i++)
        left[i] = played_expect(leaving, TO_TRIAL);
    other = played_open(live, "other");
    played_join(other, 2);
    played_sync(other, NULL);
    while (played_count(other, TO_TRIAL) > 0) { /* what else the search had to offer */
        struct to_worker more = played_expect(other, TO_TRIAL);

        other->credit++;
        to_worker_clear(&more);
        played_sync(other, NULL);
    }
    other->credit += 2;
    played_sync(other, NULL);
    played_goodbye(leaving);
    for (int i = 0; i < 2; i++) {
        got[i] = played_expect(other, TO_TRIAL);
        played_check_same(&left[i], &got[i]);
    }
    live_check("nobody failed", live, failed, 0);
    live_check("two are lost", live, lost, 2);
    live_check("one worker is left", live, workers, 1);
    for (int i = 0; i < 2; i++) {
        to_worker_clear(&left[i]);
        to_worker_clear(&got[i]);
    }
    played_finish(live, 0);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_the_same_hello_twice_is_one_worker),
        LIVE_TEST(test_a_trial_that_is_held_is_not_handed_out_again),
        LIVE_TEST(test_a_stranger_is_asked_for_a_hello),
        LIVE_TEST(test_credit_said_again_is_no_more_credit),
        LIVE_TEST(test_a_lost_trial_goes_to_another_and_its_result_still_counts),
        LIVE_TEST(test_three_failures_on_two_workers_end_a_trial),
        LIVE_TEST(test_failures_on_one_of_two_workers_end_no_trial),
        LIVE_TEST(test_a_worker_put_aside_is_nobody_to_try_again),
        LIVE_TEST(test_only_its_own_worker_can_fail_an_attempt),
        LIVE_TEST(test_a_goodbye_frees_trials_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
