#include <math.h>

#include "common/target.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"

/* Where a bound stops counting. Far above any cap's reach, far below overflow. */
static const uint64_t most = UINT32_MAX;

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint32_t interfaces_kept_apart(const struct search_settings *settings,
                                      const struct space *space, uint32_t layer)
{
    if (settings->layernas.bucket_by == BUCKET_BY_COST || !space_has_networks(space))
        return 1;
    return space_n_interfaces(space, layer + 1);
}

void layernas_limits_init(const struct search_settings *settings, const struct cost_model *model,
                          struct layernas_limits *limits)
{
    const struct space *space = cost_model_space(model);
    double size = space_size(space);

    *limits = (struct layernas_limits){ .candidates = size < (double)most ? (uint64_t)size : most,
                                        .keep = settings->layernas.keep +
                                                settings->layernas.keep_more };
    for (uint32_t l = 0; l < space_n_layers(space); l++) {
        struct arch arch = settings->layernas.default_arch;

        limits->interfaces[l] = interfaces_kept_apart(settings, space, l);
        for (uint32_t o = 0; o < space_n_options(space, l); o++) {
            struct cost_range range;

            arch.option[l] = (uint16_t)o;
            range = cost_completions(model, &arch, UINT64_C(1) << l);
            limits->feasible[l] += target_meets(&settings->target, &range);
        }
    }
}

uint64_t layernas_most_kept(const struct layernas_limits *limits, uint32_t layer, uint32_t buckets,
                            uint64_t n_children)
{
    uint64_t cells = smaller(most, (uint64_t)buckets * limits->interfaces[layer]);

    return smaller(n_children, smaller(most, cells * limits->keep));
}

/* A child that holds the default option in its own layer is its parent, evaluated before: except at
 * the start, where the default itself may be new. */
static uint64_t trials_of_layer(uint64_t n_parents, uint32_t n_feasible, uint32_t n_options,
                                bool at_start)
{
    bool one_is_known = n_feasible == n_options && !at_start;

    return smaller(most, n_parents * (n_feasible - one_is_known));
}

static uint64_t bound_of_pass(const struct search_settings *settings,
                              const struct cost_model *model, const struct layernas_limits *limits,
                              uint32_t pass, uint32_t buckets, uint32_t position,
                              uint64_t n_parents)
{
    const struct space *space = cost_model_space(model);
    uint64_t trials = 0;

    for (; position < space_n_layers(space); position++) {
        uint32_t layer = layernas_layer(settings, model, pass, position);
        uint32_t n_feasible = limits->feasible[layer];

        trials += trials_of_layer(n_parents, n_feasible, space_n_options(space, layer),
                                  pass == 1 && position == 0);
        trials += settings->layernas.forecasts;
        n_parents = layernas_most_kept(limits, layer, buckets, n_parents * n_feasible);
    }
    return smaller(most, trials);
}

uint32_t layernas_next_buckets(const struct layernas_settings *settings, uint32_t buckets,
                               bool had_trials)
{
    double growth = settings->bucket_growth, next;

    /* A pass that found nothing to try is not worth a small step: doubling at least bounds the
     * number of such passes. */
    if (!had_trials && growth > 1.0 && growth < 2.0)
        growth = 2.0;
    next = ceil(buckets * growth - 1e-9); /* 10 x 1.1 is 11, not 12 */
    return next < BUCKETS_MAX ? (uint32_t)next : BUCKETS_MAX;
}

uint64_t layernas_bound_from(const struct search_settings *settings, const struct cost_model *model,
                             const struct layernas_limits *limits,
                             const struct layernas_place *place, uint32_t position,
                             uint64_t n_parents)
{
    uint32_t pass = place->pass, buckets = place->buckets;
    uint64_t bound = 0;

    if (settings->layernas.passes == 0)
        return most;
    for (;;) {
        bound += bound_of_pass(settings, model, limits, pass, buckets, position, n_parents);
        if (bound >= settings->trials || pass >= settings->layernas.passes)
            return smaller(most, bound);
        /* Pass 1 has the anchor at least; of a later one it is not known. */
        buckets = layernas_next_buckets(&settings->layernas, buckets, pass == 1);
        pass++;
        position = 0;
        n_parents = 1;
    }
}

uint64_t layernas_trial_bound(const struct search_settings *settings,
                              const struct cost_model *model)
{
    struct layernas_place start = { .pass = 1, .buckets = settings->layernas.buckets };
    struct layernas_limits limits;

    layernas_limits_init(settings, model, &limits);
    return smaller(limits.candidates,
                   1 + (uint64_t)settings->layernas.sample + settings->layernas.forecasts_first +
                       layernas_bound_from(settings, model, &limits, &start, 0, 1));
}
