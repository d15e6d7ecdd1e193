/* Local search (White et al., "Local Search is State of the Art for NAS Benchmarks", 2020): climbs
 * from a random candidate to the first neighbour that is better, a neighbour differing in one layer;
 * at a top it starts anew. */
#include <errno.h>
#include <stdlib.h>

#include "coordinator/search/eligible.h"
#include "coordinator/search/in_order.h"

struct local_search {
    struct strategy base;
    struct draws draws;
    struct rng rng;
    uint64_t heard;
    uint64_t first;   /* number of this climb's first trial */
    uint64_t current; /* number of its best; 0 before its first result */
    uint32_t *order;  /* owned; the neighbours of current, shuffled: layer x ARCH_MAX_OPTIONS +
                       * option */
    uint32_t n_neighbours, next;
};

static void destroy(struct strategy *strategy)
{
    struct local_search *s = (struct local_search *)strategy;

    draws_clear(&s->draws);
    free(s->order);
    free(s);
}

static uint32_t most_neighbours(const struct space *space)
{
    uint32_t n = 0;

    for (uint32_t l = 0; l < space_n_layers(space); l++)
        n += space_n_options(space, l);
    return n;
}

static int create(const struct search_settings *settings, const struct cost_model *model,
                  struct strategy **strategy_out)
{
    struct local_search *s = calloc(1, sizeof *s);
    int rc = s ? in_order_check(settings, model) : -ENOMEM;

    if (rc == 0)
        rc = draws_init(&s->draws, settings, model);
    if (rc == 0) {
        s->order = malloc(most_neighbours(cost_model_space(model)) * sizeof *s->order);
        rc = s->order ? 0 : -ENOMEM;
    }
    if (rc < 0) {
        if (s)
            destroy(&s->base);
        return rc;
    }
    s->first = 1;
    rng_init(&s->rng, settings->seed, SEARCH_STREAM);
    *strategy_out = &s->base;
    return 0;
}

static void list_neighbours(struct local_search *s)
{
    const struct space *space = cost_model_space(s->base.model);
    struct arch here = arch_set_at(&s->base.proposals.archs, s->current - 1);

    s->n_neighbours = s->next = 0;
    for (uint32_t l = 0; l < here.n; l++)
        for (uint32_t o = 0; o < space_n_options(space, l); o++)
            if (o != here.option[l])
                s->order[s->n_neighbours++] = l * ARCH_MAX_OPTIONS + o;
    rng_shuffle(&s->rng, s->order, s->n_neighbours);
}

static void learn(struct local_search *s, const struct proposed *result)
{
    const struct proposals *proposals = &s->base.proposals;

    if (!result->verdict.valid || s->heard < s->first)
        return;
    if (s->current && in_order_worth(&s->base, result) <=
                          in_order_worth(&s->base, &proposals->at[s->current - 1]))
        return;
    s->current = s->heard;
    list_neighbours(s);
}

static int next_neighbour(struct local_search *s, struct arch *candidate_out)
{
    int rc = 0;

    while (rc == 0 && s->next < s->n_neighbours) {
        struct arch arch = arch_set_at(&s->base.proposals.archs, s->current - 1);
        uint32_t change = s->order[s->next++];

        arch.option[change / ARCH_MAX_OPTIONS] = (uint16_t)(change % ARCH_MAX_OPTIONS);
        rc = eligible(s->base.settings, s->base.model, &s->base.proposals, &arch, candidate_out);
    }
    return rc;
}

static int ask(struct strategy *strategy, struct arch *candidate_out)
{
    struct local_search *s = (struct local_search *)strategy;
    uint64_t due = in_order_due(strategy);
    int rc;

    for (;;) {
        const struct proposed *result;

        rc = s->heard >= due && s->current ? next_neighbour(s, candidate_out) : 0;
        if (rc != 0)
            return rc < 0 ? rc : ASK_TRIAL;
        /* Whether this is a top is known once all that is under way has been heard. */
        if (s->heard >= due && (!s->current || s->heard == proposals_n(&strategy->proposals)))
            break;
        result = in_order_hear(strategy, &s->heard);
        if (!result)
            return ASK_WAIT;
        learn(s, result);
    }
    if (s->current) {
        s->current = 0;
        s->n_neighbours = s->next = 0;
        s->first = proposals_n(&strategy->proposals) + 1;
    }
    rc = draws_next(&s->draws, &s->rng, &strategy->proposals, candidate_out);
    if (rc == 0)
        return in_order_stop(strategy, "nothing left to try");
    return rc < 0 ? rc : ASK_TRIAL;
}

const struct strategy_ops local_ops = {
    .name = "local",
    .create = create,
    .destroy = destroy,
    .ask = ask,
    .progress = in_order_progress,
    .trial_bound = in_order_trial_bound,
};
