#include "coordinator/status/lineage.h"

#include <errno.h>
#include <stdlib.h>

struct lineage {
    const struct campaign *campaign;
    struct candidate *all; /* canonical forms */
    size_t n;
};

struct member {
    uint32_t bucket;
    bool is_child;
    double percent;
};

int lineage_new(const struct coordinator *coordinator, struct lineage **lineage_out)
{
    size_t n = trial_ledger_n(coordinator->ledger);
    struct lineage *lineage = calloc(1, sizeof *lineage);

    if (lineage)
        lineage->all = malloc((n + 1) * sizeof *lineage->all);
    if (!lineage || !lineage->all) {
        lineage_free(lineage);
        return -ENOMEM;
    }
    lineage->campaign = coordinator->campaign;
    for (size_t i = 0; i < n; i++) {
        struct ledger_entry entry;

        trial_ledger_entry(coordinator->ledger, i, &entry);
        if (entry.trial.stage != STAGE_SEARCH || entry.state != TRIAL_DONE)
            continue;
        lineage->all[lineage->n++] = (struct candidate){ .arch = entry.trial.arch,
                                                         .canonical = entry.trial.arch,
                                                         .cost = entry.trial.cost,
                                                         .reward = entry.result.reward };
    }
    *lineage_out = lineage;
    return 0;
}

void lineage_free(struct lineage *lineage)
{
    if (!lineage)
        return;
    free(lineage->all);
    free(lineage);
}

/* What the pass began with, and which of its layers are searched once this opening is. */
static struct arch start_of(const struct campaign *campaign, size_t i, uint64_t *searched_out)
{
    uint32_t pass = campaign_opening(campaign, i)->pass;
    struct arch start = { 0 };

    *searched_out = 0;
    for (size_t before = i + 1; before-- > 0;) {
        const struct opening *opening = campaign_opening(campaign, before);

        if (opening->pass != pass)
            break;
        *searched_out |= UINT64_C(1) << opening->layer;
        start = opening->parents[0];
    }
    return start;
}

static bool holds(const struct arch *arch, const struct arch *start, uint64_t searched)
{
    for (uint32_t l = 0; l < arch->n; l++)
        if (!(searched >> l & 1) && arch->option[l] != start->option[l])
            return false;
    return true;
}

/* As a child in any spelling; or as spelled, whatever became of it. */
static bool find_child(const struct layer_record *record, const struct arch *arch,
                       uint32_t *child_out)
{
    return layer_record_find_candidate(record, arch, child_out) == 0 ||
           layer_record_find(record, arch, child_out) == 0;
}

/* False where it could not stand in this table. */
static bool place(const struct lineage *lineage, size_t i, const struct candidate *candidate,
                  const struct arch *start, uint64_t searched, struct member *member_out)
{
    const struct opening *opening = campaign_opening(lineage->campaign, i);
    int64_t cost = candidate->cost;
    uint32_t child;
    int bucket;

    member_out->is_child = find_child(campaign_record(lineage->campaign, i), &candidate->canonical,
                                      &child);
    if (member_out->is_child)
        cost = opening->children[child].cost;
    else if (!holds(&candidate->canonical, start, searched))
        return false;
    bucket = bucket_index(&opening->edges, opening->buckets, cost);
    if (bucket < 0)
        return false;
    member_out->bucket = (uint32_t)bucket;
    member_out->percent = reward_percent(candidate->reward);
    return true;
}

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;

    return (a->bucket > b->bucket) - (a->bucket < b->bucket);
}

static void look_into_bucket(const struct member *members, size_t n, struct lineage_layer *layer)
{
    double child = -1, other = -1;

    for (size_t i = 0; i < n; i++) {
        double *best = members[i].is_child ? &child : &other;

        if (members[i].percent > *best)
            *best = members[i].percent;
    }
    if (other < 0)
        return;
    layer->compared++;
    layer->descend += child >= other;
    layer->reached += child >= 0;
    layer->lost += child >= 0 && other > child ? other - child : 0;
}

int lineage_look(const struct lineage *lineage, size_t i, struct lineage_layer *layer_out)
{
    struct member *members = malloc((lineage->n + 1) * sizeof *members);
    struct lineage_layer layer = { 0 };
    uint64_t searched;
    struct arch start = start_of(lineage->campaign, i, &searched);
    size_t n = 0, end;

    if (!members)
        return -ENOMEM;
    for (size_t a = 0; a < lineage->n; a++)
        n += place(lineage, i, &lineage->all[a], &start, searched, &members[n]);
    qsort(members, n, sizeof *members, compare_members);
    for (size_t first = 0; first < n; first = end) {
        for (end = first; end < n && members[end].bucket == members[first].bucket;)
            end++;
        look_into_bucket(&members[first], end - first, &layer);
    }
    if (layer.reached > 0)
        layer.lost /= layer.reached;
    free(members);
    *layer_out = layer;
    return 0;
}
