#include "common/study_parts.h"

#include <string.h>

#include "common/target.h"

enum {
    MOST_PARALLEL = 100000,
    MOST_BUCKETS = 100000,
    MOST_KEPT = 1000,
    MOST_PASSES = 1000,
    MOST_POPULATION = 100000,
    MOST_EPOCHS = 1000,
    MOST_CHILDREN = 1000,
    FEWEST_BUCKETS = 4,
    FEWEST_BUCKETS_GUIDED = 2,
    MOST_SAMPLED = 100000,
    FEWEST_SAMPLED = 16,
    FIRST_FORECASTS_A_LAYER = 5,
    FORECASTS = 4,
};

static const char *const strategy_names[] = { "layernas", "random", "evolution",
                                              "local",    "ppo",    NULL };
static const char *const objective_names[] = { "accuracy", "mnasnet", "tunas", NULL };
static const char *const order_names[] = { "forward", "backward", "random", NULL };
static const char *const edges_names[] = { "children", "reachable", NULL };
static const char *const bucket_by_names[] = { "cost", "cost+interface", NULL };

const char *search_order_name(enum search_order order)
{
    return order_names[order];
}

const char *bucket_edges_name(enum bucket_edges edges)
{
    return edges_names[edges];
}

const char *bucket_by_name(enum bucket_by by)
{
    return bucket_by_names[by];
}

const char *objective_name(enum objective objective)
{
    return objective_names[objective];
}

static void read_default(struct section *search, const struct study *study, struct arch *arch)
{
    const struct cost_model *model = study->cost_model;
    struct arch any = { .n = (uint16_t)space_n_layers(study->space) };
    const char *text = section_peek(search, "default");
    struct errmsg why;

    *arch = cost_dearest(model, &any, 0);
    if (!section_has(search, "default") || (text && strcmp(text, "dearest") == 0))
        return;
    if (text && strcmp(text, "cheapest") == 0) {
        *arch = cost_cheapest(model, &any, 0);
        return;
    }
    if (!text || arch_parse(text, arch) < 0)
        section_fault(search, "default",
                      "\"%.40s\"; dearest, cheapest or one option a layer, \"0:2:1\"",
                      text ? text : "");
    else if (space_check_arch(study->space, arch, &why) < 0)
        section_fault(search, "default", "%s", why.text);
    else if (cost_of(model, arch) < 0)
        section_fault(search, "default", "\"%.40s\"; an architecture that the table has", text);
}

/* So many buckets that a layer has W trials, with as many picks in each of them as there are buckets.
 * The algorithm of the paper has no picks: its trials are the contenders of all buckets. */
static uint32_t default_buckets(bool guided, uint32_t parallel)
{
    uint32_t buckets = FEWEST_BUCKETS_GUIDED;

    if (!guided)
        return parallel > FEWEST_BUCKETS ? parallel : FEWEST_BUCKETS;
    while ((uint64_t)buckets * buckets < parallel)
        buckets++;
    return buckets;
}

/* As many trials as the others do while the slowest of W runs, which takes longer the more there are:
 * about log2 W times as long as the mean, where most last within a factor of 4. */
static uint32_t default_lag(uint32_t parallel)
{
    uint32_t times = 2;

    while (times < 31 && UINT32_C(1) << (times + 1) <= parallel)
        times++;
    return parallel > 1 ? times * parallel : 1;
}

/* What the paper leaves to the user, as measured on benchmark tables. */
static struct layernas_settings layernas_defaults(bool guided, uint32_t parallel, enum bucket_by by)
{
    return (struct layernas_settings){
        .guided = guided,
        .buckets = default_buckets(guided, parallel),
        .bucket_growth = 1.5,
        .keep = 1,
        .keep_more = guided ? 2 : 0,
        .order = guided && by == BUCKET_BY_COST ? ORDER_RANDOM : ORDER_FORWARD,
        .bucket_by = by,
        .reach = guided ? 0.8 : 0,
        .lag = default_lag(parallel),
    };
}

static bool default_is_in_target(const struct study *study)
{
    return target_holds(&study->search.target,
                        cost_of(study->cost_model, &study->search.layernas.default_arch));
}

/* A search that cannot begin with the default, but only with what fits the target, looks around first. */
static void set_sample(struct layernas_settings *settings, uint32_t parallel, uint32_t n_layers)
{
    settings->forecasts = settings->lag > FORECASTS ? settings->lag : FORECASTS;
    settings->sample = parallel > FEWEST_SAMPLED ? parallel : FEWEST_SAMPLED;
    settings->forecasts_first = FIRST_FORECASTS_A_LAYER * n_layers;
}

static void read_layernas(struct section *search, const struct study *study,
                          struct layernas_settings *settings)
{
    uint32_t parallel = study->search.parallel;
    unsigned order, edges = EDGES_CHILDREN, by = BUCKET_BY_COST;
    bool guided = true;

    section_bool(search, "guided", &guided);
    section_choice(search, "bucket_by", bucket_by_names, &by);
    *settings = layernas_defaults(guided, parallel, by);
    order = settings->order;
    section_count(search, "buckets", 1, MOST_BUCKETS, &settings->buckets);
    section_real(search, "bucket_growth", 1, 100, &settings->bucket_growth);
    section_count(search, "keep", 1, MOST_KEPT, &settings->keep);
    section_count(search, "keep_more", 0, MOST_KEPT, &settings->keep_more);
    section_choice(search, "order", order_names, &order);
    section_count(search, "passes", 1, MOST_PASSES, &settings->passes);
    section_choice(search, "edges", edges_names, &edges);
    /* Enough trials in a layer to keep W in flight. */
    settings->picks = (parallel + settings->buckets - 1) / settings->buckets;
    section_count(search, "picks", 1, MOST_KEPT, &settings->picks);
    section_real(search, "reach", 0, 1, &settings->reach);
    read_default(search, study, &settings->default_arch);
    section_count(search, "lag", 1, MOST_SAMPLED, &settings->lag);
    /* As many as go out without results of the layer, while its last trials run. */
    settings->forecasts = settings->lag;
    if (search->rc == 0 && !default_is_in_target(study))
        set_sample(settings, parallel, space_n_layers(study->space));
    section_count(search, "sample", 0, MOST_SAMPLED, &settings->sample);
    section_count(search, "forecasts_first", 0, MOST_SAMPLED, &settings->forecasts_first);
    section_count(search, "forecasts", 0, MOST_SAMPLED, &settings->forecasts);
    if (!guided)
        settings->sample = settings->forecasts_first = settings->forecasts = 0;
    settings->order = order;
    settings->edges = edges;
    if (order == ORDER_RANDOM && by == BUCKET_BY_COST_AND_INTERFACE)
        section_fault(search, "order",
                      "random; forward or backward with `bucket_by: cost+interface`, which keeps "
                      "apart what the layers after one see");
}

/* Strategies without cost buckets. Those that may leave the target need an objective that leads them
 * back. */
static void read_others(struct section *search, struct search_settings *settings)
{
    unsigned objective;

    settings->feasible = true;
    section_bool(search, "feasible", &settings->feasible);
    objective = settings->feasible ? OBJECTIVE_ACCURACY : OBJECTIVE_TUNAS;
    section_choice(search, "objective", objective_names, &objective);
    settings->objective = objective;
    settings->cost_weight = -0.07;
    section_real(search, "cost_weight", -100, 0, &settings->cost_weight);
    settings->evolution = (struct evolution_settings){ .population = 10,
                                                       .tournament = 3,
                                                       .children = 1 };
    section_count(search, "population", 1, MOST_POPULATION, &settings->evolution.population);
    section_count(search, "children", 1, MOST_CHILDREN, &settings->evolution.children);
    section_count(search, "tournament", 1, MOST_POPULATION, &settings->evolution.tournament);
    settings->ppo = (struct ppo_settings){
        .batch = 10, .epochs = 4, .rate = 0.1, .clip = 0.2, .entropy = 0.01
    };
    section_count(search, "batch", 1, MOST_POPULATION, &settings->ppo.batch);
    section_count(search, "epochs", 1, MOST_EPOCHS, &settings->ppo.epochs);
    section_real(search, "rate", 1e-6, 100, &settings->ppo.rate);
    section_real(search, "clip", 0, 1, &settings->ppo.clip);
    section_real(search, "entropy", 0, 100, &settings->ppo.entropy);
}

int study_read_search(const struct section *root, struct study *study)
{
    static const char *const allowed[] = {
        "strategy", "trials", "parallel", "seed", "canonical",
        /* layernas */
        "guided", "picks", "reach", "lag", "sample", "forecasts_first", "forecasts", "buckets",
        "bucket_growth", "bucket_by", "keep", "keep_more", "order", "passes", "edges", "default",
        /* the others */
        "feasible", "objective", "cost_weight", "population", "tournament", "children", "batch",
        "epochs", "rate", "clip", "entropy", NULL
    };
    struct search_settings *settings = &study->search;
    struct section search = section_open(root, "search", allowed);
    unsigned strategy = 0;
    int64_t seed = 1;

    settings->parallel = 1;
    /* A table's rows were trained apart: two spellings of one network have two rewards there. */
    settings->canonical = study->evaluation.evaluator != EVALUATOR_TABLE;
    section_require(&search, "trials");
    section_choice(&search, "strategy", strategy_names, &strategy);
    section_count(&search, "trials", 1, STUDY_MOST_TRIALS, &settings->trials);
    section_count(&search, "parallel", 1, MOST_PARALLEL, &settings->parallel);
    section_integer(&search, "seed", 0, INT64_MAX, &seed);
    section_bool(&search, "canonical", &settings->canonical);
    if (settings->canonical && study->metric == COST_TABLE && space_has_networks(study->space))
        section_fault(&search, "canonical",
                      "true; false with `metric: table`, where equal networks may differ in cost");
    strcpy(settings->strategy, strategy_names[strategy]);
    settings->seed = (uint64_t)seed;
    if (search.rc == 0)
        read_layernas(&search, study, &settings->layernas);
    read_others(&search, settings);
    study->evaluation.data.split_seed = settings->seed;
    if (search.rc == 0)
        study_choose_reward(study);
    return search.rc;
}
