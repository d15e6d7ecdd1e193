/* What earlier runs wrote, row by row, each checked, and none missing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/ledger/store_inside.h"

/* Calls row for every row of a table, and sees that there are as many as were written. */
struct table_reader {
    const char *table;
    const uint64_t *n; /* how many there must be */
    int (*row)(struct store *store, sqlite3_stmt *row, uint64_t seq, const struct table_reader *);
    union {
        int (*each_result)(void *arg, const struct stored_result *);
        int (*each_failure)(void *arg, const struct stored_failure *);
    };
    void *arg;
    struct errmsg *err;
};

static int damaged_row(const struct store *store, const struct table_reader *reader, uint64_t seq)
{
    return store_damaged(store, reader->err, "%s, row %llu is not as it was written", reader->table,
                         (unsigned long long)seq);
}

static int read_rows(struct store *store, sqlite3_stmt *rows, const struct table_reader *reader)
{
    uint64_t seq = 0;
    int step, rc = 0;

    while (rc == 0 && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        rc = reader->row(store, rows, ++seq, reader);
        rc = rc < 0 ? rc : 0;
    }
    if (rc == 0)
        rc = sql_error(store, step, reader->err);
    if (rc == 0 && seq != *reader->n)
        rc = store_damaged(store, reader->err, "%s has %llu rows of %llu", reader->table,
                           (unsigned long long)seq, (unsigned long long)*reader->n);
    return rc;
}

static int read_table(struct store *store, const struct table_reader *reader)
{
    sqlite3_stmt *rows = NULL;
    char sql[64];
    int rc;

    snprintf(sql, sizeof sql, "SELECT * FROM %s ORDER BY seq", reader->table);
    pthread_mutex_lock(&store->database);
    rc = sql_prepare(store, sql, &rows, reader->err);
    if (rc == 0)
        rc = read_rows(store, rows, reader);
    sqlite3_finalize(rows);
    pthread_mutex_unlock(&store->database);
    return rc;
}

int store_note_weights(struct store *store, const struct digest *key, const struct digest *content)
{
    struct weights_note *notes = realloc(store->weights,
                                         (store->n_weights + 1) * sizeof *store->weights);

    if (!notes)
        return -ENOMEM;
    notes[store->n_weights++] = (struct weights_note){ .key = *key, .content = *content };
    store->weights = notes;
    return 0;
}

static int result_row(struct store *store, sqlite3_stmt *row, uint64_t seq,
                      const struct table_reader *reader)
{
    struct stored_result stored;
    struct digest weights;
    bool has_weights;
    int rc = 0;

    if (!store_result_of_row(row, seq, &stored, &weights, &has_weights))
        return damaged_row(store, reader, seq);
    pthread_mutex_lock(&store->mutex);
    if (has_weights)
        rc = store_note_weights(store, &stored.result.key, &weights);
    pthread_mutex_unlock(&store->mutex);
    return rc < 0 ? rc : reader->each_result(reader->arg, &stored);
}

int store_each_result(struct store *store, int (*each)(void *arg, const struct stored_result *),
                      void *arg, struct errmsg *err)
{
    const struct table_reader reader = { .table = "results",
                                         .n = &store->tally.results,
                                         .row = result_row,
                                         .each_result = each,
                                         .arg = arg,
                                         .err = err };

    return read_table(store, &reader);
}

static int failure_row(struct store *store, sqlite3_stmt *row, uint64_t seq,
                       const struct table_reader *reader)
{
    struct stored_failure failure;

    if (!store_failure_of_row(row, seq, &failure))
        return damaged_row(store, reader, seq);
    return reader->each_failure(reader->arg, &failure);
}

int store_each_failure(struct store *store, int (*each)(void *arg, const struct stored_failure *),
                       void *arg, struct errmsg *err)
{
    const struct table_reader reader = { .table = "failures",
                                         .n = &store->tally.failures,
                                         .row = failure_row,
                                         .each_failure = each,
                                         .arg = arg,
                                         .err = err };

    return read_table(store, &reader);
}

/* ---- weights ---- */

void store_weights_path(const struct store *store, const struct digest *key, char *path,
                        size_t size)
{
    char text[DIGEST_TEXT_SIZE];

    snprintf(path, size, "%s/weights/%s.weights", store->directory, digest_format(key, text));
}

static bool find_weights(struct store *store, const struct digest *key, struct digest *content_out)
{
    bool found = false;

    pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < store->n_weights && !found; i++) {
        found = digest_equal(&store->weights[i].key, key);
        *content_out = store->weights[i].content;
    }
    pthread_mutex_unlock(&store->mutex);
    return found;
}

int store_read_weights(struct store *store, const struct digest *key, struct bytes *weights_out,
                       struct errmsg *err)
{
    char path[STORE_PATH_SIZE];
    struct digest want, content;
    struct bytes bytes;
    int rc;

    store_weights_path(store, key, path, sizeof path);
    if (!find_weights(store, key, &want))
        return errmsg_set(err, -ENOENT, "%s: no weights were stored under this key", path);
    rc = store_read_file(path, WIRE_MAX_MESSAGE, &bytes);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: cannot be read: %s", path, strerror(-rc));
    content = store_content_digest(&bytes);
    if (!digest_equal(&content, &want)) {
        free(bytes.data);
        return errmsg_set(err, -EUCLEAN, "%s: damaged: not the weights that were stored", path);
    }
    *weights_out = bytes;
    return 0;
}
