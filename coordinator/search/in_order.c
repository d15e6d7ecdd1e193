#include "coordinator/search/in_order.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

int in_order_check(const struct search_settings *settings, const struct cost_model *model)
{
    struct arch anchor;
    int rc = strategy_anchor(settings, model, &anchor);

    return rc == -ENOENT ? -ERANGE : rc;
}

uint64_t in_order_due(const struct strategy *strategy)
{
    uint64_t next = proposals_n(&strategy->proposals) + 1, parallel = strategy->settings->parallel;

    if (parallel == 0)
        parallel = 1;
    return next > parallel ? next - parallel : 0;
}

const struct proposed *in_order_hear(const struct strategy *strategy, uint64_t *heard)
{
    const struct proposals *proposals = &strategy->proposals;

    if (*heard >= proposals_n(proposals) || !proposals->at[*heard].told)
        return NULL;
    return &proposals->at[(*heard)++];
}

int in_order_stop(struct strategy *strategy, const char *reason)
{
    snprintf(strategy->stop_reason, sizeof strategy->stop_reason, "%s", reason);
    return ASK_DONE;
}

double in_order_worth(const struct strategy *strategy, const struct proposed *result)
{
    const struct search_settings *settings = strategy->settings;
    double accuracy = (double)result->verdict.reward.correct / result->verdict.reward.total;
    double limit = settings->target.highest > 0 ? (double)settings->target.highest : 1.0;
    double ratio = (result->cost > 0 ? (double)result->cost : 1.0) / limit;

    switch (settings->objective) {
    case OBJECTIVE_MNASNET:
        return accuracy * pow(ratio, settings->cost_weight);
    case OBJECTIVE_TUNAS:
        return accuracy + settings->cost_weight * fabs(ratio - 1.0);
    case OBJECTIVE_ACCURACY:
    default:
        return accuracy;
    }
}

void in_order_progress(const struct strategy *strategy, struct search_progress *progress)
{
    progress->bound = in_order_trial_bound(strategy->settings, strategy->model);
}

uint64_t in_order_trial_bound(const struct search_settings *settings,
                              const struct cost_model *model)
{
    double size = space_size(cost_model_space(model));

    (void)settings;
    return size < (double)UINT32_MAX ? (uint64_t)size : UINT32_MAX;
}
