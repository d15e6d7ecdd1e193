#include "common/study_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require_networks(struct section *cost, const struct study *study)
{
    if (!space_has_networks(study->space))
        section_fault(cost, "metric", "%s; table, for the space has names of options only",
                      cost_metric_name(study->metric));
}

static void build_model(struct section *cost, struct study *study)
{
    require_networks(cost, study);
    if (cost->rc)
        return;
    cost->rc = cost_model_new(study->space, study->metric, &study->cost_model);
    if (cost->rc < 0)
        errmsg_set(cost->err, cost->rc, "%s: no memory for the cost model", study->path);
}

static void read_table_costs(struct section *cost, struct study *study)
{
    if (study->evaluation.evaluator != EVALUATOR_TABLE)
        section_fault(cost, "metric", "table; that needs evaluate: {with: table}");
    section_require(cost, "column");
    section_text(cost, "column", study->cost_column, sizeof study->cost_column);
    if (cost->rc == 0)
        study_cost_from_table(cost, study->cost_column, study);
}

static void read_latency(struct section *cost, struct study *study)
{
    require_networks(cost, study);
    study_cost_from_latency(cost, study);
}

/* "50%" to 50; -1 for what is no percentage, INT64_MAX for a malformed one. */
static int64_t parse_percent(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (length == 0 || text[length - 1] != '%')
        return -1;
    if (length == 1 || length > 4 || strspn(text, "0123456789") != length - 1)
        return INT64_MAX;
    return atoi(text);
}

/* An end of the target: a cost, or a percentage of the dearest architecture's. */
static void read_bound(struct section *cost, const char *key, int64_t dearest, int64_t *bound)
{
    int64_t percent = parse_percent(section_peek(cost, key));

    if (percent < 0)
        section_integer(cost, key, 0, INT64_MAX, bound);
    else if (percent > 100)
        section_fault(cost, key,
                      "\"%.40s\"; whole percents of the dearest architecture, 0%% to 100%%",
                      section_peek(cost, key));
    else
        *bound = (int64_t)((__int128)dearest * percent / 100);
}

static const char *describe_end(const struct cost_model *model, const struct arch *arch,
                                char text[ARCH_TEXT_SIZE + 24])
{
    char name[ARCH_TEXT_SIZE];

    snprintf(text, ARCH_TEXT_SIZE + 24, "%" PRId64 " (%s)", cost_of(model, arch),
             arch_format(arch, name));
    return text;
}

static void read_target(struct section *cost, struct study *study)
{
    const struct cost_model *model = study->cost_model;
    struct cost_range *target = &study->search.target, all;
    char low[ARCH_TEXT_SIZE + 24], high[ARCH_TEXT_SIZE + 24];
    struct arch any = { .n = (uint16_t)space_n_layers(study->space) }, cheapest, dearest;
    const char *end;

    all = cost_completions(model, &any, 0);
    if (all.lowest > all.highest) {
        section_fault(cost, "metric", "%s; the table has no architecture of this space",
                      cost_metric_name(study->metric));
        return;
    }
    *target = (struct cost_range){ 0, all.highest };
    read_bound(cost, "min", all.highest, &target->lowest);
    read_bound(cost, "max", all.highest, &target->highest);
    end = section_has(cost, "max") ? "max" : "min";
    if (target->lowest > target->highest)
        section_fault(cost, end, "no cost from %" PRId64 " to %" PRId64 "; max is at least min",
                      target->lowest, target->highest);
    if (target->lowest <= all.highest && target->highest >= all.lowest)
        return;
    cheapest = cost_cheapest(model, &any, 0);
    dearest = cost_dearest(model, &any, 0);
    section_fault(cost, end,
                  "no architecture costs %" PRId64 " to %" PRId64
                  "; the cheapest costs %s, the dearest %s",
                  target->lowest, target->highest, describe_end(model, &cheapest, low),
                  describe_end(model, &dearest, high));
}

int study_read_cost(const struct section *root, struct study *study)
{
    static const char *const allowed[] = { "metric", "column", "table", "min", "max", NULL };
    struct section cost = section_open(root, "cost", allowed);
    const char *names[COST_METRICS + 1] = { NULL };
    unsigned metric = COST_MADDS;

    for (int i = 0; i < COST_METRICS; i++)
        names[i] = cost_metric_name(i);
    section_require(&cost, "metric");
    section_choice(&cost, "metric", names, &metric);
    study->metric = metric;
    if (metric != COST_TABLE)
        section_refuse(&cost, "column", "with this metric; with `metric: table`");
    if (metric != COST_LATENCY)
        section_refuse(&cost, "table", "with this metric; with `metric: latency`");
    if (metric == COST_TABLE)
        read_table_costs(&cost, study);
    else if (metric == COST_LATENCY)
        read_latency(&cost, study);
    else
        build_model(&cost, study);
    if (cost.rc == 0)
        read_target(&cost, study);
    return cost.rc;
}
