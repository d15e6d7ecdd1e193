/* With rewards that are sums over layers, and a bucket for every cost and interface, LayerNAS finds
 * the true optimum inside the target: compared with trying every architecture. */
#include "tests/unit/search_cases.h"

static struct search_run run;

/* The best reward inside the target; -1 when nothing is inside. */
static int64_t best_by_trying_all(const struct cost_model *model, const struct cost_range *target)
{
    int64_t best = -1;
    struct arch arch;

    for (uint64_t i = 0; model_arch(model, i, &arch); i++) {
        int64_t cost = cost_of(model, &arch);
        struct verdict verdict = judge_additive((void *)model, &arch);

        if (cost >= target->lowest && cost <= target->highest && verdict.reward.correct > best)
            best = verdict.reward.correct;
    }
    return best;
}

static void check_optimum(uint64_t i, bool interfaces, enum search_order order)
{
    struct rng rng;
    struct cost_model model;
    struct search_settings settings;
    uint32_t best;

    rng_init(&rng, i, order);
    model = model_random(&rng, 4, interfaces ? MODEL_INTERFACES : 1, rng_below(&rng, 2));
    settings = case_settings(&rng, &model);
    settings.layernas.buckets = BUCKETS_MAX;
    settings.layernas.bucket_by = BUCKET_BY_COST_AND_INTERFACE;
    settings.layernas.order = order;
    settings.layernas.passes = 1;
    settings.layernas.guided = false;
    settings.layernas.reach = 0;
    run = (struct search_run){ .settings = &settings,
                               .model = &model,
                               .judge = judge_additive,
                               .judge_arg = &model,
                               .workers = 1 };
    run_until(&run, &rng, UINT32_MAX);
    best = run_best(&run);
    check_true(case_name(i, &model, &settings), best > 0);
    check_int_equal(case_name(i, &model, &settings), run.verdicts[best - 1].reward.correct,
                    best_by_trying_all(&model, &settings.target));
    run_clear(&run);
}

static void test_forward_finds_the_optimum(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++)
        check_optimum(i, false, ORDER_FORWARD);
}

static void test_backward_finds_the_optimum(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++)
        check_optimum(i, false, ORDER_BACKWARD);
}

static void
test_interfaces_kept_apart_it_finds_the_optimum_though_costs_depend_on_them(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2000; i++)
        check_optimum(i, true, ORDER_FORWARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward_finds_the_optimum),
        cmocka_unit_test(test_backward_finds_the_optimum),
        cmocka_unit_test(
            test_interfaces_kept_apart_it_finds_the_optimum_though_costs_depend_on_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
