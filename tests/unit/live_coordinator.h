/* live_coordinator - a coordinator in a process of its own, serving a small study from a folder of
 * its own, and what the status socket and the files say about it. Workers: played_worker.
 *
 * The study trains networks of three layers: ten search trials, two final trainings, a test. Nothing
 * is trained, as workers are played. Waiting is for something to happen, for half a minute at most. */
#ifndef LAYERNAS_TESTS_LIVE_COORDINATOR_H
#define LAYERNAS_TESTS_LIVE_COORDINATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/study.h"
#include "coordinator/status/show/client.h"
#include "tests/unit/check.h"

enum {
    LIVE_TRIALS = 10,
    LIVE_FINALS = 2,
    LIVE_VALID = 50, /* validation images */
    LIVE_WAIT_MS = 30000,
    LIVE_LONG_LEASE = 600, /* seconds: longer than any test */
    LIVE_SHORT_LEASE = 4,  /* more than a stalled machine counts for (listening_clock) */
    LIVE_MOST_WORKERS = 8,
};

struct played_worker;

struct live {
    char folder[32];
    struct study *study;
    pid_t pid; /* 0: it is not running */
    void *context;
    char workers[256], status[256]; /* its endpoints */
    struct played_worker *played[LIVE_MOST_WORKERS];
    size_t n_played;
};

/* cmocka fixtures of a test. Teardown ends what is left, and shows the log of a coordinator that
 * should have ended before. */
int live_setup(void **state);
int live_teardown(void **state);

/* Writes and loads the study; starts nothing. */
void live_write(struct live *live, uint32_t lease_s);

/* The same, and the coordinator runs when it returns. */
void live_start(struct live *live, uint32_t lease_s);

/* SIGKILL, and the same anew, at other endpoints; its workers are closed. */
void live_kill_and_restart(struct live *live);

/* Its exit status, once it has ended by itself. */
int live_wait_exit(struct live *live);

/* How many rows of trials.csv are of this stage and state. */
size_t live_rows(const struct live *live, const char *stage, const char *state);

/* ---- its status socket ---- */

/* The caller's to free. */
Layernas__StatusReply *live_ask(const struct live *live, Layernas__Query__What what);

struct live_counts {
    uint64_t done, ready, running, failed, lost, quarantined, refused, workers, slots;
};

struct live_counts live_counts(const struct live *live);

/* Until there are `want` of field. */
#define live_wait(live, field, want)                                                               \
    live_wait_count((live), #field, offsetof(struct live_counts, field), (want))
void live_wait_count(const struct live *live, const char *name, size_t offset, uint64_t want);

#define live_check(name, live, field, want) check_int_equal(name, live_counts(live).field, want)

#endif
