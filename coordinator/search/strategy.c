#include "coordinator/search/strategy.h"

#include <errno.h>
#include <string.h>

#include "coordinator/search/strategy_ops.h"

static const struct strategy_ops *const registry[] = { &layernas_ops, &random_ops, &evolution_ops,
                                                       &local_ops, &ppo_ops };

static const char *const cap_reached = "trial cap reached";

static const struct strategy_ops *find(const char *name)
{
    for (size_t i = 0; i < sizeof registry / sizeof *registry; i++)
        if (strcmp(registry[i]->name, name) == 0)
            return registry[i];
    return NULL;
}

int strategy_candidate(const struct search_settings *settings, const struct cost_model *model,
                       const struct arch *arch, struct arch *candidate_out)
{
    if (settings->canonical)
        return space_canonical(cost_model_space(model), arch, candidate_out);
    *candidate_out = *arch;
    return 0;
}

int strategy_new(const struct search_settings *settings, const struct cost_model *model,
                 struct strategy **strategy_out)
{
    const struct strategy_ops *ops = find(settings->strategy);
    struct strategy *strategy;
    int rc;

    if (!ops)
        return -ENOENT;
    rc = ops->create(settings, model, &strategy);
    if (rc < 0)
        return rc;
    strategy->ops = ops;
    strategy->own = *settings;
    strategy->settings = &strategy->own;
    strategy->model = model;
    *strategy_out = strategy;
    return 0;
}

void strategy_free(struct strategy *strategy)
{
    if (!strategy)
        return;
    proposals_clear(&strategy->proposals);
    strategy->ops->destroy(strategy);
}

static int take_candidate(struct strategy *strategy, const struct arch *candidate,
                          struct proposal *proposal_out)
{
    int64_t cost = cost_of(strategy->model, candidate);
    int64_t number = proposals_add(&strategy->proposals, candidate, cost);

    if (number < 0)
        return (int)number;
    *proposal_out = (struct proposal){ (uint64_t)number, *candidate, cost };
    return ASK_TRIAL;
}

int strategy_ask(struct strategy *strategy, struct proposal *proposal_out)
{
    struct arch candidate;
    int rc;

    if (strategy_stop_reason(strategy))
        return ASK_DONE;
    rc = strategy->ops->ask(strategy, &candidate);
    return rc == ASK_TRIAL ? take_candidate(strategy, &candidate, proposal_out) : rc;
}

const struct opening *strategy_opening(const struct strategy *strategy)
{
    return strategy->ops->opening ? strategy->ops->opening(strategy) : NULL;
}

int strategy_adopt(struct strategy *strategy, const struct opening *stored)
{
    return strategy->ops->adopt ? strategy->ops->adopt(strategy, stored) : -EINVAL;
}

int strategy_tell(struct strategy *strategy, uint64_t number, const struct verdict *verdict)
{
    return proposals_tell(&strategy->proposals, number, verdict);
}

int strategy_untell(struct strategy *strategy, uint64_t number)
{
    if (!strategy->ops->may_untell || !strategy->ops->may_untell(strategy, number))
        return -EPERM;
    return proposals_untell(&strategy->proposals, number);
}

static uint64_t at_most_cap(const struct search_settings *settings, uint64_t bound)
{
    return bound < settings->trials ? bound : settings->trials;
}

void strategy_progress(const struct strategy *strategy, struct search_progress *progress_out)
{
    struct search_progress progress = { .proposed = proposals_n(&strategy->proposals),
                                        .told = strategy->proposals.told,
                                        .cap = strategy->settings->trials,
                                        .done = strategy_stop_reason(strategy) != NULL };

    strategy->ops->progress(strategy, &progress);
    progress.bound = progress.done ? progress.proposed
                                   : at_most_cap(strategy->settings, progress.bound);
    *progress_out = progress;
}

void strategy_raise_cap(struct strategy *strategy, uint32_t trials)
{
    if (trials > strategy->own.trials)
        strategy->own.trials = trials;
}

bool strategy_at_cap(const struct strategy *strategy)
{
    return proposals_n(&strategy->proposals) >= strategy->settings->trials;
}

const char *strategy_stop_reason(const struct strategy *strategy)
{
    if (strategy->stop_reason[0])
        return strategy->stop_reason;
    if (!strategy_at_cap(strategy) ||
        (strategy->ops->owes_opening && strategy->ops->owes_opening(strategy)))
        return NULL;
    return cap_reached;
}

uint64_t strategy_trial_bound(const struct search_settings *settings,
                              const struct cost_model *model)
{
    const struct strategy_ops *ops = find(settings->strategy);

    return ops ? at_most_cap(settings, ops->trial_bound(settings, model)) : 0;
}
