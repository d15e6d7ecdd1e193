/* Random search: every eligible candidate once, in a random order. Nothing is learnt, so nothing is
 * waited for. */
#include <errno.h>
#include <stdlib.h>

#include "coordinator/search/eligible.h"
#include "coordinator/search/in_order.h"

struct random_search {
    struct strategy base;
    struct draws draws;
    struct rng rng;
};

static void destroy(struct strategy *strategy)
{
    draws_clear(&((struct random_search *)strategy)->draws);
    free(strategy);
}

static int create(const struct search_settings *settings, const struct cost_model *model,
                  struct strategy **strategy_out)
{
    struct random_search *s = calloc(1, sizeof *s);
    int rc = s ? in_order_check(settings, model) : -ENOMEM;

    if (rc == 0)
        rc = draws_init(&s->draws, settings, model);
    if (rc < 0) {
        free(s);
        return rc;
    }
    rng_init(&s->rng, settings->seed, SEARCH_STREAM);
    *strategy_out = &s->base;
    return 0;
}

static int ask(struct strategy *strategy, struct arch *candidate_out)
{
    struct random_search *s = (struct random_search *)strategy;
    int rc = draws_next(&s->draws, &s->rng, &strategy->proposals, candidate_out);

    if (rc == 0)
        return in_order_stop(strategy, "nothing left to try");
    return rc < 0 ? rc : ASK_TRIAL;
}

const struct strategy_ops random_ops = {
    .name = "random",
    .create = create,
    .destroy = destroy,
    .ask = ask,
    .progress = in_order_progress,
    .trial_bound = in_order_trial_bound,
};
