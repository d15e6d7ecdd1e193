#include "coordinator/status/snapshot.h"
#include "coordinator/status/snapshot_build.h"

enum { MOST_KEPT = 20 }; /* of a bucket */

static Layernas__Candidate *build_child(struct build *build, const struct opening *opening,
                                        const struct record_child *ranked)
{
    const struct opening_child *child = &opening->children[ranked->child];
    const struct candidate candidate = { child->arch, child->candidate, child->cost,
                                         ranked->reward };

    return build_candidate(build, &candidate, &child->arch);
}

size_t build_children(struct build *build, const struct opening *opening,
                      const struct record_child *ranked, size_t n, Layernas__Candidate ***list_out)
{
    size_t built = 0;

    *list_out = build_list(build, n);
    for (; built < n && *list_out; built++) {
        (*list_out)[built] = build_child(build, opening, &ranked[built]);
        if (!(*list_out)[built])
            break;
    }
    return built;
}

static Layernas__Cell *build_cell(struct build *build, const struct opening *opening,
                                  const struct record_cell *cell)
{
    Layernas__Cell *message = build_message(build, &layernas__cell__descriptor);
    struct cost_range edges = bucket_edges(&opening->edges, opening->buckets, cell->bucket);

    if (!message)
        return NULL;
    message->bucket = cell->bucket;
    message->interface = cell->interface;
    message->lowest = edges.lowest;
    message->highest = edges.highest;
    message->contenders = cell->contenders;
    message->results = cell->valid;
    message->n_kept = build_children(build, opening, cell->kept,
                                     cell->n_kept < MOST_KEPT ? cell->n_kept : MOST_KEPT,
                                     &message->kept);
    message->n_displaced = build_children(build, opening, cell->displaced, cell->n_displaced,
                                          &message->displaced);
    return message;
}

/* As many as a reply holds, each counting as much as it shows. */
static void build_cells(struct build *build, const struct opening *opening,
                        const struct layer_record *record, Layernas__Layer *layer)
{
    size_t n = layer_record_n_cells(record), rows = 0;

    layer->cells_total = (uint32_t)n;
    layer->cells = build_list(build, n < STATUS_MAX_ROWS ? n : STATUS_MAX_ROWS);
    for (size_t i = 0; i < n && rows < STATUS_MAX_ROWS && layer->cells; i++) {
        struct record_cell cell = layer_record_cell(record, i);

        layer->cells[i] = build_cell(build, opening, &cell);
        if (!layer->cells[i])
            break;
        layer->n_cells++;
        rows += 1 + layer->cells[i]->n_kept + layer->cells[i]->n_displaced;
    }
}

Layernas__Layer *build_layer(struct build *build, size_t i, bool with_cells)
{
    const struct campaign *campaign = build->coordinator->campaign;
    const struct opening *opening = campaign_opening(campaign, i);
    const struct layer_record *record = campaign_record(campaign, i);
    struct record_counts counts = layer_record_counts(record);
    Layernas__Layer *layer = build_message(build, &layernas__layer__descriptor);

    if (!layer)
        return NULL;
    layer->opening = opening->number;
    layer->pass = opening->pass;
    layer->layer = opening->layer;
    layer->name = build_text(build,
                             space_layer_name(build->coordinator->study->space, opening->layer));
    layer->buckets = opening->buckets;
    layer->keep = opening->keep;
    layer->lowest = opening->edges.lowest;
    layer->highest = opening->edges.highest;
    layer->parents = opening->n_parents;
    layer->children = opening->n_children;
    layer->trials = counts.by_fate[FATE_TRIAL];
    layer->known = counts.by_fate[FATE_KNOWN];
    layer->duplicates = counts.by_fate[FATE_DUPLICATE];
    layer->dropped = counts.by_fate[FATE_DROPPED];
    layer->passed_over = counts.by_fate[FATE_PASSED_OVER];
    layer->done = counts.settled;
    layer->quarantined = counts.quarantined;
    layer->kept = counts.kept;
    layer->displaced = counts.displaced;
    if (with_cells)
        build_cells(build, opening, record, layer);
    return layer;
}

Layernas__Layers *build_layers(struct build *build)
{
    size_t total = campaign_n_openings(build->coordinator->campaign);
    struct rows rows = build_rows(build, total);
    Layernas__Layers *layers = build_message(build, &layernas__layers__descriptor);

    if (!layers)
        return NULL;
    layers->total = total;
    layers->layers = build_list(build, rows.n);
    for (size_t i = rows.first; i < rows.first + rows.n && layers->layers; i++) {
        Layernas__Layer *layer = build_layer(build, i, i == total - 1);

        if (!layer)
            break;
        layers->layers[layers->n_layers++] = layer;
    }
    return layers;
}
