/* search_model - small random spaces whose costs are tables of numbers: cost.h and space.h as far as
 * the search needs them, for tests of the search alone. A program includes it once, in place of
 * common's; interfaces, canonical forms and both ends of every range are exact.
 *
 * Option 0 is an identity where the space has twins: layers of one stage hold the same options, so
 * that it does not matter where in the stage an identity stands. */
#ifndef LAYERNAS_TESTS_SEARCH_MODEL_H
#define LAYERNAS_TESTS_SEARCH_MODEL_H

#include "common/cost.h"
#include "common/rng.h"
#include "common/space.h"

#include <errno.h>
#include <string.h>

enum { MODEL_LAYERS = 6, MODEL_OPTIONS = 5, MODEL_INTERFACES = 3 };

struct space {
    uint32_t n_layers, n_options[MODEL_LAYERS], n_interfaces;
    uint32_t stage[MODEL_LAYERS]; /* the first layer of its stage */
    int64_t term[MODEL_LAYERS][MODEL_OPTIONS][MODEL_INTERFACES];
    uint8_t next[MODEL_LAYERS][MODEL_OPTIONS][MODEL_INTERFACES];
    uint32_t worth[MODEL_LAYERS][MODEL_OPTIONS]; /* additive rewards */
};

struct cost_model {
    struct space space;
};

static inline void model_random_layer(struct rng *rng, struct space *s, uint32_t l,
                                      uint64_t most_cost)
{
    for (uint32_t o = 0; o < s->n_options[l]; o++) {
        s->worth[l][o] = (uint32_t)rng_below(rng, 40);
        for (uint32_t i = 0; i < s->n_interfaces; i++) {
            s->term[l][o][i] = (int64_t)rng_below(rng, most_cost);
            s->next[l][o][i] = (uint8_t)rng_below(rng, s->n_interfaces);
        }
    }
}

static inline void model_copy_layer(struct space *s, uint32_t to, uint32_t from)
{
    s->n_options[to] = s->n_options[from];
    memcpy(s->term[to], s->term[from], sizeof s->term[to]);
    memcpy(s->next[to], s->next[from], sizeof s->next[to]);
    memcpy(s->worth[to], s->worth[from], sizeof s->worth[to]);
}

/* At most most_layers layers. twins: with stages and identities. */
static inline struct cost_model model_random(struct rng *rng, uint32_t most_layers,
                                             uint32_t n_interfaces, bool twins)
{
    static const uint64_t most_costs[] = { 3, 20, 1000, 1u << 30 };
    struct cost_model model = { 0 };
    struct space *s = &model.space;
    uint64_t most_cost = most_costs[rng_below(rng, 4)];

    s->n_layers = 1 + (uint32_t)rng_below(rng, most_layers);
    s->n_interfaces = n_interfaces;
    for (uint32_t l = 0; l < s->n_layers; l++) {
        s->stage[l] = l && twins && rng_below(rng, 3) ? s->stage[l - 1] : l;
        s->n_options[l] = 1 + (uint32_t)rng_below(rng, MODEL_OPTIONS);
        if (s->stage[l] < l) {
            model_copy_layer(s, l, l - 1);
            continue;
        }
        model_random_layer(rng, s, l, most_cost);
        for (uint32_t i = 0; twins && i < n_interfaces; i++) {
            s->term[l][0][i] = 0;
            s->next[l][0][i] = (uint8_t)i;
        }
    }
    return model;
}

/* The i-th architecture, counting with the last layer fastest; false past the end. */
static inline bool model_arch(const struct cost_model *model, uint64_t i, struct arch *arch_out)
{
    *arch_out = (struct arch){ .n = (uint16_t)model->space.n_layers };
    for (uint32_t l = model->space.n_layers; l-- > 0;) {
        arch_out->option[l] = (uint16_t)(i % model->space.n_options[l]);
        i /= model->space.n_options[l];
    }
    return i == 0;
}

const struct space *cost_model_space(const struct cost_model *model)
{
    return &model->space;
}

uint32_t space_n_layers(const struct space *space)
{
    return space->n_layers;
}

uint32_t space_n_options(const struct space *space, uint32_t layer)
{
    return space->n_options[layer];
}

bool space_has_networks(const struct space *space)
{
    return space->n_interfaces > 1;
}

uint32_t space_n_interfaces(const struct space *space, uint32_t border)
{
    return border ? space->n_interfaces : 1;
}

double space_size(const struct space *space)
{
    double size = 1;

    for (uint32_t l = 0; l < space->n_layers; l++)
        size *= space->n_options[l];
    return size;
}

int space_check_arch(const struct space *space, const struct arch *arch, struct errmsg *err)
{
    (void)err;
    if (arch->n != space->n_layers)
        return -EINVAL;
    for (uint32_t l = 0; l < space->n_layers; l++)
        if (arch->option[l] >= space->n_options[l])
            return -EINVAL;
    return 0;
}

/* Identities come first in their stage: the smallest option vector of the same network. */
int space_canonical(const struct space *space, const struct arch *arch, struct arch *canonical_out)
{
    *canonical_out = *arch;
    for (uint32_t l = 0, end; l < space->n_layers; l = end) {
        uint32_t to;

        for (end = l + 1; end < space->n_layers && space->stage[end] == l; end++)
            continue;
        to = end;
        for (uint32_t from = end; from-- > l;)
            if (arch->option[from])
                canonical_out->option[--to] = arch->option[from];
        while (to > l)
            canonical_out->option[--to] = 0;
    }
    return 0;
}

int64_t cost_of(const struct cost_model *model, const struct arch *arch)
{
    const struct space *s = &model->space;
    int64_t cost = 0;
    uint8_t in = 0;

    for (uint32_t l = 0; l < s->n_layers; l++) {
        cost += s->term[l][arch->option[l]][in];
        in = s->next[l][arch->option[l]][in];
    }
    return cost;
}

uint32_t cost_interface(const struct cost_model *model, const struct arch *arch, uint32_t layer)
{
    uint8_t in = 0;

    for (uint32_t l = 0; l <= layer; l++)
        in = model->space.next[l][arch->option[l]][in];
    return in;
}

static inline void model_widen(struct cost_range *range, int64_t cost)
{
    if (cost < range->lowest)
        range->lowest = cost;
    if (cost > range->highest)
        range->highest = cost;
}

struct cost_range cost_completions(const struct cost_model *model, const struct arch *arch,
                                   uint64_t fixed)
{
    const struct space *s = &model->space;
    struct cost_range at[MODEL_LAYERS + 1][MODEL_INTERFACES], all = { INT64_MAX, -1 };

    for (uint32_t l = 0; l <= s->n_layers; l++)
        for (uint32_t i = 0; i < s->n_interfaces; i++)
            at[l][i] = (struct cost_range){ INT64_MAX, -1 };
    at[0][0] = (struct cost_range){ 0, 0 };
    for (uint32_t l = 0; l < s->n_layers; l++)
        for (uint32_t i = 0; i < s->n_interfaces; i++)
            for (uint32_t o = 0; o < s->n_options[l] && at[l][i].highest >= 0; o++) {
                struct cost_range *to = &at[l + 1][s->next[l][o][i]];

                if ((fixed >> l & 1) && o != arch->option[l])
                    continue;
                model_widen(to, at[l][i].lowest + s->term[l][o][i]);
                model_widen(to, at[l][i].highest + s->term[l][o][i]);
            }
    for (uint32_t i = 0; i < s->n_interfaces; i++)
        if (at[s->n_layers][i].highest >= 0) {
            model_widen(&all, at[s->n_layers][i].lowest);
            model_widen(&all, at[s->n_layers][i].highest);
        }
    return all;
}

static inline struct arch model_extreme(const struct cost_model *model, const struct arch *arch,
                                        uint64_t fixed, bool dearest)
{
    struct cost_range want = cost_completions(model, arch, fixed), got;
    struct arch found = *arch;

    for (uint32_t l = 0; l < model->space.n_layers; l++) {
        if (fixed >> l & 1)
            continue;
        fixed |= UINT64_C(1) << l;
        for (found.option[l] = 0;; found.option[l]++) {
            got = cost_completions(model, &found, fixed);
            if (dearest ? got.highest == want.highest : got.lowest == want.lowest)
                break;
        }
    }
    return found;
}

struct arch cost_cheapest(const struct cost_model *model, const struct arch *arch, uint64_t fixed)
{
    return model_extreme(model, arch, fixed, false);
}

struct arch cost_dearest(const struct cost_model *model, const struct arch *arch, uint64_t fixed)
{
    return model_extreme(model, arch, fixed, true);
}

#endif
