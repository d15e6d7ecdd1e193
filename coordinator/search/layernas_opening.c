/* What a layer's opening decides: children, which of them are dropped, bucket edges, who is a
 * trial. A pure function of the place in the search and of the candidates proposed so far. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "common/target.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"
#include "coordinator/search/opening.h"
#include "coordinator/search/strategy_ops.h"

/* A random order is another one in each pass. */
static uint32_t layer_at_random(const struct search_settings *settings, uint32_t n_layers,
                                uint32_t pass, uint32_t position)
{
    uint32_t order[ARCH_MAX_LAYERS];
    struct rng rng;

    for (uint32_t l = 0; l < n_layers; l++)
        order[l] = l;
    rng_init(&rng, settings->seed, SEARCH_STREAM + UINT64_C(1) + pass);
    rng_shuffle(&rng, order, n_layers);
    return order[position];
}

uint32_t layernas_layer(const struct search_settings *settings, const struct cost_model *model,
                        uint32_t pass, uint32_t position)
{
    uint32_t n_layers = space_n_layers(cost_model_space(model));

    switch (settings->layernas.order) {
    case ORDER_RANDOM:
        return layer_at_random(settings, n_layers, pass, position);
    case ORDER_BACKWARD:
        return n_layers - 1 - position;
    case ORDER_FORWARD:
    default:
        return position;
    }
}

/* The layers searched so far in a pass, that of position included. */
static uint64_t searched_layers(const struct search_settings *settings,
                                const struct cost_model *model, const struct layernas_place *place)
{
    uint64_t set = 0;

    for (uint32_t p = 0; p <= place->position; p++)
        set |= UINT64_C(1) << layernas_layer(settings, model, place->pass, p);
    return set;
}

/* Whether some completion meets the target, and comes near enough to its upper end. */
static bool leads_on(const struct cost_range *target, double reach,
                     const struct cost_range *completions)
{
    return target_meets(target, completions) &&
           (double)completions->highest >= reach * (double)target->highest;
}

static int make_child(const struct search_settings *settings, const struct cost_model *model,
                      uint64_t searched, double reach, struct opening_child *child)
{
    struct cost_range completions = cost_completions(model, &child->arch, searched);

    child->cost = cost_of(model, &child->arch);
    if (child->cost < 0 || !leads_on(&settings->target, reach, &completions)) {
        child->fate = FATE_DROPPED;
        child->candidate = child->arch;
        return 0;
    }
    return strategy_candidate(settings, model, &child->arch, &child->candidate);
}

static int make_children(const struct search_settings *settings, const struct cost_model *model,
                         const struct layernas_place *place, struct opening *opening)
{
    uint32_t n_options = space_n_options(cost_model_space(model), opening->layer);
    uint64_t searched = searched_layers(settings, model, place);
    int rc = 0;

    opening->children = calloc((size_t)place->n_parents * n_options, sizeof *opening->children);
    if (!opening->children)
        return -ENOMEM;
    for (uint32_t p = 0; p < place->n_parents; p++)
        for (uint32_t option = 0; rc == 0 && option < n_options; option++) {
            struct opening_child *child = &opening->children[opening->n_children++];

            child->parent = p;
            child->arch = place->parents[p];
            child->arch.option[opening->layer] = (uint16_t)option;
            rc = make_child(settings, model, searched, place->reach, child);
        }
    return rc;
}

struct child_order {
    const struct cost_range *target;
    const uint32_t *turns; /* as in struct layernas_place */
    uint32_t layer, n_options;
};

static uint32_t turn_of(const struct child_order *order, const struct opening_child *child)
{
    return order->turns[child->parent * order->n_options + child->arch.option[order->layer]];
}

/* The order in which trials go out serves a search that is cut short by its cap: first those inside
 * the target, which may be the answer, the dearest of them first because they tend to be the best;
 * then those nearest to it. It also puts the contenders of a bucket side by side. */
static int compare_children(const void *left, const void *right, void *arg)
{
    const struct opening_child *a = left, *b = right;
    const struct child_order *order = arg;
    const struct cost_range *target = order->target;
    uint64_t a_away = target_distance(target, a->cost), b_away = target_distance(target, b->cost);

    if ((a->fate == FATE_DROPPED) != (b->fate == FATE_DROPPED))
        return a->fate == FATE_DROPPED ? 1 : -1;
    if (order->turns && turn_of(order, a) != turn_of(order, b))
        return turn_of(order, a) < turn_of(order, b) ? -1 : 1;
    if (a_away != b_away)
        return a_away < b_away ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    return arch_compare(&a->arch, &b->arch);
}

static struct cost_range children_span(const struct opening *opening)
{
    struct cost_range span = { INT64_MAX, 0 };

    for (uint32_t i = 0; i < opening->n_children; i++) {
        const struct opening_child *child = &opening->children[i];

        if (child->fate == FATE_DROPPED)
            continue;
        if (child->cost < span.lowest)
            span.lowest = child->cost;
        if (child->cost > span.highest)
            span.highest = child->cost;
    }
    return span.lowest <= span.highest ? span : (struct cost_range){ 0, -1 };
}

static void file_children(const struct search_settings *settings, const struct cost_model *model,
                          struct opening *opening)
{
    bool by_interface = settings->layernas.bucket_by == BUCKET_BY_COST_AND_INTERFACE;

    for (uint32_t i = 0; i < opening->n_children; i++) {
        struct opening_child *child = &opening->children[i];
        int bucket;

        if (child->fate == FATE_DROPPED)
            continue;
        bucket = bucket_index(&opening->edges, opening->buckets, child->cost);
        assert(bucket >= 0);
        child->bucket = (uint32_t)bucket;
        if (by_interface)
            child->interface = cost_interface(model, &child->arch, opening->layer);
    }
}

static int decide_fates(const struct proposals *known, uint64_t n_before, struct opening *opening)
{
    struct arch_set seen = { 0 };
    int rc = 0;

    for (uint32_t i = 0; rc >= 0 && i < opening->n_children; i++) {
        struct opening_child *child = &opening->children[i];

        if (child->fate == FATE_DROPPED)
            continue;
        rc = arch_set_add(&seen, &child->candidate);
        if (rc == 0)
            child->fate = FATE_DUPLICATE;
        else
            child->fate = proposals_known_among(known, n_before, &child->candidate) ? FATE_KNOWN
                                                                                    : FATE_TRIAL;
    }
    arch_set_clear(&seen);
    return rc < 0 ? rc : 0;
}

static int fill_opening(const struct search_settings *settings, const struct cost_model *model,
                        const struct proposals *known, const struct layernas_place *place,
                        struct opening *opening)
{
    struct child_order order = { &settings->target, place->turns, opening->layer,
                                 space_n_options(cost_model_space(model), opening->layer) };
    int rc = make_children(settings, model, place, opening);

    if (rc < 0)
        return rc;
    qsort_r(opening->children, opening->n_children, sizeof *opening->children, compare_children,
            &order);
    if (settings->layernas.edges == EDGES_CHILDREN)
        opening->edges = children_span(opening);
    else
        opening->edges = cost_completions(model, &place->default_arch,
                                          ~searched_layers(settings, model, place));
    file_children(settings, model, opening);
    rc = decide_fates(known, place->n_before, opening);
    return rc < 0 ? rc : layernas_pick(settings, model, known, place->heard, opening);
}

uint32_t layernas_keep(const struct layernas_settings *settings, uint32_t pass)
{
    return settings->keep + (pass < FIRST_PASS_TO_KEEP_MORE ? 0 : settings->keep_more);
}

int layernas_open(const struct search_settings *settings, const struct cost_model *model,
                  const struct proposals *known, const struct layernas_place *place,
                  struct opening *opening_out)
{
    struct opening opening = { .number = place->number,
                               .pass = place->pass,
                               .layer = layernas_layer(settings, model, place->pass,
                                                       place->position),
                               .buckets = place->buckets,
                               .keep = layernas_keep(&settings->layernas, place->pass),
                               .n_parents = place->n_parents };
    int rc = -ENOMEM;

    opening.parents = malloc(place->n_parents * sizeof *opening.parents);
    if (opening.parents) {
        memcpy(opening.parents, place->parents, place->n_parents * sizeof *opening.parents);
        rc = fill_opening(settings, model, known, place, &opening);
    }
    if (rc < 0) {
        opening_clear(&opening);
        return rc;
    }
    *opening_out = opening;
    return 0;
}
