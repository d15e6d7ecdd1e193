/* table - a benchmark table: a CSV file (gzip too) with a row per architecture, in memory.
 *
 * One header line, plain commas, no quotes. Read whole and checked once: every key once, every wanted
 * column a finite number in every row. Immutable, safe to share. */
#ifndef LAYERNAS_COMMON_TABLE_H
#define LAYERNAS_COMMON_TABLE_H

#include <stddef.h>

#include "common/digest.h"
#include "common/errmsg.h"
#include "common/trial.h"

struct table;

/* Reads path. key_columns are column names joined by ','; the key of a row is their fields joined
 * by ','. values[0..n_values) name the numeric columns to keep. Errors read "FILE:LINE: ...". */
int table_load(const char *path, const char *key_columns, const char *const *values,
               size_t n_values, struct table **table_out, struct errmsg *err);

/* The same from size bytes in memory (not gzipped); name stands for the file in errors. */
int table_read(const char *bytes, size_t size, const char *name, const char *key_columns,
               const char *const *values, size_t n_values, struct table **table_out,
               struct errmsg *err);
void table_free(struct table *table);

size_t table_n_rows(const struct table *table);

/* The row with that key, or -ENOENT. */
long table_find(const struct table *table, const char *key);

/* The value-th of the wanted columns in row. */
double table_value(const struct table *table, size_t row, size_t value);

/* A percentage of a table as a reward: 93.3452 is 933452 of a million, exactly. */
struct reward table_reward(double percent);

/* Cuts columns joined by ',' apart in place. -EINVAL where one has no name, -E2BIG where there are over
 * most of them. */
int table_split_columns(char *joined, const char **columns_out, uint32_t most, uint32_t *n_out);

/* The row's line in the file. */
unsigned long table_line(size_t row);

/* Whether no value in that of the wanted columns is below 0: -EINVAL, with name, the line and the
 * column in err. */
int table_check_seconds(const struct table *table, size_t value, const char *name,
                        const char *column, struct errmsg *err);

/* A digest of the file's bytes (decompressed). */
struct digest table_digest(const struct table *table);

#endif
