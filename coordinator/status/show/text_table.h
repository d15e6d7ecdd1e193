/* text_table - rows of cells, aligned, within a width. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_TEXT_TABLE_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TEXT_TABLE_MAX_COLUMNS = 12 };

enum text_align { ALIGN_LEFT, ALIGN_RIGHT };

struct text_column {
    const char *heading;
    enum text_align align;
    size_t most; /* characters, longer cells are cut; 0: as long as they are */
};

struct text_table;

/* The last column gets what width the others leave it. columns must outlive the table. NULL when
 * memory runs out; all the functions below take that for an empty table. */
struct text_table *text_table_new(const struct text_column *columns, size_t n_columns);
void text_table_free(struct text_table *table);

/* The next cell of the current row, or the first of the next one. */
void text_table_cell(struct text_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Headings and rows. -ENOMEM when a cell was lost, or the whole table; then nothing is written. */
int text_table_print(const struct text_table *table, FILE *out); /* within PRINT_WIDTH columns */
int text_table_print_within(const struct text_table *table, size_t width, FILE *out);

#endif
