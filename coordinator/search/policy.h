/* policy - a categorical distribution for each layer, and the step of proximal policy optimization
 * (Schulman et al., 2017, "clipped surrogate objective") with an entropy bonus that improves it.
 * Each layer's choice is an action of its own. Floating point in a fixed order. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_POLICY_H
#define LAYERNAS_COORDINATOR_SEARCH_POLICY_H

#include "common/rng.h"
#include "common/space.h"
#include "common/study.h"

/* An architecture drawn from a policy, and what came of it. */
struct policy_sample {
    struct arch arch;
    double chance[ARCH_MAX_LAYERS]; /* of each layer's option when it was drawn */
    double worth;
};

struct policy;

/* Uniform. NULL when memory runs out. */
struct policy *policy_new(const struct space *space, const struct ppo_settings *settings);
void policy_free(struct policy *policy);

void policy_draw(const struct policy *policy, struct rng *rng, struct policy_sample *sample_out);

/* The chances that the policy gives arch now, for a sample that was not drawn from it. */
void policy_rate(const struct policy *policy, const struct arch *arch,
                 struct policy_sample *sample_out);

/* settings->epochs steps of Adam on the n samples, advantages normalized among them. */
void policy_improve(struct policy *policy, const struct policy_sample *samples, uint32_t n);

#endif
