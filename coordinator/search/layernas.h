/* layernas - the parts of the LayerNAS strategy that have a file of their own. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_H
#define LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_H

#include "coordinator/search/proposals.h"
#include "coordinator/search/strategy.h"

/* Memory stays bounded in a search of any length: an opening takes no more parents than give so
 * many children (some 80 MB). The best parents come first. */
enum { OPENING_MAX_CHILDREN = 1 << 18 };

/* Where a search stands: what an opening is made from. */
struct layernas_place {
    uint32_t number, pass, buckets; /* of the opening */
    uint32_t position;              /* of its layer in the order of layers */
    double reach;                   /* settings->layernas.reach; 0 once it left nothing to try */
    struct arch default_arch;       /* of the pass */
    const struct arch *parents;
    uint32_t n_parents;
    /* Of each parent's options: children go out in this order (layernas_early.h). NULL: in that of
     * their costs. */
    const uint32_t *turns;
    uint64_t n_before; /* proposals before the first of this layer */
    uint64_t heard;    /* results 1 .. heard are what everything here is decided by */
};

/* The position-th layer to be searched in that pass. */
uint32_t layernas_layer(const struct search_settings *settings, const struct cost_model *model,
                        uint32_t pass, uint32_t position);

/* All that is decided at that place; the caller's to clear. Children go in the order in which their
 * trials should go out. -ENOMEM. */
int layernas_open(const struct search_settings *settings, const struct cost_model *model,
                  const struct proposals *known, const struct layernas_place *place,
                  struct opening *opening_out);

/* Guided search: leaves the most promising of each cell's trials as they are, passes over the
 * others. Does nothing where settings say so, and while there are too few results. -ENOMEM. */
int layernas_pick(const struct search_settings *settings, const struct cost_model *model,
                  const struct proposals *known, uint64_t heard, struct opening *opening);

/* Guided search: a forecast is the end of a pass in which nothing is trained. Layer after layer, from
 * start, children go into 16 buckets by cost, of which each keeps the 2 that a regression expects most
 * of; after the last layer, the one in the target that it expects most of and that was never proposed.
 * The regression is fitted to a resample of results 1 .. heard, another one for each forecast: so they
 * try, in proportion, whatever may still be the best (Thompson sampling by the bootstrap: Eckles and
 * Kaptein, arXiv:1410.4009). 1 with the candidate; 0 where all that it came to are known, or results are too few; -ENOMEM. */
int layernas_forecast(const struct search_settings *settings, const struct cost_model *model,
                      const struct proposals *known, uint64_t heard, const struct arch *start,
                      struct arch *candidate_out);

/* The parents of the next layer, which has n_options: the kept candidates, as spelled, in table
 * order; or the parents of the opening again where nothing was kept. Free them. -ENOMEM. */
int layernas_parents(const struct candidate_table *table, const struct opening *opening,
                     uint32_t n_options, struct arch **parents_out, uint32_t *n_out);

/* K of a pass: the first ones find the way, those after them look to its sides. */
enum { FIRST_PASS_TO_KEEP_MORE = 3 };
uint32_t layernas_keep(const struct layernas_settings *settings, uint32_t pass);

/* H of the next pass. */
uint32_t layernas_next_buckets(const struct layernas_settings *settings, uint32_t buckets,
                               bool had_trials);

/* What the bounds below need of the cost model, computed once. */
struct layernas_limits {
    uint64_t candidates;                  /* architectures of the space */
    uint32_t keep;                        /* of any pass, the most */
    uint32_t feasible[ARCH_MAX_LAYERS];   /* options of a layer that can meet the target */
    uint32_t interfaces[ARCH_MAX_LAYERS]; /* cells that a bucket of a layer divides into */
};

void layernas_limits_init(const struct search_settings *settings, const struct cost_model *model,
                          struct layernas_limits *limits);

/* Upper bounds, at most UINT32_MAX, which is above any cap: on the candidates that a layer with
 * n_children keeps; on the trials of pass from position on, a layer with at most n_parents, and of
 * all passes after it; and on those of a whole search. */
uint64_t layernas_most_kept(const struct layernas_limits *limits, uint32_t layer, uint32_t buckets,
                            uint64_t n_children);
uint64_t layernas_bound_from(const struct search_settings *settings, const struct cost_model *model,
                             const struct layernas_limits *limits,
                             const struct layernas_place *place, uint32_t position,
                             uint64_t n_parents);
uint64_t layernas_trial_bound(const struct search_settings *settings,
                              const struct cost_model *model);

#endif
