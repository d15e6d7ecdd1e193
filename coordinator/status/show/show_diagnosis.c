#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"
#include "coordinator/status/snapshot.h"

enum { LINE_SIZE = 1024, FEWEST_TO_TELL = 5 /* of fewer, even a perfect order may be chance */ };

#define CHANCE_LIMIT 0.05

/* ---- how it ended ---- */

static void show_progress(FILE *out, const Layernas__Diagnosis *diagnosis)
{
    char done[HUMAN_SIZE], cap[HUMAN_SIZE], bound[HUMAN_SIZE], line[LINE_SIZE];

    snprintf(line, sizeof line, "%.100s%s%.300s", diagnosis->state, *diagnosis->note ? ": " : "",
             diagnosis->note);
    print_wrapped(out, "state", SHOW_INDENT, line);
    snprintf(line, sizeof line, "%s done; the cap is %s, the bound known before the first one %s",
             print_grouped((int64_t)diagnosis->done, done),
             print_grouped((int64_t)diagnosis->cap, cap),
             print_grouped((int64_t)diagnosis->bound, bound));
    print_wrapped(out, "trials", SHOW_INDENT, line);
}

/* ---- tables ---- */

static void add_spread(struct text_table *table, const Layernas__Spread *spread)
{
    if (spread)
        text_table_cell(table, "%u, %g, %u", spread->least, spread->median, spread->most);
    else
        text_table_cell(table, "-");
}

static int show_tables(FILE *out, const Layernas__Diagnosis *diagnosis)
{
    static const struct text_column columns[] = {
        { "pass", ALIGN_RIGHT, 0 },    { "layer", ALIGN_LEFT, 16 },
        { "filled", ALIGN_RIGHT, 0 },  { "contenders", ALIGN_RIGHT, 0 },
        { "trained", ALIGN_RIGHT, 0 }, { "passed over", ALIGN_RIGHT, 0 },
        { "descend", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    int rc;

    for (size_t i = 0; i < diagnosis->n_layers; i++) {
        const Layernas__LayerDiagnosis *l = diagnosis->layers[i];

        text_table_cell(table, "%u", l->pass);
        text_table_cell(table, "%u %s", l->layer + 1, l->name);
        text_table_cell(table, "%u of %u", l->filled, l->buckets);
        add_spread(table, l->contenders);
        add_spread(table, l->results);
        add_spread(table, l->passed_over);
        if (l->compared > 0)
            text_table_cell(table, "%u of %u", l->descend, l->compared);
        else
            text_table_cell(table, "-");
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

static void show_descent(FILE *out, const Layernas__Diagnosis *diagnosis)
{
    uint64_t compared = 0, descend = 0, reached = 0;
    char line[LINE_SIZE], most[HUMAN_SIZE], most_ever[HUMAN_SIZE];
    double lost = 0;

    for (size_t i = 0; i < diagnosis->n_layers; i++) {
        compared += diagnosis->layers[i]->compared;
        descend += diagnosis->layers[i]->descend;
        reached += diagnosis->layers[i]->reached;
        lost += diagnosis->layers[i]->lost * diagnosis->layers[i]->reached;
    }
    if (diagnosis->uncompared)
        snprintf(line, sizeof line,
                 "not compared: over %s trials take too long while the study runs; up to %s of "
                 "them are when it ends or is stopped, in the results directory",
                 print_grouped(STATUS_MOST_COMPARED, most),
                 print_grouped(RESULTS_MOST_COMPARED, most_ever));
    else if (compared == 0)
        snprintf(line, sizeof line,
                 "nothing was trained that is no child of these tables: not to be told");
    else
        snprintf(line, sizeof line,
                 "in %" PRIu64 " of %" PRIu64 " buckets the best that the study trained, in "
                 "whatever pass, descends from a kept parent; the best that does is %.2f points "
                 "below, in the mean. Of other buckets nothing else was trained",
                 descend, compared, reached ? lost / (double)reached : 0);
    print_wrapped(out, "descent", SHOW_INDENT, line);
}

static int show_layers_of(FILE *out, const Layernas__Diagnosis *diagnosis)
{
    int rc;

    if (diagnosis->n_layers == 0) {
        print_wrapped(out, "tables", SHOW_INDENT, "none; this search has opened no layer");
        return 0;
    }
    fputs("a layer: buckets filled; in a bucket: least, median, most; whose best descends\n", out);
    rc = show_tables(out, diagnosis);
    if (rc < 0)
        return rc;
    show_omitted(out, diagnosis->n_layers, diagnosis->total);
    fputc('\n', out);
    show_descent(out, diagnosis);
    return 0;
}

/* ---- short and full training ---- */

/* A table tells the final stage what it told the search. */
static bool is_told_the_same(const Layernas__Agreement *agreement)
{
    for (size_t i = 0; i < agreement->n_rows; i++) {
        const Layernas__Candidate *candidate = agreement->rows[i]->candidate;

        if (!candidate || candidate->total == 0 ||
            fabs(agreement->rows[i]->final_percent -
                 100.0 * candidate->correct / candidate->total) > 1e-9)
            return false;
    }
    return true;
}

static void show_correlation(FILE *out, const Layernas__Agreement *agreement)
{
    char total[HUMAN_SIZE], pairs[HUMAN_SIZE], line[LINE_SIZE];
    const char *judgement = "";

    print_grouped((int64_t)agreement->total, total);
    print_grouped((int64_t)agreement->pairs, pairs);
    if (is_told_the_same(agreement))
        judgement = ": the same numbers in both, which says nothing";
    else if (agreement->total < FEWEST_TO_TELL)
        judgement = ": too few architectures to tell";
    else if (agreement->chance > CHANCE_LIMIT)
        judgement = ": no more than chance may do";
    if (agreement->finalists == 0)
        snprintf(line, sizeof line, "the study has no final stage to hold the search against");
    else if (agreement->total == 0)
        snprintf(line, sizeof line, "none of %u finalists is retrained yet", agreement->finalists);
    else if (agreement->total == 1)
        snprintf(line, sizeof line, "1 architecture: too few to have an order");
    else if (!agreement->correlated)
        snprintf(line, sizeof line,
                 "%s architectures, all equal in the search or when retrained: no order", total);
    else
        snprintf(line, sizeof line,
                 "Kendall's tau-b %.2f, Spearman's rho %.2f between search and full training, over "
                 "%s architectures, %s pairs; orders without relation come as far in %.*f %% of "
                 "cases%s",
                 agreement->tau_b, agreement->spearman, total, pairs,
                 agreement->chance < 0.01 ? 2 : agreement->chance < 0.1, 100 * agreement->chance,
                 judgement);
    print_wrapped(out, "agreement", SHOW_INDENT, line);
}

/* Rows come by the full training, best first. */
static void show_top(FILE *out, const Layernas__Agreement *agreement)
{
    const Layernas__Finalist *searched = agreement->rows[0];
    char line[LINE_SIZE];

    for (size_t i = 1; i < agreement->n_rows; i++)
        if (agreement->rows[i]->search_place < searched->search_place)
            searched = agreement->rows[i];
    snprintf(line, sizeof line,
             "the best when retrained had place %g in the search; the best of the search has "
             "place %g, %.2f points below",
             agreement->rows[0]->search_place, searched->final_place,
             agreement->rows[0]->final_percent - searched->final_percent);
    print_wrapped(out, "top", SHOW_INDENT, line);
}

/* How far apart the finalists are, beside what the choice of validation images alone does to one result:
 * an order among equals is nothing to agree on. */
static void show_range(FILE *out, const Layernas__Agreement *agreement)
{
    double lowest = 100, highest = 0, final_lowest = 100, final_highest = 0, error = 0;
    char images[HUMAN_SIZE], line[LINE_SIZE];
    uint32_t total = 0;

    for (size_t i = 0; i < agreement->n_rows; i++) {
        const Layernas__Finalist *row = agreement->rows[i];
        double share;

        final_lowest = fmin(final_lowest, row->final_percent);
        final_highest = fmax(final_highest, row->final_percent);
        if (!row->candidate || row->candidate->total == 0)
            continue;
        total = row->candidate->total;
        share = (double)row->candidate->correct / total;
        lowest = fmin(lowest, 100 * share);
        highest = fmax(highest, 100 * share);
        error = fmax(error, 100 * sqrt(share * (1 - share) / total));
    }
    if (total == 0)
        return;
    snprintf(
        line, sizeof line,
        "%.2f points from first to last in the search, %.2f when retrained; the standard error "
        "of one result is %.2f, by its %s images",
        highest - lowest, final_highest - final_lowest, error, print_grouped(total, images));
    print_wrapped(out, "range", SHOW_INDENT, line);
}

static int show_finalists(FILE *out, const Layernas__Agreement *agreement)
{
    static const struct text_column columns[] = {
        { "place", ALIGN_RIGHT, 0 },    { "top-1 %", ALIGN_RIGHT, 0 },
        { "seeds", ALIGN_RIGHT, 0 },    { "search place", ALIGN_RIGHT, 0 },
        { "search %", ALIGN_RIGHT, 0 }, { "trial", ALIGN_RIGHT, 0 },
        { "arch", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    char percent[SHOW_TEXT_SIZE];
    int rc;

    for (size_t i = 0; i < agreement->n_rows; i++) {
        const Layernas__Finalist *row = agreement->rows[i];
        const Layernas__Candidate *candidate = row->candidate;

        text_table_cell(table, "%g", row->final_place);
        text_table_cell(table, "%.2f", row->final_percent);
        text_table_cell(table, "%u", row->seeds);
        text_table_cell(table, "%g", row->search_place);
        text_table_cell(table, "%s",
                        candidate ? show_percent(candidate->correct, candidate->total, percent)
                                  : "-");
        text_table_cell(table, "%" PRIu64, candidate ? candidate->trial : 0);
        text_table_cell(table, "%s", candidate ? candidate->arch : "-");
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

static int show_agreement(FILE *out, const Layernas__Agreement *agreement)
{
    show_correlation(out, agreement);
    if (agreement->n_rows == 0)
        return 0;
    if (agreement->n_rows > 1 && !is_told_the_same(agreement)) {
        show_top(out, agreement);
        show_range(out, agreement);
    }
    fputc('\n', out);
    return show_finalists(out, agreement);
}

/* ---- where the winner comes from ---- */

static void add_trial(struct text_table *table, const Layernas__Candidate *candidate)
{
    if (candidate && candidate->trial > 0)
        text_table_cell(table, "%" PRIu64, candidate->trial);
    else
        text_table_cell(table, "-");
}

static void add_step(struct text_table *table, const Layernas__WhyStep *step,
                     const Layernas__Candidate *parent)
{
    const Layernas__Candidate *candidate = step->candidate;
    char percent[SHOW_TEXT_SIZE];

    text_table_cell(table, "%u %s", step->layer + 1, step->name);
    add_trial(table, parent);
    add_trial(table, candidate);
    text_table_cell(table, "%s",
                    candidate ? show_percent(candidate->correct, candidate->total, percent) : "-");
    if (step->buckets > 0)
        text_table_cell(table, "%u of %u", step->bucket + 1, step->buckets);
    else
        text_table_cell(table, "-");
    if (step->rank > 0)
        text_table_cell(table, "%u of %u", step->rank, step->results);
    else
        text_table_cell(table, "%s", step->outcome);
    text_table_cell(table, "%s", step->option);
}

static int show_steps(FILE *out, const Layernas__Why *why)
{
    static const struct text_column columns[] = {
        { "layer", ALIGN_LEFT, 16 },  { "parent", ALIGN_RIGHT, 0 },
        { "trial", ALIGN_RIGHT, 0 },  { "top-1 %", ALIGN_RIGHT, 0 },
        { "bucket", ALIGN_RIGHT, 0 }, { "rank in it", ALIGN_RIGHT, 0 },
        { "option", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    int rc;

    for (size_t i = 0; i < why->n_steps; i++)
        add_step(table, why->steps[i], i > 0 ? why->steps[i - 1]->candidate : why->start);
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

static int show_winner(FILE *out, const Layernas__Why *why, const char *metric)
{
    char percent[SHOW_TEXT_SIZE], costs[SHOW_TEXT_SIZE], pass[64] = "", line[LINE_SIZE];
    const Layernas__Candidate *winner = why->candidate;

    if (!winner) {
        print_wrapped(out, "winner", SHOW_INDENT, "no trial inside the target is done yet");
        return 0;
    }
    if (why->pass > 0)
        snprintf(pass, sizeof pass, "; pass %u brought it up", why->pass);
    snprintf(line, sizeof line, "%.300s: %s %%, %s, trial %" PRIu64 "%s", winner->arch,
             show_percent(winner->correct, winner->total, percent),
             show_costs(winner, metric, costs), winner->trial, pass);
    print_wrapped(out, strcmp(why->verdict, "winner") == 0 ? "winner" : "best", SHOW_INDENT, line);
    if (why->n_steps == 0)
        return 0;
    fputc('\n', out);
    return show_steps(out, why);
}

int show_diagnosis(FILE *out, const Layernas__Diagnosis *diagnosis, const char *metric)
{
    int rc;

    show_progress(out, diagnosis);
    fputc('\n', out);
    rc = show_layers_of(out, diagnosis);
    if (rc == 0 && diagnosis->agreement) {
        fputc('\n', out);
        rc = show_agreement(out, diagnosis->agreement);
    }
    if (rc == 0 && diagnosis->winner) {
        fputc('\n', out);
        rc = show_winner(out, diagnosis->winner, metric);
    }
    return rc;
}
