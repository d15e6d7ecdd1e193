/* eligible - which candidates a strategy without openings may propose, and drawing them at random. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_ELIGIBLE_H
#define LAYERNAS_COORDINATOR_SEARCH_ELIGIBLE_H

#include "common/rng.h"
#include "coordinator/search/proposals.h"

/* 1 with the candidate that arch spells, if it exists, was never proposed, and meets the target
 * (settings->feasible only); else 0. -ENOMEM. */
int eligible(const struct search_settings *settings, const struct cost_model *model,
             const struct proposals *known, const struct arch *arch, struct arch *candidate_out);

/* Draws every eligible candidate once, uniformly. A space of more than some million architectures
 * is not listed: draws come by chance, and where the target is so narrow that chance fails, layer by
 * layer among the options that can still meet it, which is not quite uniform. */
struct draws {
    const struct search_settings *settings;
    const struct cost_model *model;
    uint32_t *left; /* owned; the architectures not drawn yet, by index; NULL: not listed */
    size_t n_left;
};

/* -ENOMEM. */
int draws_init(struct draws *draws, const struct search_settings *settings,
               const struct cost_model *model);
void draws_clear(struct draws *draws);

/* 1 with the next; 0 when none is left, or none was found; -ENOMEM. */
int draws_next(struct draws *draws, struct rng *rng, const struct proposals *known,
               struct arch *candidate_out);

#endif
