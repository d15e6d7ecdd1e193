#include "common/table.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_ROWS = 1 << 22,
    MAX_COLUMNS = 1024,
    MAX_NUMBER = 64, /* characters of a number */
    REWARD_TOTAL = 1000000,
};

struct table {
    size_t n_rows, n_values;
    char *keys;     /* terminated strings, one after the other */
    size_t *key;    /* row -> where its key starts in keys */
    double *value;  /* (rows, n_values) */
    uint32_t *slot; /* hash table with open addressing: row + 1, or 0 */
    size_t slot_mask;
    struct digest digest;
};

struct field {
    const char *text; /* not terminated */
    size_t length;
};

/* The file as it is read: fields is the line just read. */
struct reader {
    const char *name, *next, *end;
    unsigned long line;
    struct field *fields;
    size_t n_fields;
    struct errmsg *err;
};

/* Which columns make the key, and which are kept. */
struct layout {
    struct field *header;
    size_t n_columns, n_key, n_values;
    size_t *key, *value;
};

/* Splits the next line at its commas. 1, 0 at the end of the file, or -EINVAL. */
static int read_line(struct reader *reader)
{
    const char *start = reader->next, *end;

    if (start == reader->end)
        return 0;
    end = memchr(start, '\n', (size_t)(reader->end - start));
    reader->next = end ? end + 1 : reader->end;
    end = end ? end : reader->end;
    reader->line++;
    if (end > start && end[-1] == '\r')
        end--;
    if (memchr(start, '"', (size_t)(end - start)) || memchr(start, '\0', (size_t)(end - start)))
        return errmsg_set(reader->err, -EINVAL,
                          "%s:%lu: a quote or a zero byte; plain text with commas, no quotes",
                          reader->name, reader->line);
    for (reader->n_fields = 0;; reader->n_fields++) {
        const char *comma = memchr(start, ',', (size_t)(end - start));

        if (reader->n_fields == MAX_COLUMNS)
            return errmsg_set(reader->err, -E2BIG, "%s:%lu: too many columns; up to %d",
                              reader->name, reader->line, MAX_COLUMNS);
        reader->fields[reader->n_fields] = (struct field){ start, (size_t)((comma ? comma : end) -
                                                                           start) };
        if (!comma)
            break;
        start = comma + 1;
    }
    reader->n_fields++;
    return 1;
}

/* "a, b, c", cut to fit: the columns there are, for a fault. */
static const char *list_columns(const struct layout *layout, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < layout->n_columns && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%.*s", i ? ", " : "",
                                 (int)layout->header[i].length, layout->header[i].text);
    return text;
}

static int find_column(const struct reader *reader, const struct layout *layout, const char *name,
                       size_t length, size_t *column_out)
{
    size_t found = layout->n_columns;
    char there[300];

    for (size_t i = 0; i < layout->n_columns; i++) {
        if (layout->header[i].length != length || memcmp(layout->header[i].text, name, length))
            continue;
        if (found < layout->n_columns)
            return errmsg_set(reader->err, -EINVAL, "%s:1: two columns are named %.*s",
                              reader->name, (int)length, name);
        found = i;
    }
    if (found == layout->n_columns)
        return errmsg_set(reader->err, -EINVAL, "%s:1: no column '%.*s'; there are %s",
                          reader->name, (int)length, name,
                          list_columns(layout, there, sizeof there));
    *column_out = found;
    return 0;
}

/* Finds the columns of a list joined by ','. Naming one twice is refused: so a key is never longer
 * than its line. */
static int find_key_columns(const struct reader *reader, struct layout *layout, const char *list)
{
    for (;;) {
        size_t length = strcspn(list, ",");
        int rc = find_column(reader, layout, list, length, &layout->key[layout->n_key]);

        if (rc < 0)
            return rc;
        for (size_t i = 0; i < layout->n_key; i++)
            if (layout->key[i] == layout->key[layout->n_key])
                return errmsg_set(reader->err, -EINVAL, "%s:1: column %.*s is twice in the key",
                                  reader->name, (int)length, list);
        layout->n_key++;
        if (list[length] == '\0')
            return 0;
        list += length + 1;
    }
}

static void layout_clear(struct layout *layout)
{
    free(layout->header);
    free(layout->key);
    free(layout->value);
}

static int read_header(struct reader *reader, const char *key_columns, const char *const *values,
                       size_t n_values, struct layout *layout)
{
    int rc = read_line(reader);

    if (rc < 0)
        return rc;
    if (rc == 0)
        return errmsg_set(reader->err, -EINVAL, "%s:1: empty; a line of column names first",
                          reader->name);
    layout->n_columns = reader->n_fields;
    layout->n_values = n_values;
    layout->header = malloc(layout->n_columns * sizeof *layout->header);
    layout->key = calloc(layout->n_columns + 1, sizeof *layout->key);
    layout->value = calloc(n_values + 1, sizeof *layout->value);
    if (!layout->header || !layout->key || !layout->value)
        return -ENOMEM;
    memcpy(layout->header, reader->fields, layout->n_columns * sizeof *layout->header);
    rc = find_key_columns(reader, layout, key_columns);
    for (size_t i = 0; rc == 0 && i < n_values; i++)
        rc = find_column(reader, layout, values[i], strlen(values[i]), &layout->value[i]);
    return rc;
}

/* Appends the line's key to the keys and returns where the next one starts. */
static size_t add_key(struct table *table, const struct layout *layout, const struct field *fields,
                      size_t start)
{
    char *to = table->keys + start;

    table->key[table->n_rows] = start;
    for (size_t i = 0; i < layout->n_key; i++) {
        const struct field *field = &fields[layout->key[i]];

        if (i)
            *to++ = ',';
        memcpy(to, field->text, field->length);
        to += field->length;
    }
    *to++ = '\0';
    return (size_t)(to - table->keys);
}

static int parse_number(const struct field *field, double *value_out)
{
    char text[MAX_NUMBER + 1], *end;

    if (field->length == 0 || field->length > MAX_NUMBER)
        return -EINVAL;
    memcpy(text, field->text, field->length);
    text[field->length] = '\0';
    if (strspn(text, "0123456789+-.eE") != field->length) /* no blanks, hex, inf or nan */
        return -EINVAL;
    *value_out = strtod(text, &end);
    return *end == '\0' && isfinite(*value_out) ? 0 : -EINVAL;
}

static int add_values(struct table *table, const struct layout *layout, const struct reader *reader)
{
    double *row = table->value + table->n_rows * table->n_values;

    for (size_t i = 0; i < layout->n_values; i++) {
        const struct field *field = &reader->fields[layout->value[i]];
        const struct field *column = &layout->header[layout->value[i]];

        if (parse_number(field, &row[i]) < 0)
            return errmsg_set(reader->err, -EINVAL, "%s:%lu: %.*s: '%.*s'; a finite number",
                              reader->name, reader->line, (int)column->length, column->text,
                              (int)(field->length < MAX_NUMBER ? field->length : MAX_NUMBER),
                              field->text);
    }
    return 0;
}

/* The slot that holds key, or the empty one where it belongs. */
static size_t find_slot(const struct table *table, const char *key)
{
    static const uint8_t no_secret[crypto_shorthash_KEYBYTES];
    uint64_t hash;
    size_t i;

    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)key, strlen(key), no_secret);
    for (i = hash & table->slot_mask; table->slot[i]; i = (i + 1) & table->slot_mask)
        if (strcmp(table->keys + table->key[table->slot[i] - 1], key) == 0)
            break;
    return i;
}

static int read_rows(struct reader *reader, const struct layout *layout, struct table *table)
{
    size_t key_end = 0;
    int rc;

    while ((rc = read_line(reader)) > 0) {
        const char *key = table->keys + key_end;
        size_t slot;

        if (reader->n_fields != layout->n_columns)
            return errmsg_set(reader->err, -EINVAL, "%s:%lu: %zu fields; %zu, as in the header",
                              reader->name, reader->line, reader->n_fields, layout->n_columns);
        key_end = add_key(table, layout, reader->fields, key_end);
        slot = find_slot(table, key);
        if (table->slot[slot])
            return errmsg_set(reader->err, -EEXIST, "%s:%lu: key '%s' again; first in line %lu",
                              reader->name, reader->line, key,
                              (unsigned long)table->slot[slot] + 1);
        rc = add_values(table, layout, reader);
        if (rc < 0)
            return rc;
        table->slot[slot] = (uint32_t)++table->n_rows;
    }
    return rc;
}

/* Room for every line of the file, counted, so that rows never move. */
static int allocate(struct table *table, const struct reader *reader, size_t n_values)
{
    size_t lines = 1, slots = 2;

    for (const char *c = reader->next; (c = memchr(c, '\n', (size_t)(reader->end - c))); c++)
        lines++;
    if (lines > MAX_ROWS)
        return errmsg_set(reader->err, -E2BIG, "%s: %zu lines; up to %d", reader->name, lines,
                          MAX_ROWS);
    while (slots < 2 * lines)
        slots *= 2;
    table->n_values = n_values;
    table->slot_mask = slots - 1;
    table->keys = malloc((size_t)(reader->end - reader->next) + lines);
    table->key = malloc(lines * sizeof *table->key);
    table->value = malloc((lines * n_values + 1) * sizeof *table->value);
    table->slot = calloc(slots, sizeof *table->slot);
    return table->keys && table->key && table->value && table->slot ? 0 : -ENOMEM;
}

static struct digest digest_of(const char *bytes, size_t size)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "table");
    digest_bytes(&state, bytes, size);
    digest_end(&state, &digest);
    return digest;
}

int table_read(const char *bytes, size_t size, const char *name, const char *key_columns,
               const char *const *values, size_t n_values, struct table **table_out,
               struct errmsg *err)
{
    struct table *table = calloc(1, sizeof *table);
    struct reader reader = { .name = name, .next = bytes, .end = bytes + size, .err = err };
    struct layout layout = { 0 };
    int rc = -ENOMEM;

    reader.fields = malloc(MAX_COLUMNS * sizeof *reader.fields);
    if (!table || !reader.fields)
        goto out;
    table->digest = digest_of(bytes, size);
    rc = read_header(&reader, key_columns, values, n_values, &layout);
    if (rc == 0)
        rc = allocate(table, &reader, n_values);
    if (rc == 0)
        rc = read_rows(&reader, &layout, table);
    if (rc < 0)
        goto out;

    *table_out = table;
    table = NULL;
out:
    if (rc == -ENOMEM)
        errmsg_set(err, rc, "%s: no memory for the table", name);
    layout_clear(&layout);
    free(reader.fields);
    table_free(table);
    return rc;
}

void table_free(struct table *table)
{
    if (!table)
        return;
    free(table->keys);
    free(table->key);
    free(table->value);
    free(table->slot);
    free(table);
}

size_t table_n_rows(const struct table *table)
{
    return table->n_rows;
}

long table_find(const struct table *table, const char *key)
{
    uint32_t row = table->slot[find_slot(table, key)];

    return row ? (long)row - 1 : -ENOENT;
}

double table_value(const struct table *table, size_t row, size_t value)
{
    return table->value[row * table->n_values + value];
}

struct reward table_reward(double percent)
{
    return (struct reward){ .correct = (uint32_t)llround(percent * (REWARD_TOTAL / 100)),
                            .total = REWARD_TOTAL };
}

int table_split_columns(char *joined, const char **columns_out, uint32_t most, uint32_t *n_out)
{
    uint32_t n = 0;
    char *name;

    while ((name = strsep(&joined, ","))) {
        if (!*name)
            return -EINVAL;
        if (n == most)
            return -E2BIG;
        columns_out[n++] = name;
    }
    *n_out = n;
    return 0;
}

unsigned long table_line(size_t row)
{
    return (unsigned long)row + 2; /* after the header; every line is a row */
}

int table_check_seconds(const struct table *table, size_t value, const char *name,
                        const char *column, struct errmsg *err)
{
    for (size_t row = 0; row < table->n_rows; row++)
        if (table_value(table, row, value) < 0)
            return errmsg_set(err, -EINVAL, "%s:%lu: %s: %g; seconds, 0 or more", name,
                              table_line(row), column, table_value(table, row, value));
    return 0;
}

struct digest table_digest(const struct table *table)
{
    return table->digest;
}
