/* Forecasts of guided LayerNAS: what they may propose, what they are decided by, and what they are for. */
#include "tests/unit/search_laws.h"

#include "common/target.h"
#include "coordinator/search/layernas.h"
#include "coordinator/search/predictor.h"

static struct law_case ground;
static struct proposals known;

/* A model whose reward is a sum over layers, where half of it can be met by the target. */
static void start(uint64_t i)
{
    struct rng rng;

    rng_init(&rng, i, 21);
    ground = (struct law_case){ .model = model_random(&rng, 5, 1, false) };
    ground.settings = case_settings(&rng, &ground.model);
    ground.settings.canonical = false;
    ground.name = case_name(i, &ground.model, &ground.settings);
}

static uint64_t n_archs(void)
{
    return (uint64_t)space_size(&ground.model.space);
}

/* Every stride-th architecture from first, rewarded as judge_additive has it, with share points lost. */
static void learn(uint64_t first, uint64_t stride, uint32_t lost)
{
    struct arch arch;

    for (uint64_t i = first; i < n_archs(); i += stride) {
        struct verdict verdict;
        int64_t number;

        if (!model_arch(&ground.model, i, &arch) || proposals_known(&known, &arch))
            continue;
        verdict = judge_additive(&ground.model, &arch);
        verdict.reward.correct -= lost < verdict.reward.correct ? lost : verdict.reward.correct;
        number = proposals_add(&known, &arch, cost_of(&ground.model, &arch));
        assert_true(number > 0);
        assert_int_equal(proposals_tell(&known, (uint64_t)number, &verdict), 0);
    }
}

static int forecast(uint64_t heard, struct arch *candidate_out)
{
    return layernas_forecast(&ground.settings, &ground.model, &known, heard,
                             &ground.settings.layernas.default_arch, candidate_out);
}

/* Of the candidates that a forecast may propose, how many are there, and how many beat arch? */
static void rank(const struct arch *arch, uint32_t *n_out, uint32_t *better_out)
{
    struct reward reward = { 0, 1000 };
    struct arch other;

    if (arch)
        reward = judge_additive(&ground.model, arch).reward;
    *n_out = *better_out = 0;
    for (uint64_t i = 0; i < n_archs(); i++) {
        if (!model_arch(&ground.model, i, &other) || proposals_known(&known, &other) ||
            !target_holds(&ground.settings.target, cost_of(&ground.model, &other)))
            continue;
        ++*n_out;
        *better_out += reward_compare(judge_additive(&ground.model, &other).reward, reward) > 0;
    }
}

static void test_in_the_target_and_among_the_best(void **state)
{
    uint32_t n_forecasts = 0, in_best_fifth = 0, n_missed = 0;

    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        struct arch candidate;
        uint32_t n, better;
        int rc;

        start(i);
        learn(i % 2, 2, 0);
        rank(NULL, &n, &better);
        rc = forecast(proposals_n(&known), &candidate);
        if (rc == 1) {
            check_true(ground.name, !proposals_known(&known, &candidate));
            check_true(ground.name,
                       target_holds(&ground.settings.target, cost_of(&ground.model, &candidate)));
            rank(&candidate, &n, &better);
            n_forecasts++;
            in_best_fifth += better <= n / 5;
        } else if (n > 0 && proposals_n(&known) >= PREDICTOR_FEWEST)
            n_missed++;
        proposals_clear(&known);
    }
    check_true("enough", n_forecasts > 100);
    check_true("seldom none where one is left", 20 * n_missed <= n_forecasts);
    check_true("nine of ten in the best fifth", 10 * in_best_fifth >= 9 * n_forecasts);
}

/* Results after those that are heard leave a forecast as it was. */
static void test_decided_by_what_is_heard(void **state)
{
    uint32_t n_forecasts = 0;

    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        struct arch a, b;
        uint64_t heard;
        int before = -1, after = -1;

        for (uint32_t lost = 0; lost < 2; lost++) {
            start(i);
            learn(0, 3, 0);
            heard = proposals_n(&known);
            learn(1, 3, lost * 400);
            if (lost == 0)
                before = forecast(heard, &a);
            else
                after = forecast(heard, &b);
            proposals_clear(&known);
        }
        check_int_equal(ground.name, before, after);
        check_true(ground.name, before != 1 || arch_equal(&a, &b));
        n_forecasts += before == 1;
    }
    check_true("some", n_forecasts > 20);
}

static void test_none_where_nothing_is_known_or_left(void **state)
{
    struct arch candidate;
    uint32_t n_done = 0;

    (void)state;
    for (uint64_t i = 0; i < 40; i++) {
        start(i);
        check_int_equal("nothing known", forecast(0, &candidate), 0);
        learn(0, 1, 0);
        check_int_equal("nothing left", forecast(proposals_n(&known), &candidate), 0);
        n_done += proposals_n(&known) >= PREDICTOR_FEWEST;
        proposals_clear(&known);
    }
    check_true("not for want of results", n_done > 20);
}

/* In whole searches: the anchor, the sample, the first forecasts, then the first layer's opening; and
 * whatever no opening names lies in the target. */
static void law_outside_openings(const struct law_case *c)
{
    const struct layernas_settings *settings = &c->settings.layernas;
    uint32_t first = 1 + settings->sample + (settings->sample ? settings->forecasts_first : 0);

    if (!settings->guided || !has_forecasts(c))
        return;
    for (uint32_t p = 1; p < run.n_proposals; p++) {
        bool named = false;

        for (uint32_t o = 0; !named && o < run.n_openings; o++)
            for (uint32_t k = 0; !named && k < run.openings[o].n_children; k++)
                named = run.openings[o].children[k].fate == FATE_TRIAL &&
                        arch_equal(&run.openings[o].children[k].candidate, &run.proposals[p].arch);
        check_true(c->name, named || in_target(c, run.proposals[p].cost));
        check_true(c->name, named || p < first || run.n_openings > 0);
    }
}

LAW(outside_openings)

/* ---- what they wait for ---- */

enum { LAG = 8 };

/* Tells everything before the first opening, and nothing after it. How many of them there were, and how
 * many went out of the opening and after it. */
static uint32_t ask_untold(uint32_t *of_opening_out, uint32_t *n_out)
{
    struct strategy *strategy;
    struct proposal proposal;
    bool opened = false;
    uint32_t told = 0;
    int rc;

    *of_opening_out = *n_out = 0;
    assert_int_equal(strategy_new(&ground.settings, &ground.model, &strategy), 0);
    while ((rc = strategy_ask(strategy, &proposal)) == ASK_TRIAL || rc == ASK_OPENING) {
        if (rc == ASK_OPENING) {
            opened = true;
            for (uint32_t k = 0; k < strategy_opening(strategy)->n_children; k++)
                *of_opening_out += strategy_opening(strategy)->children[k].fate == FATE_TRIAL;
        } else if (opened) {
            ++*n_out;
        } else {
            struct verdict verdict = judge_additive(&ground.model, &proposal.arch);

            assert_int_equal(strategy_tell(strategy, ++told, &verdict), 0);
        }
    }
    strategy_free(strategy);
    return told;
}

/* Forecasts go out while none of their layer's trials is told, as many as the lag lets. */
static void test_not_for_their_layer_but_for_the_lag(void **state)
{
    uint32_t n_full = 0;

    (void)state;
    for (uint64_t i = 0; i < 200; i++) {
        uint32_t told, of_opening, n;

        start(i);
        ground.settings.parallel = LAG / 2;
        ground.settings.layernas.guided = true;
        ground.settings.layernas.lag = LAG;
        ground.settings.layernas.sample = 20;
        ground.settings.layernas.forecasts_first = 4;
        ground.settings.layernas.forecasts = LAG;
        told = ask_untold(&of_opening, &n);
        if (told < 20 || of_opening == 0 || of_opening >= LAG)
            continue;
        check_true(ground.name, n <= LAG);
        n_full += n == LAG;
    }
    check_true("many", n_full > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_the_target_and_among_the_best),
        cmocka_unit_test(test_decided_by_what_is_heard),
        cmocka_unit_test(test_none_where_nothing_is_known_or_left),
        cmocka_unit_test(test_outside_openings),
        cmocka_unit_test(test_not_for_their_layer_but_for_the_lag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
