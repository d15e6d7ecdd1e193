#include "tests/unit/check.h"

#include <errno.h>
#include <malloc.h>

#include "tests/unit/ledger_fixture.h"

static void test_one_trial_from_first_to_last(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct trial want = trial_of(1, 3), trial;
    struct progress progress = { .epoch = 2, .epochs = 3, .loss = 1.5, .fraction = 0.5 };
    struct trial_result result = result_of(1);
    struct ledger_entry entry;
    struct attempt attempt;

    (void)state;
    assert_int_equal(trial_ledger_add(ledger, &want), -EEXIST);
    assert_int_equal(trial_ledger_lease(ledger, alice, false, 100, LEASE, &trial, &attempt), 0);
    assert_memory_equal(&trial.key, &want.key, sizeof want.key);
    assert_true(arch_equal(&trial.arch, &want.arch));
    assert_int_equal(trial.seed, want.seed);
    assert_int_equal(trial.costs.activations, 9);
    assert_int_equal(attempt.start, 5);
    assert_int_equal(attempt.counter, 1);
    assert_int_equal(lease(ledger, bob, true, 100, &attempt), -EAGAIN);

    assert_int_equal(trial_ledger_renew(ledger, &attempt, alice, &progress, 200, LEASE), 0);
    entry = entry_of(ledger, 1);
    assert_int_equal(entry.state, TRIAL_LEASED);
    assert_int_equal(entry.n_attempts, 1);
    assert_int_equal(entry.leased_at_ms, 100);
    assert_memory_equal(entry.worker_id, alice, 16);
    assert_int_equal(entry.progress.epoch, 2);

    assert_int_equal(settle(ledger, 1), -EINVAL);
    assert_int_equal(receive(ledger, 1), 0);
    assert_int_equal(receive(ledger, 1), -EALREADY);
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_SAVING);
    assert_int_equal(trial_ledger_counts(ledger).attempts_running, 0);
    assert_int_equal(settle(ledger, 1), 0);
    assert_int_equal(settle(ledger, 1), -EINVAL);
    assert_int_equal(receive(ledger, 1), -EALREADY);
    entry = entry_of(ledger, 1);
    assert_int_equal(entry.state, TRIAL_DONE);
    assert_int_equal(entry.n_attempts, 0);
    assert_memory_equal(&entry.result.key, &result.key, sizeof result.key);
    assert_true(arch_equal(&entry.result.arch, &result.arch));
    assert_int_equal(entry.result.reward.correct, 7);
    assert_int_equal(entry.result.params, 50);
    assert_true(entry.result.loss == 0.25 && entry.result.seconds == 12.5);
    assert_true(entry.result.diverged);
    assert_string_equal(entry.result.worker, result.worker);
    assert_string_equal(entry.result.numerics, result.numerics);
    trial_ledger_free(ledger);
    trial_ledger_free(NULL);
}

static void test_what_is_unknown_is_refused(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct attempt never = { 5, 99 }, old = { 4, 1 };
    struct digest stranger = key_of(77), first = key_of(1);
    size_t i = 42;

    (void)state;
    assert_int_equal(receive(ledger, 77), -ENOENT);
    assert_int_equal(settle(ledger, 77), -ENOENT);
    assert_int_equal(report_failure(ledger, 77, &never, alice, true), -ENOENT);
    assert_int_equal(renew(ledger, never, alice, 0), -ENOENT);
    assert_int_equal(trial_ledger_lose(ledger, &never), -ENOENT);
    assert_int_equal(trial_ledger_find(ledger, &stranger, &i), -ENOENT);
    assert_int_equal(trial_ledger_find_attempt(ledger, &never, &i), -ENOENT);
    assert_false(trial_ledger_is_anothers(ledger, &never, alice));
    assert_int_equal(i, 42);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &stranger, &old, alice, 0, LEASE), -ENOENT);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &first, &never, alice, 0, LEASE), -EINVAL);
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_READY);
    trial_ledger_free(ledger);
}

static void test_lost_trials_go_out_first_and_in_order(void **state)
{
    struct trial_ledger *ledger = ledger_of(6);
    struct attempt a[7], again;

    (void)state;
    for (int number = 1; number <= 4; number++)
        assert_int_equal(lease(ledger, number == 2 ? bob : alice, false, 0, &a[number]), number);
    assert_int_equal(trial_ledger_lose_worker(ledger, alice, &a[3], 1), 2); /* 3 is still held */
    assert_int_equal(trial_ledger_counts(ledger).losses, 2);
    assert_int_equal(lease(ledger, carol, false, 0, &again), 1);
    assert_int_equal(lease(ledger, carol, false, 0, &again), 4);
    assert_int_equal(lease(ledger, carol, false, 0, &again), 5);
    assert_int_equal(trial_ledger_lose_worker(ledger, alice, NULL, 0), 1);
    assert_int_equal(trial_ledger_lose_worker(ledger, alice, NULL, 0), 0);
    assert_int_equal(lease(ledger, carol, false, 0, &again), 3);
    assert_int_equal(entry_of(ledger, 3).losses, 1);
    trial_ledger_free(ledger);
}

static void append_lost(void *arg, const struct trial *trial, const struct attempt *attempt,
                        const uint8_t worker_id[16])
{
    char *text = arg;

    sprintf(text + strlen(text), "%d/%d by %s; ", (int)trial->number, (int)attempt->counter,
            (const char *)worker_id);
}

static void test_leases_expire(void **state)
{
    struct trial_ledger *ledger = ledger_of(3);
    struct attempt a, b, c;
    char lost[128] = "";

    (void)state;
    assert_int_equal(trial_ledger_expire(ledger, 0, append_lost, lost), UINT64_MAX);
    lease(ledger, alice, false, 1000, &a);
    lease(ledger, bob, false, 1500, &b);
    lease(ledger, carol, false, 1500, &c);
    assert_int_equal(renew(ledger, a, alice, 2000), 0);
    assert_int_equal(trial_ledger_expire(ledger, 1499 + LEASE, append_lost, lost), 1500 + LEASE);
    assert_string_equal(lost, "");
    assert_int_equal(trial_ledger_expire(ledger, 1500 + LEASE, append_lost, lost), 2000 + LEASE);
    assert_string_equal(lost, "2/2 by bob; 3/3 by carol; ");
    assert_int_equal(receive(ledger, 1), 0); /* delivered: it has no lease to lose */
    assert_int_equal(trial_ledger_expire(ledger, UINT64_MAX, append_lost, lost), UINT64_MAX);
    assert_string_equal(lost, "2/2 by bob; 3/3 by carol; ");
    trial_ledger_free(ledger);
}

static void test_renewing_after_loss(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct attempt first, second;

    (void)state;
    lease(ledger, alice, false, 0, &first);
    assert_int_equal(trial_ledger_lose(ledger, &first), 0);
    assert_int_equal(trial_ledger_lose(ledger, &first), -ENOENT);
    assert_int_equal(renew(ledger, first, alice, 10), 0); /* still READY: it goes on where it was */
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_LEASED);
    assert_int_equal(lease(ledger, bob, false, 10, &second), -EAGAIN);
    trial_ledger_lose(ledger, &first);
    assert_int_equal(lease(ledger, bob, false, 20, &second), 1);
    assert_int_equal(renew(ledger, first, alice, 30), -ENOENT); /* handed out again */
    assert_int_equal(entry_of(ledger, 1).n_attempts, 1);
    assert_int_equal(entry_of(ledger, 1).attempt.counter, second.counter);
    assert_int_equal(receive(ledger, 1), 0); /* whoever's result it is */
    assert_int_equal(renew(ledger, second, bob, 40), -ENOENT);
    assert_int_equal(entry_of(ledger, 1).n_attempts, 1); /* to be cancelled */
    settle(ledger, 1);
    assert_int_equal(entry_of(ledger, 1).n_attempts, 0);
    trial_ledger_free(ledger);
}

static void test_a_late_result_counts(void **state)
{
    static const struct {
        const char *name;
        bool handed_out_again;
    } cases[] = { { "while READY again", false }, { "while another has it", true } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct trial_ledger *ledger = ledger_of(1);
        struct attempt first, second;

        lease(ledger, alice, false, 0, &first);
        trial_ledger_lose(ledger, &first);
        if (cases[i].handed_out_again)
            lease(ledger, bob, false, 0, &second);
        check_int_equal(cases[i].name, receive(ledger, 1), 0);
        check_int_equal(cases[i].name, lease(ledger, carol, true, 0, &second), -EAGAIN);
        check_int_equal(cases[i].name, settle(ledger, 1), 0);
        check_int_equal(cases[i].name, trial_ledger_counts(ledger).by_state[TRIAL_DONE], 1);
        trial_ledger_free(ledger);
    }
}

static void test_attempts_of_an_earlier_start(void **state)
{
    struct trial_ledger *ledger = ledger_of(2);
    struct digest first = key_of(1), second = key_of(2);
    struct attempt old = { 4, 1 }, older = { 3, 7 }, mine;

    (void)state;
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &first, &old, alice, 0, LEASE), 0);
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_LEASED);
    assert_int_equal(lease(ledger, bob, false, 0, &mine), 2);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &second, &old, alice, 0, LEASE), -EINVAL);

    /* Trial 2 went out again already: both work on it, the first result counts. */
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &second, &older, carol, 5, LEASE), 0);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &second, &older, carol, 9, LEASE), 0);
    assert_int_equal(entry_of(ledger, 2).n_attempts, 2);
    assert_int_equal(entry_of(ledger, 2).attempt.counter, older.counter);
    assert_int_equal(entry_of(ledger, 2).attempt.start, 3);
    assert_int_equal(trial_ledger_counts(ledger).attempts_running, 3);
    assert_int_equal(trial_ledger_lose(ledger, &older), 0);
    assert_int_equal(entry_of(ledger, 2).state, TRIAL_LEASED);
    assert_int_equal(trial_ledger_lose(ledger, &mine), 0);
    assert_int_equal(entry_of(ledger, 2).state, TRIAL_READY);
    assert_int_equal(receive(ledger, 1), 0);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &first, &old, alice, 9, LEASE), -EALREADY);
    trial_ledger_free(ledger);
}

static void test_only_the_holder_keeps_an_attempt(void **state)
{
    struct trial_ledger *ledger = ledger_of(2);
    struct attempt mine, adopted = { 4, 1 };
    struct digest first = key_of(1), second = key_of(2);

    (void)state;
    lease(ledger, alice, false, 0, &mine);
    trial_ledger_adopt_attempt(ledger, &second, &adopted, carol, 0, LEASE);
    assert_int_equal(renew(ledger, mine, bob, 10), -ENOENT);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &first, &mine, bob, 10, LEASE), -EINVAL);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &second, &adopted, bob, 10, LEASE),
                     -EINVAL);
    assert_int_equal(trial_ledger_expire(ledger, LEASE, NULL, NULL), UINT64_MAX);
    assert_int_equal(renew(ledger, mine, bob, LEASE + 10), -ENOENT); /* nor bring it back */
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_READY);
    assert_int_equal(renew(ledger, mine, alice, LEASE + 10), 0);
    trial_ledger_free(ledger);
}

static void test_attempts_of_one_trial_are_bounded(void **state)
{
    struct trial_ledger *ledger = ledger_of(1);
    struct digest key = key_of(1);
    struct attempt attempt;
    size_t i;

    (void)state;
    for (uint64_t n = 1; n <= LEDGER_MAX_ATTEMPTS + 1; n++) {
        attempt = (struct attempt){ 4, n };
        assert_int_equal(trial_ledger_adopt_attempt(ledger, &key, &attempt, alice, 0, LEASE),
                         n <= LEDGER_MAX_ATTEMPTS ? 0 : -ENOSPC);
    }
    assert_int_equal(trial_ledger_lose_worker(ledger, alice, NULL, 0), LEDGER_MAX_ATTEMPTS);
    assert_int_equal(lease(ledger, bob, false, 0, &attempt), 1);
    trial_ledger_lose(ledger, &attempt);
    attempt = (struct attempt){ 4, 1 }; /* the oldest of the lost are forgotten */
    assert_int_equal(trial_ledger_find_attempt(ledger, &attempt, &i), -ENOENT);
    attempt.counter = LEDGER_MAX_ATTEMPTS;
    assert_int_equal(renew(ledger, attempt, alice, 0), 0);
    trial_ledger_free(ledger);
}

static void test_a_restart_remembers(void **state)
{
    struct trial_ledger *ledger = trial_ledger_new(6);
    struct trial trials[] = { trial_of(1, 3), trial_of(2, 3), trial_of(3, 3) };
    struct trial_result done = result_of(1), broken = { .reason = "killed by signal 11" };
    struct attempt old = { 5, 1 }, attempt;

    (void)state;
    assert_int_equal(trial_ledger_remember_failure(ledger, &trials[2].key, &old, alice, "no data"),
                     0);
    assert_int_equal(trial_ledger_remember_failure(ledger, &trials[2].key, &old, alice, "no data"),
                     -EALREADY);
    assert_int_equal(trial_ledger_add_settled(ledger, &trials[0], &done, false), 0);
    assert_int_equal(trial_ledger_add_settled(ledger, &trials[0], &done, false), -EEXIST);
    assert_int_equal(trial_ledger_add_settled(ledger, &trials[1], &broken, true), 0);
    assert_int_equal(trial_ledger_add(ledger, &trials[2]), 0);

    assert_int_equal(entry_of(ledger, 1).state, TRIAL_DONE);
    assert_int_equal(entry_of(ledger, 1).result.reward.total, 10);
    assert_int_equal(entry_of(ledger, 2).state, TRIAL_QUARANTINED);
    assert_string_equal(entry_of(ledger, 2).last_reason, "killed by signal 11");
    assert_int_equal(entry_of(ledger, 3).failures, 1);
    assert_string_equal(entry_of(ledger, 3).last_reason, "no data");
    assert_int_equal(report_failure(ledger, 3, &old, alice, true), -EALREADY); /* sent again */
    assert_int_equal(lease(ledger, alice, false, 0, &attempt), -EAGAIN);
    assert_int_equal(lease(ledger, bob, false, 0, &attempt), 3);
    assert_int_equal(trial_ledger_counts(ledger).failures, 1);
    trial_ledger_free(ledger);
}

static void test_memory_of_many_trials(void **state)
{
    enum { MANY = 200000, LAYERS = 24 };
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd, used;
    struct trial_ledger *ledger = trial_ledger_new(1);

    (void)state;
    for (uint64_t number = 1; number <= MANY; number++) {
        struct trial trial = trial_of(number, LAYERS);
        struct trial_result result = result_of(number);

        assert_int_equal(trial_ledger_add_settled(ledger, &trial, &result, false), 0);
    }
    used = mallinfo2().uordblks + mallinfo2().hblkhd - before;
    print_message("# %d trials of %d layers: %d bytes a trial\n", MANY, LAYERS, (int)(used / MANY));
    assert_true(used < (size_t)MANY * 240);
    trial_ledger_free(ledger);
}

static int double_up(struct trial_ledger *ledger, const uint8_t worker[16], uint64_t now_ms,
                     struct attempt *attempt_out)
{
    struct trial trial;
    int rc = trial_ledger_double(ledger, worker, now_ms, LEASE, 5000, &trial, attempt_out);

    return rc < 0 ? rc : (int)trial.number;
}

/* Results take 12.5 s. */
static void test_a_straggler_is_doubled(void **state)
{
    struct trial_ledger *ledger = ledger_of(3);
    struct progress halfway = { .fraction = 0.9 };
    struct attempt first, second, other;
    struct running_attempt running;

    (void)state;
    assert_int_equal(lease(ledger, alice, false, 0, &first), 1);
    assert_int_equal(lease(ledger, carol, false, 1000, &other), 2);
    assert_int_equal(double_up(ledger, bob, 100000, &second), -ENOENT); /* nothing to go by */
    assert_int_equal(receive(ledger, 3), 0);
    assert_int_equal(settle(ledger, 3), 0);
    assert_int_equal(double_up(ledger, bob, 12500, &second), -ENOENT);
    assert_int_equal(double_up(ledger, alice, 12501, &second), -EAGAIN); /* it is her own */
    assert_int_equal(double_up(ledger, bob, 20000, &second), 1);         /* the longer one */
    assert_int_equal(trial_ledger_renew(ledger, &other, carol, &halfway, 20000, LEASE), 0);
    assert_int_equal(double_up(ledger, bob, 20000, &second), -ENOENT); /* nobody is needed twice */
    assert_int_equal(trial_ledger_counts(ledger).doubled, 1);
    assert_int_equal(trial_ledger_counts(ledger).attempts_running, 3);
    assert_int_equal(entry_of(ledger, 1).n_attempts, 2);
    assert_int_equal(trial_ledger_running_on(ledger, bob, &running, 1), 1);
    assert_true(running.second && running.i == 0);
    assert_int_equal(trial_ledger_running_on(ledger, alice, &running, 1), 1);
    assert_false(running.second);

    /* One is lost: the other goes on, and may be doubled again. */
    assert_int_equal(trial_ledger_lose(ledger, &first), 0);
    assert_int_equal(entry_of(ledger, 1).state, TRIAL_LEASED);
    assert_int_equal(double_up(ledger, carol, 32000, &first), -ENOENT);
    assert_int_equal(double_up(ledger, carol, 32501, &first), 1);

    /* The first result settles it. */
    assert_int_equal(receive(ledger, 1), 0);
    assert_int_equal(receive(ledger, 1), -EALREADY);
    assert_int_equal(renew(ledger, first, carol, 33000), -ENOENT);
    trial_ledger_free(ledger);
}

static void test_what_is_not_doubled(void **state)
{
    struct trial_ledger *ledger = ledger_of(2);
    struct trial final = trial_of(3, 3), another = trial_of(4, 3);
    struct attempt attempt, other;

    (void)state;
    final.stage = another.stage = STAGE_FINAL;
    assert_int_equal(trial_ledger_add(ledger, &final), 0);
    assert_int_equal(trial_ledger_add(ledger, &another), 0);
    assert_int_equal(receive(ledger, 1), 0);
    assert_int_equal(lease(ledger, alice, false, 0, &attempt), 2);
    assert_int_equal(report_failure(ledger, 2, &attempt, alice, true), 0);
    assert_int_equal(lease(ledger, bob, false, 0, &attempt), 2);
    assert_int_equal(lease(ledger, bob, false, 0, &other), 3);
    /* One that failed; one whose stage has no result yet. */
    assert_int_equal(double_up(ledger, carol, 100000, &other), -ENOENT);
    assert_int_equal(receive(ledger, 4), 0);
    assert_int_equal(double_up(ledger, carol, 100000, &other), 3);
    trial_ledger_free(ledger);
}

/* What a restart finds: results, and two workers with attempts of one trial. */
static void test_doubles_of_an_earlier_start(void **state)
{
    struct trial_ledger *ledger = trial_ledger_new(5);
    struct attempt first = { 4, 1 }, second = { 4, 2 }, another;
    struct trial done = trial_of(1, 3), open = trial_of(2, 3);
    struct trial_result result = result_of(1);
    struct running_attempt running;

    (void)state;
    assert_int_equal(trial_ledger_add_settled(ledger, &done, &result, false), 0);
    assert_int_equal(trial_ledger_add(ledger, &open), 0);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &open.key, &first, alice, 0, LEASE), 0);
    assert_int_equal(trial_ledger_adopt_attempt(ledger, &open.key, &second, bob, 0, LEASE), 0);
    assert_int_equal(trial_ledger_running_on(ledger, bob, &running, 1), 1);
    assert_true(running.second);
    assert_int_equal(double_up(ledger, carol, 15000, &another), -ENOENT);
    assert_int_equal(trial_ledger_lose(ledger, &second), 0);
    assert_int_equal(double_up(ledger, carol, 15000, &another), 2);
    trial_ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_trial_from_first_to_last),
        cmocka_unit_test(test_what_is_unknown_is_refused),
        cmocka_unit_test(test_lost_trials_go_out_first_and_in_order),
        cmocka_unit_test(test_leases_expire),
        cmocka_unit_test(test_renewing_after_loss),
        cmocka_unit_test(test_a_late_result_counts),
        cmocka_unit_test(test_attempts_of_an_earlier_start),
        cmocka_unit_test(test_only_the_holder_keeps_an_attempt),
        cmocka_unit_test(test_attempts_of_one_trial_are_bounded),
        cmocka_unit_test(test_a_restart_remembers),
        cmocka_unit_test(test_a_straggler_is_doubled),
        cmocka_unit_test(test_what_is_not_doubled),
        cmocka_unit_test(test_doubles_of_an_earlier_start),
        cmocka_unit_test(test_memory_of_many_trials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
