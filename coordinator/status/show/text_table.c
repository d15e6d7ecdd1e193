#include "coordinator/status/show/text_table.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/print.h"

enum {
    GAP = 2,
    NARROWEST = 8, /* of what may be cut, and of the last column */
    TIGHTEST = 4,  /* of any, where nothing else helps */
};

struct text_table {
    const struct text_column *columns;
    size_t n_columns, n_cells, room;
    char **cells; /* row by row */
    bool failed;
};

struct text_table *text_table_new(const struct text_column *columns, size_t n_columns)
{
    struct text_table *table = calloc(1, sizeof *table);

    assert(n_columns >= 1 && n_columns <= TEXT_TABLE_MAX_COLUMNS);
    if (table) {
        table->columns = columns;
        table->n_columns = n_columns;
    }
    return table;
}

void text_table_free(struct text_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table);
}

static bool make_room(struct text_table *table)
{
    size_t room = table->room ? 2 * table->room : 64;
    char **cells;

    if (table->n_cells < table->room)
        return true;
    cells = realloc(table->cells, room * sizeof *cells);
    if (!cells)
        return false;
    table->cells = cells;
    table->room = room;
    return true;
}

void text_table_cell(struct text_table *table, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    if (!table || table->failed)
        return;
    va_start(args, format);
    if (!make_room(table) || vasprintf(&text, format, args) < 0)
        table->failed = true;
    else
        table->cells[table->n_cells++] = text;
    va_end(args);
}

/* The widest column but the last, the first of equal ones. */
static size_t find_widest(const size_t *widths, size_t last)
{
    size_t widest = 0;

    for (size_t c = 1; c < last; c++)
        if (widths[c] > widths[widest])
            widest = c;
    return widest;
}

static void find_widths(const struct text_table *table, size_t within, size_t *widths)
{
    size_t last = table->n_columns - 1, used = 0;

    for (size_t c = 0; c <= last; c++)
        widths[c] = strlen(table->columns[c].heading);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t c = i % table->n_columns, length = strlen(table->cells[i]);

        if (length > widths[c])
            widths[c] = length;
    }
    for (size_t c = 0; c < last; c++) {
        if (table->columns[c].most && widths[c] > table->columns[c].most)
            widths[c] = table->columns[c].most;
        used += widths[c] + GAP;
    }
    if (used + widths[last] <= within)
        return;
    for (size_t c = 0; c < last; c++) /* what may be cut makes room for the last */
        while (table->columns[c].most && widths[c] > NARROWEST && used + NARROWEST > within) {
            widths[c]--;
            used--;
        }
    for (size_t c; last > 0 && used + NARROWEST > within;
         used--) { /* absurd numbers, or a sliver */
        c = find_widest(widths, last);
        if (widths[c] <= TIGHTEST)
            break;
        widths[c]--;
    }
    widths[last] = used + NARROWEST < within ? within - used : NARROWEST;
}

static void print_cell(const char *text, size_t width, enum text_align align, bool last, FILE *out)
{
    size_t length = strlen(text);

    if (length > width)
        fprintf(out, "%.*s...", (int)width - 3, text);
    else if (align == ALIGN_RIGHT)
        fprintf(out, "%*s", (int)width, text);
    else
        fprintf(out, "%-*s", last ? 0 : (int)width, text);
    if (last)
        fputc('\n', out);
    else
        fprintf(out, "%*s", GAP, "");
}

int text_table_print(const struct text_table *table, FILE *out)
{
    return text_table_print_within(table, PRINT_WIDTH, out);
}

int text_table_print_within(const struct text_table *table, size_t width, FILE *out)
{
    size_t widths[TEXT_TABLE_MAX_COLUMNS], last;

    if (!table || table->failed)
        return -ENOMEM;
    last = table->n_columns - 1;
    find_widths(table, width, widths);
    for (size_t c = 0; c <= last; c++)
        print_cell(table->columns[c].heading, widths[c], table->columns[c].align, c == last, out);
    for (size_t i = 0; i < table->n_cells; i++) {
        size_t c = i % table->n_columns;

        print_cell(table->cells[i], widths[c], table->columns[c].align, c == last, out);
    }
    return 0;
}
