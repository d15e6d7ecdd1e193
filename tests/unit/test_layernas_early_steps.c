/* Trials of a layer that go out before the layer in front of it is over, step by step on a small space;
 * test_layernas_early.c has the laws. */
#include "tests/unit/search_cases.h"

#include <errno.h>

/* Two layers of four and three options; each option of the first has a bucket of its own. */
static struct cost_model model = { .space = { .n_layers = 2,
                                              .n_options = { 4, 3 },
                                              .n_interfaces = 1,
                                              .term = { { { 10 }, { 20 }, { 30 }, { 40 } },
                                                        { { 1 }, { 2 }, { 3 } } },
                                              .stage = { 0, 1 } } };
static const struct search_settings by_hand = { .strategy = "layernas",
                                                .trials = 100,
                                                .target = { 0, 100 },
                                                .layernas = { .buckets = 4,
                                                              .bucket_growth = 1,
                                                              .keep = 1,
                                                              .passes = 1,
                                                              .default_arch = { 2, { 3, 2 } } } };

static const struct verdict good = { true, { 1, 2 } }, bad = { .valid = false };

static struct strategy *new_strategy(const struct search_settings *settings)
{
    struct strategy *strategy;

    assert_int_equal(strategy_new(settings, &model, &strategy), 0);
    return strategy;
}

static void expect_trial(struct strategy *strategy, uint64_t number, uint16_t first,
                         uint16_t second)
{
    struct proposal proposal;

    assert_int_equal(strategy_ask(strategy, &proposal), ASK_TRIAL);
    assert_int_equal(proposal.number, number);
    assert_int_equal(proposal.arch.option[0], first);
    assert_int_equal(proposal.arch.option[1], second);
}

static void expect(struct strategy *strategy, enum ask want)
{
    struct proposal proposal;

    assert_int_equal(strategy_ask(strategy, &proposal), want);
}

static void tell(struct strategy *strategy, uint64_t number, const struct verdict *verdict)
{
    assert_int_equal(strategy_tell(strategy, number, verdict), 0);
}

/* The anchor is 3:2; then 2:2, 1:2, 0:2 go out, the dearest first. */
static struct strategy *first_layer_out(const struct search_settings *settings)
{
    struct strategy *strategy = new_strategy(settings);

    expect_trial(strategy, 1, 3, 2);
    tell(strategy, 1, &good);
    expect(strategy, ASK_OPENING);
    expect_trial(strategy, 2, 2, 2);
    expect_trial(strategy, 3, 1, 2);
    expect_trial(strategy, 4, 0, 2);
    /* The bucket of the anchor had nothing to wait for. */
    expect_trial(strategy, 5, 3, 1);
    expect_trial(strategy, 6, 3, 0);
    expect(strategy, ASK_WAIT);
    return strategy;
}

static void test_bucket_after_bucket(void **state)
{
    struct strategy *strategy = first_layer_out(&by_hand);
    struct search_progress progress;

    (void)state;
    tell(strategy, 3, &good);
    expect(strategy, ASK_WAIT); /* its turn is after that of 2 */
    tell(strategy, 2, &good);
    expect_trial(strategy, 7, 2, 1);
    expect_trial(strategy, 8, 2, 0);
    expect_trial(strategy, 9, 1, 1);
    strategy_progress(strategy, &progress);
    assert_int_equal(progress.openings, 1);
    assert_int_equal(progress.proposed, 9);
    assert_in_range(progress.bound, 12, 13);
    tell(strategy, 4, &good); /* the layer is over: the next one opens in the middle of it */
    expect(strategy, ASK_OPENING);
    assert_int_equal(strategy_opening(strategy)->n_children, 12);
    expect_trial(strategy, 10, 1, 0);
    expect_trial(strategy, 11, 0, 1);
    expect_trial(strategy, 12, 0, 0);
    expect(strategy, ASK_WAIT);
    strategy_progress(strategy, &progress);
    assert_int_equal(progress.openings, 2);
    assert_int_equal(progress.bound, 12);
    strategy_free(strategy);
}

static void test_what_was_relied_on_stays(void **state)
{
    struct strategy *strategy = first_layer_out(&by_hand);

    (void)state;
    tell(strategy, 2, &bad);
    assert_int_equal(strategy_untell(strategy, 2), 0); /* nobody asked since */
    tell(strategy, 2, &bad);
    tell(strategy, 3, &bad);
    expect(strategy, ASK_WAIT);
    assert_int_equal(strategy_untell(strategy, 2), -EPERM);
    assert_int_equal(strategy_untell(strategy, 3), -EPERM);
    tell(strategy, 5, &bad); /* of the layer to come */
    assert_int_equal(strategy_untell(strategy, 5), 0);
    tell(strategy, 4, &good);
    expect(strategy, ASK_OPENING);
    tell(strategy, 6, &bad);
    assert_int_equal(strategy_untell(strategy, 6), 0);
    assert_int_equal(strategy_untell(strategy, 2), -EPERM);
    strategy_free(strategy);
}

/* Of several in flight, those of the next layer do not wait for what decides nothing: a bucket's only
 * contender is kept though it comes to nothing. */
static void test_only_contender_is_not_waited_for(void **state)
{
    static const uint16_t second[][2] = { { 3, 1 }, { 3, 0 }, { 2, 1 }, { 2, 0 },
                                          { 1, 1 }, { 1, 0 }, { 0, 1 }, { 0, 0 } };
    struct search_settings settings = by_hand;
    struct strategy *strategy;

    (void)state;
    settings.parallel = 8;
    strategy = new_strategy(&settings);
    expect_trial(strategy, 1, 3, 2);
    expect(strategy, ASK_OPENING);
    for (uint16_t first = 3; first-- > 0;)
        expect_trial(strategy, 4 - first, first, 2);
    for (uint64_t i = 0; i < sizeof second / sizeof *second; i++)
        expect_trial(strategy, 5 + i, second[i][0], second[i][1]);
    expect(strategy, ASK_WAIT);
    tell(strategy, 2, &bad);
    assert_int_equal(strategy_untell(strategy, 2), 0);
    for (uint64_t number = 1; number <= 4; number++)
        tell(strategy, number, &bad);
    expect(strategy, ASK_OPENING);
    assert_int_equal(strategy_opening(strategy)->n_children, 12);
    expect(strategy, ASK_WAIT);
    strategy_free(strategy);
}

/* Two buckets of two: 3 and 2, then 1 and 0, whose children with the last option come before all others.
 * Where several are in flight, those of the bucket that is out first do. */
static void test_oldest_buckets_first(void **state)
{
    static const struct verdict best = { true, { 2, 2 } };
    int64_t term = model.space.term[1][2][0];

    (void)state;
    model.space.term[1][2][0] = 75;
    for (uint32_t parallel = 1; parallel <= 2; parallel++) {
        struct search_settings settings = by_hand;
        struct strategy *strategy;

        settings.parallel = parallel;
        settings.layernas.buckets = 2;
        settings.layernas.default_arch = (struct arch){ 2, { 3, 0 } };
        strategy = new_strategy(&settings);
        expect_trial(strategy, 1, 3, 0);
        tell(strategy, 1, &best);
        expect(strategy, ASK_OPENING);
        for (uint16_t first = 3; first-- > 0;)
            expect_trial(strategy, 4 - first, first, 0);
        tell(strategy, 2, &good);
        if (parallel > 1)
            expect_trial(strategy, 5, 3, 1);
        expect(strategy, ASK_WAIT);
        tell(strategy, 3, &good);
        tell(strategy, 4, &good);
        expect(strategy, ASK_OPENING);
        if (parallel == 1) {
            expect_trial(strategy, 5, 0, 2);
            expect_trial(strategy, 6, 3, 1);
        } else {
            expect_trial(strategy, 6, 0, 2);
        }
        expect_trial(strategy, 7, 0, 1);
        strategy_free(strategy);
    }
    model.space.term[1][2][0] = term;
}

/* The same openings whenever the cap is reached: the last one is of trials that are out. */
static void test_the_cap_waits_for_the_opening(void **state)
{
    struct search_settings settings = by_hand;
    struct strategy *strategy;
    struct search_progress progress;

    (void)state;
    settings.trials = 6;
    strategy = first_layer_out(&settings);
    assert_null(strategy_stop_reason(strategy));
    tell(strategy, 5, &good);
    tell(strategy, 6, &good);
    tell(strategy, 2, &good);
    tell(strategy, 3, &good);
    expect(strategy, ASK_WAIT); /* and no trial beyond the cap */
    tell(strategy, 4, &good);
    expect(strategy, ASK_OPENING);
    expect(strategy, ASK_DONE);
    assert_string_equal(strategy_stop_reason(strategy), "trial cap reached");
    strategy_progress(strategy, &progress);
    assert_int_equal(progress.openings, 2);
    assert_true(progress.done);
    strategy_raise_cap(strategy, 7);
    expect_trial(strategy, 7, 2, 1);
    expect(strategy, ASK_DONE);
    strategy_free(strategy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket_after_bucket),
        cmocka_unit_test(test_only_contender_is_not_waited_for),
        cmocka_unit_test(test_oldest_buckets_first),
        cmocka_unit_test(test_what_was_relied_on_stays),
        cmocka_unit_test(test_the_cap_waits_for_the_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
