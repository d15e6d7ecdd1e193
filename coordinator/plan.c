#include "coordinator/plan.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/print.h"
#include "coordinator/search/strategy.h"

struct plan {
    const struct study *study;
    struct arch cheapest, dearest, anchor;
    uint64_t trials; /* of the search, at most */
    uint64_t finals; /* trainings of the final stage */
};

static int make_plan(const struct study *study, struct plan *plan_out, struct errmsg *err)
{
    const struct cost_model *model = study->cost_model;
    struct arch any = { .n = (uint16_t)space_n_layers(study->space) };
    struct plan plan = {
        .study = study,
        .cheapest = cost_cheapest(model, &any, 0),
        .dearest = cost_dearest(model, &any, 0),
        .trials = strategy_trial_bound(&study->search, model),
        .finals = (uint64_t)study->final.top * study->final.seeds,
    };
    int rc = strategy_anchor(&study->search, model, &plan.anchor);

    if (rc == -ENOENT)
        return errmsg_set(err, rc,
                          "%s: cost: no architecture costs %" PRId64 " to %" PRId64
                          ", though some are cheaper and some dearer; move min or max",
                          study->path, study->search.target.lowest, study->search.target.highest);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: no memory for the plan", study->path);
    *plan_out = plan;
    return 0;
}

/* ---- for people ---- */

static int print_layer(const struct space *space, uint32_t layer, FILE *out)
{
    uint32_t n = space_n_options(space, layer);
    char **words = calloc(n, sizeof *words);
    int rc = 0;

    if (!words)
        return -ENOMEM;
    for (uint32_t i = 0; i < n && rc == 0; i++)
        if (asprintf(&words[i], "%u %s", i, space_option_name(space, layer, i)) < 0) {
            words[i] = NULL;
            rc = -ENOMEM;
        }
    if (rc == 0) {
        fprintf(out, "  %s: %u option%s\n", space_layer_name(space, layer), n, n == 1 ? "" : "s");
        print_columns(out, 4, (const char *const *)words, n);
    }
    for (uint32_t i = 0; i < n; i++)
        free(words[i]);
    free(words);
    return rc;
}

static void print_arch(const struct plan *plan, const char *label, const struct arch *arch,
                       const char *remark, FILE *out)
{
    char text[ARCH_TEXT_SIZE], cost[PRINT_NUMBER_SIZE];

    print_item(out, label, "%s %s%s", print_grouped(cost_of(plan->study->cost_model, arch), cost),
               arch_format(arch, text), remark);
}

static void print_costs(const struct plan *plan, FILE *out)
{
    const struct cost_range *target = &plan->study->search.target;
    char low[PRINT_NUMBER_SIZE], high[PRINT_NUMBER_SIZE];

    print_item(out, "cost", "%s%s%s", cost_metric_name(plan->study->metric),
               plan->study->metric == COST_TABLE ? ", column " : "", plan->study->cost_column);
    print_item(out, "target", "%s to %s", print_grouped(target->lowest, low),
               print_grouped(target->highest, high));
    print_arch(plan, "cheapest", &plan->cheapest, "", out);
    print_arch(plan, "dearest", &plan->dearest, "", out);
    print_arch(plan, "default", &plan->study->search.layernas.default_arch,
               " (layers not yet searched)", out);
    print_arch(plan, "anchor", &plan->anchor, " (the first trial)", out);
}

static void print_search(const struct plan *plan, FILE *out)
{
    const struct search_settings *search = &plan->study->search;
    const struct layernas_settings *layernas = &search->layernas;
    char trials[PRINT_NUMBER_SIZE], cap[PRINT_NUMBER_SIZE], passes[48] = "";

    if (layernas->passes)
        snprintf(passes, sizeof passes, ", %u pass%s", layernas->passes,
                 layernas->passes == 1 ? "" : "es");
    print_item(out, "search", "%s, at most %s trials (cap %s), %u in flight, seed %" PRIu64 "%s",
               search->strategy, print_grouped((int64_t)plan->trials, trials),
               print_grouped(search->trials, cap), search->parallel, search->seed,
               search->canonical ? "" : ", equal networks apart");
    print_item(out, "", "%u buckets by %s, x %g a pass, keep %u, edges %s, %s%s", layernas->buckets,
               bucket_by_name(layernas->bucket_by), layernas->bucket_growth, layernas->keep,
               bucket_edges_name(layernas->edges), search_order_name(layernas->order), passes);
}

static void print_schedule(const struct schedule *s, const char *label, const char *images,
                           FILE *out)
{
    print_item(out, label,
               "%u epoch%s of %s in batches of %u; %s, lr %g, momentum %g%s, decay %s,"
               " warm-up %g, weight decay %g, label smoothing %g, crop %u, flip %s",
               s->epochs, s->epochs == 1 ? "" : "s", images, s->batch,
               optimizer_names[s->optimizer], s->lr, s->momentum, s->nesterov ? " (Nesterov)" : "",
               decay_names[s->decay], s->warmup, s->weight_decay, s->label_smoothing, s->crop_pad,
               s->flip ? "yes" : "no");
}

static void print_evaluation(const struct plan *plan, FILE *out)
{
    const struct evaluation *evaluation = &plan->study->evaluation;
    const struct dataset_spec *data = &evaluation->data;
    char images[64] = "all other training images", count[PRINT_NUMBER_SIZE];

    if (evaluation->evaluator == EVALUATOR_TABLE) {
        print_item(out, "evaluate", "by table %s: reward %s%s%s", data->name,
                   evaluation->table.reward_column,
                   *evaluation->table.report_column ? ", report " : "",
                   evaluation->table.report_column);
        return;
    }
    print_item(out, "evaluate", "by training on %s, measured on %s images split off for validation",
               data->name, print_grouped(data->valid, count));
    if (data->train)
        snprintf(images, sizeof images, "%s images", print_grouped(data->train, count));
    print_schedule(&evaluation->schedule, "", images, out);
}

static void print_final(const struct plan *plan, FILE *out)
{
    const struct final_settings *final = &plan->study->final;

    if (final->top == 0) {
        print_item(out, "final", "none");
        return;
    }
    print_item(out, "final",
               "at most %" PRIu64 " trainings: the best %u x %u seed%s; then one test",
               plan->finals, final->top, final->seeds, final->seeds == 1 ? "" : "s");
    if (final->evaluation.evaluator == EVALUATOR_TRAIN)
        print_schedule(&final->evaluation.schedule, "",
                       "all training images but the validation split", out);
}

static void print_work(const struct plan *plan, FILE *out)
{
    const struct evaluation *search = &plan->study->evaluation;
    const struct schedule *final = &plan->study->final.evaluation.schedule;
    char trainings[PRINT_NUMBER_SIZE], images[PRINT_NUMBER_SIZE], epochs[PRINT_NUMBER_SIZE];

    print_grouped((int64_t)(plan->trials + plan->finals), trainings);
    if (search->evaluator == EVALUATOR_TABLE)
        print_item(out, "work", "at most %s look-ups", trainings);
    else if (search->data.train)
        print_item(
            out, "work",
            "at most %s trainings: %s images in the search, %s epochs in the "
            "final stage",
            trainings,
            print_grouped((int64_t)plan->trials * search->data.train * search->schedule.epochs,
                          images),
            print_grouped((int64_t)plan->finals * final->epochs, epochs));
    else
        print_item(out, "work",
                   "at most %s trainings: %s epochs in the search, %s in the final "
                   "stage",
                   trainings,
                   print_grouped((int64_t)plan->trials * search->schedule.epochs, images),
                   print_grouped((int64_t)plan->finals * final->epochs, epochs));
}

static int print_text(const struct plan *plan, FILE *out)
{
    const struct space *space = plan->study->space;
    double size = space_size(space);
    char number[PRINT_NUMBER_SIZE];

    print_item(out, "study", "%s", plan->study->name);
    if (size < 1e15)
        print_item(out, "space", "%u layers, %s architectures", space_n_layers(space),
                   print_grouped((int64_t)size, number));
    else
        print_item(out, "space", "%u layers, %.2e architectures", space_n_layers(space), size);
    for (uint32_t layer = 0; layer < space_n_layers(space); layer++)
        if (print_layer(space, layer, out) < 0)
            return -ENOMEM;
    print_costs(plan, out);
    print_search(plan, out);
    print_evaluation(plan, out);
    print_final(plan, out);
    print_work(plan, out);
    return 0;
}

/* ---- for programs ---- */

static json_t *layers_json(const struct space *space)
{
    json_t *layers = json_array();

    for (uint32_t layer = 0; layer < space_n_layers(space); layer++) {
        json_t *options = json_array();

        for (uint32_t i = 0; i < space_n_options(space, layer); i++)
            json_array_append_new(options, json_string(space_option_name(space, layer, i)));
        json_array_append_new(
            layers,
            json_pack("{s:s, s:o}", "name", space_layer_name(space, layer), "options", options));
    }
    return layers;
}

static json_t *arch_json(const struct plan *plan, const struct arch *arch)
{
    char text[ARCH_TEXT_SIZE];

    return json_pack("{s:s, s:I}", "arch", arch_format(arch, text), "cost",
                     (json_int_t)cost_of(plan->study->cost_model, arch));
}

static json_t *space_json(const struct space *space)
{
    return json_pack("{s:f, s:o}", "architectures", space_size(space), "layers",
                     layers_json(space));
}

static json_t *cost_json(const struct plan *plan)
{
    const struct cost_range *target = &plan->study->search.target;

    return json_pack("{s:s, s:s, s:I, s:I, s:o, s:o}", "metric",
                     cost_metric_name(plan->study->metric), "column", plan->study->cost_column,
                     "min", (json_int_t)target->lowest, "max", (json_int_t)target->highest,
                     "cheapest", arch_json(plan, &plan->cheapest), "dearest",
                     arch_json(plan, &plan->dearest));
}

static json_t *search_json(const struct plan *plan)
{
    const struct search_settings *search = &plan->study->search;
    const struct layernas_settings *layernas = &search->layernas;

    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:b, s:I, s:f, s:I, s:s, s:I, s:s, s:s, s:o, s:o}", "strategy",
        search->strategy, "cap", (json_int_t)search->trials, "trials", (json_int_t)plan->trials,
        "parallel", (json_int_t)search->parallel, "seed", (json_int_t)search->seed, "canonical",
        search->canonical, "buckets", (json_int_t)layernas->buckets, "bucket_growth",
        layernas->bucket_growth, "keep", (json_int_t)layernas->keep, "order",
        search_order_name(layernas->order), "passes", (json_int_t)layernas->passes, "edges",
        bucket_edges_name(layernas->edges), "bucket_by", bucket_by_name(layernas->bucket_by),
        "default", arch_json(plan, &layernas->default_arch), "anchor",
        arch_json(plan, &plan->anchor));
}

static json_t *schedule_json(const struct schedule *s)
{
    return json_pack("{s:I, s:I, s:s, s:f, s:f, s:b, s:f, s:f, s:s, s:f, s:I, s:b}", "epochs",
                     (json_int_t)s->epochs, "batch", (json_int_t)s->batch, "optimizer",
                     optimizer_names[s->optimizer], "lr", s->lr, "momentum", s->momentum,
                     "nesterov", s->nesterov, "weight_decay", s->weight_decay, "label_smoothing",
                     s->label_smoothing, "decay", decay_names[s->decay], "warmup", s->warmup,
                     "crop", (json_int_t)s->crop_pad, "flip", s->flip);
}

static json_t *evaluation_json(const struct evaluation *evaluation)
{
    const struct dataset_spec *data = &evaluation->data;

    if (evaluation->evaluator == EVALUATOR_TABLE)
        return json_pack("{s:s, s:{s:s}, s:{s:s, s:s, s:s}}", "with", "table", "data", "name",
                         data->name, "table", "arch", evaluation->table.arch_columns, "reward",
                         evaluation->table.reward_column, "report",
                         evaluation->table.report_column);
    return json_pack("{s:s, s:{s:s, s:I, s:I}, s:o}", "with", "train", "data", "name", data->name,
                     "train", (json_int_t)data->train, "valid", (json_int_t)data->valid, "schedule",
                     schedule_json(&evaluation->schedule));
}

static json_t *final_json(const struct plan *plan)
{
    const struct final_settings *final = &plan->study->final;

    return json_pack("{s:I, s:I, s:I, s:o}", "top", (json_int_t) final->top, "seeds",
                     (json_int_t) final->seeds, "trainings", (json_int_t)plan->finals, "evaluate",
                     evaluation_json(&final->evaluation));
}

static int print_json(const struct plan *plan, FILE *out)
{
    json_t *root = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:I}", "study", plan->study->name,
                             "space", space_json(plan->study->space), "cost", cost_json(plan),
                             "search", search_json(plan), "evaluate",
                             evaluation_json(&plan->study->evaluation), "final", final_json(plan),
                             "trainings", (json_int_t)(plan->trials + plan->finals));
    int rc = json_dumpf(root, out, JSON_INDENT(2)) < 0 ? -ENOMEM : 0;

    fputc('\n', out);
    json_decref(root);
    return rc;
}

int plan_print(const struct study *study, bool json, FILE *out, struct errmsg *err)
{
    struct plan plan;
    int rc = make_plan(study, &plan, err);

    if (rc < 0)
        return rc;
    rc = json ? print_json(&plan, out) : print_text(&plan, out);
    if (rc < 0)
        errmsg_set(err, rc, "%s: no memory for the plan", study->path);
    return rc;
}
