#include <stdlib.h>

#include "coordinator/status/snapshot.h"
#include "coordinator/status/snapshot_build.h"
#include "coordinator/status/tables.h"

static bool is_contender(const struct opening_child *child)
{
    return child->fate == FATE_TRIAL || child->fate == FATE_KNOWN;
}

static bool is_settled(const struct coordinator *coordinator, const struct arch *candidate)
{
    struct ledger_entry entry;
    size_t i;

    if (campaign_trial_of(coordinator->campaign, candidate, &i) < 0)
        return false;
    trial_ledger_entry(coordinator->ledger, i, &entry);
    return entry.state == TRIAL_DONE || entry.state == TRIAL_QUARANTINED;
}

void opening_count_trials(const struct coordinator *coordinator, const struct opening *opening,
                          uint32_t *trials_out, uint32_t *settled_out)
{
    uint32_t trials = 0, settled = 0;

    for (uint32_t i = 0; i < opening->n_children; i++) {
        const struct opening_child *child = &opening->children[i];

        if (child->fate != FATE_TRIAL)
            continue;
        trials++;
        settled += is_settled(coordinator, &child->candidate);
    }
    *trials_out = trials;
    *settled_out = settled;
}

struct cell {
    uint32_t bucket, interface, contenders;
};

static int by_place(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return (a->interface > b->interface) - (a->interface < b->interface);
}

/* The cells that contenders fall in, in order. Returns how many; cells has room for n_children. */
static size_t find_cells(const struct opening *opening, struct cell *cells)
{
    size_t n = 0, distinct = 0;

    for (uint32_t i = 0; i < opening->n_children; i++) {
        const struct opening_child *child = &opening->children[i];

        if (is_contender(child))
            cells[n++] = (struct cell){ child->bucket, child->interface, 1 };
    }
    qsort(cells, n, sizeof *cells, by_place);
    for (size_t i = 0; i < n; i++) {
        if (distinct > 0 && by_place(&cells[distinct - 1], &cells[i]) == 0)
            cells[distinct - 1].contenders++;
        else
            cells[distinct++] = cells[i];
    }
    return distinct;
}

/* The table lists its candidates in the order of cells: *next is where those of this cell begin. */
static Layernas__Cell *build_cell(struct build *build, const struct opening *opening,
                                  const struct cell *cell, const struct candidate_table *table,
                                  size_t *next)
{
    Layernas__Cell *message = build_message(build, &layernas__cell__descriptor);
    struct cost_range edges = bucket_edges(&opening->edges, opening->buckets, cell->bucket);
    size_t n = candidate_table_n(table);
    uint32_t bucket, interface;

    if (!message)
        return NULL;
    message->bucket = cell->bucket;
    message->interface = cell->interface;
    message->lowest = edges.lowest;
    message->highest = edges.highest;
    message->contenders = cell->contenders;
    message->kept = build_list(build, opening->keep);
    for (; *next < n && message->kept && message->n_kept < opening->keep; ++*next) {
        const struct candidate *kept = candidate_table_at(table, *next, &bucket, &interface);

        if (bucket != cell->bucket || interface != cell->interface)
            break;
        message->kept[message->n_kept] = build_candidate(build, kept, &kept->arch);
        message->n_kept += message->kept[message->n_kept] != NULL;
    }
    return message;
}

static void build_cells(struct build *build, const struct opening *opening, Layernas__Layer *layer)
{
    struct cell *cells = calloc(opening->n_children ? opening->n_children : 1, sizeof *cells);
    struct candidate_table *table = NULL;
    size_t n, next = 0;

    if (!cells || table_so_far(build->coordinator->campaign, opening, &table) < 0) {
        build->failed = true;
        goto out;
    }
    n = find_cells(opening, cells);
    if (n > STATUS_MAX_ROWS)
        n = STATUS_MAX_ROWS;
    layer->cells = build_list(build, n);
    for (size_t i = 0; i < n && layer->cells; i++) {
        layer->cells[i] = build_cell(build, opening, &cells[i], table, &next);
        if (!layer->cells[i])
            break;
        layer->n_cells++;
    }
out:
    candidate_table_free(table);
    free(cells);
}

static Layernas__Layer *build_layer(struct build *build, const struct opening *opening,
                                    bool current)
{
    const struct study *study = build->coordinator->study;
    Layernas__Layer *layer = build_message(build, &layernas__layer__descriptor);
    uint32_t fates[FATES] = { 0 };

    if (!layer)
        return NULL;
    for (uint32_t i = 0; i < opening->n_children; i++)
        fates[opening->children[i].fate]++;
    layer->opening = opening->number;
    layer->pass = opening->pass;
    layer->layer = opening->layer;
    layer->name = build_text(build, space_layer_name(study->space, opening->layer));
    layer->buckets = opening->buckets;
    layer->keep = opening->keep;
    layer->lowest = opening->edges.lowest;
    layer->highest = opening->edges.highest;
    layer->parents = opening->n_parents;
    layer->children = opening->n_children;
    layer->trials = layer->done = fates[FATE_TRIAL];
    layer->known = fates[FATE_KNOWN];
    layer->duplicates = fates[FATE_DUPLICATE];
    layer->dropped = fates[FATE_DROPPED];
    if (current) {
        opening_count_trials(build->coordinator, opening, &layer->trials, &layer->done);
        build_cells(build, opening, layer);
    }
    return layer;
}

Layernas__Layers *build_layers(struct build *build)
{
    const struct campaign *campaign = build->coordinator->campaign;
    Layernas__Layers *layers = build_message(build, &layernas__layers__descriptor);
    size_t n = campaign_n_openings(campaign), rows = build_rows(build, n);

    if (!layers)
        return NULL;
    layers->total = n;
    layers->layers = build_list(build, rows);
    for (size_t i = n - rows; i < n && layers->layers; i++) {
        Layernas__Layer *layer = build_layer(build, campaign_opening(campaign, i), i == n - 1);

        if (!layer)
            break;
        layers->layers[layers->n_layers++] = layer;
    }
    return layers;
}
