/* session_fixture - a real worker session in a process of its own, and the test as its coordinator.
 *
 * The session is the test program started again with arguments, so its main begins with
 *     if (argc > 1)
 *         return worker_main(argc, argv);
 * A test fails when it has taken a minute. Every wait answers what the worker says meanwhile: Welcome
 * to a Hello, Alive to a heartbeat, a verdict to a result; and HelloAgain to anything from a worker
 * that is not welcomed yet. */
#ifndef LAYERNAS_TESTS_SESSION_FIXTURE_H
#define LAYERNAS_TESTS_SESSION_FIXTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "proto/wire.h"

enum { SESSION_ROUTE = 64, SESSION_HEARTBEAT_MS = 400, SESSION_START = 77, SESSION_ATTEMPTS = 16 };

struct session_fixture {
    char folder[40]; /* of this test: bench.csv, corrupt.csv, gate (a pipe), log, spool */
    void *context, *router;
    char endpoint[64];
    pid_t worker;        /* 0: none, or seen to exit */
    int64_t deadline_ms; /* when the test has taken too long */
    bool knows_worker;   /* welcomed it, since the socket was bound */
    bool deaf;           /* answers nothing by itself */
    struct to_worker welcome;
    size_t n_heartbeats;
    size_t n_results[SESSION_ATTEMPTS]; /* that came, by their attempt */
    uint8_t route[SESSION_ROUTE];       /* to who spoke last */
    size_t route_size;
    bool more; /* frames of its message are left */
};

/* cmocka's setup and teardown: *state is the fixture. The worker and its folder go away. */
int session_fixture_make(void **state);
int session_fixture_remove(void **state);

/* Starts a worker with so many slots, which has the data sets bench (rows k0 to k9, of 50 to 59 %),
 * corrupt (no table), gate (the same rows, once the test lets them through), and images (the folder,
 * for what the test puts there). */
void session_fixture_start(struct session_fixture *f, int slots);

/* The coordinator leaves, and comes back where it was. */
void session_fixture_unbind(struct session_fixture *f);
void session_fixture_bind(struct session_fixture *f);

/* ---- what the coordinator says ---- */

void session_say(struct session_fixture *f, const struct to_worker *message);
void session_say_kind(struct session_fixture *f, enum to_worker_kind kind);
void session_say_bytes(struct session_fixture *f, const void *data, size_t size);
void session_say_cancel(struct session_fixture *f, uint64_t attempt);

/* A look-up of row in the table of that name. The attempt is the trial's number too. */
struct to_worker session_table_trial(const struct session_fixture *f, uint64_t attempt,
                                     const char *data, const char *row);
void session_say_trial(struct session_fixture *f, uint64_t attempt, const char *data,
                       const char *row);

void session_acknowledge(struct session_fixture *f, const struct result_message *result);

/* ---- what the worker says ---- */

/* The next message of that kind, itself unanswered but for a heartbeat; the caller's to clear. */
struct from_worker session_await(struct session_fixture *f, enum from_worker_kind kind);

/* The result of that attempt, acknowledged. Other results are, too, and are passed over. */
struct result_message session_await_result(struct session_fixture *f, uint64_t attempt);

void session_result_clear(struct result_message *result);

/* Waits for a heartbeat that lists the attempt. */
struct progress session_await_running(struct session_fixture *f, uint64_t attempt);

/* Waits for a Hello and welcomes the worker. */
void session_greet_worker(struct session_fixture *f);

/* ---- the worker's processes ---- */

/* Lets the rows of the gate through, to the one process that is waiting for them. */
void session_open_gate(struct session_fixture *f);

/* A running slot process of the worker; waits for one. */
pid_t session_slot(struct session_fixture *f);
/* Waits until a process is no more, or a zombie. */
void session_await_gone(struct session_fixture *f, pid_t pid);
/* Waits for the worker to end: its exit status, or minus the signal that it died of. */
int session_await_exit(struct session_fixture *f);

/* ---- what it keeps on disk: files of the spool that end so ---- */

size_t session_spooled(const struct session_fixture *f, const char *suffix);

/* ---- waiting for something else: once around that loop, what is said is answered ---- */

void session_nap(struct session_fixture *f, const char *what);
/* Fails the test when it has taken too long. */
void session_check_patience(const struct session_fixture *f, const char *what);

/* How often text stands in what the worker logged; and waiting until it does. */
size_t session_log_count(const struct session_fixture *f, const char *text);
void session_await_log(struct session_fixture *f, const char *text);

#endif
