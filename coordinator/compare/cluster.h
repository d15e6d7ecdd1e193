/* cluster - simulated workers: who is free, and whose trial ends next.
 *
 * Time is in the unit of the durations. Trials that end at the same moment do so in the order in which
 * they were started. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_CLUSTER_H
#define LAYERNAS_COORDINATOR_COMPARE_CLUSTER_H

#include <stdbool.h>
#include <stdint.h>

enum { CLUSTER_MOST_WORKERS = 100000 };

struct running_trial {
    double end;
    uint32_t trial;
};

struct cluster {
    uint32_t n_workers, n_running;
    struct running_trial *running; /* a heap: the next to end first */
    double now, worked;            /* worked: summed over the workers */
};

/* At time 0, all free. -ENOMEM. */
int cluster_init(struct cluster *cluster, uint32_t n_workers);
void cluster_clear(struct cluster *cluster);

bool cluster_has_room(const struct cluster *cluster);

/* Only where there is room. trial: the caller's name for it, rising from start to start. */
void cluster_start(struct cluster *cluster, uint32_t trial, double duration);

/* Moves on to when the next trial ends, and says which. False: none is running. */
bool cluster_next(struct cluster *cluster, uint32_t *trial_out);

#endif
