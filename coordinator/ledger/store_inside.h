/* store_inside - what the store is made of; for store*.c alone.
 *
 *     store.c            opening, closing, the queue, what callers see
 *     store_writer.c     the thread: batches, transactions, trying again
 *     store_write.c      a queued write: made, and put into rows
 *     store_rows.c       rows <-> structs, and the hash that each row carries
 *     store_steering.c   the row of what people told the search to do
 *     store_read.c       rows back, each checked
 *     store_opening.c    rows of openings, both ways
 *     store_database.c   the file: schema, whose study it is, what it should hold
 *     store_files.c      the directory, its lock, logs and weights
 *     store_sql.c        SQLite, with its codes made errnos */
#ifndef LAYERNAS_COORDINATOR_LEDGER_STORE_INSIDE_H
#define LAYERNAS_COORDINATOR_LEDGER_STORE_INSIDE_H

#include <pthread.h>
#include <sqlite3.h>

#include "coordinator/ledger/store.h"

enum {
    STORE_APPLICATION_ID = 0x4c4e4153, /* "LNAS" */
    STORE_MAX_BATCH = 1000,            /* writes of one transaction */
    STORE_MAX_DISPATCH = 32, /* of the loop's turn: whoever waits for a trial waits for it */
    STORE_PACE_MS = 5,       /* between one transaction's begin and the next */
    STORE_CHECK_SIZE = 8,    /* bytes of a row's hash */
    STORE_PATH_SIZE = STUDY_PATH_SIZE + 128,
};

struct check {
    uint8_t bytes[STORE_CHECK_SIZE];
};

/* One row, rewritten by every transaction: how many rows there must be. */
struct tally {
    uint64_t commits, results, failures, openings;
    double elapsed_s;
};

struct weights_note {
    struct digest key, content;
};

enum write_kind {
    WRITE_RESULT,
    WRITE_FAILURE,
    WRITE_OPENING,
    WRITE_ELAPSED,
    WRITE_DATA,
    WRITE_STEERING
};

struct write {
    struct write *next;
    enum write_kind kind;
    store_done_fn *done;
    void *arg;
    uint64_t trial_number;
    struct bytes output, weights; /* owned */
    bool files_written;
    bool has_weights;
    struct digest weights_content; /* once files_written */
    union {
        struct stored_result result;
        struct stored_failure failure;
        struct opening opening; /* owned */
        double elapsed_s;
        struct digest data;
        struct steering *steering; /* owned */
    };
};

struct write_list {
    struct write *first, *last;
    size_t n;
};

enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_TALLY,
    STATEMENT_RESULT,
    STATEMENT_FAILURE,
    STATEMENT_OPENING,
    STATEMENT_PARENT,
    STATEMENT_CHILD,
    STATEMENT_DATA,
    STATEMENT_STEERING,
    STATEMENTS
};

struct store {
    char directory[STUDY_PATH_SIZE];
    int lock_fd, commits_fd, event_fd; /* -1: not open */
    bool has_thread;
    pthread_t thread;

    pthread_mutex_t database; /* guards the connection, for as long as its user needs it */
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    struct tally tally;
    double elapsed_before_s; /* the loop's, like the next two: as it was at the start */
    struct digest data_before;
    bool has_data_before;
    struct steering steering_before;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t changed;
    struct write_list queue, durable;
    size_t pending;
    bool closing, in_trouble;
    bool pacing; /* the writer waits for more, not for the first */
    struct errmsg trouble;
    struct weights_note *weights;
    size_t n_weights;
};

/* ---- store_sql.c ---- */

/* 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE, else the errno nearest to what went wrong. */
int sql_errno(sqlite3 *db, int code);

/* The same, with "DIR/study.db: what SQLite says" in err on failure. */
int sql_error(const struct store *store, int code, struct errmsg *err);

int sql_execute(struct store *store, const char *sql, struct errmsg *err);
int sql_prepare(struct store *store, const char *sql, sqlite3_stmt **statement_out,
                struct errmsg *err);

/* Runs a prepared insert or update with what is bound, and makes it ready for the next. */
int sql_run(struct store *store, enum statement which, struct errmsg *err);

/* One integer by a query that gives one. */
int sql_integer(struct store *store, const char *sql, int64_t *value_out, struct errmsg *err);

void sql_bind_text(sqlite3_stmt *statement, int at, const char *text);
void sql_bind_arch(sqlite3_stmt *statement, int at, const struct arch *arch);
void sql_bind_check(sqlite3_stmt *statement, int at, const struct check *check);

/* What a column holds; *valid becomes false where it is of another type or too large, or out of
 * range, and otherwise stays as it was. */
void sql_text(sqlite3_stmt *row, int at, char *text, size_t size, bool *valid);
void sql_bytes(sqlite3_stmt *row, int at, void *bytes, size_t size, bool *valid);
int64_t sql_within(sqlite3_stmt *row, int at, int64_t lowest, int64_t highest, bool *valid);
double sql_real(sqlite3_stmt *row, int at);
struct arch sql_arch(sqlite3_stmt *row, int at, bool *valid);

/* A number as SQLite gives it back: it knows no NaN but NULL, and no -0. */
double sql_canonical(double value);

/* "DIR/study.db: TABLE, row N: ...; restore a copy, or begin anew elsewhere". -EUCLEAN. */
int store_damaged(const struct store *store, struct errmsg *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- store_files.c ---- */

int store_make_directory(const char *directory, struct errmsg *err);
int store_lock(struct store *store, struct errmsg *err);
int store_make_folders(struct store *store, struct errmsg *err);

/* study.commits: -ENOENT while there is none, or it says nothing. */
int store_open_commits(struct store *store, struct errmsg *err);
int store_read_commits(const struct store *store, uint64_t *commits_out);
void store_write_commits(const struct store *store, uint64_t commits);

/* The log and the weights of a write, in their places. Safe to do again. */
int store_write_files(const struct store *store, struct write *write, struct errmsg *err);

struct digest store_content_digest(const struct bytes *bytes);
int store_read_file(const char *path, size_t most, struct bytes *bytes_out);

/* ---- store_database.c ---- */

int store_open_database(struct store *store, const struct study *study, struct errmsg *err);
void store_close_database(struct store *store);

/* ---- store_rows.c; seq is a row's place, from 1 ---- */

struct check store_check_text(const char *what, const char *text);
struct check store_check_tally(const struct tally *tally);
int store_update_tally(struct store *store, const struct tally *tally, struct errmsg *err);

/* The one row of data; NULL: not known yet. */
struct check store_check_data(const struct digest *data);
int store_update_data(struct store *store, const struct digest *data, struct errmsg *err);

/* The one row of steering, to and from the disk. */
int store_update_steering(struct store *store, const struct steering *steering, struct errmsg *err);
int store_read_steering(struct store *store, struct errmsg *err);

/* weights: digest of its content, NULL where it brought none. */
int store_insert_result(struct store *store, uint64_t seq, const struct stored_result *stored,
                        const struct digest *weights, struct errmsg *err);
int store_insert_failure(struct store *store, uint64_t seq, const struct stored_failure *failure,
                         struct errmsg *err);

/* False for a row that is not as it was written. */
bool store_result_of_row(sqlite3_stmt *row, uint64_t seq, struct stored_result *stored_out,
                         struct digest *weights_out, bool *has_weights_out);
bool store_failure_of_row(sqlite3_stmt *row, uint64_t seq, struct stored_failure *failure_out);

/* ---- store_opening.c ---- */

int store_insert_opening(struct store *store, uint64_t seq, const struct opening *opening,
                         struct errmsg *err);

/* ---- store_read.c ---- */

int store_note_weights(struct store *store, const struct digest *key, const struct digest *content);

/* ---- store_write.c ---- */

void store_free_write(struct write *write);
void store_append_write(struct write_list *list, struct write *write);

/* The first ones of a list, out of it. */
struct write_list store_take_writes(struct write_list *list, size_t most);

/* Puts one write into rows, and counts it. */
int store_insert(struct store *store, const struct write *write, struct tally *tally,
                 struct errmsg *err);

/* ---- store.c ---- */

/* Makes store_fd readable. */
void store_wake_loop(const struct store *store);

/* ---- store_writer.c ---- */

void *store_writer(void *store);

#endif
