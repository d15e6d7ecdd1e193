/* Durable results per second through the store, beside SQLite alone with the same rows, the same
 * settings and the same number of rows a transaction; in turns, medians. Then a restart. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "coordinator/ledger/store.h"
#include "tests/bench/measure.h"
#include "tests/bench/sqlite_alone.h"

enum { ROUNDS = 5, ROWS = 100000, BATCH = 1000 };

static void count(void *arg)
{
    ++*(uint64_t *)arg;
}

/* Puts ROWS results, never more than two batches ahead of the disk. */
static double store_rows_per_second(struct store *store, uint64_t first)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };
    double start = measure_now();
    uint64_t put = 0, done = 0;

    while (done < ROWS) {
        while (put < ROWS && put - done < 2 * BATCH) {
            struct trial_result result = sqlite_alone_result(first + put);
            struct trial trial = { .number = first + put++, .key = result.key };

            measure_demand(store_put_result(store, &trial, &result, NULL, NULL, count, &done),
                           "put");
        }
        poll(&poll_fd, 1, -1);
        store_dispatch(store);
    }
    return ROWS / (measure_now() - start);
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
    measure_die("%s", err.text);
}

static void time_a_restart(const char *directory, const struct study *study)
{
    double start = measure_now();
    struct store *store = open_or_die(directory, study);
    double opened = measure_now();
    uint64_t n = 0;

    measure_demand(store_each_result(store, take, &n, NULL), "read");
    printf("restart with %.1f M results: %.2f s to check the file, %.2f s to read and check rows\n",
           1e-6 * (double)n, opened - start, measure_now() - opened);
    store_close(store);
}

int main(void)
{
    double raw[ROUNDS], ours[ROUNDS];
    char folder[] = "/var/tmp/layernas-bench-XXXXXX", directory[64], command[80];
    struct study *study;
    struct errmsg err = { "" };
    struct store *store;

    if (study_load("deploy/studies/nas-bench-macro.yaml", &study, &err) < 0 || !mkdtemp(folder))
        measure_die("%s", err.text);
    snprintf(directory, sizeof directory, "%s/state", folder);
    store = open_or_die(directory, study);
    for (int r = 0; r < ROUNDS; r++) {
        raw[r] = sqlite_alone_rate(folder, ROWS, BATCH);
        ours[r] = store_rows_per_second(store, (uint64_t)r * ROWS + 1);
    }
    store_close(store);
    printf("durable results, %d a commit: SQLite alone %.0f/s, store %.0f/s: ratio %.2f\n", BATCH,
           measure_median(raw, ROUNDS), measure_median(ours, ROUNDS),
           measure_median(ours, ROUNDS) / measure_median(raw, ROUNDS));
    time_a_restart(directory, study);
    study_free(study);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0;
}
