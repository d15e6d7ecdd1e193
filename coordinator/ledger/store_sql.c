/* SQLite, as the rest of the store sees it: errnos, and columns that are checked. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "coordinator/ledger/store_inside.h"

static int last_errno_of(sqlite3_file *file)
{
    int number = 0;

    if (file && file->pMethods)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

/* What the system said; 0: not known. sqlite3_system_errno knows it of opening only: what went wrong
 * in a statement, only the files do. */
static int system_errno(sqlite3 *db)
{
    sqlite3_file *wal = NULL, *database = NULL;
    int number = sqlite3_system_errno(db);

    if (number)
        return number;
    sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
    sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &database);
    number = last_errno_of(wal);
    return number ? number : last_errno_of(database);
}

int sql_errno(sqlite3 *db, int code)
{
    int system = db ? system_errno(db) : 0;

    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_CANTOPEN:
        return system ? -system : -EACCES;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR: /* our own statements do not fit its tables */
        return -EUCLEAN;
    case SQLITE_IOERR:
        return system ? -system : -EIO;
    default:
        return -EIO;
    }
}

int sql_error(const struct store *store, int code, struct errmsg *err)
{
    int rc = sql_errno(store->db, code);

    if (rc < 0)
        errmsg_set(err, rc, "%s/study.db: %s (%s)", store->directory, sqlite3_errmsg(store->db),
                   strerror(-rc));
    return rc;
}

int store_damaged(const struct store *store, struct errmsg *err, const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return errmsg_set(err, -EUCLEAN,
                      "%s/study.db: damaged: %s; restore a copy of the state directory, or begin "
                      "anew in another",
                      store->directory, what);
}

int sql_execute(struct store *store, const char *sql, struct errmsg *err)
{
    return sql_error(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL), err);
}

int sql_prepare(struct store *store, const char *sql, sqlite3_stmt **statement_out,
                struct errmsg *err)
{
    return sql_error(
        store,
        sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL),
        err);
}

int sql_run(struct store *store, enum statement which, struct errmsg *err)
{
    sqlite3_stmt *statement = store->statements[which];
    int rc = sql_error(store, sqlite3_step(statement), err);

    sqlite3_reset(statement);
    return rc;
}

int sql_integer(struct store *store, const char *sql, int64_t *value_out, struct errmsg *err)
{
    sqlite3_stmt *query = NULL;
    int rc = sql_prepare(store, sql, &query, err);

    if (rc == 0) {
        int step = sqlite3_step(query);

        rc = sql_error(store, step, err);
        if (rc == 0 && step != SQLITE_ROW)
            rc = store_damaged(store, err, "no answer to '%s'", sql);
        if (rc == 0)
            *value_out = sqlite3_column_int64(query, 0);
    }
    sqlite3_finalize(query);
    return rc;
}

void sql_bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

void sql_bind_arch(sqlite3_stmt *statement, int at, const struct arch *arch)
{
    char text[ARCH_TEXT_SIZE];

    sql_bind_text(statement, at, arch_format(arch, text));
}

void sql_bind_check(sqlite3_stmt *statement, int at, const struct check *check)
{
    sqlite3_bind_blob(statement, at, check->bytes, sizeof check->bytes, SQLITE_TRANSIENT);
}

void sql_text(sqlite3_stmt *row, int at, char *text, size_t size, bool *valid)
{
    const unsigned char *found = sqlite3_column_text(row, at);
    size_t n = (size_t)sqlite3_column_bytes(row, at);

    if (!found || n >= size || strlen((const char *)found) != n) {
        *valid = false;
        n = 0;
    }
    if (n)
        memcpy(text, found, n);
    text[n] = '\0';
}

void sql_bytes(sqlite3_stmt *row, int at, void *bytes, size_t size, bool *valid)
{
    const void *found = sqlite3_column_blob(row, at);

    if (!found || (size_t)sqlite3_column_bytes(row, at) != size)
        *valid = false;
    else
        memcpy(bytes, found, size);
}

int64_t sql_within(sqlite3_stmt *row, int at, int64_t lowest, int64_t highest, bool *valid)
{
    int64_t value = sqlite3_column_int64(row, at);

    if (value < lowest || value > highest) {
        *valid = false;
        value = lowest;
    }
    return value;
}

double sql_canonical(double value)
{
    return isnan(value) ? (double)NAN : value + 0.0;
}

double sql_real(sqlite3_stmt *row, int at)
{
    return sqlite3_column_type(row, at) == SQLITE_NULL ? (double)NAN
                                                       : sqlite3_column_double(row, at);
}

struct arch sql_arch(sqlite3_stmt *row, int at, bool *valid)
{
    char text[ARCH_TEXT_SIZE];
    struct arch arch = { 0 };

    sql_text(row, at, text, sizeof text, valid);
    if (arch_parse(text, &arch) < 0)
        *valid = false;
    return arch;
}
