#include "coordinator/compare/cluster.h"

#include <errno.h>
#include <stdlib.h>

int cluster_init(struct cluster *cluster, uint32_t n_workers)
{
    *cluster = (struct cluster){ .n_workers = n_workers };
    cluster->running = calloc(n_workers, sizeof *cluster->running);
    return cluster->running ? 0 : -ENOMEM;
}

void cluster_clear(struct cluster *cluster)
{
    free(cluster->running);
    cluster->running = NULL;
}

bool cluster_has_room(const struct cluster *cluster)
{
    return cluster->n_running < cluster->n_workers;
}

static bool ends_before(const struct running_trial *left, const struct running_trial *right)
{
    return left->end < right->end || (left->end == right->end && left->trial < right->trial);
}

void cluster_start(struct cluster *cluster, uint32_t trial, double duration)
{
    struct running_trial started = { .end = cluster->now + duration, .trial = trial };
    uint32_t place = cluster->n_running++;

    for (; place > 0; place = (place - 1) / 2) {
        const struct running_trial *above = &cluster->running[(place - 1) / 2];

        if (!ends_before(&started, above))
            break;
        cluster->running[place] = *above;
    }
    cluster->running[place] = started;
    cluster->worked += duration;
}

static void fill_top(struct cluster *cluster, struct running_trial last)
{
    uint32_t place = 0, below;

    while ((below = 2 * place + 1) < cluster->n_running) {
        if (below + 1 < cluster->n_running &&
            ends_before(&cluster->running[below + 1], &cluster->running[below]))
            below++;
        if (!ends_before(&cluster->running[below], &last))
            break;
        cluster->running[place] = cluster->running[below];
        place = below;
    }
    cluster->running[place] = last;
}

bool cluster_next(struct cluster *cluster, uint32_t *trial_out)
{
    if (cluster->n_running == 0)
        return false;
    cluster->now = cluster->running[0].end;
    *trial_out = cluster->running[0].trial;
    cluster->n_running--;
    fill_top(cluster, cluster->running[cluster->n_running]);
    return true;
}
