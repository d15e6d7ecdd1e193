/* Strategies without openings: what each of them promises, on random spaces with random settings and
 * rough rewards, some trials quarantined. */
#include "tests/unit/search_cases.h"

static const char *const names[] = { "random", "evolution", "local", "ppo" };
enum { N_NAMES = sizeof names / sizeof *names };

static struct search_run reference, other;
static struct cost_model model;
static struct search_settings settings;
static uint64_t seed;
static char name[80];

static void random_case(uint64_t i)
{
    struct rng rng;

    rng_init(&rng, i, 13);
    seed = i;
    model = model_random(&rng, 5, 1 + (uint32_t)rng_below(&rng, MODEL_INTERFACES),
                         rng_below(&rng, 2));
    settings = case_settings(&rng, &model);
    strcpy(settings.strategy, names[i % N_NAMES]);
    settings.seed = rng_u64(&rng);
    settings.parallel = 1 + (uint32_t)rng_below(&rng, 6);
    settings.feasible = rng_below(&rng, 3) > 0;
    settings.objective = rng_below(&rng, 3);
    settings.cost_weight = -0.07;
    settings.evolution = (struct evolution_settings){ 1 + (uint32_t)rng_below(&rng, 12),
                                                      1 + (uint32_t)rng_below(&rng, 4),
                                                      1 + 4 * (uint32_t)rng_below(&rng, 2) };
    settings.ppo = (struct ppo_settings){ 1 + (uint32_t)rng_below(&rng, 12),
                                          1 + (uint32_t)rng_below(&rng, 4), 0.1, 0.2, 0.01 };
    if (rng_below(&rng, 2))
        settings.trials = 1 + (uint32_t)rng_below(&rng, 80);
    snprintf(name, sizeof name, "case %d: %s, W %u, feasible %d", (int)i, settings.strategy,
             settings.parallel, settings.feasible);
}

static void start(struct search_run *run, uint32_t workers)
{
    *run = (struct search_run){ .settings = &settings,
                                .model = &model,
                                .judge = judge_rough,
                                .judge_arg = &seed,
                                .workers = workers };
}

static void check_same(void)
{
    struct digest a = run_digest(&reference), b = run_digest(&other);

    check_int_equal(name, other.n_proposals, reference.n_proposals);
    check_true(name, digest_equal(&a, &b));
    check_string_equal(name, other.stop_reason, reference.stop_reason);
}

static bool in_target(int64_t cost)
{
    return cost >= settings.target.lowest && cost <= settings.target.highest;
}

static void each_case(uint64_t n, void (*law)(struct rng *rng))
{
    for (uint64_t i = 0; i < n; i++) {
        struct rng rng;

        rng_init(&rng, i, 17);
        random_case(i);
        start(&reference, 1 + (uint32_t)rng_below(&rng, 8));
        run_until(&reference, &rng, UINT32_MAX);
        law(&rng);
        run_clear(&reference);
    }
}

static void law_order(struct rng *rng)
{
    for (uint32_t k = 0; k < 10; k++) {
        start(&other, 1 + (uint32_t)rng_below(rng, 30));
        run_until(&other, rng, UINT32_MAX);
        check_same();
        run_clear(&other);
    }
}

static void law_restart(struct rng *rng)
{
    for (uint32_t k = 0; k < 10; k++) {
        start(&other, 5);
        run_until(&other, rng, 1 + (uint32_t)rng_below(rng, reference.n_proposals));
        run_until(&other, rng, 1 + (uint32_t)rng_below(rng, reference.n_proposals));
        run_until(&other, rng, UINT32_MAX);
        check_same();
        run_clear(&other);
    }
}

static void law_proposals(struct rng *rng)
{
    (void)rng;
    for (uint32_t i = 0; i < reference.n_proposals; i++) {
        const struct proposal *p = &reference.proposals[i];
        struct arch canonical = p->arch;

        if (settings.canonical)
            space_canonical(&model.space, &p->arch, &canonical);
        check_true(name, arch_equal(&canonical, &p->arch));
        check_int_equal(name, p->cost, cost_of(&model, &p->arch));
        check_true(name, !settings.feasible || in_target(p->cost));
        for (uint32_t j = 0; j < i; j++)
            check_true(name, !arch_equal(&p->arch, &reference.proposals[j].arch));
    }
    check_true(name, reference.n_openings == 0);
}

/* Candidates that may be proposed, by brute force. */
static uint32_t n_eligible(void)
{
    struct arch arch, canonical;
    uint32_t n = 0;

    for (uint64_t i = 0; model_arch(&model, i, &arch); i++) {
        canonical = arch;
        if (settings.canonical)
            space_canonical(&model.space, &arch, &canonical);
        n += arch_equal(&arch, &canonical) &&
             (!settings.feasible || in_target(cost_of(&model, &arch)));
    }
    return n;
}

static void law_end(struct rng *rng)
{
    uint64_t bound = strategy_trial_bound(&settings, &model);
    uint32_t most = n_eligible();

    (void)rng;
    if (settings.trials <= most) {
        check_int_equal(name, reference.n_proposals, settings.trials);
        check_string_equal(name, reference.stop_reason, "trial cap reached");
    } else {
        check_int_equal(name, reference.n_proposals, most);
        check_string_equal(name, reference.stop_reason, "nothing left to try");
    }
    check_true(name, reference.n_proposals <= bound && bound <= settings.trials);
    check_true(name, reference.n_proposals <= reference.least_bound);
    check_int_equal(name, reference.progress.bound, reference.n_proposals);
    check_int_equal(name, reference.progress.told, reference.n_proposals);
    check_int_equal(name, reference.progress.pass, 0);
    check_true(name, reference.progress.done);
}

static void test_order_of_results_changes_nothing(void **state)
{
    (void)state;
    each_case(100, law_order);
}

static void test_restart_changes_nothing(void **state)
{
    (void)state;
    each_case(100, law_restart);
}

static void test_proposals_are_new_and_eligible(void **state)
{
    (void)state;
    each_case(300, law_proposals);
}

static void test_all_is_proposed_before_the_end(void **state)
{
    (void)state;
    each_case(300, law_end);
}

static void test_seeds_differ(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < N_NAMES; i++) {
        struct rng rng;
        struct digest a, b;

        random_case(i);
        rng_init(&rng, 1, 1);
        model = model_random(&rng, 5, 1, false);
        for (uint32_t l = 0; l < model.space.n_layers; l++)
            model.space.n_options[l] = MODEL_OPTIONS;
        settings.target = (struct cost_range){ 0, INT64_MAX };
        settings.trials = 20;
        start(&reference, 1);
        run_until(&reference, &rng, UINT32_MAX);
        settings.seed++;
        start(&other, 1);
        run_until(&other, &rng, UINT32_MAX);
        a = run_digest(&reference);
        b = run_digest(&other);
        check_true(name, !digest_equal(&a, &b));
        run_clear(&reference);
        run_clear(&other);
    }
}

/* The more of the budget is learnt from, the better: on additive rewards each strategy that learns
 * beats random search, on the average over many spaces. */
static double mean_best(const char *strategy, uint64_t n)
{
    double sum = 0;

    for (uint64_t i = 0; i < n; i++) {
        struct rng rng;
        uint32_t best;

        random_case(4 * i + 1);
        rng_init(&rng, i, 19);
        model = (struct cost_model){ 0 };
        model.space.n_layers = MODEL_LAYERS;
        model.space.n_interfaces = 1;
        for (uint32_t l = 0; l < MODEL_LAYERS; l++) {
            model.space.stage[l] = l;
            model.space.n_options[l] = MODEL_OPTIONS;
            model_random_layer(&rng, &model.space, l, 1000);
        }
        strcpy(settings.strategy, strategy);
        settings.target = (struct cost_range){ 0, MODEL_LAYERS * 500 };
        settings.trials = 150;
        settings.parallel = 1;
        settings.feasible = true;
        settings.canonical = false;
        settings.objective = OBJECTIVE_ACCURACY;
        settings.evolution = (struct evolution_settings){ 10, 3, 1 };
        settings.ppo = (struct ppo_settings){ 10, 4, 0.1, 0.2, 0.01 };
        start(&reference, 1);
        reference.judge = judge_additive;
        reference.judge_arg = &model;
        run_until(&reference, &rng, UINT32_MAX);
        best = run_best(&reference);
        assert_true(best > 0);
        sum += reference.verdicts[best - 1].reward.correct;
        run_clear(&reference);
    }
    return sum / (double)n;
}

static void test_learning_pays(void **state)
{
    double by_chance = mean_best("random", 60);

    (void)state;
    check_true("evolution", mean_best("evolution", 60) > by_chance + 5);
    check_true("local search", mean_best("local", 60) > by_chance + 5);
    check_true("ppo", mean_best("ppo", 60) > by_chance + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_results_changes_nothing),
        cmocka_unit_test(test_restart_changes_nothing),
        cmocka_unit_test(test_proposals_are_new_and_eligible),
        cmocka_unit_test(test_all_is_proposed_before_the_end),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_learning_pays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
