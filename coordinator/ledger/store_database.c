/* study.db: its tables, whose study it is, and whether all is there that was committed. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/ledger/store_inside.h"

/* A newer layernas that changes a table raises STORE_SCHEMA and teaches this file to read both: schema 1
 * has no table of data, schema 2 none of steering. "check" is a word of SQL: the hash's column is called digest. */
static const char *const tables[] = {
    "CREATE TABLE study (one INTEGER PRIMARY KEY, identity TEXT, digest BLOB)",
    "CREATE TABLE tally (one INTEGER PRIMARY KEY, commits INTEGER, results INTEGER,"
    " failures INTEGER, openings INTEGER, elapsed_s REAL, digest BLOB)",
    "CREATE TABLE results (seq INTEGER PRIMARY KEY, key BLOB, stage INTEGER, replica INTEGER,"
    " arch TEXT, madds INTEGER, params INTEGER, quarantined INTEGER, correct INTEGER,"
    " total INTEGER, loss REAL, seconds REAL, diverged INTEGER, numerics TEXT, worker TEXT,"
    " reason TEXT, finished_at REAL, weights BLOB, digest BLOB)",
    "CREATE TABLE failures (seq INTEGER PRIMARY KEY, key BLOB, start INTEGER, counter INTEGER,"
    " worker BLOB, reason TEXT, digest BLOB)",
    "CREATE TABLE openings (seq INTEGER PRIMARY KEY, number INTEGER, pass INTEGER, layer INTEGER,"
    " buckets INTEGER, keep INTEGER, lowest INTEGER, highest INTEGER, parents INTEGER,"
    " children INTEGER, digest BLOB)",
    "CREATE TABLE opening_parents (opening INTEGER, i INTEGER, arch TEXT,"
    " PRIMARY KEY (opening, i)) WITHOUT ROWID",
    "CREATE TABLE opening_children (opening INTEGER, i INTEGER, arch TEXT, candidate TEXT,"
    " parent INTEGER, bucket INTEGER, interface INTEGER, cost INTEGER, fate INTEGER,"
    " PRIMARY KEY (opening, i)) WITHOUT ROWID",
    "CREATE TABLE data (one INTEGER PRIMARY KEY, data BLOB, digest BLOB)",
    "CREATE TABLE steering (one INTEGER PRIMARY KEY, mode INTEGER, trials INTEGER, aside TEXT,"
    " digest BLOB)",
};
enum { TABLES = sizeof tables / sizeof *tables };

static int tables_of(int64_t schema)
{
    return TABLES - (int)(STORE_SCHEMA - schema);
}

static const char *const sql_of[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_TALLY] = "UPDATE tally SET commits = ?, results = ?, failures = ?, openings = ?,"
                        " elapsed_s = ?, digest = ? WHERE one = 1",
    [STATEMENT_RESULT] = "INSERT INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [STATEMENT_FAILURE] = "INSERT INTO failures VALUES (?,?,?,?,?,?,?)",
    [STATEMENT_OPENING] = "INSERT INTO openings VALUES (?,?,?,?,?,?,?,?,?,?,?)",
    [STATEMENT_PARENT] = "INSERT INTO opening_parents VALUES (?,?,?)",
    [STATEMENT_CHILD] = "INSERT INTO opening_children VALUES (?,?,?,?,?,?,?,?,?)",
    [STATEMENT_DATA] = "UPDATE data SET data = ?, digest = ? WHERE one = 1",
    [STATEMENT_STEERING] = "UPDATE steering SET mode = ?, trials = ?, aside = ?, digest = ?"
                           " WHERE one = 1",
};

/* ---- a new database ---- */

static int insert_study(struct store *store, const char *identity, struct errmsg *err)
{
    sqlite3_stmt *row = NULL;
    struct check check = store_check_text("study", identity);
    int rc = sql_prepare(store, "INSERT INTO study VALUES (1, ?, ?)", &row, err);

    if (rc == 0) {
        sql_bind_text(row, 1, identity);
        sql_bind_check(row, 2, &check);
        rc = sql_error(store, sqlite3_step(row), err);
    }
    sqlite3_finalize(row);
    return rc;
}

static int prepare_statements(struct store *store, struct errmsg *err)
{
    int rc = 0;

    for (int s = 0; rc == 0 && s < STATEMENTS; s++)
        rc = sql_prepare(store, sql_of[s], &store->statements[s], err);
    return rc;
}

static int create_tables(struct store *store, const char *identity, struct errmsg *err)
{
    char pragmas[96];
    int rc = 0;

    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             STORE_APPLICATION_ID, STORE_SCHEMA);
    for (int t = 0; rc == 0 && t < TABLES; t++)
        rc = sql_execute(store, tables[t], err);
    if (rc == 0)
        rc = sql_execute(store, pragmas, err);
    if (rc == 0)
        rc = insert_study(store, identity, err);
    if (rc == 0)
        rc = sql_execute(store, "INSERT INTO tally (one) VALUES (1)", err);
    if (rc == 0)
        rc = sql_execute(
            store, "INSERT INTO data (one) VALUES (1); INSERT INTO steering (one) VALUES (1)", err);
    if (rc == 0)
        rc = prepare_statements(store, err);
    if (rc == 0)
        rc = store_update_tally(store, &store->tally, err);
    if (rc == 0)
        rc = store_update_data(store, NULL, err);
    if (rc == 0)
        rc = store_update_steering(store, &store->steering_before, err);
    return rc;
}

/* A WAL that is damaged or cut is, to SQLite, one that ends earlier. */
static int check_commits(struct store *store, struct errmsg *err)
{
    uint64_t commits;

    if (store_read_commits(store, &commits) < 0 || commits <= store->tally.commits)
        return 0;
    return store_damaged(store, err,
                         "%" PRIu64 " transactions of %" PRIu64
                         " are left (to go on with these, remove study.commits)",
                         store->tally.commits, commits);
}

/* All or nothing: cut short, it leaves a database without tables, which is made anew. */
static int create(struct store *store, const char *identity, struct errmsg *err)
{
    int rc = check_commits(store, err);

    if (rc == 0)
        rc = sql_execute(store, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE", err);
    if (rc == 0)
        rc = create_tables(store, identity, err);
    if (rc == 0)
        rc = sql_execute(store, "COMMIT", err);
    return rc;
}

/* ---- one that is there ---- */

static int check_kind(struct store *store, int64_t *schema_out, struct errmsg *err)
{
    int64_t application, schema;
    int rc = sql_integer(store, "PRAGMA application_id", &application, err);

    if (rc == 0)
        rc = sql_integer(store, "PRAGMA user_version", &schema, err);
    if (rc < 0)
        return rc;
    *schema_out = schema;
    if (application != STORE_APPLICATION_ID)
        return errmsg_set(err, -EUCLEAN, "%s/study.db: not a study of layernas, or damaged",
                          store->directory);
    if (schema > STORE_SCHEMA)
        return errmsg_set(err, -EPROTONOSUPPORT,
                          "%s/study.db: written by a newer layernas (schema %" PRId64
                          "); this one knows schema %d",
                          store->directory, schema, STORE_SCHEMA);
    return schema >= 1 ? 0 : store_damaged(store, err, "schema %" PRId64, schema);
}

static int check_tables(struct store *store, int64_t schema, struct errmsg *err)
{
    const int want = tables_of(schema);
    sqlite3_stmt *rows = NULL;
    int rc = sql_prepare(store, "SELECT sql FROM sqlite_schema ORDER BY rowid", &rows, err);
    int step = SQLITE_DONE, n = 0;

    while (rc == 0 && (step = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *sql = (const char *)sqlite3_column_text(rows, 0);

        if (n == want || !sql || strcmp(sql, tables[n++]) != 0)
            rc = store_damaged(store, err, "its tables are not those of schema %d", (int)schema);
    }
    if (rc == 0)
        rc = sql_error(store, step, err);
    if (rc == 0 && n != want)
        rc = store_damaged(store, err, "%d tables of %d", n, want);
    sqlite3_finalize(rows);
    return rc;
}

/* Sees what no row can: pages that are used twice or not at all. */
static int check_pages(struct store *store, struct errmsg *err)
{
    sqlite3_stmt *query = NULL;
    int rc = sql_prepare(store, "PRAGMA quick_check(1)", &query, err);

    if (rc == 0) {
        int step = sqlite3_step(query);
        const char *found = step == SQLITE_ROW ? (const char *)sqlite3_column_text(query, 0) : NULL;

        rc = sql_error(store, step, err);
        if (rc == 0 && (!found || strcmp(found, "ok") != 0))
            rc = store_damaged(store, err, "%s", found ? found : "no answer to quick_check");
    }
    sqlite3_finalize(query);
    return rc;
}

/* The value of the field that line begins with in text of "name\tvalue\n" lines, and its length;
 * NULL when it has no such field. */
static const char *value_of(const char *text, const char *line, size_t *size_out)
{
    size_t name = strcspn(line, "\t\n") + 1;

    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        if (strncmp(text, line, name) == 0) {
            *size_out = strcspn(text + name, "\n");
            return text + name;
        }
    return NULL;
}

/* Names the first field of `then` that `now` does not have. */
static int say_missing(const struct store *store, const struct study *study, const char *then,
                       const char *now, struct errmsg *err)
{
    for (const char *line = then; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        int name = (int)strcspn(line, "\t\n");
        size_t n;

        if (!value_of(now, line, &n))
            return errmsg_set(err, -EEXIST,
                              "%s: %.*s: none; the study in %s was begun with %.*s (name another "
                              "state directory, or change it back)",
                              study->path, name, line, store->directory,
                              (int)strcspn(line + name + 1, "\n"), line + name + 1);
    }
    return errmsg_set(err, -EEXIST, "%s: not the study that %s was begun with", study->path,
                      store->directory);
}

/* Names the first field of `now` that `then` has otherwise. */
static int say_difference(const struct store *store, const struct study *study, const char *then,
                          const char *now, struct errmsg *err)
{
    for (const char *line = now; *line; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t n_now, n_then = 0;
        const char *is = value_of(line, line, &n_now), *was = value_of(then, line, &n_then);

        if (is && was && n_now == n_then && memcmp(is, was, n_now) == 0)
            continue;
        return errmsg_set(err, -EEXIST,
                          "%s: %.*s: %.*s; the study in %s was begun with %.*s (name another state "
                          "directory, or change it back)",
                          study->path, (int)strcspn(line, "\t\n"), line, is ? (int)n_now : 0,
                          is ? is : "", store->directory, was ? (int)n_then : 4,
                          was ? was : "none");
    }
    return say_missing(store, study, then, now, err);
}

static int check_identity(struct store *store, const struct study *study, const char *identity,
                          struct errmsg *err)
{
    sqlite3_stmt *row = NULL;
    int rc = sql_prepare(store, "SELECT identity, digest FROM study WHERE one = 1", &row, err);

    if (rc == 0) {
        int step = sqlite3_step(row);
        const char *then = step == SQLITE_ROW ? (const char *)sqlite3_column_text(row, 0) : NULL;
        struct check found, want = store_check_text("study", then ? then : "");
        bool valid = then;

        rc = sql_error(store, step, err);
        sql_bytes(row, 1, found.bytes, sizeof found.bytes, &valid);
        if (rc == 0 && (!valid || memcmp(&found, &want, sizeof want) != 0))
            rc = store_damaged(store, err, "study, row 1 is not as it was written");
        if (rc == 0 && strcmp(then, identity) != 0)
            rc = say_difference(store, study, then, identity, err);
    }
    sqlite3_finalize(row);
    return rc;
}

static int read_tally(struct store *store, struct errmsg *err)
{
    struct tally *tally = &store->tally;
    sqlite3_stmt *row = NULL;
    int rc = sql_prepare(store, "SELECT * FROM tally WHERE one = 1", &row, err);

    if (rc == 0) {
        struct check found, want;
        bool valid = true;

        rc = sql_error(store, sqlite3_step(row), err);
        tally->commits = (uint64_t)sqlite3_column_int64(row, 1);
        tally->results = (uint64_t)sqlite3_column_int64(row, 2);
        tally->failures = (uint64_t)sqlite3_column_int64(row, 3);
        tally->openings = (uint64_t)sqlite3_column_int64(row, 4);
        tally->elapsed_s = sqlite3_column_double(row, 5);
        want = store_check_tally(tally);
        sql_bytes(row, 6, found.bytes, sizeof found.bytes, &valid);
        if (rc == 0 && (!valid || memcmp(&found, &want, sizeof want) != 0))
            rc = store_damaged(store, err, "tally, row 1 is not as it was written");
    }
    sqlite3_finalize(row);
    return rc;
}

/* Data that no result came of binds nobody. */
static int read_data(struct store *store, struct errmsg *err)
{
    sqlite3_stmt *row = NULL;
    int rc = sql_prepare(store, "SELECT * FROM data WHERE one = 1", &row, err);

    if (rc == 0) {
        struct check found, want;
        bool valid = true, known;

        rc = sql_error(store, sqlite3_step(row), err);
        known = sqlite3_column_type(row, 1) != SQLITE_NULL;
        if (known)
            sql_bytes(row, 1, store->data_before.bytes, sizeof store->data_before.bytes, &valid);
        want = store_check_data(known ? &store->data_before : NULL);
        sql_bytes(row, 2, found.bytes, sizeof found.bytes, &valid);
        if (rc == 0 && (!valid || memcmp(&found, &want, sizeof want) != 0))
            rc = store_damaged(store, err, "data, row 1 is not as it was written");
        store->has_data_before = known && store->tally.results > 0;
    }
    sqlite3_finalize(row);
    return rc;
}

static int upgrade(struct store *store, int64_t schema, struct errmsg *err)
{
    int rc = sql_execute(store, "BEGIN IMMEDIATE", err);

    for (int t = tables_of(schema); rc == 0 && t < TABLES; t++)
        rc = sql_execute(store, tables[t], err);
    if (rc == 0 && schema < 2)
        rc = sql_execute(store, "INSERT INTO data (one) VALUES (1)", err);
    if (rc == 0)
        rc = sql_execute(store, "INSERT INTO steering (one) VALUES (1); PRAGMA user_version = 3",
                         err);
    if (rc == 0)
        rc = prepare_statements(store, err);
    if (rc == 0 && schema < 2)
        rc = store_update_data(store, NULL, err);
    if (rc == 0)
        rc = store_update_steering(store, &store->steering_before, err);
    if (rc == 0)
        rc = sql_execute(store, "COMMIT", err);
    return rc;
}

static int check_existing(struct store *store, const struct study *study, const char *identity,
                          struct errmsg *err)
{
    int64_t schema;
    int rc = check_kind(store, &schema, err);

    if (rc == 0)
        rc = check_tables(store, schema, err);
    if (rc == 0)
        rc = check_identity(store, study, identity, err);
    if (rc == 0)
        rc = read_tally(store, err);
    if (rc == 0 && schema > 1)
        rc = read_data(store, err);
    if (rc == 0 && schema > 2)
        rc = store_read_steering(store, err);
    if (rc == 0)
        rc = check_commits(store, err);
    if (rc == 0)
        rc = check_pages(store, err);
    if (rc == 0)
        rc = schema < STORE_SCHEMA ? upgrade(store, schema, err) : prepare_statements(store, err);
    return rc;
}

/* ---- opening ---- */

/* EXCLUSIVE: no other program gets in, and SQLite needs no shared memory, which network file
 * systems do not have. A checkpoint flushes twice, so not too often: every 16 MB. */
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL;"
                               "PRAGMA wal_autocheckpoint = 4096";

static int open_file(struct store *store, struct errmsg *err)
{
    char path[STORE_PATH_SIZE];
    int rc;

    snprintf(path, sizeof path, "%s/study.db", store->directory);
    rc = sqlite3_open_v2(path, &store->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return sql_error(store, rc, err);
    sqlite3_extended_result_codes(store->db, 1);
    /* Until it is accepted, it stays byte for byte as it was. */
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return sql_execute(store, settings, err);
}

static int open_as_new_or_known(struct store *store, const struct study *study,
                                const char *identity, struct errmsg *err)
{
    int64_t n_tables;
    int rc = open_file(store, err);

    if (rc == 0)
        rc = sql_integer(store, "SELECT count(*) FROM sqlite_schema", &n_tables, err);
    if (rc == 0)
        rc = n_tables == 0 ? create(store, identity, err)
                           : check_existing(store, study, identity, err);
    if (rc == 0)
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    return rc;
}

int store_open_database(struct store *store, const struct study *study, struct errmsg *err)
{
    char *identity = study_identity(study);
    int rc = identity ? store_open_commits(store, err)
                      : errmsg_set(err, -ENOMEM, "no memory to open %s", store->directory);

    if (rc == 0)
        rc = open_as_new_or_known(store, study, identity, err);
    free(identity);
    return rc;
}

void store_close_database(struct store *store)
{
    for (int s = 0; s < STATEMENTS; s++)
        sqlite3_finalize(store->statements[s]);
    sqlite3_close(store->db);
}
