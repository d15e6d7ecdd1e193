/* Guided LayerNAS: forecasts (layernas.h). */
#include <errno.h>
#include <stdlib.h>

#include "common/target.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"
#include "coordinator/search/predictor.h"
#include "coordinator/search/strategy_ops.h"

/* More of both finds no better candidates on benchmark tables, and takes longer. */
enum { FORECAST_BUCKETS = 16, FORECAST_KEEP = 2 };

/* Of settings->seed, for rng_init; more than all the passes that have an order of layers. */
static const uint64_t forecast_streams = UINT64_C(1) << 32;

/* An architecture, later layers as in start, and what is expected of it. */
struct prospect {
    struct arch arch;
    int64_t cost;
    double worth;
    uint32_t bucket;
};

struct outlook {
    const struct search_settings *settings;
    const struct cost_model *model;
    const struct predictor *predictor;
    struct prospect *prospects; /* owned */
    uint32_t n;
};

static int compare_worths(const struct prospect *a, const struct prospect *b)
{
    if (a->worth != b->worth)
        return a->worth > b->worth ? -1 : 1;
    return arch_compare(&a->arch, &b->arch);
}

static int compare_in_buckets(const void *left, const void *right)
{
    const struct prospect *a = left, *b = right;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return compare_worths(a, b);
}

/* What parent becomes with option in layer; false where it does not exist, or leads to no target. */
static bool make_prospect(const struct outlook *outlook, const struct prospect *parent,
                          uint32_t layer, uint32_t option, struct prospect *out)
{
    uint64_t searched = (UINT64_C(2) << layer) - 1;
    struct cost_range completions;

    *out = *parent;
    out->arch.option[layer] = (uint16_t)option;
    out->cost = cost_of(outlook->model, &out->arch);
    if (out->cost < 0)
        return false;
    completions = cost_completions(outlook->model, &out->arch, searched);
    if (!target_meets(&outlook->settings->target, &completions))
        return false;
    out->worth = predictor_worth(outlook->predictor, &out->arch, out->cost);
    return true;
}

/* Every prospect with every option of layer. */
static int branch(struct outlook *outlook, uint32_t layer)
{
    uint32_t n_options = space_n_options(cost_model_space(outlook->model), layer), n = 0;
    struct prospect *children = malloc(((size_t)outlook->n * n_options + 1) * sizeof *children);

    if (!children)
        return -ENOMEM;
    for (uint32_t i = 0; i < outlook->n; i++)
        for (uint32_t o = 0; o < n_options; o++)
            n += make_prospect(outlook, &outlook->prospects[i], layer, o, &children[n]);
    free(outlook->prospects);
    outlook->prospects = children;
    outlook->n = n;
    return 0;
}

static void file_prospects(struct outlook *outlook)
{
    struct cost_range edges = { INT64_MAX, 0 };

    for (uint32_t i = 0; i < outlook->n; i++) {
        int64_t cost = outlook->prospects[i].cost;

        edges.lowest = cost < edges.lowest ? cost : edges.lowest;
        edges.highest = cost > edges.highest ? cost : edges.highest;
    }
    for (uint32_t i = 0; i < outlook->n; i++)
        outlook->prospects[i].bucket = (uint32_t)bucket_index(&edges, FORECAST_BUCKETS,
                                                              outlook->prospects[i].cost);
}

static void keep_best(struct outlook *outlook)
{
    struct prospect *p = outlook->prospects;
    uint32_t kept = 0, of_bucket = 0;

    qsort(p, outlook->n, sizeof *p, compare_in_buckets);
    for (uint32_t i = 0; i < outlook->n; i++) {
        if (kept == 0 || p[i].bucket != p[kept - 1].bucket)
            of_bucket = 0;
        if (of_bucket++ < FORECAST_KEEP)
            p[kept++] = p[i];
    }
    outlook->n = kept;
}

static int look_ahead(struct outlook *outlook)
{
    uint32_t n_layers = space_n_layers(cost_model_space(outlook->model));
    int rc = 0;

    for (uint32_t l = 0; rc == 0 && l < n_layers; l++) {
        rc = branch(outlook, l);
        if (rc == 0 && l + 1 < n_layers) {
            file_prospects(outlook);
            keep_best(outlook);
        }
    }
    return rc;
}

static int compare_prospects(const void *left, const void *right)
{
    return compare_worths(left, right);
}

static int best_unknown(struct outlook *outlook, const struct proposals *known,
                        struct arch *candidate_out)
{
    int rc = 0;

    qsort(outlook->prospects, outlook->n, sizeof *outlook->prospects, compare_prospects);
    for (uint32_t i = 0; rc == 0 && i < outlook->n; i++) {
        const struct prospect *p = &outlook->prospects[i];

        if (!target_holds(&outlook->settings->target, p->cost))
            continue;
        rc = strategy_candidate(outlook->settings, outlook->model, &p->arch, candidate_out);
        if (rc == 0)
            rc = !proposals_known(known, candidate_out);
    }
    return rc;
}

static int forecast(const struct search_settings *settings, const struct cost_model *model,
                    const struct predictor *predictor, const struct proposals *known,
                    const struct arch *start, struct arch *candidate_out)
{
    struct outlook outlook = { settings, model, predictor, malloc(sizeof *outlook.prospects), 1 };
    int rc = -ENOMEM;

    if (outlook.prospects) {
        outlook.prospects[0] = (struct prospect){ .arch = *start };
        rc = look_ahead(&outlook);
    }
    if (rc == 0)
        rc = best_unknown(&outlook, known, candidate_out);
    free(outlook.prospects);
    return rc;
}

int layernas_forecast(const struct search_settings *settings, const struct cost_model *model,
                      const struct proposals *known, uint64_t heard, const struct arch *start,
                      struct arch *candidate_out)
{
    struct predictor *predictor;
    struct rng rng;
    int rc;

    rng_init(&rng, settings->seed, forecast_streams + proposals_n(known));
    rc = predictor_new(model, known, heard, &rng, &predictor);
    if (rc == 0 && predictor)
        rc = forecast(settings, model, predictor, known, start, candidate_out);
    if (rc >= 0)
        predictor_free(predictor);
    return rc;
}
