/* fleet - simulated workers: as many DEALER sockets as wanted, served by one thread, each speaking the
 * protocol as PROTOCOL.md has it. A trial takes them no time; what it came to is made up. */
#ifndef LAYERNAS_TESTS_FLEET_H
#define LAYERNAS_TESTS_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "proto/letter.h"
#include "proto/wire.h"
#include "tests/bench/served.h"

enum { FLEET_MOST_AHEAD = 64 };

struct fleet_worker {
    void *socket;
    uint64_t credit;
    struct letter letter;
    struct attempt attempt;               /* the newest */
    struct bytes ready[FLEET_MOST_AHEAD]; /* packed results that were not sent yet */
    size_t n_ready;
    double asked_at[FLEET_MOST_AHEAD]; /* when each result, which asks for a trial, was sent */
    size_t first_asked, n_asked;
};

struct fleet {
    void *context;
    const struct served *served;
    struct fleet_worker *workers;
    zmq_pollitem_t *items; /* n, of the workers */
    size_t n, ahead;
    uint64_t most;          /* results to be sent */
    uint64_t sent, settled; /* results, and those that are durable by the coordinator's word */
    uint64_t alive;         /* heartbeats that were answered */
    uint64_t trial_bytes, result_bytes; /* of the last message of each kind */
    double *waits;                      /* seconds from asking to having a trial; NULL: not kept */
    size_t n_waits, waits_room;
};

/* Connects n workers to a coordinator and has each say Hello with credit for `ahead` trials. */
void fleet_open(struct fleet *fleet, const struct served *served, size_t n, size_t ahead);

/* Has fleet->waits, at most so many. */
void fleet_keep_waits(struct fleet *fleet, size_t most);

/* Until each worker has all the trials it has credit for. */
void fleet_fill(struct fleet *fleet);

/* Answers n trials; returns the seconds until the coordinator has said of each that it is durable.
 * The workers have their trials again then. */
double fleet_work(struct fleet *fleet, uint64_t n);

/* One heartbeat of each worker from first to before end, which lists its newest trial; returns once all
 * are answered. */
void fleet_beat(struct fleet *fleet, size_t first, size_t end);

/* Goodbye. */
void fleet_close(struct fleet *fleet);

#endif
