/* Durable results per second through the store, beside SQLite alone with the same rows, the same
 * settings and the same number of rows a transaction; in turns, medians. Then a restart. */
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "coordinator/ledger/store.h"

enum { ROUNDS = 5, ROWS = 100000, BATCH = 1000, LAYERS = 24 };

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void demand(int rc, const char *what)
{
    if (rc == 0)
        return;
    fprintf(stderr, "bench_store: %s: %d\n", what, rc);
    exit(1);
}

static struct trial_result result_of(uint64_t number)
{
    struct trial_result result = { .madds = 900000 + (int64_t)number,
                                   .params = 54321,
                                   .reward = { (uint32_t)number % 4000, 4000 },
                                   .loss = 0.3,
                                   .seconds = 12.5,
                                   .arch.n = LAYERS,
                                   .numerics = "openblas-haswell-1t",
                                   .worker = "node17:4711" };

    memcpy(result.key.bytes, &number, sizeof number);
    memcpy(result.key.bytes + 8, &(uint64_t){ number * 0x9e3779b97f4a7c15u }, 8);
    for (int l = 0; l < LAYERS; l++)
        result.arch.option[l] = (uint16_t)((number >> l) % 24);
    return result;
}

/* ---- SQLite alone ---- */

static void insert_raw(sqlite3_stmt *row, uint64_t number)
{
    struct trial_result result = result_of(number);
    char arch[ARCH_TEXT_SIZE];

    sqlite3_bind_int64(row, 1, (int64_t)number);
    sqlite3_bind_blob(row, 2, result.key.bytes, 16, SQLITE_STATIC);
    sqlite3_bind_text(row, 3, arch_format(&result.arch, arch), -1, SQLITE_STATIC);
    sqlite3_bind_int64(row, 4, result.madds);
    sqlite3_bind_int64(row, 5, result.params);
    sqlite3_bind_int64(row, 6, result.reward.correct);
    sqlite3_bind_int64(row, 7, result.reward.total);
    sqlite3_bind_double(row, 8, result.loss);
    sqlite3_bind_double(row, 9, result.seconds);
    sqlite3_bind_text(row, 10, result.numerics, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 11, result.worker, -1, SQLITE_STATIC);
    demand(sqlite3_step(row) != SQLITE_DONE, "insert");
    sqlite3_reset(row);
}

static double raw_rows_per_second(const char *folder)
{
    char path[128];
    sqlite3_stmt *row;
    sqlite3 *db;
    double start;

    snprintf(path, sizeof path, "%s/raw.db", folder);
    demand(sqlite3_open(path, &db), "open");
    demand(
        sqlite3_exec(db,
                     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;"
                     "CREATE TABLE results (seq INTEGER PRIMARY KEY, key BLOB, arch TEXT,"
                     " madds, params, correct, total, loss REAL, seconds REAL, numerics, worker)",
                     NULL, NULL, NULL),
        "create");
    demand(sqlite3_prepare_v2(db, "INSERT INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?)", -1, &row,
                              NULL),
           "prepare");
    start = now_s();
    for (uint64_t number = 1; number <= ROWS;) {
        demand(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), "begin");
        for (int i = 0; i < BATCH; i++)
            insert_raw(row, number++);
        demand(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "commit");
    }
    start = now_s() - start;
    sqlite3_finalize(row);
    sqlite3_close(db);
    unlink(path);
    return ROWS / start;
}

/* ---- the store ---- */

static void count(void *arg)
{
    ++*(uint64_t *)arg;
}

/* Puts ROWS results, never more than two batches ahead of the disk. */
static double store_rows_per_second(struct store *store, uint64_t first)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };
    double start = now_s();
    uint64_t put = 0, done = 0;

    while (done < ROWS) {
        while (put < ROWS && put - done < 2 * BATCH) {
            struct trial_result result = result_of(first + put);
            struct trial trial = { .number = first + put++, .key = result.key };

            demand(store_put_result(store, &trial, &result, NULL, NULL, count, &done), "put");
        }
        poll(&poll_fd, 1, -1);
        store_dispatch(store);
    }
    return ROWS / (now_s() - start);
}

static int take(void *arg, const struct stored_result *stored)
{
    (void)stored;
    ++*(uint64_t *)arg;
    return 0;
}

static struct store *open_or_die(const char *directory, const struct study *study)
{
    struct store *store;
    struct errmsg err = { "" };

    if (store_open(directory, study, &store, &err) == 0)
        return store;
    fprintf(stderr, "bench_store: %s\n", err.text);
    exit(1);
}

static void time_a_restart(const char *directory, const struct study *study)
{
    double start = now_s();
    struct store *store = open_or_die(directory, study);
    double opened = now_s();
    uint64_t n = 0;

    demand(store_each_result(store, take, &n, NULL), "read");
    printf("restart with %.1f M results: %.2f s to check the file, %.2f s to read and check rows\n",
           1e-6 * (double)n, opened - start, now_s() - opened);
    store_close(store);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

int main(void)
{
    double raw[ROUNDS], ours[ROUNDS];
    char folder[] = "/var/tmp/layernas-bench-XXXXXX", directory[64], command[80];
    struct study *study;
    struct errmsg err = { "" };
    struct store *store;

    if (study_load("deploy/studies/nas-bench-macro.yaml", &study, &err) < 0 || !mkdtemp(folder)) {
        fprintf(stderr, "bench_store: %s\n", err.text);
        return 1;
    }
    snprintf(directory, sizeof directory, "%s/state", folder);
    store = open_or_die(directory, study);
    for (int r = 0; r < ROUNDS; r++) {
        raw[r] = raw_rows_per_second(folder);
        ours[r] = store_rows_per_second(store, (uint64_t)r * ROWS + 1);
    }
    store_close(store);
    printf("durable results, %d a commit: SQLite alone %.0f/s, store %.0f/s: ratio %.2f\n", BATCH,
           median(raw), median(ours), median(ours) / median(raw));
    time_a_restart(directory, study);
    study_free(study);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0;
}
