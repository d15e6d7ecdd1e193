#include "tests/unit/check.h"

#include <stdlib.h>

#include "worker/outbox.h"

/* With bytes of its own, so that a leak or a double free shows in a sanitized run. */
static void add(struct outbox *outbox, uint8_t study, uint64_t counter)
{
    struct result_message message = {
        .study_id = { .bytes = { study } },
        .attempt = { 1, counter },
        .output = { malloc(10), 10 },
        .weights = { malloc(20), 20 },
    };

    assert_int_equal(outbox_add(outbox, &message, &(struct digest){ { 0 } }, 0, -1), 0);
}

static bool has(const struct outbox *outbox, uint64_t counter)
{
    const struct attempt attempt = { 1, counter };
    const struct outgoing_result *found = outbox_find(outbox, &attempt);

    return found && attempt_equal(&found->message.attempt, &attempt);
}

static void test_results_are_found_by_attempt_until_removed(void **state)
{
    const struct attempt of_another_start = { 2, 50 };
    struct outbox outbox = { 0 };
    enum { N = 100 };

    (void)state;
    assert_false(has(&outbox, 0));
    for (uint64_t i = 0; i < N; i++)
        add(&outbox, 1, i);
    assert_null(outbox_find(&outbox, &of_another_start));
    for (uint64_t i = 0; i < N; i += 3)
        outbox_remove(&outbox, outbox_find(&outbox, &(struct attempt){ 1, i }));
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(has(&outbox, i), i % 3 != 0);
    outbox_clear(&outbox);
    assert_int_equal(outbox.n, 0);
    add(&outbox, 1, 5); /* as good as new */
    assert_true(has(&outbox, 5));
    outbox_clear(&outbox);
}

static void test_only_one_study_is_kept(void **state)
{
    /* The studies of results 0, 1, ...; 0 ends them. */
    static const struct {
        const char *name;
        uint8_t studies[8];
    } cases[] = {
        { "none", { 0 } },
        { "one of it", { 7 } },
        { "one of another", { 1 } },
        { "all of another", { 1, 2, 1, 2 } },
        { "the first of it", { 7, 1, 1 } },
        { "the last of it", { 1, 1, 7 } },
        { "by turns", { 1, 7, 1, 7, 1, 7, 1 } },
    };
    const struct digest study_id = { .bytes = { 7 } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct outbox outbox = { 0 };
        size_t n = 0, n_kept = 0;

        for (; cases[i].studies[n]; n++) {
            add(&outbox, cases[i].studies[n], n);
            n_kept += cases[i].studies[n] == 7;
        }
        check_int_equal(cases[i].name, outbox_keep_study(&outbox, &study_id), n - n_kept);
        check_int_equal(cases[i].name, outbox.n, n_kept);
        for (size_t k = 0; k < n; k++)
            check_int_equal(cases[i].name, has(&outbox, k), cases[i].studies[k] == 7);
        outbox_clear(&outbox);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results_are_found_by_attempt_until_removed),
        cmocka_unit_test(test_only_one_study_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
