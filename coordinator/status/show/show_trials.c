#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"

enum { MOST_REASONS = 5 };

static const char *stage_text(const Layernas__TrialRow *row, char text[SHOW_TEXT_SIZE])
{
    if (strcmp(row->stage, "final") == 0)
        snprintf(text, SHOW_TEXT_SIZE, "final %u", row->replica + 1);
    else
        snprintf(text, SHOW_TEXT_SIZE, "%.16s", row->stage);
    return text;
}

static const char *state_text(const Layernas__TrialRow *row, char text[SHOW_TEXT_SIZE])
{
    if (row->progress && row->progress->fraction > 0)
        snprintf(text, SHOW_TEXT_SIZE, "%.16s %.0f %%", row->state, 100 * row->progress->fraction);
    else
        snprintf(text, SHOW_TEXT_SIZE, "%.16s", row->state);
    return text;
}

static int show_rows(FILE *out, const Layernas__Trials *trials, const char *metric)
{
    const struct text_column columns[] = {
        { "trial", ALIGN_RIGHT, 0 },
        { "stage", ALIGN_LEFT, 0 },
        { "state", ALIGN_LEFT, 0 },
        { "top-1 %", ALIGN_RIGHT, 0 },
        { show_unit(metric), ALIGN_RIGHT, 0 },
        { "time", ALIGN_RIGHT, 0 },
        { "worker", ALIGN_LEFT, 14 },
        { "arch", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    char text[SHOW_TEXT_SIZE], number[HUMAN_SIZE];
    int rc;

    for (size_t i = 0; i < trials->n_rows; i++) {
        const Layernas__TrialRow *row = trials->rows[i];

        text_table_cell(table, "%" PRIu64, row->number);
        text_table_cell(table, "%s", stage_text(row, text));
        text_table_cell(table, "%s", state_text(row, text));
        text_table_cell(table, "%s", show_percent(row->correct, row->total, text));
        text_table_cell(table, "%s", human_amount(row->cost, number));
        text_table_cell(table, "%s", row->total ? human_duration(row->seconds, number) : "-");
        text_table_cell(table, "%s", row->worker[0] ? row->worker : "-");
        text_table_cell(table, "%s", row->arch);
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

/* The newest of those that failed, with what they last said. */
static void show_failures(FILE *out, const Layernas__Trials *trials)
{
    char text[400], number[HUMAN_SIZE];
    int shown = 0;

    for (size_t i = trials->n_rows; i-- > 0 && shown < MOST_REASONS;) {
        const Layernas__TrialRow *row = trials->rows[i];

        if (row->failures == 0)
            continue;
        if (shown++ == 0)
            fputc('\n', out);
        snprintf(text, sizeof text, "trial %s, %u time%s: %.300s",
                 print_grouped(row->number, number), row->failures, row->failures == 1 ? "" : "s",
                 row->reason[0] ? row->reason : "no reason given");
        print_wrapped(out, "failed", SHOW_INDENT, text);
    }
}

int show_trials(FILE *out, const Layernas__Trials *trials, const char *metric)
{
    int rc;

    if (trials->n_rows == 0) {
        fprintf(out, "there is no trial yet\n");
        return 0;
    }
    rc = show_rows(out, trials, metric);
    if (rc < 0)
        return rc;
    show_omitted(out, trials->n_rows, trials->total);
    show_failures(out, trials);
    return 0;
}
