/* cluster - simulated workers: who is free, whose trial ends next, and who runs what a slow one runs too.
 *
 * Time is in the unit of the durations. A trial goes to the worker that has been free longest, and takes
 * as long as its duration says, times a factor of the worker's and one of the attempt's: both
 * log-normal of median 1. Where a worker is free when the next end is asked for, nothing can be handed
 * out to it: then, with doubling, it gets a second attempt of the straggler that has run longest
 * (ledger/yardstick.h), whose progress is known; the first to end counts, the other ends with it.
 *
 * Attempts that end at the same moment do so in the order in which they were started. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_CLUSTER_H
#define LAYERNAS_COORDINATOR_COMPARE_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/rng.h"
#include "coordinator/ledger/yardstick.h"

enum { CLUSTER_MOST_WORKERS = 100000 };

struct cluster_settings {
    uint32_t n;    /* workers */
    double spread; /* the 90th percentile of an attempt's factor / its 10th, from 1 */
    double speeds; /* the same of a worker's */
    bool doubling;
};

struct sim_worker;

struct cluster {
    struct cluster_settings settings;
    struct sim_worker *workers;
    uint32_t *running; /* workers, a heap: the next to end first */
    uint32_t n_running;
    uint32_t *idle; /* a ring of workers: the one free longest first */
    uint32_t first_idle, n_idle;
    uint32_t oldest, newest; /* of the running, by start */
    uint64_t n_started, n_doubled;
    struct yardstick yardstick;
    struct rng luck, luck_of_doubles;
    double now;
    double worked, useful; /* summed over the workers; useful: on attempts that counted */
};

/* At time 0, all free. -ENOMEM. */
int cluster_init(struct cluster *cluster, const struct cluster_settings *settings, uint64_t seed);
void cluster_clear(struct cluster *cluster);

bool cluster_has_room(const struct cluster *cluster);

/* Only where there is room. trial: the caller's name for it. */
void cluster_start(struct cluster *cluster, uint32_t trial, double duration);

/* Moves on to when the next trial ends, and says which. False: none is running. */
bool cluster_next(struct cluster *cluster, uint32_t *trial_out);

#endif
