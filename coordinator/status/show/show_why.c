#include <inttypes.h>
#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"

enum { LINE_SIZE = 1024, STEP_INDENT = 4 };

/* Only after commas, and before the parenthesis, may a line end. */
static char *keep_together(char *text)
{
    char *inside = strchr(text, '(');

    for (char *c = inside; c && *c; c++)
        if (*c == ' ' && c[-1] != ',')
            *c = PRINT_NO_BREAK;
    return text;
}

/* "3:0:7:1 (trial 45, 93.10 %, 0.903 M)": what is known of it. */
static const char *described(const Layernas__Candidate *candidate, char text[LINE_SIZE])
{
    char percent[SHOW_TEXT_SIZE], cost[HUMAN_SIZE], trial[64] = "";

    if (candidate->trial > 0)
        snprintf(trial, sizeof trial, "trial %" PRIu64 ", ", candidate->trial);
    if (candidate->total > 0)
        snprintf(text, LINE_SIZE, "%.300s (%s%s %%, %s)", candidate->arch, trial,
                 show_percent(candidate->correct, candidate->total, percent),
                 human_amount(candidate->cost, cost));
    else
        snprintf(text, LINE_SIZE, "%.300s (%s%s)", candidate->arch, trial,
                 candidate->cost < 0 ? "of unknown cost" : human_amount(candidate->cost, cost));
    return keep_together(text);
}

/* ---- the answer in a line ---- */

static void show_answer(FILE *out, const Layernas__Why *why)
{
    static const struct {
        const char *verdict, *text;
    } words[] = {
        { "winner", "the winner" },
        { "best so far", "the best inside the target so far" },
        { "less accurate", "trained, and less accurate than the best" },
        { "dearer", "trained; as accurate as the best, and dearer" },
        { "later in option order", "trained; as good as the best, and later in option order" },
        { "not best when retrained", "the best of the search; retrained, another was better" },
        { "outside the target", "its cost is outside the target" },
        { "not in the table", "the benchmark table does not have it" },
        { "not reached yet", "the search has not come to it yet" },
        { "displaced", "never trained: what leads to it was displaced" },
        { "pruned", "never trained: what leads to it cannot come into the target" },
        { "passed over", "never trained: others of its bucket promised more" },
        { "same network", "another spelling of the same network goes on in its place" },
        { "no result yet", "there is no result yet" },
        { "quarantined", "left out: its trainings failed on every try" },
        { "no parent", "never trained: what leads to it did not go on to the next layer" },
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].verdict, why->verdict) == 0) {
            print_wrapped(out, "answer", SHOW_INDENT, words[i].text);
            return;
        }
    print_wrapped(out, "answer", SHOW_INDENT, why->verdict);
}

static void show_candidate(FILE *out, const char *label, const Layernas__Candidate *candidate,
                           const char *metric)
{
    char percent[SHOW_TEXT_SIZE], costs[SHOW_TEXT_SIZE], text[LINE_SIZE];
    int used = snprintf(text, sizeof text, "%.300s: ", candidate->arch);

    if (candidate->total > 0)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s %%, ",
                         show_percent(candidate->correct, candidate->total, percent));
    if (candidate->cost >= 0)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s",
                         show_costs(candidate, metric, costs));
    else
        used += snprintf(text + used, sizeof text - (size_t)used, "no cost");
    if (candidate->trial > 0)
        snprintf(text + used, sizeof text - (size_t)used, ", trial %" PRIu64, candidate->trial);
    print_wrapped(out, label, SHOW_INDENT, text);
}

static void show_origin(FILE *out, const Layernas__Why *why)
{
    char text[LINE_SIZE];

    if (strcmp(why->origin, "layer") == 0) {
        snprintf(text, sizeof text, "layer %.60s of pass %u", why->origin_layer, why->origin_pass);
        print_wrapped(out, "from", SHOW_INDENT, text);
    } else if (strcmp(why->origin, "forecast") == 0) {
        print_wrapped(out, "from", SHOW_INDENT,
                      "a forecast: what a pass over the regression expected most of");
    } else if (strcmp(why->origin, "sample") == 0) {
        print_wrapped(out, "from", SHOW_INDENT, "the random sample that guided search begins with");
    } else if (strcmp(why->origin, "anchor") == 0) {
        print_wrapped(out, "from", SHOW_INDENT, "the anchor: the default made to fit the target");
    }
}

static void show_head(FILE *out, const Layernas__Why *why, const char *metric)
{
    char text[LINE_SIZE], line[LINE_SIZE + 64];

    show_candidate(out, "arch", why->candidate, metric);
    if (strcmp(why->asked, why->candidate->arch) != 0) {
        snprintf(line, sizeof line, "%.300s is the same network", why->asked);
        print_wrapped(out, "", SHOW_INDENT, line);
    }
    show_answer(out, why);
    show_origin(out, why);
    if (why->best && strcmp(why->best->arch, why->candidate->arch) != 0)
        show_candidate(out, "best", why->best, metric);
    if (!why->start)
        return;
    snprintf(line, sizeof line, "%u, began with %s", why->pass, described(why->start, text));
    print_wrapped(out, "pass", SHOW_INDENT, line);
    if (why->next) {
        snprintf(line, sizeof line, "the next pass began with %s", described(why->next, text));
        print_wrapped(out, "", SHOW_INDENT, line);
    }
}

/* ---- layer by layer ---- */

static const char *others_text(const Layernas__WhyStep *step, char text[LINE_SIZE])
{
    int used = 0;

    *text = '\0';
    for (size_t i = 0; i < step->n_others && used < LINE_SIZE; i++) {
        char one[LINE_SIZE];

        used += snprintf(text + used, LINE_SIZE - (size_t)used, "%s%s", i ? ", " : "",
                         described(step->others[i], one));
    }
    return text;
}

/* What decided between it and the i-th of others. */
static const char *reason_text(const Layernas__WhyStep *step, size_t i, bool kept)
{
    const char *by = i < step->n_by ? step->by[i] : "";

    if (strcmp(by, "cost") == 0)
        return kept ? "as accurate, and dearer" : "as accurate, and cheaper";
    if (strcmp(by, "reward") == 0)
        return kept ? "less accurate" : "more accurate";
    return kept ? "as good, and later in option order" : "as good, and earlier in option order";
}

/* "less accurate: 1:0 (...), 1:2 (...)": the reason stands before the first of those it holds for. */
static const char *reasoned_text(const Layernas__WhyStep *step, bool kept, char text[LINE_SIZE])
{
    const char *before = "";
    int used = 0;

    *text = '\0';
    for (size_t i = 0; i < step->n_others && used < LINE_SIZE; i++) {
        const char *reason = reason_text(step, i, kept);
        char one[LINE_SIZE];

        if (strcmp(reason, before) != 0)
            used += snprintf(text + used, LINE_SIZE - (size_t)used, "%s%s: ", i ? "; " : "",
                             reason);
        else
            used += snprintf(text + used, LINE_SIZE - (size_t)used, ", ");
        if (used < LINE_SIZE)
            used += snprintf(text + used, LINE_SIZE - (size_t)used, "%s",
                             described(step->others[i], one));
        before = reason;
    }
    return text;
}

static void show_outcome(FILE *out, const Layernas__WhyStep *step)
{
    char others[LINE_SIZE], text[2 * LINE_SIZE];
    uint32_t waiting = step->contenders > step->results ? step->contenders - step->results : 0;
    int used;

    if (strcmp(step->outcome, "pruned") == 0)
        used = snprintf(text, sizeof text,
                        "pruned: whatever the layers after it hold, its cost misses the target, "
                        "or stays far below it");
    else if (strcmp(step->outcome, "passed over") == 0)
        used = snprintf(text, sizeof text, "passed over: others of its bucket promised more");
    else if (strcmp(step->outcome, "no parent") == 0)
        used = snprintf(text, sizeof text, "not among the parents that went on to this layer");
    else if (strcmp(step->outcome, "kept") == 0 && step->contenders == 1)
        used = snprintf(text, sizeof text, "kept: it is alone in its bucket");
    else if (strcmp(step->outcome, "kept") == 0 && step->n_others == 0)
        used = snprintf(text, sizeof text, "kept; nobody was displaced");
    else if (strcmp(step->outcome, "kept") == 0)
        used = snprintf(text, sizeof text, "kept; displaced %u, %s%s", step->displaced,
                        reasoned_text(step, true, others),
                        step->displaced > step->n_others ? ", ..." : "");
    else if (strcmp(step->outcome, "displaced") == 0)
        used = snprintf(text, sizeof text, "displaced by what is %s",
                        reasoned_text(step, false, others));
    else if (strcmp(step->outcome, "same network") == 0)
        used = snprintf(text, sizeof text, "the same network is kept as %s",
                        others_text(step, others));
    else
        used = snprintf(text, sizeof text, "%.40s", step->outcome);
    if (step->contenders > 0 && waiting > 0 && (size_t)used < sizeof text)
        snprintf(text + used, sizeof text - (size_t)used, "; %u of %u without a result", waiting,
                 step->contenders);
    print_wrapped(out, "", STEP_INDENT, text);
}

static void show_step(FILE *out, const Layernas__WhyStep *step)
{
    char line[LINE_SIZE + 200], text[LINE_SIZE], number[16], bucket[200], span[SHOW_TEXT_SIZE];
    int used = snprintf(line, sizeof line, "%.40s: %.60s -> %s", step->name, step->option,
                        step->candidate ? described(step->candidate, text) : "?");

    if (step->buckets > 0) {
        snprintf(bucket, sizeof bucket, "(bucket %u of %u: %s)", step->bucket + 1, step->buckets,
                 show_span(step->lowest, step->highest, span));
        snprintf(line + used, sizeof line - (size_t)used, " %s", keep_together(bucket));
    }
    snprintf(number, sizeof number, "%u", step->layer + 1);
    print_wrapped(out, number, STEP_INDENT, line);
    show_outcome(out, step);
}

/* ---- what became of all the others ---- */

static int show_counts(FILE *out, const Layernas__Why *why)
{
    static const struct text_column columns[] = {
        { "layer", ALIGN_LEFT, 16 },  { "all", ALIGN_RIGHT, 0 },   { "pruned", ALIGN_RIGHT, 0 },
        { "passed", ALIGN_RIGHT, 0 }, { "known", ALIGN_RIGHT, 0 }, { "trials", ALIGN_RIGHT, 0 },
        { "failed", ALIGN_RIGHT, 0 }, { "kept", ALIGN_RIGHT, 0 },  { "displaced", ALIGN_RIGHT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    int rc;

    for (size_t i = 0; i < why->n_layers; i++) {
        const Layernas__Layer *l = why->layers[i];
        const uint64_t numbers[] = { l->children,    l->dropped,
                                     l->passed_over, (uint64_t)l->known + l->duplicates,
                                     l->trials,      l->quarantined,
                                     l->kept,        l->displaced };

        text_table_cell(table, "%u %s", l->layer + 1, l->name);
        for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++)
            text_table_cell(table, "%" PRIu64, numbers[n]);
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

int show_why(FILE *out, const Layernas__Why *why, const char *metric)
{
    if (!why->candidate) {
        fprintf(out, "no trial inside the target is done yet\n");
        return 0;
    }
    show_head(out, why, metric);
    for (size_t i = 0; i < why->n_steps; i++) {
        fputc('\n', out);
        show_step(out, why->steps[i]);
    }
    if (why->n_layers == 0)
        return 0;
    fprintf(out, "\nall children of pass %u\n", why->pass);
    return show_counts(out, why);
}
