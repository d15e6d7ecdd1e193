/* What a million trials in the store cost, beside a thousand: the time from asking for a trial to having it,
 * by eight simulated workers in turns; the time until a coordinator that starts anew listens,
 * beside SQLite alone reading the same rows; and the memory for each trial. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/bench/served.h"

enum { SIZES = 3, ROUNDS = 41, HAND_OUTS = 250, WORKERS = 8 };

static const uint32_t sizes[SIZES] = { 1000, 100000, 1000000 };

struct scale {
    struct served served;
    struct fleet fleet;
    double sqlite_s, opening_s, memory; /* seconds of processor time */
};

/* Each row, each column, and nothing done with them. */
static double read_by_sqlite(const struct served *served)
{
    char path[SERVED_NAME_SIZE];
    sqlite3_stmt *rows;
    sqlite3 *db;
    double start = measure_processor_s();
    int64_t sum = 0;

    if (sqlite3_open(served_path(served, "state/study.db", path), &db) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "SELECT * FROM results ORDER BY seq", -1, &rows, NULL) != SQLITE_OK)
        measure_die("%s: %s", path, sqlite3_errmsg(db));
    while (sqlite3_step(rows) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(rows); i++)
            sum += sqlite3_column_bytes(rows, i);
    sqlite3_finalize(rows);
    sqlite3_close(db);
    if (sum == 0)
        measure_die("%s: no rows", path);
    return measure_processor_s() - start;
}

static void open_scale(struct scale *scale, uint32_t n)
{
    served_new(&scale->served, SERVED_TRAINS);
    served_fill(&scale->served, n);
    scale->sqlite_s = read_by_sqlite(&scale->served);
    served_begin(&scale->served);
    scale->opening_s = measure_processor_of(scale->served.pid);
    scale->memory = served_memory(&scale->served);
}

/* Many short rounds in turns, so that what else runs on the machine meets all stores alike; of all
 * rounds together, as one percent of one is a matter of luck. */
static void measure_hand_out(struct scale *scales)
{
    double first_p99 = 0;

    for (int s = 0; s < SIZES; s++) {
        fleet_open(&scales[s].fleet, &scales[s].served, WORKERS, 1);
        fleet_fill(&scales[s].fleet);
        fleet_work(&scales[s].fleet, HAND_OUTS);
        fleet_keep_waits(&scales[s].fleet, ROUNDS * HAND_OUTS);
    }
    for (int r = 0; r < ROUNDS; r++)
        for (int s = 0; s < SIZES; s++)
            fleet_work(&scales[s].fleet, HAND_OUTS);
    for (int s = 0; s < SIZES; s++) {
        struct fleet *fleet = &scales[s].fleet;
        double p50 = 1e3 * measure_quantile(fleet->waits, fleet->n_waits, 0.5);
        double p99 = 1e3 * measure_quantile(fleet->waits, fleet->n_waits, 0.99);

        if (s == 0)
            first_p99 = p99;
        printf("%d hand-outs after %7u trials, %d workers: p50 %.2f ms, p99 %.2f ms (goal 10); p99 "
               "to that after %u: ratio %.2f (goal 1.5)\n",
               ROUNDS * HAND_OUTS, sizes[s], WORKERS, p50, p99, sizes[0], p99 / first_p99);
        fleet_close(fleet);
    }
}

int main(void)
{
    static struct scale scales[SIZES];
    const struct scale *first = &scales[0], *last = &scales[SIZES - 1];

    for (int s = 0; s < SIZES; s++)
        open_scale(&scales[s], sizes[s]);
    printf("restart with %u trials: %.2f s of processor time (goal 5), %.2f s by the clock; SQLite "
           "alone reads the rows in %.2f s of processor time: ratio %.1f\n",
           sizes[SIZES - 1], last->opening_s, last->served.opening_s, last->sqlite_s,
           last->opening_s / last->sqlite_s);
    printf("memory for each trial of %d layers: %.0f bytes (goal 300)\n", SERVED_LAYERS,
           (last->memory - first->memory) / (sizes[SIZES - 1] - sizes[0]));
    fflush(stdout);
    measure_hand_out(scales);
    for (int s = 0; s < SIZES; s++)
        served_clear(&scales[s].served);
    return 0;
}
