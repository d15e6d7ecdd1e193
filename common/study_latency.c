#include "common/study_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "common/surrogate_latency.h"
#include "common/table.h"

/* What a layer adds with an option, the other layers holding their first. */
static int find_term(const struct space *space, const struct table *table, const char *path,
                     uint32_t layer, uint32_t option, struct surrogate_latency *latency_out,
                     struct errmsg *err)
{
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };
    struct network network;
    int rc;

    arch.option[layer] = (uint16_t)option;
    rc = space_resolve(space, &arch, &network);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: no memory for a network", path);
    rc = surrogate_latency(table, path, &network, latency_out, err);
    network_clear(&network);
    return rc;
}

static int fill_layer(const struct space *space, const struct table *table, const char *path,
                      uint32_t layer, struct cost_terms *terms, struct errmsg *err)
{
    uint32_t n = space_n_options(space, layer);
    int rc = 0;

    terms->layer[layer] = calloc(n, sizeof *terms->layer[layer]);
    if (!terms->layer[layer])
        return errmsg_set(err, -ENOMEM, "%s: no memory for costs", path);
    for (uint32_t option = 0; option < n && rc == 0; option++) {
        struct surrogate_latency latency;

        rc = find_term(space, table, path, layer, option, &latency, err);
        terms->layer[layer][option] = latency.layers[layer];
        terms->ends = latency.ends;
    }
    return rc;
}

static int build_model(const struct table *table, const char *path, struct study *study,
                       struct errmsg *err)
{
    struct cost_terms terms = { 0 };
    uint32_t n = space_n_layers(study->space);
    int rc = 0;

    for (uint32_t layer = 0; layer < n && rc == 0; layer++)
        rc = fill_layer(study->space, table, path, layer, &terms, err);
    if (rc == 0) {
        rc = cost_model_from_terms(study->space, &terms, &study->cost_model);
        if (rc < 0)
            errmsg_set(err, rc, "%s: no memory for the cost model", path);
    }
    for (uint32_t layer = 0; layer < n; layer++)
        free(terms.layer[layer]);
    return rc;
}

int study_cost_from_latency(struct section *cost, struct study *study)
{
    static const char *const value = "mean_ms";
    char path[STUDY_PATH_SIZE] = "";
    struct table *table;
    struct errmsg why;

    section_require(cost, "table");
    section_path(cost, "table", path, sizeof path);
    if (cost->rc)
        return cost->rc;
    if (study_check_once_for_all(study->space, &why) < 0)
        return section_fault(cost, "metric",
                             "latency, but the space has networks that are not of "
                             "ofa-mobilenet-v3: %s",
                             why.text);
    cost->rc = table_load(path, surrogate_latency_key, &value, 1, &table, cost->err);
    if (cost->rc < 0)
        return cost->rc;
    study->cost_table = table_digest(table);
    cost->rc = build_model(table, path, study, cost->err);
    table_free(table);
    return cost->rc;
}
