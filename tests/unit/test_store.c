#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"

static void count(void *arg)
{
    ++*(int *)arg;
}

/* ---- what is put comes back ---- */

struct results {
    int n;
    struct stored_result rows[8];
};

static int keep_result(void *arg, const struct stored_result *stored)
{
    struct results *results = arg;

    results->rows[results->n++] = *stored;
    return 0;
}

static int keep_failure(void *arg, const struct stored_failure *failure)
{
    *(struct stored_failure *)arg = *failure;
    return 0;
}

static void check_results(struct store *store, const struct trial_result *want, int n)
{
    struct results results = { 0 };
    struct errmsg err = { "" };

    assert_int_equal(store_each_result(store, keep_result, &results, &err), 0);
    assert_int_equal(results.n, n);
    for (int i = 0; i < n; i++) {
        check_same_result(&results.rows[i].result, &want[i]);
        assert_true(results.rows[i].finished_at > 1.7e9);
        assert_int_equal(results.rows[i].quarantined, want[i].outcome == OUTCOME_FAILED);
    }
}

static void test_results_come_back(void **state)
{
    struct store *store = bed_open(*state);
    struct trial trials[4];
    struct trial_result results[4];
    int done = 0;

    for (uint64_t i = 0; i < 3; i++) {
        trials[i] = some_trial(i + 1);
        results[i] = some_result(i + 1);
    }
    results[1].stage = STAGE_FINAL;
    results[1].replica = UINT32_MAX;
    results[1].arch.n = ARCH_MAX_LAYERS;
    results[1].arch.option[63] = 999;
    results[1].loss = INFINITY;
    results[1].madds = INT64_MAX;
    results[1].params = INT64_MIN;
    results[1].reward = (struct reward){ UINT32_MAX, UINT32_MAX };
    memset(results[1].worker, 'w', sizeof results[1].worker - 1);
    results[2].loss = NAN;
    results[2].seconds = 5; /* SQLite keeps it as an integer */
    trials[3] = some_trial(4);
    results[3] = (struct trial_result){ .key = trials[3].key, .arch = trials[3].arch };
    results[3].outcome = OUTCOME_FAILED;
    snprintf(results[3].reason, sizeof results[3].reason, "killed by signal 9; it's \"gone\"");
    for (int i = 0; i < 3; i++)
        store_put_result(store, &trials[i], &results[i], NULL, NULL, count, &done);
    store_put_quarantine(store, &trials[3], results[3].reason, count, &done);
    wait_for_all(store);
    assert_int_equal(done, 4);
    store_close(store);
    for (int run = 0; run < 2; run++) {
        store = bed_open(*state);
        check_results(store, results, 4);
        store_close(store);
    }
}

static void test_minus_zero_is_zero(void **state)
{
    struct store *store = bed_open(*state);
    struct trial trial = some_trial(1);
    struct trial_result result = some_result(1);

    result.loss = -0.0;
    store_put_result(store, &trial, &result, NULL, NULL, NULL, NULL);
    store_put_elapsed(store, -0.0);
    wait_for_all(store);
    store_close(store);
    store = bed_open(*state);
    result.loss = 0.0;
    check_results(store, &result, 1);
    store_close(store);
}

static void test_failures_come_back(void **state)
{
    struct store *store = bed_open(*state);
    struct trial trial = some_trial(7);
    struct stored_failure failure = { .key = trial.key,
                                      .attempt = { UINT64_MAX, 12 },
                                      .worker_id = { 1, 0, 255 },
                                      .reason = "exit status 1" },
                          got = { 0 };
    struct bytes output = { (uint8_t *)"no such file\n", 13 };
    struct errmsg err = { "" };
    int done = 0;

    store_put_failure(store, &trial, &failure, &output, count, &done);
    wait_for_all(store);
    store_close(store);
    store = bed_open(*state);
    assert_int_equal(store_each_failure(store, keep_failure, &got, &err), 0);
    assert_memory_equal(&got, &failure, sizeof got);
    assert_int_equal(done, 1);
    store_close(store);
}

static struct opening some_opening(uint32_t number, struct arch *parents,
                                   struct opening_child *children)
{
    struct opening opening = { .number = number,
                               .pass = 2,
                               .layer = 1,
                               .buckets = 4,
                               .keep = 1,
                               .edges = { -5, INT64_MAX },
                               .n_parents = 2,
                               .n_children = 3,
                               .parents = parents,
                               .children = children };

    for (uint16_t i = 0; i < 2; i++)
        parents[i] = (struct arch){ .n = 2, .option = { i, number % 5 } };
    for (uint16_t i = 0; i < 3; i++)
        children[i] = (struct opening_child){ .arch = { .n = 2, .option = { i, 2 } },
                                              .candidate = { .n = 2, .option = { 0, i } },
                                              .parent = i % 2,
                                              .bucket = i,
                                              .interface = 9,
                                              .cost = 1000 + i,
                                              .fate = (enum fate)i };
    return opening;
}

static int check_opening(void *arg, const struct opening *got)
{
    struct arch parents[2];
    struct opening_child children[3];
    struct opening want = some_opening(*(uint32_t *)arg, parents, children);

    ++*(uint32_t *)arg;
    assert_int_equal(got->number, want.number);
    assert_int_equal(got->pass, want.pass);
    assert_int_equal(got->layer, want.layer);
    assert_int_equal(got->buckets, want.buckets);
    assert_int_equal(got->keep, want.keep);
    assert_int_equal(got->edges.lowest, want.edges.lowest);
    assert_int_equal(got->edges.highest, want.edges.highest);
    assert_int_equal(got->n_parents, 2);
    assert_int_equal(got->n_children, 3);
    assert_memory_equal(got->parents, parents, sizeof parents);
    assert_memory_equal(got->children, children, sizeof children);
    return 0;
}

static void test_openings_come_back_in_order(void **state)
{
    struct store *store = bed_open(*state);
    struct arch parents[2];
    struct opening_child children[3];
    struct opening empty = { .number = 3, .pass = 1 };
    struct errmsg err = { "" };
    uint32_t n = 0;
    int done = 0;

    for (uint32_t number = 0; number < 3; number++) {
        struct opening opening = some_opening(number, parents, children);

        assert_int_equal(store_put_opening(store, &opening, count, &done), 0);
    }
    wait_for_all(store);
    store_close(store);
    store = bed_open(*state);
    assert_int_equal(store_each_opening(store, check_opening, &n, &err), 0);
    assert_int_equal(n, 3);
    store_put_opening(store, &empty, count, &done);
    wait_for_all(store);
    assert_int_equal(done, 4);
    store_close(store);
}

static int stop_at_two(void *arg, const struct stored_result *stored)
{
    (void)stored;
    return ++*(int *)arg == 2 ? -ECANCELED : 1;
}

static void test_a_callback_ends_the_reading(void **state)
{
    struct store *store = bed_open(*state);
    struct errmsg err = { "" };
    int n = 0;

    for (uint64_t number = 1; number <= 5; number++)
        put(store, number, NULL, NULL);
    wait_for_all(store);
    assert_int_equal(store_each_result(store, stop_at_two, &n, &err), -ECANCELED);
    assert_int_equal(n, 2);
    store_close(store);
}

static void test_elapsed_time_adds_up_over_runs(void **state)
{
    struct store *store = bed_open(*state);

    assert_true(store_elapsed(store) == 0);
    store_put_elapsed(store, 12.5);
    store_put_elapsed(store, 99.25);
    store_close(store); /* writes what is queued */
    store = bed_open(*state);
    assert_true(store_elapsed(store) == 99.25);
    store_close(store);
}

struct order {
    int next;
    struct store *store;
};

struct numbered {
    struct order *order;
    int number;
};

static void check_turn(void *arg)
{
    struct numbered *numbered = arg;

    assert_int_equal(numbered->order->next++, numbered->number);
    if (numbered->number == 0)
        put(numbered->order->store, 2501, NULL, NULL); /* from within a callback */
}

static void test_done_is_called_once_each_in_order(void **state)
{
    static struct numbered numbered[2500]; /* more than one transaction takes */
    struct order order = { .store = bed_open(*state) };
    struct errmsg err = { "" };
    uint64_t n = 0;

    for (int i = 0; i < 2500; i++) {
        numbered[i] = (struct numbered){ &order, i };
        put(order.store, (uint64_t)i + 1, check_turn, &numbered[i]);
    }
    assert_int_equal(order.next, 0); /* only store_dispatch calls */
    wait_for_all(order.store);
    assert_int_equal(order.next, 2500);
    store_dispatch(order.store);
    assert_int_equal(order.next, 2500);
    store_close(order.store);
    order.store = bed_open(*state);
    assert_int_equal(store_each_result(order.store, take_in_order, &n, &err), 0);
    assert_int_equal(n, 2501);
    store_close(order.store);
}

/* ---- files ---- */

static void check_file(const struct bed *bed, const char *name, const char *want)
{
    char path[200], text[64] = "";
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", bed->directory, name);
    file = fopen(path, "r");
    check_true(name, (file != NULL) == (want != NULL));
    if (!file)
        return;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    check_string_equal(name, text, want);
}

static void test_logs_of_every_attempt_are_kept(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct trial trial = some_trial(7);
    struct trial_result result = some_result(7);
    struct stored_failure failure = { .key = trial.key };
    struct bytes first = { (uint8_t *)"one\n", 4 }, second = { (uint8_t *)"two\n", 4 },
                 none = { 0 };

    store_put_failure(store, &trial, &failure, &first, NULL, NULL);
    store_put_failure(store, &trial, &failure, &none, NULL, NULL);
    wait_for_all(store);
    store_close(store);
    store = bed_open(bed);
    store_put_result(store, &trial, &result, &second, NULL, NULL, NULL);
    wait_for_all(store);
    store_close(store);
    check_file(bed, "logs/trial-7-1.log", "one\n");
    check_file(bed, "logs/trial-7-2.log", "two\n");
    check_file(bed, "logs/trial-7-2.log.new", NULL);
    check_file(bed, "logs/trial-7-3.log", NULL);
}

static int ignore_result(void *arg, const struct stored_result *stored)
{
    (void)arg, (void)stored;
    return 0;
}

static void test_weights(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct trial trial = some_trial(8), other = some_trial(9);
    struct trial_result result = some_result(8);
    struct bytes weights = { (uint8_t *)"\0\1\2weights", 10 }, got = { 0 };
    struct errmsg err = { "" };
    char path[200];
    FILE *file;

    store_put_result(store, &trial, &result, NULL, &weights, NULL, NULL);
    wait_for_all(store);
    for (int run = 0; run < 2; run++) {
        assert_int_equal(store_read_weights(store, &trial.key, &got, &err), 0);
        assert_int_equal(got.size, 10);
        assert_memory_equal(got.data, weights.data, 10);
        free(got.data);
        assert_int_equal(store_read_weights(store, &other.key, &got, &err), -ENOENT);
        store_close(store);
        store = bed_open(bed);
        assert_int_equal(store_each_result(store, ignore_result, NULL, &err), 0);
    }
    store_weights_path(store, &trial.key, path, sizeof path);
    file = fopen(path, "r+");
    fputc(1, file);
    fclose(file);
    assert_int_equal(store_read_weights(store, &trial.key, &got, &err), -EUCLEAN);
    assert_non_null(strstr(err.text, "damaged"));
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(store_read_weights(store, &trial.key, &got, &err), -EUCLEAN);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(store_read_weights(store, &trial.key, &got, &err), -ENOENT);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bed(test_results_come_back),
        with_bed(test_minus_zero_is_zero),
        with_bed(test_failures_come_back),
        with_bed(test_openings_come_back_in_order),
        with_bed(test_a_callback_ends_the_reading),
        with_bed(test_elapsed_time_adds_up_over_runs),
        with_bed(test_done_is_called_once_each_in_order),
        with_bed(test_logs_of_every_attempt_are_kept),
        with_bed(test_weights),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
