/* cost_sum - costs that add up over layers, and their extremes by dynamic programming.
 *
 * rest(b, i) = the range of what the layers from border b on, and the head, can cost when they see
 * interface i. rest(L, i) is the head; rest(b, i) joins, over the options that layer b may hold,
 * its term plus rest(b + 1, where it leads). With all layers free it is computed once, at the
 * start: a query needs only the layers up to the last fixed one. */
#include <errno.h>
#include <stdlib.h>

#include "common/cost_model.h"

struct step {
    int64_t cost;
    uint32_t to; /* interface at the next border */
};

struct cost_sum {
    uint32_t n_layers, n_options[ARCH_MAX_LAYERS];
    uint32_t first[ARCH_MAX_LAYERS + 2]; /* of a border's interfaces, counted over all borders */
    int64_t stem;
    struct step *steps[ARCH_MAX_LAYERS]; /* steps[layer][interface * n_options + option] */
    struct cost_range *free_rest;        /* free_rest[first[border] + interface] */
};

static int64_t metric_of(const struct costs *costs, enum cost_metric metric)
{
    switch (metric) {
    case COST_PARAMS:
        return costs->params;
    case COST_ACTIVATIONS:
        return costs->activations;
    default:
        return costs->madds;
    }
}

static uint32_t n_interfaces(const struct cost_sum *sum, uint32_t border)
{
    return sum->first[border + 1] - sum->first[border];
}

static const struct step *step_at(const struct cost_sum *sum, uint32_t layer, uint32_t interface,
                                  uint32_t option)
{
    return &sum->steps[layer][(size_t)interface * sum->n_options[layer] + option];
}

/* ---- the dynamic program ---- */

/* Fills rest at border `layer` from rest at the next one. The layer holds option, or any: -1. */
static void step_back(const struct cost_sum *sum, uint32_t layer, int option,
                      struct cost_range *rest)
{
    uint32_t from = option < 0 ? 0 : (uint32_t)option;
    uint32_t end = option < 0 ? sum->n_options[layer] : from + 1;
    const struct cost_range *next = &rest[sum->first[layer + 1]];

    for (uint32_t i = 0; i < n_interfaces(sum, layer); i++) {
        struct cost_range range = cost_range_empty;

        for (uint32_t o = from; o < end; o++) {
            const struct step *step = step_at(sum, layer, i, o);

            cost_range_join(&range, (struct cost_range){ step->cost + next[step->to].lowest,
                                                         step->cost + next[step->to].highest });
        }
        rest[sum->first[layer] + i] = range;
    }
}

static int held(const struct arch *arch, uint64_t fixed, uint32_t layer)
{
    return fixed >> layer & 1 ? arch->option[layer] : -1;
}

/* One past the last fixed layer: from that border on, free_rest holds. */
static uint32_t end_of_fixed(const struct cost_sum *sum, uint64_t fixed)
{
    uint32_t end = sum->n_layers;

    while (end > 0 && !(fixed >> (end - 1) & 1))
        end--;
    return end;
}

/* Walks the fixed layers at the front; adds their cost, and gives the border after them. */
static uint32_t walk_fixed(const struct cost_sum *sum, const struct arch *arch, uint64_t fixed,
                           int64_t *cost, uint32_t *interface)
{
    uint32_t l = 0;

    for (; l < sum->n_layers && fixed >> l & 1; l++) {
        const struct step *step = step_at(sum, l, *interface, arch->option[l]);

        *cost += step->cost;
        *interface = step->to;
    }
    return l;
}

/* Fills rest at borders [from, end_of_fixed), and at that border if it is needed. */
static void fill_rest(const struct cost_sum *sum, const struct arch *arch, uint64_t fixed,
                      uint32_t from, struct cost_range *rest)
{
    uint32_t end = end_of_fixed(sum, fixed);

    if (end < from)
        end = from;
    for (uint32_t i = sum->first[end]; i < sum->first[end + 1]; i++)
        rest[i] = sum->free_rest[i];
    for (uint32_t l = end; l > from; l--)
        step_back(sum, l - 1, held(arch, fixed, l - 1), rest);
}

/* ---- queries ---- */

int64_t cost_sum_of(const struct cost_sum *sum, const struct arch *arch)
{
    int64_t cost = sum->stem;
    uint32_t interface = 0;

    walk_fixed(sum, arch, UINT64_MAX, &cost, &interface);
    return cost + sum->free_rest[sum->first[sum->n_layers] + interface].lowest;
}

struct cost_range cost_sum_completions(const struct cost_sum *sum, const struct arch *arch,
                                       uint64_t fixed)
{
    struct cost_range rest[SPACE_MAX_INTERFACES_IN_ALL], range;
    uint32_t interface = 0, border;
    int64_t cost = sum->stem;

    border = walk_fixed(sum, arch, fixed, &cost, &interface);
    if (border >= end_of_fixed(sum, fixed)) {
        range = sum->free_rest[sum->first[border] + interface];
    } else {
        fill_rest(sum, arch, fixed, border, rest);
        range = rest[sum->first[border] + interface];
    }
    return (struct cost_range){ cost + range.lowest, cost + range.highest };
}

static int64_t end_of(const struct cost_range *range, bool highest)
{
    return highest ? range->highest : range->lowest;
}

struct arch cost_sum_extreme(const struct cost_sum *sum, const struct arch *arch, uint64_t fixed,
                             bool highest)
{
    struct cost_range rest[SPACE_MAX_INTERFACES_IN_ALL];
    struct arch best = *arch;
    uint32_t interface = 0, end = end_of_fixed(sum, fixed);

    fill_rest(sum, arch, fixed, 0, rest);
    for (uint32_t l = 0; l < sum->n_layers; l++) {
        const struct cost_range *from_here = l < end ? rest : sum->free_rest;
        const struct cost_range *next = &from_here[sum->first[l + 1]];
        int64_t wanted = end_of(&from_here[sum->first[l] + interface], highest);
        int option = held(arch, fixed, l);
        const struct step *step;

        if (option < 0) {
            option = 0;
            while (step = step_at(sum, l, interface, (uint32_t)option),
                   step->cost + end_of(&next[step->to], highest) != wanted)
                option++;
        }
        best.option[l] = (uint16_t)option;
        interface = step_at(sum, l, interface, (uint32_t)option)->to;
    }
    return best;
}

/* ---- life ---- */

static int fill_layer(struct cost_sum *sum, const struct space *space, enum cost_metric metric,
                      const struct cost_terms *terms, uint32_t layer)
{
    uint32_t n = sum->n_options[layer] = space_n_options(space, layer);
    struct step *step = calloc((size_t)n_interfaces(sum, layer) * n, sizeof *step);

    if (!step)
        return -ENOMEM;
    sum->steps[layer] = step;
    for (uint32_t i = 0; i < n_interfaces(sum, layer); i++) {
        for (uint32_t o = 0; o < n; o++, step++) {
            struct costs costs = { 0 };

            step->to = space_step(space, layer, o, i, &costs);
            step->cost = terms ? terms->layer[layer][o] : metric_of(&costs, metric);
        }
    }
    return 0;
}

static int fill_free_rest(struct cost_sum *sum, const struct space *space, enum cost_metric metric,
                          const struct cost_terms *terms)
{
    uint32_t n_layers = sum->n_layers;

    sum->free_rest = calloc(sum->first[n_layers + 1], sizeof *sum->free_rest);
    if (!sum->free_rest)
        return -ENOMEM;
    for (uint32_t i = 0; i < n_interfaces(sum, n_layers); i++) {
        struct costs costs = { 0 };
        int64_t cost;

        space_head(space, i, &costs);
        cost = terms ? 0 : metric_of(&costs, metric);
        sum->free_rest[sum->first[n_layers] + i] = (struct cost_range){ cost, cost };
    }
    for (uint32_t l = n_layers; l > 0; l--)
        step_back(sum, l - 1, -1, sum->free_rest);
    return 0;
}

int cost_sum_new(const struct space *space, enum cost_metric metric, const struct cost_terms *terms,
                 struct cost_sum **sum_out)
{
    struct cost_sum *sum = calloc(1, sizeof *sum);
    struct costs costs = { 0 };
    int rc = 0;

    if (!sum)
        return -ENOMEM;
    sum->n_layers = space_n_layers(space);
    space_stem(space, &costs);
    sum->stem = terms ? terms->ends : metric_of(&costs, metric);
    for (uint32_t b = 0; b <= sum->n_layers; b++)
        sum->first[b + 1] = sum->first[b] + space_n_interfaces(space, b);
    for (uint32_t l = 0; rc == 0 && l < sum->n_layers; l++)
        rc = fill_layer(sum, space, metric, terms, l);
    if (rc == 0)
        rc = fill_free_rest(sum, space, metric, terms);
    if (rc < 0)
        cost_sum_free(sum);
    else
        *sum_out = sum;
    return rc;
}

void cost_sum_free(struct cost_sum *sum)
{
    if (!sum)
        return;
    for (uint32_t l = 0; l < sum->n_layers; l++)
        free(sum->steps[l]);
    free(sum->free_rest);
    free(sum);
}
