#include "coordinator/compare/cluster.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { LUCK_STREAM = 1 << 20, DOUBLES_STREAM, SPEEDS_STREAM /* clear of the strategies' own */ };

enum { NOBODY = UINT32_MAX };

/* Percentiles 10 and 90 of the normal distribution are so many deviations apart. */
#define DEVIATIONS_BETWEEN 2.5631031310892007

struct sim_worker {
    double slowness;
    /* While it runs an attempt. */
    double begin, end, duration; /* duration: the trial's, on an average worker */
    uint64_t start;              /* counts starts */
    uint32_t trial, twin;        /* twin: the worker with the other attempt, or NOBODY */
    uint32_t place;              /* in the heap */
    uint32_t older, newer;       /* running workers, by start */
};

static double factor(struct rng *rng, double spread)
{
    return exp(rng_normal(rng) * log(spread) / DEVIATIONS_BETWEEN);
}

int cluster_init(struct cluster *cluster, const struct cluster_settings *settings, uint64_t seed)
{
    struct rng speeds;

    *cluster = (struct cluster){ .settings = *settings, .oldest = NOBODY, .newest = NOBODY };
    cluster->workers = calloc(settings->n, sizeof *cluster->workers);
    cluster->running = calloc(settings->n, sizeof *cluster->running);
    cluster->idle = calloc(settings->n, sizeof *cluster->idle);
    if (!cluster->workers || !cluster->running || !cluster->idle)
        return -ENOMEM;
    rng_init(&cluster->luck, seed, LUCK_STREAM);
    rng_init(&cluster->luck_of_doubles, seed, DOUBLES_STREAM);
    rng_init(&speeds, seed, SPEEDS_STREAM);
    for (uint32_t w = 0; w < settings->n; w++) {
        cluster->workers[w].slowness = factor(&speeds, settings->speeds);
        cluster->idle[w] = w;
    }
    cluster->n_idle = settings->n;
    return 0;
}

void cluster_clear(struct cluster *cluster)
{
    free(cluster->workers);
    free(cluster->running);
    free(cluster->idle);
    cluster->workers = NULL;
    cluster->running = cluster->idle = NULL;
}

bool cluster_has_room(const struct cluster *cluster)
{
    return cluster->n_idle > 0;
}

/* ---- the heap ---- */

static bool ends_before(const struct cluster *cluster, uint32_t left, uint32_t right)
{
    const struct sim_worker *l = &cluster->workers[left], *r = &cluster->workers[right];

    return l->end < r->end || (l->end == r->end && l->start < r->start);
}

static void put(struct cluster *cluster, uint32_t place, uint32_t w)
{
    cluster->running[place] = w;
    cluster->workers[w].place = place;
}

static void rise(struct cluster *cluster, uint32_t place, uint32_t w)
{
    for (; place > 0; place = (place - 1) / 2) {
        uint32_t above = cluster->running[(place - 1) / 2];

        if (!ends_before(cluster, w, above))
            break;
        put(cluster, place, above);
    }
    put(cluster, place, w);
}

static void sink(struct cluster *cluster, uint32_t place, uint32_t w)
{
    uint32_t below;

    while ((below = 2 * place + 1) < cluster->n_running) {
        if (below + 1 < cluster->n_running &&
            ends_before(cluster, cluster->running[below + 1], cluster->running[below]))
            below++;
        if (!ends_before(cluster, cluster->running[below], w))
            break;
        put(cluster, place, cluster->running[below]);
        place = below;
    }
    put(cluster, place, w);
}

static void take_from_heap(struct cluster *cluster, uint32_t w)
{
    uint32_t place = cluster->workers[w].place, last = cluster->running[--cluster->n_running];

    if (last == w)
        return;
    sink(cluster, place, last);
    rise(cluster, cluster->workers[last].place, last);
}

/* ---- attempts ---- */

static void begin(struct cluster *cluster, uint32_t trial, double duration, double luck,
                  uint32_t twin)
{
    uint32_t w = cluster->idle[cluster->first_idle];
    struct sim_worker *worker = &cluster->workers[w];

    cluster->first_idle = (cluster->first_idle + 1) % cluster->settings.n;
    cluster->n_idle--;
    worker->begin = cluster->now;
    worker->end = cluster->now + duration * luck * worker->slowness;
    worker->duration = duration;
    worker->start = cluster->n_started++;
    worker->trial = trial;
    worker->twin = twin;
    worker->older = cluster->newest;
    worker->newer = NOBODY;
    if (cluster->newest != NOBODY)
        cluster->workers[cluster->newest].newer = w;
    else
        cluster->oldest = w;
    cluster->newest = w;
    if (twin != NOBODY)
        cluster->workers[twin].twin = w;
    rise(cluster, cluster->n_running++, w);
}

static void end(struct cluster *cluster, uint32_t w)
{
    struct sim_worker *worker = &cluster->workers[w];

    take_from_heap(cluster, w);
    if (worker->older != NOBODY)
        cluster->workers[worker->older].newer = worker->newer;
    else
        cluster->oldest = worker->newer;
    if (worker->newer != NOBODY)
        cluster->workers[worker->newer].older = worker->older;
    else
        cluster->newest = worker->older;
    cluster->worked += cluster->now - worker->begin;
    cluster->idle[(cluster->first_idle + cluster->n_idle++) % cluster->settings.n] = w;
}

void cluster_start(struct cluster *cluster, uint32_t trial, double duration)
{
    begin(cluster, trial, duration, factor(&cluster->luck, cluster->settings.spread), NOBODY);
}

/* When the running attempt may be doubled, as time stands; INFINITY: never. */
static double may_double_at(const struct cluster *cluster, const struct sim_worker *worker,
                            double median)
{
    double at = fmax(cluster->now, worker->begin + median * (1 + 1e-9));
    double running = at - worker->begin;

    if (worker->twin != NOBODY || at >= worker->end ||
        !yardstick_is_slow(median, running, running / (worker->end - worker->begin)))
        return INFINITY;
    return at;
}

/* Up to the next end. Of those that may be doubled at all, the one that has run longest may first. */
static void double_stragglers(struct cluster *cluster)
{
    double median = yardstick_median(&cluster->yardstick);
    uint32_t w = cluster->oldest;

    while (cluster->n_idle > 0 && w != NOBODY) {
        const struct sim_worker *worker = &cluster->workers[w];
        double at = may_double_at(cluster, worker, median);

        if (isfinite(at) && at >= cluster->workers[cluster->running[0]].end)
            return;
        if (isfinite(at)) {
            cluster->now = at;
            cluster->n_doubled++;
            begin(cluster, worker->trial, worker->duration,
                  factor(&cluster->luck_of_doubles, cluster->settings.spread), w);
        }
        w = worker->newer;
    }
}

bool cluster_next(struct cluster *cluster, uint32_t *trial_out)
{
    const struct sim_worker *worker;
    uint32_t w;

    if (cluster->n_running == 0)
        return false;
    if (cluster->settings.doubling)
        double_stragglers(cluster);
    w = cluster->running[0];
    worker = &cluster->workers[w];
    cluster->now = worker->end;
    *trial_out = worker->trial;
    cluster->useful += worker->end - worker->begin;
    yardstick_note(&cluster->yardstick, worker->end - worker->begin);
    end(cluster, w);
    if (worker->twin != NOBODY)
        end(cluster, worker->twin);
    return true;
}
