/* Stragglers: a second attempt at a trial that takes long, by who would wait; the first result counts. */
#include <stdlib.h>

#include "tests/unit/played_worker.h"

static bool is_about(const struct to_worker *message, const struct to_worker *trial)
{
    return digest_equal(&message->trial.trial.key, &trial->trial.trial.key);
}

/* Does whatever comes until it is sent what the other runs, which is the caller's to clear. */
static struct to_worker work_until_doubled(struct played_worker *worker,
                                           const struct to_worker *slow)
{
    struct to_worker trial = played_expect(worker, TO_TRIAL);

    while (!is_about(&trial, slow)) {
        struct from_worker result = played_result(worker, &trial);

        played_report(worker, &result, &trial);
        to_worker_clear(&trial);
        trial = played_next(worker);
    }
    return trial;
}

static void check_running_twice(struct live *live, uint64_t want)
{
    Layernas__StatusReply *reply = live_ask(live, LAYERNAS__QUERY__WHAT__SUMMARY);

    check_int_equal("running twice", reply->summary->running_twice, want);
    layernas__status_reply__free_unpacked(reply, NULL);
}

/* The worker whose attempt is a double, by its name. */
static void check_who_doubles(struct live *live, const char *name)
{
    Layernas__StatusReply *reply = live_ask(live, LAYERNAS__QUERY__WHAT__WORKERS);
    const Layernas__Workers *workers = reply->workers;

    check_int_equal("workers", workers->n_rows, 2);
    for (size_t i = 0; i < workers->n_rows; i++) {
        const Layernas__WorkerRow *row = workers->rows[i];

        check_int_equal(row->name, row->n_running, 1);
        check_int_equal(row->name, row->running[0]->second, strcmp(row->name, name) == 0);
        check_int_equal(row->name, row->running[0]->attempts, 2);
    }
    layernas__status_reply__free_unpacked(reply, NULL);
}

/* Worker slow has a trial, first, and fast, which has nothing else to do, the same, second; the caller's
 * to clear. */
static void start_double(struct live *live, struct played_worker **slow,
                         struct played_worker **fast, struct to_worker *first,
                         struct to_worker *second)
{
    live_start(live, LIVE_LONG_LEASE);
    *slow = played_open(live, "slow");
    played_join(*slow, 1);
    *first = played_expect(*slow, TO_TRIAL);
    *fast = played_open(live, "fast");
    played_join(*fast, 1);
    *second = work_until_doubled(*fast, first);
    played_check_same(first, second);
}

/* Its worker lives, and says so; there is no lease to wait for. */
static void test_a_straggler_is_doubled_and_the_first_result_counts(void **state)
{
    struct live *live = *state;
    struct played_worker *slow, *fast;
    struct to_worker first, second, cancel;
    struct from_worker result;

    start_double(live, &slow, &fast, &first, &second);
    check_running_twice(live, 1);
    check_who_doubles(live, "fast");

    result = played_result(fast, &second);
    played_send(fast, &result);
    cancel = played_expect(slow, TO_CANCEL);
    assert_memory_equal(&cancel.cancel.attempt, &first.trial.attempt, sizeof(struct attempt));
    played_report(fast, &result, &second);
    result = played_result(slow, &first); /* it was about to say so */
    played_report(slow, &result, &first);
    check_running_twice(live, 0);
    live_check("nothing is lost", live, lost, 0);
    to_worker_clear(&cancel);
    to_worker_clear(&first);
    to_worker_clear(&second);
    played_finish(live, 0);
}

static void test_a_restart_takes_both_attempts_over(void **state)
{
    struct live *live = *state;
    struct played_worker *slow, *fast;
    struct to_worker first, second, cancel;
    struct from_worker result;

    start_double(live, &slow, &fast, &first, &second);
    live_kill_and_restart(live);
    slow = played_open(live, "slow");
    played_rejoin(slow, &first);
    played_sync(slow, &first);
    fast = played_open(live, "fast");
    played_rejoin(fast, &second);
    played_sync(fast, &second);
    check_running_twice(live, 1);
    check_who_doubles(live, "fast");

    result = played_result(slow, &first); /* this time it is the first one */
    played_send(slow, &result);
    cancel = played_expect(fast, TO_CANCEL);
    assert_memory_equal(&cancel.cancel.attempt, &second.trial.attempt, sizeof(struct attempt));
    played_report(slow, &result, &first);
    to_worker_clear(&cancel);
    to_worker_clear(&first);
    to_worker_clear(&second);
    played_finish(live, 0);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_a_straggler_is_doubled_and_the_first_result_counts),
        LIVE_TEST(test_a_restart_takes_both_attempts_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
