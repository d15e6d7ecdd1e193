#include "coordinator/compare/descent.h"

#include <errno.h>
#include <stdlib.h>

#include "common/target.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"

const uint32_t descent_keeps[DESCENT_KEEPS] = { 1, 2, 4, 8 };

enum { NO_RANK = UINT32_MAX };

struct member {
    struct candidate candidate;
    double percent;
    uint32_t bucket;
    uint32_t rank;        /* in its bucket; NO_RANK: it has no reward */
    uint32_t parent_rank; /* in that of the layer before */
};

struct generation {
    struct member *members;
    uint32_t n;
    uint64_t searched; /* bit l: layer l has any option */
};

/* ---- a generation from the one before ---- */

static bool stands(const struct study *study, const struct member *member, uint64_t searched)
{
    struct cost_range completions = cost_completions(study->cost_model, &member->candidate.arch,
                                                     searched);

    return member->candidate.cost >= 0 && target_meets(&study->search.target, &completions);
}

static void value(const struct benchmark *benchmark, struct member *member)
{
    struct worth worth;

    member->rank = NO_RANK;
    if (!benchmark_look(benchmark, 0, &member->candidate.arch, &worth))
        return;
    member->candidate.reward = worth.reward;
    member->percent = worth.percent;
    member->rank = 0;
}

static void add_children(const struct benchmark *benchmark, const struct study *study,
                         const struct member *parent, uint32_t layer, struct generation *generation)
{
    for (uint32_t option = 0; option < space_n_options(study->space, layer); option++) {
        struct member *child = &generation->members[generation->n];

        *child = *parent;
        child->parent_rank = parent->rank;
        child->candidate.arch.option[layer] = (uint16_t)option;
        child->candidate.canonical = child->candidate.arch;
        child->candidate.cost = cost_of(study->cost_model, &child->candidate.arch);
        if (!stands(study, child, generation->searched))
            continue;
        value(benchmark, child);
        generation->n++;
    }
}

static int next_generation(const struct benchmark *benchmark, const struct study *study,
                           uint32_t layer, const struct generation *before,
                           struct generation *after)
{
    uint32_t n_options = space_n_options(study->space, layer);

    after->n = 0;
    after->searched = before->searched | UINT64_C(1) << layer;
    after->members = malloc(((size_t)before->n * n_options + 1) * sizeof *after->members);
    if (!after->members)
        return -ENOMEM;
    for (uint32_t i = 0; i < before->n; i++)
        add_children(benchmark, study, &before->members[i], layer, after);
    return 0;
}

/* ---- its buckets ---- */

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    if ((a->rank == NO_RANK) != (b->rank == NO_RANK))
        return a->rank == NO_RANK ? 1 : -1;
    return candidate_compare(&a->candidate, &b->candidate);
}

/* Sorts by bucket, the best first. */
static void rank(uint32_t n_buckets, struct generation *generation)
{
    struct cost_range edges = { INT64_MAX, 0 };
    uint32_t first = 0;

    for (uint32_t i = 0; i < generation->n; i++) {
        int64_t cost = generation->members[i].candidate.cost;

        edges.lowest = cost < edges.lowest ? cost : edges.lowest;
        edges.highest = cost > edges.highest ? cost : edges.highest;
    }
    for (uint32_t i = 0; i < generation->n; i++)
        generation->members[i].bucket = (uint32_t)bucket_index(
            &edges, n_buckets, generation->members[i].candidate.cost);
    qsort(generation->members, generation->n, sizeof *generation->members, compare_members);
    for (uint32_t i = 0; i < generation->n; i++) {
        struct member *member = &generation->members[i];

        if (i > 0 && member->bucket != generation->members[i - 1].bucket)
            first = i;
        if (member->rank != NO_RANK)
            member->rank = i - first;
    }
}

/* ---- who descends from whom ---- */

static void look_into_bucket(const struct member *members, uint32_t n, struct descent_layer *layer)
{
    if (members[0].rank == NO_RANK)
        return;
    layer->n_buckets++;
    if (n > layer->largest)
        layer->largest = n;
    for (uint32_t k = 0; k < DESCENT_KEEPS; k++) {
        uint32_t i = 0;

        while (i < n && (members[i].rank == NO_RANK || members[i].parent_rank >= descent_keeps[k]))
            i++;
        layer->descend[k] += i == 0;
        layer->reached[k] += i < n;
        layer->lost[k] += i < n ? members[0].percent - members[i].percent : 0;
    }
}

static void look(const struct generation *generation, struct descent_layer *layer)
{
    uint32_t end;

    layer->n = generation->n;
    for (uint32_t i = 0; i < generation->n; i = end) {
        for (end = i; end < generation->n &&
                      generation->members[end].bucket == generation->members[i].bucket;)
            end++;
        look_into_bucket(&generation->members[i], end - i, layer);
    }
    for (uint32_t k = 0; k < DESCENT_KEEPS; k++)
        if (layer->reached[k] > 0)
            layer->lost[k] /= layer->reached[k];
}

/* The default architecture alone: the parent that there is. */
static int begin(const struct study *study, struct generation *generation)
{
    struct member *only = calloc(1, sizeof *only);

    if (!only)
        return -ENOMEM;
    only->candidate.arch = study->search.layernas.default_arch;
    *generation = (struct generation){ .members = only, .n = 1 };
    return 0;
}

int descent_find(const struct benchmark *benchmark, const struct study *study,
                 struct descent_layer *layers_out, struct errmsg *err)
{
    struct generation generation;
    int rc;

    if (benchmark->surrogate || benchmark->n > DESCENT_MOST)
        return errmsg_set(err, -EINVAL,
                          "--assumption: %.3g architectures are too many to look at all; up to %d",
                          space_size(study->space), DESCENT_MOST);
    rc = begin(study, &generation);
    for (uint32_t p = 0; rc == 0 && p < space_n_layers(study->space); p++) {
        struct descent_layer layer = { .layer = layernas_layer(&study->search, study->cost_model, 1,
                                                               p) };
        struct generation next;

        rc = next_generation(benchmark, study, layer.layer, &generation, &next);
        if (rc < 0)
            break;
        free(generation.members);
        generation = next;
        rank(study->search.layernas.buckets, &generation);
        look(&generation, &layer);
        layers_out[p] = layer;
    }
    if (rc < 0)
        return errmsg_set(err, rc, "out of memory");
    free(generation.members);
    return 0;
}
