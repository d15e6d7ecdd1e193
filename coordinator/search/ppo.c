/* PPO: a policy over architectures, improved by each batch of results (policy.h).
 *
 * A candidate that was evaluated before is no trial when the policy draws it again; its result goes
 * into the batch at no cost, as a table of results would give it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/eligible.h"
#include "coordinator/search/in_order.h"
#include "coordinator/search/policy.h"

enum { DRAWS_OF_A_PROPOSAL = 200 };

struct ppo {
    struct strategy base;
    struct draws draws;
    struct rng rng;
    struct policy *policy;
    uint64_t heard;
    /* Proposals heard + 1 .. n, as they were drawn: at number % room. */
    struct policy_sample *waiting;
    uint64_t room;
    struct policy_sample *batch; /* settings->ppo.batch of them */
    uint32_t n_batch;
};

static void destroy(struct strategy *strategy)
{
    struct ppo *s = (struct ppo *)strategy;

    draws_clear(&s->draws);
    policy_free(s->policy);
    free(s->waiting);
    free(s->batch);
    free(s);
}

static int create(const struct search_settings *settings, const struct cost_model *model,
                  struct strategy **strategy_out)
{
    struct ppo *s = calloc(1, sizeof *s);
    int rc = s ? in_order_check(settings, model) : -ENOMEM;

    if (rc == 0)
        rc = draws_init(&s->draws, settings, model);
    if (rc == 0) {
        s->room = settings->parallel + UINT64_C(1);
        s->waiting = calloc(s->room, sizeof *s->waiting);
        s->batch = calloc(settings->ppo.batch, sizeof *s->batch);
        s->policy = policy_new(cost_model_space(model), &settings->ppo);
        rc = s->waiting && s->batch && s->policy ? 0 : -ENOMEM;
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

static void learn(struct ppo *s, struct policy_sample *sample, const struct proposed *result)
{
    if (!result->verdict.valid)
        return;
    sample->worth = in_order_worth(&s->base, result);
    s->batch[s->n_batch++] = *sample;
    if (s->n_batch == s->base.settings->ppo.batch) {
        policy_improve(s->policy, s->batch, s->n_batch);
        s->n_batch = 0;
    }
}

static int draw_from_policy(struct ppo *s, struct policy_sample *sample, struct arch *candidate_out)
{
    const struct proposals *proposals = &s->base.proposals;

    for (uint32_t i = 0; i < DRAWS_OF_A_PROPOSAL; i++) {
        int64_t known;
        int rc;

        policy_draw(s->policy, &s->rng, sample);
        rc = eligible(s->base.settings, s->base.model, proposals, &sample->arch, candidate_out);
        if (rc != 0)
            return rc;
        rc = strategy_candidate(s->base.settings, s->base.model, &sample->arch, candidate_out);
        if (rc < 0)
            return rc;
        known = arch_set_find(&proposals->archs, candidate_out);
        if (known >= 0 && (uint64_t)known < s->heard)
            learn(s, sample, &proposals->at[known]);
    }
    return 0;
}

static int ask(struct strategy *strategy, struct arch *candidate_out)
{
    struct ppo *s = (struct ppo *)strategy;
    struct policy_sample sample = { 0 };
    int rc;

    while (s->heard < in_order_due(strategy)) {
        const struct proposed *result = in_order_hear(strategy, &s->heard);

        if (!result)
            return ASK_WAIT;
        learn(s, &s->waiting[s->heard % s->room], result);
    }
    rc = draw_from_policy(s, &sample, candidate_out);
    if (rc == 0) {
        rc = draws_next(&s->draws, &s->rng, &strategy->proposals, candidate_out);
        if (rc == 0)
            return in_order_stop(strategy, "nothing left to try");
        if (rc == 1)
            policy_rate(s->policy, candidate_out, &sample);
    }
    if (rc < 0)
        return rc;
    s->waiting[(proposals_n(&strategy->proposals) + 1) % s->room] = sample;
    return ASK_TRIAL;
}

const struct strategy_ops ppo_ops = {
    .name = "ppo",
    .create = create,
    .destroy = destroy,
    .ask = ask,
    .progress = in_order_progress,
    .trial_bound = in_order_trial_bound,
};
