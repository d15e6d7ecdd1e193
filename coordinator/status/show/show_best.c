#include <inttypes.h>
#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"

static int show_front(FILE *out, const Layernas__Pareto *pareto, const char *metric)
{
    const struct text_column columns[] = {
        { show_unit(metric), ALIGN_RIGHT, 0 },
        { "top-1 %", ALIGN_RIGHT, 0 },
        { "target", ALIGN_LEFT, 0 },
        { "trial", ALIGN_RIGHT, 0 },
        { "madds", ALIGN_RIGHT, 0 },
        { "params", ALIGN_RIGHT, 0 },
        { "arch", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    char text[SHOW_TEXT_SIZE], number[HUMAN_SIZE];
    int rc;

    for (size_t i = 0; i < pareto->n_candidates; i++) {
        const Layernas__Candidate *candidate = pareto->candidates[i];

        text_table_cell(table, "%s", human_amount(candidate->cost, number));
        text_table_cell(table, "%s", show_percent(candidate->correct, candidate->total, text));
        text_table_cell(table, "%s", candidate->in_target ? "inside" : "-");
        text_table_cell(table, "%" PRIu64, candidate->trial);
        text_table_cell(table, "%s", human_amount(candidate->madds, number));
        text_table_cell(table, "%s", human_amount(candidate->params, number));
        text_table_cell(table, "%s", candidate->arch);
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

int show_pareto(FILE *out, const Layernas__Pareto *pareto, const char *metric)
{
    int rc;

    if (pareto->n_candidates == 0) {
        fprintf(out, "no trial is done yet\n");
        return 0;
    }
    rc = show_front(out, pareto, metric);
    if (rc == 0)
        show_omitted(out, pareto->n_candidates, pareto->total);
    return rc;
}

static int show_parts(FILE *out, const Layernas__Best *best)
{
    static const struct text_column columns[] = {
        { "part", ALIGN_LEFT, 20 },   { "out", ALIGN_RIGHT, 0 },   { "madds", ALIGN_RIGHT, 0 },
        { "params", ALIGN_RIGHT, 0 }, { "option", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    char number[HUMAN_SIZE];
    int rc;

    for (size_t i = 0; i < best->n_network; i++) {
        const Layernas__Part *part = best->network[i];

        text_table_cell(table, "%s", part->name);
        if (part->channels > 0)
            text_table_cell(table, "%ux%ux%u", part->channels, part->height, part->width);
        else
            text_table_cell(table, "-");
        text_table_cell(table, "%s", print_grouped(part->madds, number));
        text_table_cell(table, "%s", print_grouped(part->params, number));
        text_table_cell(table, "%s", part->option[0] ? part->option : "-");
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

static void show_accuracies(FILE *out, const Layernas__Best *best)
{
    const Layernas__Candidate *winner = best->winner;
    char percent[SHOW_TEXT_SIZE];

    fprintf(out, "search    %s %% validation\n",
            show_percent(best->search->correct, best->search->total, percent));
    if (!winner)
        fprintf(out, "final     not retrained\n");
    else if (strcmp(winner->arch, best->search->arch) != 0)
        fprintf(out, "final     %.2f %% validation, %s %% in the search\n", best->winner_percent,
                show_percent(winner->correct, winner->total, percent));
    else
        fprintf(out, "final     %.2f %% validation\n", best->winner_percent);
    if (best->test_total > 0)
        fprintf(out, "test      %s %%\n",
                show_percent(best->test_correct, best->test_total, percent));
    else
        fprintf(out, "test      not tested\n");
}

static void show_best_head(FILE *out, const Layernas__Best *best, const char *metric)
{
    const Layernas__Candidate *candidate = best->winner ? best->winner : best->search;
    char costs[SHOW_TEXT_SIZE];

    print_wrapped(out, "arch", SHOW_INDENT, candidate->arch);
    fprintf(out, "cost      %s\n", show_costs(candidate, metric, costs));
    show_accuracies(out, best);
    fprintf(out, "results   %s\n", best->results);
}

int show_best(FILE *out, const Layernas__Best *best, const char *metric)
{
    if (!best->search) {
        fprintf(out, "no trial inside the target is done yet\n");
        return 0;
    }
    show_best_head(out, best, metric);
    fputc('\n', out);
    return show_parts(out, best);
}

int show_end(FILE *out, const Layernas__End *end, const char *metric)
{
    if (end->summary)
        show_end_of_study(out, end->summary);
    if (end->best && end->best->search)
        show_best_head(out, end->best, metric);
    else
        fprintf(out, "best      no network inside the target was trained\n");
    return 0;
}
