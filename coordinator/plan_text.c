#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/print.h"
#include "coordinator/plan_parts.h"

/* Of a layer with more options, blocks with lists are shown, not what they multiply out to. */
enum { MANY_OPTIONS = 20, GROUP_INDENT = 15 };

static bool same_options(const struct space *space, uint32_t a, uint32_t b)
{
    uint32_t n = space_n_options(space, a);

    if (space_n_options(space, b) != n)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(space_option_name(space, a, i), space_option_name(space, b, i)) != 0)
            return false;
    return true;
}

static int print_options(const struct space *space, uint32_t layer, FILE *out)
{
    uint32_t n = space_n_options(space, layer);
    char **words = calloc(n, sizeof *words);
    int rc = words ? 0 : -ENOMEM;

    for (uint32_t i = 0; rc == 0 && i < n; i++)
        if (asprintf(&words[i], "%*u %s",
                     n > 100  ? 3
                     : n > 10 ? 2
                              : 1,
                     i, space_option_name(space, layer, i)) < 0) {
            words[i] = NULL;
            rc = -ENOMEM;
        }
    if (rc == 0)
        print_columns(out, 4, (const char *const *)words, n);
    for (uint32_t i = 0; words && i < n; i++)
        free(words[i]);
    free(words);
    return rc;
}

/* "  0 to 23  mbconv [e3 e6] ...": what stands for many options on a line of its own. */
static void print_groups(const struct space *space, uint32_t layer, FILE *out)
{
    const struct option_group *groups;
    uint32_t n = space_groups(space, layer, &groups);

    for (uint32_t i = 0; i < n; i++) {
        char label[GROUP_INDENT + 1];

        if (groups[i].n == 1)
            snprintf(label, sizeof label, "%6u", groups[i].first);
        else
            snprintf(label, sizeof label, "%6u to %u", groups[i].first,
                     groups[i].first + groups[i].n - 1);
        print_wrapped(out, label, GROUP_INDENT, groups[i].name);
    }
}

/* Joins the names of the layers from first on that have its options; returns the layer after. */
static uint32_t join_alike(const struct space *space, uint32_t first, char *names, size_t size)
{
    uint32_t layer = first;
    size_t used = 0;

    for (; layer < space_n_layers(space) && same_options(space, first, layer); layer++)
        if (used < size)
            used += (size_t)snprintf(names + used, size - used, "%s%s", layer > first ? ", " : "",
                                     space_layer_name(space, layer));
    return layer;
}

/* Layers in a row that have the same options stand under one heading. */
static int print_layers(const struct space *space, FILE *out)
{
    char names[2000], heading[2040];
    uint32_t next;
    int rc = 0;

    for (uint32_t layer = 0; rc == 0 && layer < space_n_layers(space); layer = next) {
        uint32_t n = space_n_options(space, layer);

        next = join_alike(space, layer, names, sizeof names);
        snprintf(heading, sizeof heading, "%s: %u option%s", names, n, n == 1 ? "" : "s");
        print_wrapped(out, "", 2, heading);
        if (n > MANY_OPTIONS && space_has_networks(space))
            print_groups(space, layer, out);
        else
            rc = print_options(space, layer, out);
    }
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

static void print_layernas(const struct layernas_settings *layernas, FILE *out)
{
    char passes[48] = "";

    if (layernas->passes)
        snprintf(passes, sizeof passes, ", %u pass%s", layernas->passes,
                 layernas->passes == 1 ? "" : "es");
    print_item(out, "", "%u buckets by %s, x %g a pass, keep %u, edges %s, %s%s", layernas->buckets,
               bucket_by_name(layernas->bucket_by), layernas->bucket_growth, layernas->keep,
               bucket_edges_name(layernas->edges), search_order_name(layernas->order), passes);
    if (layernas->guided)
        print_item(out, "", "guided, picks %u a bucket, reach %g, %u more kept from the third pass",
                   layernas->picks, layernas->reach, layernas->keep_more);
    if (layernas->guided)
        print_item(out, "", "%u random and %u forecast trials first, %u forecast after each layer",
                   layernas->sample, layernas->forecasts_first, layernas->forecasts);
}

static void print_search(const struct plan *plan, FILE *out)
{
    const struct search_settings *search = &plan->study->search;
    char trials[PRINT_NUMBER_SIZE], cap[PRINT_NUMBER_SIZE];

    print_item(out, "search", "%s, at most %s trials (cap %s), %u in flight, seed %" PRIu64 "%s",
               search->strategy, print_grouped((int64_t)plan->trials, trials),
               print_grouped(search->trials, cap), search->parallel, search->seed,
               search->canonical ? "" : ", equal networks told apart");
    if (strcmp(search->strategy, "layernas") == 0)
        print_layernas(&search->layernas, out);
    else
        print_item(out, "", "%s, by %s",
                   search->feasible ? "only what meets the target" : "also what misses the target",
                   objective_name(search->objective));
}

enum { CHOICES_SIZE = 600 };

/* What goes with the decay or the optimizer, and what few ask for. */
static void write_choices(const struct schedule *s, FILE *out)
{
    fprintf(out, "decay %s", decay_names[s->decay]);
    if (s->gamma > 0)
        fprintf(out, " x %g", s->gamma);
    for (uint32_t i = 0; i < s->n_milestones; i++)
        fprintf(out, "%s%g", i ? ", " : " at ", s->milestones[i]);
    if (s->optimizer == OPTIMIZER_RMSPROP)
        fprintf(out, ", alpha %g, epsilon %g", s->alpha, s->epsilon);
    if (s->ema > 0)
        fprintf(out, ", weights averaged by %g", s->ema);
    if (s->memory > 0)
        fprintf(out, ", in parts that take %.6g MB", 1e-6 * (double)s->memory);
    if (s->precision != PRECISION_FLOAT)
        fprintf(out, ", products of %s", precision_names[s->precision]);
}

static const char *choices_of(const struct schedule *schedule, char text[CHOICES_SIZE])
{
    FILE *out = fmemopen(text, CHOICES_SIZE, "w");

    text[0] = '\0';
    if (out) {
        write_choices(schedule, out);
        fclose(out);
    }
    return text;
}

static void print_schedule(const struct schedule *s, const char *label, const char *images,
                           FILE *out)
{
    char choices[CHOICES_SIZE];

    print_item(out, label,
               "%u epoch%s of %s in batches of %u; %s, lr %g, momentum %g%s, %s,"
               " warm-up %g, weight decay %g, label smoothing %g, crop %u, flip %s",
               s->epochs, s->epochs == 1 ? "" : "s", images, s->batch,
               optimizer_names[s->optimizer], s->lr, s->momentum, s->nesterov ? " (Nesterov)" : "",
               choices_of(s, choices), s->warmup, s->weight_decay, s->label_smoothing, s->crop_pad,
               s->flip ? "yes" : "no");
}

static void print_evaluation(const struct plan *plan, FILE *out)
{
    const struct evaluation *evaluation = &plan->study->evaluation;
    const struct dataset_spec *data = &evaluation->data;
    char images[64] = "all other training images", count[PRINT_NUMBER_SIZE];

    if (evaluation->evaluator == EVALUATOR_TABLE) {
        print_item(
            out, "evaluate", "by table %s: reward %s%s%s%s%s", data->name,
            evaluation->table.reward_column, *evaluation->table.report_column ? ", report " : "",
            evaluation->table.report_column, *evaluation->table.seconds_column ? ", seconds " : "",
            evaluation->table.seconds_column);
        return;
    }
    if (evaluation->evaluator == EVALUATOR_SURROGATE) {
        print_item(out, "evaluate", "by surrogate %s, predictor %s",
                   surrogate_model_names[evaluation->surrogate.model], data->name);
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
    print_item(out, "final", "the best %u again, %u seed%s each; then one test of the winner",
               final->top, final->seeds, final->seeds == 1 ? "" : "s");
    if (final->evaluation.evaluator == EVALUATOR_TRAIN)
        print_schedule(&final->evaluation.schedule, "",
                       "all training images but the validation split", out);
}

/* What the search trains on, at most; a double, for no cap on the factors keeps it below 2^63. */
static double search_work(const struct plan *plan)
{
    const struct evaluation *search = &plan->study->evaluation;

    return (double)plan->trials * search->schedule.epochs *
           (search->data.train ? search->data.train : 1);
}

static void print_work(const struct plan *plan, FILE *out)
{
    const struct final_settings *final = &plan->study->final;
    char trainings[PRINT_NUMBER_SIZE], search[PRINT_NUMBER_SIZE], epochs[PRINT_NUMBER_SIZE];

    print_grouped((int64_t)(plan->trials + plan->finals), trainings);
    if (final->evaluation.evaluator != EVALUATOR_TRAIN) {
        print_item(out, "work", "at most %s %s", trainings,
                   final->evaluation.evaluator == EVALUATOR_TABLE ? "look-ups" : "predictions");
        return;
    }
    print_grouped((int64_t)fmin(search_work(plan), 1e18), search);
    print_grouped((int64_t)plan->finals * final->evaluation.schedule.epochs, epochs);
    print_item(out, "work",
               "at most %s trainings: %s %s in the search, %s epochs in the final stage", trainings,
               search, plan->study->evaluation.data.train ? "images" : "epochs", epochs);
}

static void print_memory(const struct plan *plan, FILE *out)
{
    const uint64_t *search = plan->memory[STAGE_SEARCH], *final = plan->memory[STAGE_FINAL];
    char more[100] = "";

    if (plan->study->evaluation.evaluator != EVALUATOR_TRAIN)
        return;
    if (plan->study->final.top)
        snprintf(more, sizeof more, ", %.3g MB to %.3g MB in the final stage",
                 1e-6 * (double) final[0], 1e-6 * (double) final[1]);
    print_item(out, "memory",
               "about %.3g MB (cheapest) to %.3g MB (dearest) a training%s; beside its images, in "
               "whole batches, on one thread",
               1e-6 * (double)search[0], 1e-6 * (double)search[1], more);
}

static void print_space(const struct space *space, FILE *out)
{
    double size = space_size(space), width = space_width(space);
    char number[PRINT_NUMBER_SIZE], times[40] = "";

    if (size < 1e15)
        print_grouped((int64_t)size, number);
    else
        snprintf(number, sizeof number, "%.2e", size);
    if (width != 1)
        snprintf(times, sizeof times, "; channels times %g", width);
    print_item(out, "space", "%u layers, %s architectures%s", space_n_layers(space), number, times);
}

int plan_print_text(const struct plan *plan, FILE *out)
{
    const struct space *space = plan->study->space;

    print_item(out, "study", "%s", plan->study->name);
    print_space(space, out);
    if (print_layers(space, out) < 0)
        return -ENOMEM;
    print_costs(plan, out);
    print_search(plan, out);
    print_evaluation(plan, out);
    print_final(plan, out);
    print_work(plan, out);
    print_memory(plan, out);
    return 0;
}
