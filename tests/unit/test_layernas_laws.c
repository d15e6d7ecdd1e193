/* What holds in every search, whatever the settings. */
#include "tests/unit/search_laws.h"

static void law_no_candidate_twice(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_proposals; i++) {
        const struct arch *arch = &run.proposals[i].arch;
        struct arch canonical = *arch;

        if (c->settings.canonical)
            space_canonical(&c->model.space, arch, &canonical);
        check_true(c->name, arch_equal(&canonical, arch));
        check_int_equal(c->name, run.proposals[i].cost, cost_of(&c->model, arch));
        for (uint32_t j = 0; j < i; j++)
            check_true(c->name, !arch_equal(arch, &run.proposals[j].arch));
    }
}

static void law_anchor_inside(const struct law_case *c)
{
    check_true(c->name, run.n_proposals >= 1);
    check_true(c->name, in_target(c, run.proposals[0].cost));
}

static void law_cap_and_bound(const struct law_case *c)
{
    uint64_t before = strategy_trial_bound(&c->settings, &c->model);

    check_true(c->name, run.n_proposals <= c->settings.trials);
    check_true(c->name, run.n_proposals <= before);
    check_true(c->name, before <= c->settings.trials);
    check_true(c->name, run.n_proposals <= run.least_bound);
    check_true(c->name, run.progress.done);
    check_int_equal(c->name, run.progress.bound, run.n_proposals);
    check_int_equal(c->name, run.progress.proposed, run.n_proposals);
    check_int_equal(c->name, run.progress.told, run.n_proposals);
}

static void law_stops_for_a_reason(const struct law_case *c)
{
    const struct opening *last = run.n_openings ? &run.openings[run.n_openings - 1] : NULL;

    if (run.n_proposals == c->settings.trials) {
        check_string_equal(c->name, run.stop_reason, "trial cap reached");
    } else if (strstr(run.stop_reason, "done")) {
        static const char *const reasons[] = { "", "1 pass done", "2 passes done",
                                               "3 passes done" };

        check_string_equal(c->name, run.stop_reason, reasons[c->settings.layernas.passes]);
        check_true(c->name, last->pass <= c->settings.layernas.passes);
    } else {
        check_string_equal(c->name, run.stop_reason, "nothing left to try");
        check_true(c->name,
                   !c->settings.layernas.passes || last->pass < c->settings.layernas.passes);
    }
}

static bool was_proposed(const struct arch *arch)
{
    for (uint32_t i = 0; i < run.n_proposals; i++)
        if (arch_equal(&run.proposals[i].arch, arch))
            return true;
    return false;
}

/* A search that starts where this one would have gone on, every cost in a bucket of its own where
 * buckets grow, proposes nothing new. */
static void law_nothing_left_is_true(const struct law_case *c)
{
    struct search_settings settings = c->settings;
    uint32_t best = best_of_first(c, run.n_proposals);
    struct search_run *more;
    struct rng rng;

    if (strcmp(run.stop_reason, "nothing left to try") != 0 ||
        c->settings.layernas.order == ORDER_RANDOM) /* another order may find more */
        return;
    if (best)
        settings.layernas.default_arch = run.proposals[best - 1].arch;
    if (settings.layernas.bucket_growth > 1)
        settings.layernas.buckets = BUCKETS_MAX;
    settings.layernas.passes = 1;
    settings.layernas.sample = settings.layernas.forecasts = 0;
    settings.trials = RUN_MAX_TRIALS;
    more = calloc(1, sizeof *more);
    assert_non_null(more);
    *more = run;
    more->settings = &settings;
    more->n_proposals = more->n_openings = 0;
    rng_init(&rng, 1, 1);
    run_until(more, &rng, UINT32_MAX);
    for (uint32_t i = 1; i < more->n_proposals; i++) /* but for its anchor, where best is outside */
        check_true(c->name, was_proposed(&more->proposals[i].arch));
    run_clear(more);
    free(more);
}

LAW(no_candidate_twice)
LAW(anchor_inside)
LAW(cap_and_bound)
LAW(stops_for_a_reason)
LAW(nothing_left_is_true)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_candidate_twice),   cmocka_unit_test(test_anchor_inside),
        cmocka_unit_test(test_cap_and_bound),        cmocka_unit_test(test_stops_for_a_reason),
        cmocka_unit_test(test_nothing_left_is_true),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
