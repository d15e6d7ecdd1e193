/* search_cases - random settings for a random model, and judges for it. */
#ifndef LAYERNAS_TESTS_SEARCH_CASES_H
#define LAYERNAS_TESTS_SEARCH_CASES_H

#include <stdio.h>

#include "tests/unit/search_model.h"
#include "tests/unit/search_run.h"

static inline int64_t case_random_cost(struct rng *rng, const struct cost_model *model)
{
    struct arch arch;

    model_arch(model, rng_below(rng, (uint64_t)space_size(&model->space)), &arch);
    return cost_of(model, &arch);
}

/* A target that some architecture meets; every other one without a lower end. */
static inline struct cost_range case_random_target(struct rng *rng, const struct cost_model *model)
{
    int64_t a = case_random_cost(rng, model), b = case_random_cost(rng, model);

    if (rng_below(rng, 2))
        return (struct cost_range){ 0, a };
    return a < b ? (struct cost_range){ a, b } : (struct cost_range){ b, a };
}

static inline struct arch case_default(struct rng *rng, const struct cost_model *model)
{
    struct arch arch;

    model_arch(model, rng_below(rng, (uint64_t)space_size(&model->space)), &arch);
    switch (rng_below(rng, 3)) {
    case 0:
        return cost_dearest(model, &arch, 0);
    case 1:
        return cost_cheapest(model, &arch, 0);
    default:
        return arch;
    }
}

/* Without sample and forecasts in half of the guided ones. */
static inline struct search_settings case_settings(struct rng *rng, const struct cost_model *model)
{
    static const double growths[] = { 1.0, 1.1, 1.5, 3.0 };
    struct search_settings settings = {
        .strategy = "layernas",
        .trials = RUN_MAX_TRIALS,
        .parallel = 1,
        .seed = rng_u64(rng),
        .canonical = rng_below(rng, 2),
        .feasible = true,
        .target = case_random_target(rng, model),
        .layernas = {
            .buckets = 1 + (uint32_t)rng_below(rng, 8),
            .bucket_growth = growths[rng_below(rng, 4)],
            .keep = 1 + (uint32_t)rng_below(rng, 3),
            .keep_more = (uint32_t)rng_below(rng, 2),
            .order = (enum search_order)rng_below(rng, 3),
            .passes = (uint32_t)rng_below(rng, 4),
            .edges = rng_below(rng, 2) ? EDGES_CHILDREN : EDGES_REACHABLE,
            .bucket_by = rng_below(rng, 2) ? BUCKET_BY_COST : BUCKET_BY_COST_AND_INTERFACE,
            .default_arch = case_default(rng, model),
            .guided = rng_below(rng, 2),
            .picks = 1 + (uint32_t)rng_below(rng, 3),
            .reach = rng_below(rng, 3) ? 0 : rng_double(rng),
            .lag = 1,
        },
    };

    if (settings.layernas.guided && rng_below(rng, 2)) {
        settings.layernas.sample = (uint32_t)rng_below(rng, 20);
        settings.layernas.forecasts_first = (uint32_t)rng_below(rng, 10);
        settings.layernas.forecasts = (uint32_t)rng_below(rng, 4);
        settings.layernas.lag = 1 + (uint32_t)rng_below(rng, 12);
    }
    return settings;
}

/* A sum over layers. */
static inline struct verdict judge_additive(void *arg, const struct arch *candidate)
{
    const struct cost_model *model = arg;
    struct verdict verdict = { true, { 0, 1000 } };

    for (uint32_t l = 0; l < model->space.n_layers; l++)
        verdict.reward.correct += model->space.worth[l][candidate->option[l]];
    return verdict;
}

/* Rough ground with ties, where one in eight is quarantined. arg: a seed. */
static inline struct verdict judge_rough(void *arg, const struct arch *candidate)
{
    struct rng rng;
    uint64_t name = 0;

    for (uint32_t l = 0; l < candidate->n; l++)
        name = name * 31 + candidate->option[l] + 1;
    rng_init(&rng, *(uint64_t *)arg, name);
    return (struct verdict){ rng_below(&rng, 8) != 0, { (uint32_t)rng_below(&rng, 30), 30 } };
}

/* For the message of a failure: which case it was. */
static inline const char *case_name(uint64_t i, const struct cost_model *model,
                                    const struct search_settings *s)
{
    static char name[160];

    snprintf(name, sizeof name,
             "case %llu (%u layers, H %u x %.1f, K %u, passes %u, order %d, edges %d, by %d, "
             "canonical %d)",
             (unsigned long long)i, model->space.n_layers, s->layernas.buckets,
             s->layernas.bucket_growth, s->layernas.keep, s->layernas.passes, s->layernas.order,
             s->layernas.edges, s->layernas.bucket_by, s->canonical);
    return name;
}

#endif
