/* in_order - what the strategies without openings share (random, evolution, local search, PPO).
 *
 * They learn from results in order of issue. Before proposal j exactly the results 1 .. j - W have
 * been heard, W = settings->parallel: so what is proposed does not depend on who finished first,
 * and W trials are in flight. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_IN_ORDER_H
#define LAYERNAS_COORDINATOR_SEARCH_IN_ORDER_H

#include "coordinator/search/strategy_ops.h"

/* 0, or -ERANGE where no architecture meets the target. */
int in_order_check(const struct search_settings *settings, const struct cost_model *model);

/* How many results must be heard before the next proposal. */
uint64_t in_order_due(const struct strategy *strategy);

/* Result number *heard + 1, and counts it as heard; NULL while it is not told. */
const struct proposed *in_order_hear(const struct strategy *strategy, uint64_t *heard);

/* ASK_DONE, for a reason. */
int in_order_stop(struct strategy *strategy, const char *reason);

/* What a result is worth to a strategy, by settings->objective; higher is better. MnasNet (Tan et
 * al., 2019): accuracy x (cost / target)^w. TuNAS (Bender et al., 2020): accuracy + beta |cost /
 * target - 1|. Target: its upper end; w and beta: settings->cost_weight. */
double in_order_worth(const struct strategy *strategy, const struct proposed *result);

/* As in strategy_ops. */
void in_order_progress(const struct strategy *strategy, struct search_progress *progress);
uint64_t in_order_trial_bound(const struct search_settings *settings,
                              const struct cost_model *model);

#endif
