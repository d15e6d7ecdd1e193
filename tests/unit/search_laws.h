/* search_laws - many whole searches, each on a random space with random settings and rough rewards,
 * some trials quarantined, and a law to hold in each of them. A program includes it once. */
#ifndef LAYERNAS_TESTS_SEARCH_LAWS_H
#define LAYERNAS_TESTS_SEARCH_LAWS_H

#include "tests/unit/search_cases.h"

static struct search_run run;

struct law_case {
    const char *name;
    struct cost_model model;
    struct search_settings settings;
    uint64_t seed;
};

static inline void run_case(uint64_t i, struct law_case *c)
{
    struct rng rng;

    rng_init(&rng, i, 7);
    c->seed = i;
    c->model = model_random(&rng, 5, 1 + (uint32_t)rng_below(&rng, MODEL_INTERFACES),
                            rng_below(&rng, 2));
    c->settings = case_settings(&rng, &c->model);
    if (rng_below(&rng, 2))
        c->settings.trials = 1 + (uint32_t)rng_below(&rng, 60);
    run = (struct search_run){ .settings = &c->settings,
                               .model = &c->model,
                               .judge = judge_rough,
                               .judge_arg = &c->seed,
                               .workers = 1 + (uint32_t)rng_below(&rng, 8) };
    c->name = case_name(i, &c->model, &c->settings);
    run_until(&run, &rng, UINT32_MAX);
}

static inline void each_case(void (*law)(const struct law_case *c))
{
    for (uint64_t i = 0; i < 600; i++) {
        struct law_case c;

        run_case(i, &c);
        law(&c);
        run_clear(&run);
    }
}

/* Whether trials may be no children of an opening, and be decided by some of the results before. */
static inline bool has_forecasts(const struct law_case *c)
{
    return c->settings.layernas.sample > 0 || c->settings.layernas.forecasts > 0;
}

static inline bool in_target(const struct law_case *c, int64_t cost)
{
    return cost >= c->settings.target.lowest && cost <= c->settings.target.highest;
}

/* Number of the best of the first n proposals by the order of DESIGN; inside the target first. */
static inline uint32_t best_of_first(const struct law_case *c, uint32_t n)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i <= n; i++) {
        struct candidate a = { .canonical = run.proposals[i - 1].arch,
                               .cost = run.proposals[i - 1].cost,
                               .reward = run.verdicts[i - 1].reward },
                         b;

        if (!run.verdicts[i - 1].valid)
            continue;
        if (best) {
            b = (struct candidate){ .canonical = run.proposals[best - 1].arch,
                                    .cost = run.proposals[best - 1].cost,
                                    .reward = run.verdicts[best - 1].reward };
            if (in_target(c, b.cost) && !in_target(c, a.cost))
                continue;
            if (in_target(c, a.cost) == in_target(c, b.cost) && candidate_compare(&a, &b) > 0)
                continue;
        }
        best = i;
    }
    return best;
}

#define LAW(name)                                                                                  \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each_case(law_##name);                                                                     \
    }

#endif
