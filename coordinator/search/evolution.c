/* Regularised evolution (Real et al., "Regularized Evolution for Image Classifier Architecture
 * Search", AAAI 2019): the population is the last P valid results; the best of a tournament among
 * them is mutated in one layer. By default P = 10 and tournaments of 3, as in NATS-Bench.
 *
 * With settings->evolution.children over 1 so many mutants are made, and the predictor of guided
 * LayerNAS picks one: what a strong rival of that would do. */
#include <errno.h>
#include <stdlib.h>

#include "coordinator/search/eligible.h"
#include "coordinator/search/in_order.h"
#include "coordinator/search/predictor.h"

enum { MUTATIONS_TRIED = 32 };

struct evolution {
    struct strategy base;
    struct draws draws;
    struct rng rng;
    uint64_t heard;
    uint64_t *population; /* owned; proposal numbers, the oldest at n_born % P */
    uint64_t n_born;
};

static void destroy(struct strategy *strategy)
{
    struct evolution *s = (struct evolution *)strategy;

    draws_clear(&s->draws);
    free(s->population);
    free(s);
}

static int create(const struct search_settings *settings, const struct cost_model *model,
                  struct strategy **strategy_out)
{
    struct evolution *s = calloc(1, sizeof *s);
    int rc = s ? in_order_check(settings, model) : -ENOMEM;

    if (rc == 0)
        rc = draws_init(&s->draws, settings, model);
    if (rc == 0) {
        s->population = malloc(settings->evolution.population * sizeof *s->population);
        rc = s->population ? 0 : -ENOMEM;
    }
    if (rc < 0) {
        if (s)
            destroy(&s->base);
        return rc;
    }
    rng_init(&s->rng, settings->seed, SEARCH_STREAM);
    *strategy_out = &s->base;
    return 0;
}

static uint64_t population_now(const struct evolution *s)
{
    uint32_t most = s->base.settings->evolution.population;

    return s->n_born < most ? s->n_born : most;
}

static void learn(struct evolution *s, const struct proposed *result)
{
    if (result->verdict.valid)
        s->population[s->n_born++ % s->base.settings->evolution.population] = s->heard;
}

/* Drawn with replacement; of equals the first drawn. */
static struct arch tournament(struct evolution *s)
{
    const struct proposals *proposals = &s->base.proposals;
    uint64_t best = 0;
    double best_worth = 0;

    for (uint32_t i = 0; i < s->base.settings->evolution.tournament; i++) {
        uint64_t number = s->population[rng_below(&s->rng, population_now(s))];
        double worth = in_order_worth(&s->base, &proposals->at[number - 1]);

        if (best == 0 || worth > best_worth) {
            best = number;
            best_worth = worth;
        }
    }
    return arch_set_at(&proposals->archs, best - 1);
}

static void change_a_layer(struct evolution *s, struct arch *arch)
{
    uint32_t layer = (uint32_t)rng_below(&s->rng, arch->n);
    uint32_t n_options = space_n_options(cost_model_space(s->base.model), layer);
    uint32_t step = n_options > 1 ? 1 + (uint32_t)rng_below(&s->rng, n_options - 1) : 0;

    arch->option[layer] = (uint16_t)((arch->option[layer] + step) % n_options);
}

/* A new child of a tournament's winner, one mutation away; two where chance finds none of these, and
 * so on. */
static int mutate(struct evolution *s, struct arch *candidate_out)
{
    struct arch parent = tournament(s);
    int rc = 0;

    for (uint32_t way = 1; rc == 0 && way <= parent.n; way++)
        for (uint32_t i = 0; rc == 0 && i < MUTATIONS_TRIED; i++) {
            struct arch child = parent;

            for (uint32_t k = 0; k < way; k++)
                change_a_layer(s, &child);
            rc = eligible(s->base.settings, s->base.model, &s->base.proposals, &child,
                          candidate_out);
        }
    return rc;
}

/* The most promising of some mutants; the first of equals. */
static int mutate_guided(struct evolution *s, struct arch *candidate_out)
{
    struct predictor *predictor = NULL;
    double best = 0;
    int rc = predictor_new(s->base.model, &s->base.proposals, s->heard, NULL, &predictor),
        found = 0;

    for (uint32_t i = 0; rc >= 0 && i < (predictor ? s->base.settings->evolution.children : 1);
         i++) {
        struct arch child;
        double worth;

        rc = mutate(s, &child);
        if (rc != 1)
            continue;
        worth = predictor ? predictor_worth(predictor, &child, cost_of(s->base.model, &child)) : 0;
        if (!found || worth > best) {
            *candidate_out = child;
            best = worth;
            found = 1;
        }
    }
    predictor_free(predictor);
    return rc < 0 ? rc : found;
}

static int ask(struct strategy *strategy, struct arch *candidate_out)
{
    struct evolution *s = (struct evolution *)strategy;
    int rc = 0;

    while (s->heard < in_order_due(strategy)) {
        const struct proposed *result = in_order_hear(strategy, &s->heard);

        if (!result)
            return ASK_WAIT;
        learn(s, result);
    }
    if (s->n_born > 0 &&
        proposals_n(&strategy->proposals) >= strategy->settings->evolution.population)
        rc = strategy->settings->evolution.children > 1 ? mutate_guided(s, candidate_out)
                                                        : mutate(s, candidate_out);
    if (rc == 0)
        rc = draws_next(&s->draws, &s->rng, &strategy->proposals, candidate_out);
    if (rc == 0)
        return in_order_stop(strategy, "nothing left to try");
    return rc < 0 ? rc : ASK_TRIAL;
}

const struct strategy_ops evolution_ops = {
    .name = "evolution",
    .create = create,
    .destroy = destroy,
    .ask = ask,
    .progress = in_order_progress,
    .trial_bound = in_order_trial_bound,
};
