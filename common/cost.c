#include "common/cost.h"

#include <errno.h>
#include <stdlib.h>

#include "common/cost_model.h"

struct cost_model {
    const struct space *space;
    struct cost_sum *sum; /* one of the two */
    struct cost_rows *rows;
};

static int new_sum(const struct space *space, enum cost_metric metric,
                   const struct cost_terms *terms, struct cost_model **model_out)
{
    struct cost_model *model;
    int rc;

    if (!space_has_networks(space))
        return -ENOTSUP;
    model = calloc(1, sizeof *model);
    if (!model)
        return -ENOMEM;
    model->space = space;
    rc = cost_sum_new(space, metric, terms, &model->sum);
    if (rc < 0)
        free(model);
    else
        *model_out = model;
    return rc;
}

int cost_model_new(const struct space *space, enum cost_metric metric,
                   struct cost_model **model_out)
{
    return metric < COST_TABLE ? new_sum(space, metric, NULL, model_out) : -ENOTSUP;
}

int cost_model_from_terms(const struct space *space, const struct cost_terms *terms,
                          struct cost_model **model_out)
{
    return new_sum(space, COST_LATENCY, terms, model_out);
}

int cost_model_from_table(const struct space *space, const int64_t *cost, size_t n,
                          struct cost_model **model_out)
{
    struct cost_model *model = calloc(1, sizeof *model);
    int rc;

    if (!model)
        return -ENOMEM;
    model->space = space;
    rc = cost_rows_new(space, cost, n, &model->rows);
    if (rc < 0)
        free(model);
    else
        *model_out = model;
    return rc;
}

void cost_model_free(struct cost_model *model)
{
    if (!model)
        return;
    cost_sum_free(model->sum);
    cost_rows_free(model->rows);
    free(model);
}

const struct space *cost_model_space(const struct cost_model *model)
{
    return model->space;
}

int64_t cost_of(const struct cost_model *model, const struct arch *arch)
{
    return model->sum ? cost_sum_of(model->sum, arch) : cost_rows_of(model->rows, arch);
}

struct cost_range cost_completions(const struct cost_model *model, const struct arch *arch,
                                   uint64_t fixed)
{
    return model->sum ? cost_sum_completions(model->sum, arch, fixed)
                      : cost_rows_completions(model->rows, arch, fixed);
}

static struct arch extreme(const struct cost_model *model, const struct arch *arch, uint64_t fixed,
                           bool highest)
{
    return model->sum ? cost_sum_extreme(model->sum, arch, fixed, highest)
                      : cost_rows_extreme(model->rows, arch, fixed, highest);
}

struct arch cost_cheapest(const struct cost_model *model, const struct arch *arch, uint64_t fixed)
{
    return extreme(model, arch, fixed, false);
}

struct arch cost_dearest(const struct cost_model *model, const struct arch *arch, uint64_t fixed)
{
    return extreme(model, arch, fixed, true);
}

/* The interface at border, and the costs of all before it. */
static uint32_t walk(const struct space *space, const struct arch *arch, uint32_t border,
                     struct costs *costs)
{
    uint32_t interface = 0;

    for (uint32_t l = 0; l < border; l++)
        interface = space_step(space, l, arch->option[l], interface, costs);
    return interface;
}

struct costs cost_details(const struct cost_model *model, const struct arch *arch)
{
    const struct space *space = model->space;
    struct costs costs = { 0 };

    if (space_has_networks(space)) {
        space_stem(space, &costs);
        space_head(space, walk(space, arch, space_n_layers(space), &costs), &costs);
    }
    return costs;
}

uint32_t cost_interface(const struct cost_model *model, const struct arch *arch, uint32_t layer)
{
    struct costs costs = { 0 };

    if (!space_has_networks(model->space))
        return 0;
    return walk(model->space, arch, layer + 1, &costs);
}

const char *cost_metric_name(enum cost_metric metric)
{
    static const char *const names[COST_METRICS] = {
        [COST_MADDS] = "madds", [COST_PARAMS] = "params",   [COST_ACTIVATIONS] = "activations",
        [COST_TABLE] = "table", [COST_LATENCY] = "latency",
    };
    return names[metric];
}
