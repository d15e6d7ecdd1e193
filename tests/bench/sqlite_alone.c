#include "tests/bench/sqlite_alone.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/measure.h"

enum { LAYERS = 24 };

struct trial_result sqlite_alone_result(uint64_t number)
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

static void demand(int rc, sqlite3 *db)
{
    if (rc != SQLITE_OK)
        measure_die("SQLite: %s", sqlite3_errmsg(db));
}

static void insert(sqlite3_stmt *row, uint64_t number)
{
    struct trial_result result = sqlite_alone_result(number);
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
    sqlite3_step(row);
    demand(sqlite3_reset(row), sqlite3_db_handle(row));
}

double sqlite_alone_rate(const char *folder, uint32_t rows, uint32_t batch)
{
    char path[128];
    sqlite3_stmt *row;
    sqlite3 *db;
    double start;

    snprintf(path, sizeof path, "%s/raw.db", folder);
    demand(sqlite3_open(path, &db), db);
    demand(
        sqlite3_exec(db,
                     "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
                     "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4096;"
                     "CREATE TABLE results (seq INTEGER PRIMARY KEY, key BLOB, arch TEXT,"
                     " madds, params, correct, total, loss REAL, seconds REAL, numerics, worker)",
                     NULL, NULL, NULL),
        db);
    demand(sqlite3_prepare_v2(db, "INSERT INTO results VALUES (?,?,?,?,?,?,?,?,?,?,?)", -1, &row,
                              NULL),
           db);
    start = measure_now();
    for (uint64_t number = 1; number <= rows;) {
        demand(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL), db);
        for (uint32_t i = 0; i < batch; i++)
            insert(row, number++);
        demand(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), db);
    }
    start = measure_now() - start;
    sqlite3_finalize(row);
    sqlite3_close(db);
    unlink(path);
    return rows / start;
}
