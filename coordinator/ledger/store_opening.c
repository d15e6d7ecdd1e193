/* Openings: one row each, with rows for parents and children; one hash over all of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/ledger/store_inside.h"

static void add_arch(struct digest_state *state, const struct arch *arch)
{
    digest_bytes(state, arch->option, arch->n * sizeof *arch->option);
}

static void add_child(struct digest_state *state, const struct opening_child *child)
{
    add_arch(state, &child->arch);
    add_arch(state, &child->candidate);
    digest_integer(state, child->parent);
    digest_integer(state, child->bucket);
    digest_integer(state, child->interface);
    digest_integer(state, child->cost);
    digest_integer(state, child->fate);
}

static struct check check_of_opening(uint64_t seq, const struct opening *opening)
{
    struct digest_state state;
    struct digest digest;
    struct check check;

    digest_begin(&state, "openings");
    digest_integer(&state, (int64_t)seq);
    digest_integer(&state, opening->number);
    digest_integer(&state, opening->pass);
    digest_integer(&state, opening->layer);
    digest_integer(&state, opening->buckets);
    digest_integer(&state, opening->keep);
    digest_integer(&state, opening->edges.lowest);
    digest_integer(&state, opening->edges.highest);
    digest_integer(&state, opening->n_parents);
    digest_integer(&state, opening->n_children);
    for (uint32_t i = 0; i < opening->n_parents; i++)
        add_arch(&state, &opening->parents[i]);
    for (uint32_t i = 0; i < opening->n_children; i++)
        add_child(&state, &opening->children[i]);
    digest_end(&state, &digest);
    memcpy(check.bytes, digest.bytes, sizeof check.bytes);
    return check;
}

/* ---- writing ---- */

static int insert_parent(struct store *store, uint64_t seq, uint32_t i, const struct arch *arch,
                         struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_PARENT];

    sqlite3_bind_int64(row, 1, (int64_t)seq);
    sqlite3_bind_int64(row, 2, i);
    sql_bind_arch(row, 3, arch);
    return sql_run(store, STATEMENT_PARENT, err);
}

static int insert_child(struct store *store, uint64_t seq, uint32_t i,
                        const struct opening_child *child, struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_CHILD];

    sqlite3_bind_int64(row, 1, (int64_t)seq);
    sqlite3_bind_int64(row, 2, i);
    sql_bind_arch(row, 3, &child->arch);
    sql_bind_arch(row, 4, &child->candidate);
    sqlite3_bind_int64(row, 5, child->parent);
    sqlite3_bind_int64(row, 6, child->bucket);
    sqlite3_bind_int64(row, 7, child->interface);
    sqlite3_bind_int64(row, 8, child->cost);
    sqlite3_bind_int64(row, 9, child->fate);
    return sql_run(store, STATEMENT_CHILD, err);
}

int store_insert_opening(struct store *store, uint64_t seq, const struct opening *opening,
                         struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_OPENING];
    struct check check = check_of_opening(seq, opening);
    int rc;

    sqlite3_bind_int64(row, 1, (int64_t)seq);
    sqlite3_bind_int64(row, 2, opening->number);
    sqlite3_bind_int64(row, 3, opening->pass);
    sqlite3_bind_int64(row, 4, opening->layer);
    sqlite3_bind_int64(row, 5, opening->buckets);
    sqlite3_bind_int64(row, 6, opening->keep);
    sqlite3_bind_int64(row, 7, opening->edges.lowest);
    sqlite3_bind_int64(row, 8, opening->edges.highest);
    sqlite3_bind_int64(row, 9, opening->n_parents);
    sqlite3_bind_int64(row, 10, opening->n_children);
    sql_bind_check(row, 11, &check);
    rc = sql_run(store, STATEMENT_OPENING, err);
    for (uint32_t i = 0; rc == 0 && i < opening->n_parents; i++)
        rc = insert_parent(store, seq, i, &opening->parents[i], err);
    for (uint32_t i = 0; rc == 0 && i < opening->n_children; i++)
        rc = insert_child(store, seq, i, &opening->children[i], err);
    return rc;
}

/* ---- reading ---- */

/* The queries that reading takes, prepared once. */
struct reader {
    struct store *store;
    sqlite3_stmt *openings, *parents, *children;
    struct errmsg *err;
};

static int damaged(const struct reader *reader, uint64_t seq)
{
    return store_damaged(reader->store, reader->err, "openings, row %llu is not as it was written",
                         (unsigned long long)seq);
}

/* Counts come from a row that is not yet checked: rows are counted before memory is taken. */
static int count_rows(const struct reader *reader, const char *table, uint64_t seq, uint32_t want)
{
    char sql[128];
    int64_t n = 0;
    int rc;

    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s WHERE opening = %llu", table,
             (unsigned long long)seq);
    rc = sql_integer(reader->store, sql, &n, reader->err);
    return rc < 0 ? rc : n == want ? 0 : damaged(reader, seq);
}

static int read_parents(const struct reader *reader, uint64_t seq, struct opening *opening)
{
    sqlite3_stmt *row = reader->parents;
    bool valid = true;
    int step = SQLITE_DONE;

    sqlite3_reset(row);
    sqlite3_bind_int64(row, 1, (int64_t)seq);
    for (uint32_t i = 0; i < opening->n_parents && (step = sqlite3_step(row)) == SQLITE_ROW; i++)
        opening->parents[i] = sql_arch(row, 0, &valid);
    if (sql_errno(reader->store->db, step) < 0)
        return sql_error(reader->store, step, reader->err);
    return valid ? 0 : damaged(reader, seq);
}

static struct opening_child child_of_row(sqlite3_stmt *row, const struct opening *opening,
                                         bool *valid)
{
    struct opening_child child = { 0 };

    child.arch = sql_arch(row, 0, valid);
    child.candidate = sql_arch(row, 1, valid);
    child.parent = (uint32_t)sql_within(row, 2, 0, (int64_t)opening->n_parents - 1, valid);
    child.bucket = (uint32_t)sql_within(row, 3, 0, UINT32_MAX, valid);
    child.interface = (uint32_t)sql_within(row, 4, 0, UINT32_MAX, valid);
    child.cost = sqlite3_column_int64(row, 5);
    child.fate = (enum fate)sql_within(row, 6, 0, FATES - 1, valid);
    return child;
}

static int read_children(const struct reader *reader, uint64_t seq, struct opening *opening)
{
    sqlite3_stmt *row = reader->children;
    bool valid = true;
    int step = SQLITE_DONE;

    sqlite3_reset(row);
    sqlite3_bind_int64(row, 1, (int64_t)seq);
    for (uint32_t i = 0; i < opening->n_children && (step = sqlite3_step(row)) == SQLITE_ROW; i++)
        opening->children[i] = child_of_row(row, opening, &valid);
    if (sql_errno(reader->store->db, step) < 0)
        return sql_error(reader->store, step, reader->err);
    return valid ? 0 : damaged(reader, seq);
}

static int read_lists(const struct reader *reader, uint64_t seq, struct opening *opening)
{
    int rc = count_rows(reader, "opening_parents", seq, opening->n_parents);

    if (rc == 0)
        rc = count_rows(reader, "opening_children", seq, opening->n_children);
    if (rc < 0)
        return rc;
    opening->parents = calloc((size_t)opening->n_parents + 1, sizeof *opening->parents);
    opening->children = calloc((size_t)opening->n_children + 1, sizeof *opening->children);
    if (!opening->parents || !opening->children)
        return errmsg_set(reader->err, -ENOMEM, "no memory for the openings of this study");
    rc = read_parents(reader, seq, opening);
    return rc < 0 ? rc : read_children(reader, seq, opening);
}

/* Fills *opening, to be cleared in any case. */
static int read_opening(const struct reader *reader, uint64_t seq, struct opening *opening)
{
    sqlite3_stmt *row = reader->openings;
    struct check found, want;
    bool valid = sqlite3_column_int64(row, 0) == (int64_t)seq;
    int rc;

    opening->number = (uint32_t)sql_within(row, 1, 0, UINT32_MAX, &valid);
    opening->pass = (uint32_t)sql_within(row, 2, 0, UINT32_MAX, &valid);
    opening->layer = (uint32_t)sql_within(row, 3, 0, ARCH_MAX_LAYERS - 1, &valid);
    opening->buckets = (uint32_t)sql_within(row, 4, 0, UINT32_MAX, &valid);
    opening->keep = (uint32_t)sql_within(row, 5, 0, UINT32_MAX, &valid);
    opening->edges.lowest = sqlite3_column_int64(row, 6);
    opening->edges.highest = sqlite3_column_int64(row, 7);
    opening->n_parents = (uint32_t)sql_within(row, 8, 0, UINT32_MAX, &valid);
    opening->n_children = (uint32_t)sql_within(row, 9, 0, UINT32_MAX, &valid);
    sql_bytes(row, 10, found.bytes, sizeof found.bytes, &valid);
    if (!valid)
        return damaged(reader, seq);
    rc = read_lists(reader, seq, opening);
    if (rc < 0)
        return rc;
    want = check_of_opening(seq, opening);
    return memcmp(&found, &want, sizeof want) == 0 ? 0 : damaged(reader, seq);
}

static int prepare_reader(struct reader *reader)
{
    int rc = sql_prepare(reader->store, "SELECT * FROM openings ORDER BY seq", &reader->openings,
                         reader->err);

    if (rc == 0)
        rc = sql_prepare(reader->store,
                         "SELECT arch FROM opening_parents WHERE opening = ? ORDER BY i",
                         &reader->parents, reader->err);
    if (rc == 0)
        rc = sql_prepare(reader->store,
                         "SELECT arch, candidate, parent, bucket, interface, cost, fate "
                         "FROM opening_children WHERE opening = ? ORDER BY i",
                         &reader->children, reader->err);
    return rc;
}

static int each_opening(struct reader *reader, int (*each)(void *arg, const struct opening *),
                        void *arg)
{
    uint64_t seq = 0;
    int step, rc = 0;

    while (rc == 0 && (step = sqlite3_step(reader->openings)) == SQLITE_ROW) {
        struct opening opening = { 0 };

        rc = read_opening(reader, ++seq, &opening);
        if (rc == 0)
            rc = each(arg, &opening);
        opening_clear(&opening);
        rc = rc < 0 ? rc : 0;
    }
    if (rc == 0)
        rc = sql_error(reader->store, step, reader->err);
    if (rc == 0 && seq != reader->store->tally.openings)
        rc = store_damaged(reader->store, reader->err, "openings has %llu rows of %llu",
                           (unsigned long long)seq,
                           (unsigned long long)reader->store->tally.openings);
    return rc;
}

int store_each_opening(struct store *store, int (*each)(void *arg, const struct opening *),
                       void *arg, struct errmsg *err)
{
    struct reader reader = { .store = store, .err = err };
    int rc;

    pthread_mutex_lock(&store->database);
    rc = prepare_reader(&reader);
    if (rc == 0)
        rc = each_opening(&reader, each, arg);
    sqlite3_finalize(reader.openings);
    sqlite3_finalize(reader.parents);
    sqlite3_finalize(reader.children);
    pthread_mutex_unlock(&store->database);
    return rc;
}
