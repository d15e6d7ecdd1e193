#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>

#include "coordinator/ledger/worker_roster.h"

static struct hello hello_of(int who, uint64_t credit)
{
    struct hello hello = { .slots = 2, .threads = 1, .credit = credit, .version = "1" };

    hello.worker_id[0] = (uint8_t)who;
    hello.worker_id[1] = (uint8_t)(who >> 8);
    snprintf(hello.name, sizeof hello.name, "node:%d", who);
    return hello;
}

static struct route route_of(int where)
{
    return (struct route){ .size = 5, .bytes = { 0, 1, 2, (uint8_t)where, (uint8_t)(where >> 8) } };
}

static struct worker *enter(struct worker_roster *roster, int who, int where, uint64_t credit,
                            uint64_t now_ms)
{
    struct hello hello = hello_of(who, credit);
    struct route route = route_of(where);
    struct worker *worker = NULL;

    assert_int_equal(worker_roster_hello(roster, &hello, &route, now_ms, &worker), 0);
    return worker;
}

static struct worker *heard(struct worker_roster *roster, int where, uint64_t now_ms)
{
    struct route route = route_of(where);

    return worker_roster_heard(roster, &route, now_ms);
}

static void test_known_by_id_and_route(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *a = enter(roster, 1, 11, 1, 0), *b = enter(roster, 2, 12, 1, 0);

    (void)state;
    assert_string_equal(a->name, "node:1");
    assert_int_equal(worker_roster_n(roster), 2);
    assert_int_equal(worker_roster_slots(roster), 4);
    assert_ptr_equal(worker_roster_by_id(roster, a->id), a);
    assert_ptr_equal(heard(roster, 12, 70), b);
    assert_int_equal(b->heard_ms, 70);
    assert_int_equal(a->heard_ms, 0);
    assert_null(heard(roster, 13, 70));
    worker_roster_remove(roster, a);
    assert_null(heard(roster, 11, 80));
    assert_ptr_equal(worker_roster_at(roster, 0), b);
    assert_int_equal(worker_roster_slots(roster), 2);
    worker_roster_free(roster);
    worker_roster_free(NULL);
}

static void test_reconnecting(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *a = enter(roster, 1, 11, 3, 0);

    (void)state;
    worker_roster_sent(roster, a);
    worker_roster_succeeded(roster, a);
    assert_ptr_equal(enter(roster, 1, 12, 1, 50), a);
    assert_int_equal(worker_roster_n(roster), 1);
    assert_int_equal(worker_roster_slots(roster), 2);
    assert_int_equal(a->sent, 0);
    assert_int_equal(a->credit, 1);
    assert_int_equal(a->done, 1);
    assert_null(heard(roster, 11, 60));
    assert_ptr_equal(heard(roster, 12, 60), a);
    worker_roster_free(roster);
}

/* Peers choose their routes, and zeros are as good as anything. */
static void test_routes_of_all_lengths_are_told_apart(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *workers[ROSTER_MAX_ROUTE];

    (void)state;
    for (int n = 1; n <= ROSTER_MAX_ROUTE; n++) {
        struct route route = { .size = (uint8_t)n };
        struct hello hello = hello_of(n, 1);

        assert_int_equal(worker_roster_hello(roster, &hello, &route, 0, &workers[n - 1]), 0);
    }
    for (int n = 1; n <= ROSTER_MAX_ROUTE; n++) {
        struct route route = { .size = (uint8_t)n };

        assert_ptr_equal(worker_roster_heard(roster, &route, 1), workers[n - 1]);
        route.bytes[n - 1] = (uint8_t)(n - 1);
        if (n > 1)
            assert_null(worker_roster_heard(roster, &route, 1));
    }
    worker_roster_free(roster);
}

static void test_a_route_belongs_to_who_used_it_last(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *old = enter(roster, 1, 11, 1, 0), *new = enter(roster, 2, 11, 1, 10);

    (void)state;
    assert_ptr_equal(heard(roster, 11, 20), new);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), new);
    assert_null(worker_roster_waiting(roster, new));
    worker_roster_credit(roster, old, 9);
    assert_null(worker_roster_waiting(roster, new));
    worker_roster_remove(roster, old); /* must not take the new one's route along */
    assert_ptr_equal(heard(roster, 11, 30), new);
    worker_roster_free(roster);
}

static void test_waiting_in_turn(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *a = enter(roster, 1, 1, 2, 0), *b = enter(roster, 2, 2, 0, 0),
                  *c = enter(roster, 3, 3, 1, 0);

    (void)state;
    assert_ptr_equal(worker_roster_waiting(roster, NULL), a);
    assert_ptr_equal(worker_roster_waiting(roster, a), c);
    assert_null(worker_roster_waiting(roster, c));
    assert_null(worker_roster_waiting(roster, b));

    worker_roster_sent(roster, a); /* one left: behind c */
    assert_ptr_equal(worker_roster_waiting(roster, NULL), c);
    assert_ptr_equal(worker_roster_waiting(roster, c), a);
    worker_roster_sent(roster, a);
    assert_null(worker_roster_waiting(roster, c));
    assert_null(worker_roster_waiting(roster, a));

    worker_roster_credit(roster, b, 1);
    worker_roster_credit(roster, a, 3);
    worker_roster_credit(roster, a, 2); /* late: credit never falls */
    assert_ptr_equal(worker_roster_waiting(roster, c), b);
    assert_ptr_equal(worker_roster_waiting(roster, b), a);
    worker_roster_credit(roster, c, 5); /* more credit does not change its place */
    assert_ptr_equal(worker_roster_waiting(roster, NULL), c);
    worker_roster_remove(roster, b);
    assert_ptr_equal(worker_roster_waiting(roster, c), a);
    worker_roster_free(roster);
}

static void test_credit_has_a_bound(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *greedy = enter(roster, 1, 1, WIRE_MAX_HELD, 0);

    (void)state;
    worker_roster_credit(roster, greedy, UINT64_MAX);
    assert_int_equal(greedy->credit, WIRE_MAX_HELD);
    worker_roster_sent(roster, greedy);
    worker_roster_sent(roster, greedy);
    worker_roster_credit(roster, greedy, UINT64_MAX);
    assert_int_equal(greedy->credit, 2 + WIRE_MAX_HELD);
    worker_roster_free(roster);
}

static void test_what_did_not_get_through_was_not_sent(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *worker = enter(roster, 1, 1, 2, 0);

    (void)state;
    worker_roster_sent(roster, worker);
    worker_roster_sent(roster, worker);
    assert_null(worker_roster_waiting(roster, NULL));
    worker_roster_unsent(roster, worker, 1);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), worker);
    worker_roster_sent(roster, worker);
    assert_null(worker_roster_waiting(roster, NULL));
    enter(roster, 1, 1, 1, 0); /* a Hello: nothing counts as sent */
    worker_roster_unsent(roster, worker, 2);
    worker_roster_sent(roster, worker);
    assert_null(worker_roster_waiting(roster, NULL));
    worker_roster_free(roster);
}

static void test_a_worker_that_fails_everything_is_put_aside(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *bad = enter(roster, 1, 1, 9, 0), *fair = enter(roster, 2, 2, 9, 0);

    (void)state;
    for (int i = 0; i < ROSTER_FAILURES_ASIDE - 1; i++) {
        worker_roster_failed(roster, bad);
        worker_roster_failed(roster, fair);
    }
    worker_roster_succeeded(roster, fair);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), bad);
    worker_roster_failed(roster, bad);
    worker_roster_failed(roster, fair);
    assert_true(bad->put_aside);
    assert_false(fair->put_aside);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), fair);
    worker_roster_credit(roster, bad, 20);
    enter(roster, 1, 7, 9, 0); /* the same process again */
    assert_true(bad->put_aside);
    assert_null(worker_roster_waiting(roster, fair));
    assert_int_equal(worker_roster_n_fit(roster), 1);
    worker_roster_unfit(roster, bad, false); /* for two reasons, and counted once */
    assert_int_equal(worker_roster_n_fit(roster), 1);
    assert_false(enter(roster, 3, 3, 9, 0)->put_aside); /* a new process */
    assert_int_equal(worker_roster_n_fit(roster), 2);
    worker_roster_remove(roster, bad);
    assert_int_equal(worker_roster_n_fit(roster), 2);
    worker_roster_free(roster);
}

static void test_a_worker_that_people_set_aside(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *worker = enter(roster, 1, 1, 9, 0), *other = enter(roster, 2, 2, 9, 0);

    (void)state;
    worker_roster_set_aside(roster, worker, true);
    worker_roster_set_aside(roster, worker, true);
    assert_int_equal(worker_roster_n_fit(roster), 1);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), other);
    assert_null(worker_roster_waiting(roster, other));
    enter(roster, 1, 1, 9, 0); /* a Hello changes nothing in that */
    assert_int_equal(worker_roster_n_fit(roster), 1);
    for (int i = 0; i < ROSTER_FAILURES_ASIDE; i++)
        worker_roster_failed(roster, worker);
    assert_true(worker->put_aside);
    worker_roster_set_aside(roster, worker, false);
    assert_false(worker->put_aside);
    assert_int_equal(worker_roster_n_fit(roster), 2);
    assert_ptr_equal(worker_roster_waiting(roster, other), worker);
    worker_roster_failed(roster, worker); /* counted from the start again */
    assert_false(worker->put_aside);
    worker_roster_set_aside(roster, worker, true);
    worker_roster_remove(roster, worker);
    assert_int_equal(worker_roster_n_fit(roster), 1);
    worker_roster_free(roster);
}

static void test_an_unfit_worker_waits_for_nothing(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct worker *other = enter(roster, 1, 1, 9, 0), *fit = enter(roster, 2, 2, 9, 0);

    (void)state;
    worker_roster_unfit(roster, other, true);
    worker_roster_unfit(roster, other, true); /* told twice, counted once */
    assert_int_equal(worker_roster_n_fit(roster), 1);
    assert_true(other->asked);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), fit);
    worker_roster_credit(roster, other, 20);
    assert_ptr_equal(worker_roster_waiting(roster, NULL), fit);
    assert_null(worker_roster_waiting(roster, fit));

    enter(roster, 1, 1, 9, 0); /* it says Hello again */
    assert_int_equal(worker_roster_n_fit(roster), 2);
    assert_false(other->asked);
    assert_ptr_equal(worker_roster_waiting(roster, fit), other);
    worker_roster_unfit(roster, other, false);
    worker_roster_remove(roster, other);
    assert_int_equal(worker_roster_n_fit(roster), 1);
    worker_roster_free(roster);
}

static void note_gone(void *arg, const struct worker *worker)
{
    strcat(arg, worker->name);
    strcat(arg, " ");
}

static void test_silence(void **state)
{
    static const struct {
        const char *name;
        uint64_t now_ms, silence_ms;
        const char *gone;
        size_t left;
    } cases[] = {
        { "nobody yet", 119, 20, "", 3 },
        { "silent for just so long", 120, 20, "node:1 ", 2 },
        { "all but one", 149, 29, "node:2 node:1 ", 1 },
        { "all", 200, 20, "node:3 node:2 node:1 ", 0 },
        { "silence longer than the clock has run", 200, 1000, "", 3 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct worker_roster *roster = worker_roster_new();
        char gone[64] = "";

        enter(roster, 1, 1, 1, 100);
        enter(roster, 2, 2, 1, 0);
        enter(roster, 3, 3, 1, 110);
        heard(roster, 2, 120);
        heard(roster, 3, 130);
        worker_roster_expire(roster, cases[i].now_ms, cases[i].silence_ms, note_gone, gone);
        check_string_equal(cases[i].name, gone, cases[i].gone);
        check_int_equal(cases[i].name, worker_roster_n(roster), cases[i].left);
        check_int_equal(cases[i].name, worker_roster_slots(roster), 2 * cases[i].left);
        check_int_equal(cases[i].name, heard(roster, 3, 300) != NULL, cases[i].left > 0);
        worker_roster_free(roster);
    }
}

static void test_no_more_than_the_most(void **state)
{
    struct worker_roster *roster = worker_roster_new();
    struct hello hello = hello_of(ROSTER_MAX_WORKERS, 1);
    struct route route = route_of(ROSTER_MAX_WORKERS);
    struct worker *worker = NULL;

    (void)state;
    for (int i = 0; i < ROSTER_MAX_WORKERS; i++)
        enter(roster, i, i, 1, 0);
    assert_int_equal(worker_roster_hello(roster, &hello, &route, 0, &worker), -ENOSPC);
    assert_null(worker);
    assert_null(worker_roster_heard(roster, &route, 0));
    for (int i = 0; i < ROSTER_MAX_WORKERS; i += 2)
        worker_roster_remove(roster, heard(roster, i, 1));
    for (int i = 0; i < ROSTER_MAX_WORKERS; i++)
        assert_int_equal(heard(roster, i, 1) != NULL, i % 2);
    assert_int_equal(worker_roster_hello(roster, &hello, &route, 0, &worker), 0);
    worker_roster_free(roster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_by_id_and_route),
        cmocka_unit_test(test_reconnecting),
        cmocka_unit_test(test_routes_of_all_lengths_are_told_apart),
        cmocka_unit_test(test_a_route_belongs_to_who_used_it_last),
        cmocka_unit_test(test_waiting_in_turn),
        cmocka_unit_test(test_credit_has_a_bound),
        cmocka_unit_test(test_what_did_not_get_through_was_not_sent),
        cmocka_unit_test(test_a_worker_that_fails_everything_is_put_aside),
        cmocka_unit_test(test_a_worker_that_people_set_aside),
        cmocka_unit_test(test_an_unfit_worker_waits_for_nothing),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_no_more_than_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
