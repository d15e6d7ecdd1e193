#include "common/json_print.h"
#include "coordinator/plan_parts.h"

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
    return json_pack("{s:f, s:f, s:o}", "architectures", space_size(space), "width",
                     space_width(space), "layers", layers_json(space));
}

static json_t *cost_json(const struct plan *plan)
{
    const struct cost_range *target = &plan->study->search.target;

    return json_pack("{s:s, s:s?, s:I, s:I, s:o, s:o}", "metric",
                     cost_metric_name(plan->study->metric), "column",
                     *plan->study->cost_column ? plan->study->cost_column : NULL, "min",
                     (json_int_t)target->lowest, "max", (json_int_t)target->highest, "cheapest",
                     arch_json(plan, &plan->cheapest), "dearest", arch_json(plan, &plan->dearest));
}

static json_t *search_json(const struct plan *plan)
{
    const struct search_settings *search = &plan->study->search;
    const struct layernas_settings *layernas = &search->layernas;

    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:f, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:s, "
        "s:I, s:s, s:s, "
        "s:b, s:s, s:o, s:o}",
        "strategy", search->strategy, "cap", (json_int_t)search->trials, "trials",
        (json_int_t)plan->trials, "parallel", (json_int_t)search->parallel, "seed",
        (json_int_t)search->seed, "canonical", search->canonical, "guided", layernas->guided,
        "picks", (json_int_t)layernas->picks, "reach", layernas->reach, "sample",
        (json_int_t)layernas->sample, "forecasts_first", (json_int_t)layernas->forecasts_first,
        "forecasts", (json_int_t)layernas->forecasts, "buckets", (json_int_t)layernas->buckets,
        "bucket_growth", layernas->bucket_growth, "keep", (json_int_t)layernas->keep, "keep_more",
        (json_int_t)layernas->keep_more, "order", search_order_name(layernas->order), "passes",
        (json_int_t)layernas->passes, "edges", bucket_edges_name(layernas->edges), "bucket_by",
        bucket_by_name(layernas->bucket_by), "feasible", search->feasible, "objective",
        objective_name(search->objective), "default", arch_json(plan, &layernas->default_arch),
        "anchor", arch_json(plan, &plan->anchor));
}

static json_t *schedule_json(const struct schedule *s)
{
    json_t *milestones = json_array();

    for (uint32_t i = 0; i < s->n_milestones; i++)
        json_array_append_new(milestones, json_real(s->milestones[i]));
    return json_pack("{s:I, s:I, s:s, s:f, s:f, s:b, s:f, s:f, s:s, s:f, s:I, s:b, s:f, s:f, s:f, "
                     "s:o, s:f, s:I, s:s}",
                     "epochs", (json_int_t)s->epochs, "batch", (json_int_t)s->batch, "optimizer",
                     optimizer_names[s->optimizer], "lr", s->lr, "momentum", s->momentum,
                     "nesterov", s->nesterov, "weight_decay", s->weight_decay, "label_smoothing",
                     s->label_smoothing, "decay", decay_names[s->decay], "warmup", s->warmup,
                     "crop", (json_int_t)s->crop_pad, "flip", s->flip, "alpha", s->alpha, "epsilon",
                     s->epsilon, "gamma", s->gamma, "milestones", milestones, "ema", s->ema,
                     "memory", (json_int_t)s->memory, "precision", precision_names[s->precision]);
}

static json_t *evaluation_json(const struct evaluation *evaluation)
{
    const struct dataset_spec *data = &evaluation->data;

    if (evaluation->evaluator == EVALUATOR_TABLE)
        return json_pack(
            "{s:s, s:{s:s}, s:{s:s, s:s, s:s?, s:s*}}", "with", "table", "data", "name", data->name,
            "table", "arch", evaluation->table.arch_columns, "reward",
            evaluation->table.reward_column, "report",
            *evaluation->table.report_column ? evaluation->table.report_column : NULL, "seconds",
            *evaluation->table.seconds_column ? evaluation->table.seconds_column : NULL);
    if (evaluation->evaluator == EVALUATOR_SURROGATE)
        return json_pack("{s:s, s:{s:s}, s:{s:s}}", "with", "surrogate", "data", "name", data->name,
                         "surrogate", "model", surrogate_model_names[evaluation->surrogate.model]);
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

/* Bytes of a training of cheapest and dearest. NULL where nothing is trained. */
static json_t *memory_json(const struct plan *plan)
{
    const uint64_t *search = plan->memory[STAGE_SEARCH], *final = plan->memory[STAGE_FINAL];

    if (plan->study->evaluation.evaluator != EVALUATOR_TRAIN)
        return NULL;
    return json_pack("{s:[I, I], s:[I, I]}", "search", (json_int_t)search[0], (json_int_t)search[1],
                     "final", (json_int_t) final[0], (json_int_t) final[1]);
}

int plan_print_json(const struct plan *plan, FILE *out)
{
    json_t *root = json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o*}", "study", plan->study->name, "space",
        space_json(plan->study->space), "cost", cost_json(plan), "search", search_json(plan),
        "evaluate", evaluation_json(&plan->study->evaluation), "final", final_json(plan),
        "trainings", (json_int_t)(plan->trials + plan->finals), "memory", memory_json(plan));

    return json_print(root, 15, out);
}
