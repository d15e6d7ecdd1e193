/* team - some threads that do one job after the other, each a share of it.
 *
 * The caller is one of them: rank 0. A job begins on all when team_run is called, and has ended on all
 * when that returns, so that what comes between two jobs needs no locks. One caller at a time. Jobs
 * may be as short as a few microseconds: who waits looks on for a moment before it sleeps, where there
 * is a processor for each. Denormals count as zero on the helping threads, see denormals.h; signals
 * are left to the others. Private to engine/. */
#ifndef LAYERNAS_WORKER_ENGINE_TEAM_H
#define LAYERNAS_WORKER_ENGINE_TEAM_H

#include <stddef.h>

struct team;

/* Of n threads, the caller's included: of one it is NULL, which all functions take. -EAGAIN where the
 * system gives no more threads, -ENOMEM. */
int team_new(size_t n, struct team **team_out);
void team_free(struct team *team);

size_t team_size(const struct team *team);

/* job(arg, rank) for each rank from 0 to the size of the team - 1. */
typedef void team_job(void *arg, size_t rank);
void team_run(struct team *team, team_job *job, void *arg);

/* The share of a rank in things 0 .. total - 1, in whole grains: from first on, n of them; as even
 * as can be. It depends on nothing else. */
struct team_share {
    size_t first, n;
};
struct team_share team_share(size_t total, size_t grain, size_t rank, size_t size);

#endif
