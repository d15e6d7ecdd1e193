/* What a coordinator makes of results: refused ones, repeated ones, ones that nobody waits for. After
 * each test the study is done by a worker that makes no mistakes, with exactly its trials. */
#include "tests/unit/played_worker.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- refused ---- */

/* Sends it, and takes the verdict, which gives a reason. */
static void check_refused(const char *name, struct played_worker *worker,
                          const struct from_worker *result, const char *reason)
{
    struct verdict_message verdict;

    played_send(worker, result);
    verdict = played_expect(worker, TO_VERDICT).verdict;
    check_int_equal(name, verdict.accepted, false);
    if (!strstr(verdict.reason, reason))
        fail_msg("%s: refused for \"%s\", wanted \"%s\"", name, verdict.reason, reason);
    check_true(name, digest_equal(&verdict.key, &result->result.result.key));
}

/* The same trial as before, in an attempt of its own. */
static void check_again(const char *name, struct played_worker *worker, struct to_worker *trial)
{
    struct to_worker again = played_expect(worker, TO_TRIAL);

    check_int_equal(name, again.trial.trial.number, trial->trial.trial.number);
    check_true(name, digest_equal(&again.trial.trial.key, &trial->trial.trial.key));
    check_true(name, again.trial.attempt.counter != trial->trial.attempt.counter);
    to_worker_clear(trial);
    *trial = again;
}

static void test_a_result_of_another_network_is_refused(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "other");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);

    worker->credit++;
    result = played_result(worker, &trial);
    result.result.result.madds++;
    check_refused("multiply-adds", worker, &result, "another network");
    check_again("multiply-adds", worker, &trial);

    worker->credit++;
    result = played_result(worker, &trial);
    result.result.result.params--;
    check_refused("parameters", worker, &result, "another network");
    check_again("parameters", worker, &trial);
    live_check("attempts", live, failed, 2);
    live_check("results", live, refused, 2);
    live_check("trials", live, done, 0);

    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    live_check("trials", live, done, 1);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* Of an attempt that nobody was given, so that no trial suffers. */
static void another_study(struct result_message *message)
{
    message->study_id.bytes[0] ^= 1;
}

static void another_key(struct result_message *message)
{
    message->result.key.bytes[15] ^= 1;
}

static void another_arch(struct result_message *message)
{
    message->result.arch.option[2] = message->result.arch.option[2] == 0;
}

static void no_such_option(struct result_message *message)
{
    message->result.arch.option[0] = 3;
}

static void a_layer_too_many(struct result_message *message)
{
    message->result.arch.n++;
}

static void another_stage(struct result_message *message)
{
    message->result.stage = STAGE_TEST;
}

static void another_replica(struct result_message *message)
{
    message->result.replica = 7;
}

static void fewer_images(struct result_message *message)
{
    message->result.reward.total--;
}

static void test_results_of_what_was_not_asked_for_are_refused(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct result_message *message);
        const char *reason;
    } cases[] = {
        { "of another study", another_study, "another study" },
        { "under a key of no trial", another_key, "a key that is not that" },
        { "of another architecture", another_arch, "a key that is not that" },
        { "with an option that there is not", no_such_option, "the space does not have" },
        { "with a layer too many", a_layer_too_many, "the space does not have" },
        { "of another stage", another_stage, "a key that is not that" },
        { "of another replica", another_replica, "replica 7 of a search trial" },
        { "on fewer images", fewer_images, "validated on 49 images" },
    };
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "other");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        result = played_result(worker, &trial);
        result.result.attempt.start++;
        cases[i].spoil(&result.result);
        check_refused(cases[i].name, worker, &result, cases[i].reason);
        live_check(cases[i].name, live, refused, i + 1);
        live_check(cases[i].name, live, running, 1);
    }
    played_sync(worker, &trial);
    check_int_equal("its own trial is not cancelled", worker->n_inbox, 0);
    live_check("attempts", live, failed, 0);
    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* ---- repeated ---- */

static void test_a_repeated_result_changes_nothing(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "twice");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    result = played_result(worker, &trial);
    for (int i = 0; i < 5; i++)
        played_send(worker, &result);
    assert_true(played_verdict(worker, &trial).accepted);
    live_check("after the first", live, done, 1);
    for (int i = 0; i < 5; i++) {
        result.result.result.reward.correct = (uint32_t)i; /* another one, even */
        played_report(worker, &result, &trial);
    }
    live_check("after the last", live, done, 1);
    live_check("after the last", live, running, 0);
    live_check("after the last", live, refused, 0);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

static void test_a_repeated_failure_is_one_failure(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "twice");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    result = played_failure(worker, &trial, "out of memory");
    for (int i = 0; i < 5; i++)
        played_report(worker, &result, &trial);
    live_check("attempts", live, failed, 1);
    live_check("trials", live, quarantined, 0);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* ---- of trials that were never handed out ---- */

/* The trial of the dearest architecture inside the target, which the search is not at yet. */
static struct to_worker unasked_trial(const struct live *live, const struct to_worker *given)
{
    const struct study *study = live->study;
    struct to_worker message = { .kind = TO_TRIAL,
                                 .trial = { .study_id = study->id,
                                            .attempt = { .start = 1, .counter = 1 } } };
    struct trial *best = &message.trial.trial;

    for (int i = 0; i < 27; i++) {
        struct trial trial = { .arch = { .n = 3 } };

        trial.arch.option[0] = (uint16_t)(i / 9);
        trial.arch.option[1] = (uint16_t)(i / 3 % 3);
        trial.arch.option[2] = (uint16_t)(i % 3);
        study_name_trial(study, &trial);
        if (trial.cost <= study->search.target.highest && trial.cost > best->cost &&
            !digest_equal(&trial.key, &given->trial.trial.key))
            *best = trial;
    }
    return message;
}

static void test_a_result_that_was_not_asked_for_is_kept(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial, unasked;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "early");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    unasked = unasked_trial(live, &trial);
    result = played_result(worker, &unasked);
    played_report(worker, &result, &unasked);
    played_report(worker, &result, &unasked);
    live_check("it is not one of the search's yet", live, done, 0);
    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    live_check("one is", live, done, 1);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_a_result_of_another_network_is_refused),
        LIVE_TEST(test_results_of_what_was_not_asked_for_are_refused),
        LIVE_TEST(test_a_repeated_result_changes_nothing),
        LIVE_TEST(test_a_repeated_failure_is_one_failure),
        LIVE_TEST(test_a_result_that_was_not_asked_for_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
