/* The same results give the same trials, openings and tables: in whatever order they arrive, for
 * one worker or many, and through restarts. */
#include "tests/unit/search_cases.h"

static struct search_run reference, other;
static struct cost_model model;
static struct search_settings settings;
static uint64_t seed;

static void random_case(uint64_t i)
{
    struct rng rng;

    rng_init(&rng, i, 11);
    seed = i;
    model = model_random(&rng, 5, 1 + (uint32_t)rng_below(&rng, MODEL_INTERFACES),
                         rng_below(&rng, 2));
    settings = case_settings(&rng, &model);
    if (rng_below(&rng, 2))
        settings.trials = 1 + (uint32_t)rng_below(&rng, 60);
    if (rng_below(&rng, 2))
        settings.parallel = 2 + (uint32_t)rng_below(&rng, 12);
}

static void start(struct search_run *run, uint32_t workers)
{
    *run = (struct search_run){ .settings = &settings,
                                .model = &model,
                                .judge = judge_rough,
                                .judge_arg = &seed,
                                .workers = workers };
}

static void check_same(uint64_t i)
{
    struct digest a = run_digest(&reference), b = run_digest(&other);

    check_int_equal(case_name(i, &model, &settings), other.n_proposals, reference.n_proposals);
    check_true(case_name(i, &model, &settings), digest_equal(&a, &b));
    check_string_equal(case_name(i, &model, &settings), other.stop_reason, reference.stop_reason);
}

static void test_order_of_results_changes_nothing(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 1);
    for (uint64_t i = 0; i < 120; i++) {
        random_case(i);
        start(&reference, 1);
        run_until(&reference, &rng, UINT32_MAX);
        for (uint32_t k = 0; k < 8; k++) {
            start(&other, 1 + (uint32_t)rng_below(&rng, 30));
            run_until(&other, &rng, UINT32_MAX);
            check_same(i);
            run_clear(&other);
        }
        run_clear(&reference);
    }
}

/* Stops after numbers of results from end to end, starts again from what was stored. */
static void test_restart_at_any_point_changes_nothing(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 2, 1);
    for (uint64_t i = 0; i < 40; i++) {
        random_case(i);
        start(&reference, 1);
        run_until(&reference, &rng, UINT32_MAX);
        for (uint32_t tells = 1; tells < reference.n_proposals;
             tells += 1 + reference.n_proposals / 40) {
            start(&other, 5);
            run_until(&other, &rng, tells);
            run_until(&other, &rng, UINT32_MAX);
            check_same(i);
            run_clear(&other);
        }
        run_clear(&reference);
    }
}

static void test_restart_again_and_again_changes_nothing(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 1);
    for (uint64_t i = 0; i < 100; i++) {
        random_case(i);
        start(&reference, 1);
        run_until(&reference, &rng, UINT32_MAX);
        start(&other, 4);
        for (uint32_t told = 0; told < reference.n_proposals;) {
            run_until(&other, &rng, 3);
            told = 0;
            for (uint32_t p = 0; p < other.n_proposals; p++)
                told += other.told[p];
        }
        run_until(&other, &rng, UINT32_MAX);
        check_same(i);
        run_clear(&other);
        run_clear(&reference);
    }
}

/* One layer of four options, all affordable. */
static void simple_case(void)
{
    model = (struct cost_model){ .space = { .n_layers = 2,
                                            .n_options = { 4, 3 },
                                            .n_interfaces = 1,
                                            .term = { { { 10 }, { 20 }, { 30 }, { 40 } },
                                                      { { 1 }, { 2 }, { 3 } } },
                                            .stage = { 0, 1 } } };
    settings = (struct search_settings){ .strategy = "layernas",
                                         .trials = 100,
                                         .target = { 0, 100 },
                                         .layernas = { .buckets = 2,
                                                       .bucket_growth = 1.5,
                                                       .keep = 1,
                                                       .passes = 1,
                                                       .default_arch = { 2, { 3, 2 } } } };
}

/* Asks until ASK_OPENING, telling all trials on the way. */
static void ask_for_opening(struct strategy *strategy)
{
    struct proposal proposal;
    int rc;

    while ((rc = strategy_ask(strategy, &proposal)) == ASK_TRIAL) {
        struct verdict verdict = { true, { (uint32_t)proposal.number, 100 } };

        assert_int_equal(strategy_tell(strategy, proposal.number, &verdict), 0);
    }
    assert_int_equal(rc, ASK_OPENING);
}

static void test_an_adopted_opening_decides(void **state)
{
    struct strategy *strategy;
    struct opening stored;
    struct proposal proposal;

    (void)state;
    simple_case();
    assert_int_equal(strategy_new(&settings, &model, &strategy), 0);
    ask_for_opening(strategy);
    stored = run_store(strategy_opening(strategy));
    /* As guided search would: one contender not picked, the others in another order. */
    assert_int_equal(stored.n_children, 4);
    assert_int_equal(stored.children[1].fate, FATE_TRIAL);
    assert_int_equal(stored.children[2].fate, FATE_TRIAL);
    assert_int_equal(stored.children[3].fate, FATE_TRIAL);
    stored.children[2].fate = FATE_KNOWN;
    stored.children[0] = stored.children[3];
    assert_int_equal(strategy_adopt(strategy, &stored), 0);

    assert_int_equal(strategy_ask(strategy, &proposal), ASK_TRIAL);
    assert_true(arch_equal(&proposal.arch, &stored.children[0].candidate));
    assert_int_equal(strategy_ask(strategy, &proposal), ASK_TRIAL);
    assert_true(arch_equal(&proposal.arch, &stored.children[1].candidate));
    /* Children 2 is no trial, child 3 was proposed as child 0. */
    assert_int_equal(strategy_ask(strategy, &proposal), ASK_WAIT);
    opening_clear(&stored);
    strategy_free(strategy);
}

static void test_an_opening_of_another_place_is_refused(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
    } fields[] = {
        { "other number", offsetof(struct opening, number) },
        { "other pass", offsetof(struct opening, pass) },
        { "other layer", offsetof(struct opening, layer) },
    };
    struct strategy *strategy;
    struct opening stored;
    struct proposal proposal;

    (void)state;
    simple_case();
    assert_int_equal(strategy_new(&settings, &model, &strategy), 0);
    assert_int_equal(strategy_ask(strategy, &proposal), ASK_TRIAL);
    assert_int_equal(strategy_ask(strategy, &proposal), ASK_OPENING);
    stored = run_store(strategy_opening(strategy));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint32_t *field = (uint32_t *)((char *)&stored + fields[i].offset);

        *field ^= 1;
        check_int_equal(fields[i].name, strategy_adopt(strategy, &stored), -EINVAL);
        *field ^= 1;
    }
    stored.children[1].arch.option[0] = 4;
    assert_int_equal(strategy_adopt(strategy, &stored), -EINVAL);
    stored.children[1] = stored.children[2];
    stored.children[1].bucket = stored.buckets;
    assert_int_equal(strategy_adopt(strategy, &stored), -EINVAL);
    stored.children[1] = stored.children[2];
    stored.children[1].cost++;
    assert_int_equal(strategy_adopt(strategy, &stored), -EINVAL);
    stored.children[1] = stored.children[2];
    assert_int_equal(strategy_adopt(strategy, &stored), 0);
    assert_int_equal(strategy_ask(strategy, &proposal), ASK_TRIAL);
    assert_int_equal(strategy_adopt(strategy, &stored), -EINVAL); /* too late */
    opening_clear(&stored);
    strategy_free(strategy);
}

static void test_wrong_verdicts_change_nothing(void **state)
{
    struct verdict good = { true, { 1, 2 } }, empty = { true, { 0, 0 } };
    struct strategy *strategy;
    struct proposal proposal;
    struct search_progress progress;

    (void)state;
    simple_case();
    assert_int_equal(strategy_new(&settings, &model, &strategy), 0);
    assert_int_equal(strategy_tell(strategy, 1, &good), -EINVAL);
    assert_int_equal(strategy_ask(strategy, &proposal), ASK_TRIAL);
    assert_int_equal(strategy_tell(strategy, 0, &good), -EINVAL);
    assert_int_equal(strategy_tell(strategy, 2, &good), -EINVAL);
    assert_int_equal(strategy_tell(strategy, 1, &empty), -EINVAL);
    assert_int_equal(strategy_tell(strategy, 1, &good), 0);
    assert_int_equal(strategy_tell(strategy, 1, &good), -EINVAL);
    strategy_progress(strategy, &progress);
    assert_int_equal(progress.told, 1);
    strategy_free(strategy);
}

static void test_unknown_strategies_and_impossible_targets_are_refused(void **state)
{
    struct strategy *strategy;

    (void)state;
    simple_case();
    strcpy(settings.strategy, "annealing");
    assert_int_equal(strategy_new(&settings, &model, &strategy), -ENOENT);
    simple_case();
    settings.target = (struct cost_range){ 14, 20 }; /* costs are 11 to 13, 21 to 23, ... */
    assert_int_equal(strategy_new(&settings, &model, &strategy), -ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_results_changes_nothing),
        cmocka_unit_test(test_restart_at_any_point_changes_nothing),
        cmocka_unit_test(test_restart_again_and_again_changes_nothing),
        cmocka_unit_test(test_an_adopted_opening_decides),
        cmocka_unit_test(test_an_opening_of_another_place_is_refused),
        cmocka_unit_test(test_wrong_verdicts_change_nothing),
        cmocka_unit_test(test_unknown_strategies_and_impossible_targets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
