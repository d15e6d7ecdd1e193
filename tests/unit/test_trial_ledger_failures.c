#include "tests/unit/check.h"

#include <errno.h>

#include "tests/unit/ledger_fixture.h"

static void test_failures_until_quarantine(void **state)
{
    static const struct {
        const char *name;
        const uint8_t *worker[5]; /* whose attempts fail, one after the other */
        bool several;
        int want[5];
    } cases[] = {
        { "one worker alone", { alice, alice, alice }, false, { 0, 0, 1 } },
        { "two workers", { alice, bob, alice }, true, { 0, 0, 1 } },
        { "three workers", { alice, bob, carol }, true, { 0, 0, 1 } },
        { "a verdict needs a second worker", { alice, alice, alice, bob }, true, { 0, 0, 0, 1 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial_ledger *ledger = ledger_of(1);
        struct attempt attempt;
        int n = 0;

        for (; n < 5 && cases[i].worker[n]; n++) {
            check_int_equal(cases[i].name, lease(ledger, cases[i].worker[n], true, 0, &attempt), 1);
            check_int_equal(
                cases[i].name,
                report_failure(ledger, 1, &attempt, cases[i].worker[n], cases[i].several),
                cases[i].want[n]);
        }
        check_int_equal(cases[i].name, entry_of(ledger, 1).state, TRIAL_SAVING);
        check_true(cases[i].name, entry_of(ledger, 1).quarantined);
        check_int_equal(cases[i].name, receive(ledger, 1), -EALREADY);
        check_int_equal(cases[i].name, settle(ledger, 1), 0);
        check_int_equal(cases[i].name, entry_of(ledger, 1).state, TRIAL_QUARANTINED);
        check_int_equal(cases[i].name, entry_of(ledger, 1).failures, n);
        check_string_equal(cases[i].name, entry_of(ledger, 1).last_reason, "out of memory");
        check_int_equal(cases[i].name, report_failure(ledger, 1, &attempt, alice, true), -EALREADY);
        trial_ledger_free(ledger);
    }
}

static void test_a_failed_trial_goes_to_another_worker(void **state)
{
    struct trial_ledger *ledger = ledger_of(2);
    struct attempt attempt, other;

    (void)state;
    lease(ledger, alice, false, 0, &attempt);
    assert_int_equal(report_failure(ledger, 1, &attempt, alice, true), 0);
    assert_int_equal(lease(ledger, alice, false, 0, &other), 2);
    assert_int_equal(lease(ledger, alice, false, 0, &other), -EAGAIN);
    assert_int_equal(lease(ledger, bob, false, 0, &attempt), 1);
    assert_int_equal(report_failure(ledger, 1, &attempt, bob, true), 0);
    assert_int_equal(lease(ledger, bob, false, 0, &attempt), 1); /* two have failed: any will do */
    trial_ledger_free(ledger);
}

static void test_the_same_attempt_fails_once(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct attempt attempt, old = { 4, 9 };

    (void)state;
    lease(ledger, alice, false, 0, &attempt);
    assert_int_equal(report_failure(ledger, 1, &attempt, alice, false), 0);
    assert_int_equal(report_failure(ledger, 1, &attempt, alice, false), -EALREADY);
    assert_int_equal(renew(ledger, attempt, alice, 0), -ENOENT);
    assert_int_equal(report_failure(ledger, 1, &old, bob, false), 0); /* of an earlier start */
    assert_int_equal(report_failure(ledger, 1, &old, bob, false), -EALREADY);
    assert_int_equal(entry_of(ledger, 1).failures, 2);
    trial_ledger_free(ledger);
}

static void test_a_late_failure_spares_who_is_at_work(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct attempt attempt[4];

    (void)state;
    for (int i = 0; i < 2; i++) {
        lease(ledger, alice, true, 0, &attempt[i]);
        report_failure(ledger, 1, &attempt[i], alice, false);
    }
    lease(ledger, alice, true, 0, &attempt[2]);
    trial_ledger_lose(ledger, &attempt[2]);
    lease(ledger, bob, true, 0, &attempt[3]);
    assert_int_equal(report_failure(ledger, 1, &attempt[2], alice, false),
                     0); /* the third, but bob works */
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_LEASED);
    assert_int_equal(entry_of(ledger, 1).failures, 3);
    assert_int_equal(report_failure(ledger, 1, &attempt[3], bob, false), 1);
    trial_ledger_free(ledger);
}

/* A worker that did not hear that its failure is known says it again after the retry. */
static void test_a_retried_trial_has_its_tries_anew(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct attempt before[3], attempt;
    struct digest key = entry_of(ledger, 1).trial.key;

    (void)state;
    assert_int_equal(trial_ledger_retry(ledger, &key), -EINVAL);
    for (int i = 0; i < 3; i++) {
        lease(ledger, alice, true, 0, &before[i]);
        report_failure(ledger, 1, &before[i], alice, false);
    }
    assert_int_equal(trial_ledger_retry(ledger, &key), -EINVAL); /* not durable yet */
    settle(ledger, 1);
    assert_int_equal(trial_ledger_retry(ledger, &key), 0);
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_READY);
    assert_false(entry_of(ledger, 1).quarantined);
    assert_int_equal(entry_of(ledger, 1).failures, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(report_failure(ledger, 1, &before[i], alice, false), -EALREADY);
    assert_int_equal(lease(ledger, alice, false, 0, &attempt), 1); /* as if new to it */
    assert_int_equal(report_failure(ledger, 1, &attempt, alice, false), 0);
    lease(ledger, alice, true, 0, &attempt);
    assert_int_equal(report_failure(ledger, 1, &attempt, alice, false), 0);
    lease(ledger, alice, true, 0, &attempt);
    assert_int_equal(report_failure(ledger, 1, &attempt, alice, false), 1);
    trial_ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures_until_quarantine),
        cmocka_unit_test(test_a_failed_trial_goes_to_another_worker),
        cmocka_unit_test(test_the_same_attempt_fails_once),
        cmocka_unit_test(test_a_late_failure_spares_who_is_at_work),
        cmocka_unit_test(test_a_retried_trial_has_its_tries_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
