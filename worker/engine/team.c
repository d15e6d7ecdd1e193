#include "worker/engine/team.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "worker/engine/denormals.h"

/* Who waits looks on for longer than jobs usually end apart: a thread that sleeps takes a quarter of that
 * to wake. Where it was in vain the others are not running: their processors have other work, and so,
 * likely, has this one. Then it sleeps at once for some time, so that looking on costs a hundredth. */
static const int64_t look_on_ns = 200000, give_up_ns = 20000000;

struct helper {
    struct team *team;
    size_t rank;
    int64_t sleeps_until; /* does not look on before */
    pthread_t thread;
};

struct team {
    size_t size;
    int64_t sleeps_until; /* the caller */
    team_job *job;        /* NULL: go home. Written before `jobs` is counted up */
    void *arg;
    atomic_uint jobs;   /* begun so far */
    atomic_size_t busy; /* helpers that have not ended the present one */
    pthread_mutex_t lock;
    pthread_cond_t begun, ended;
    size_t n_helpers;
    struct helper helper[];
};

/* ---- waiting ---- */

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void)
{
#if defined __SSE2__
    _mm_pause();
#endif
}

typedef bool waits_fn(struct team *team, unsigned seen);

static bool no_job(struct team *team, unsigned seen)
{
    return atomic_load_explicit(&team->jobs, memory_order_acquire) == seen;
}

static bool others_busy(struct team *team, unsigned seen)
{
    (void)seen;
    return atomic_load_explicit(&team->busy, memory_order_acquire) > 0;
}

/* Whether the wait was over before it got too long. */
static bool look_on(struct team *team, waits_fn *waits, unsigned seen, int64_t *sleeps_until)
{
    enum { LOOKS = 16 }; /* from one look at the clock to the next */
    int64_t start = now_ns(), now = start;

    for (; start >= *sleeps_until && now - start < look_on_ns; now = now_ns())
        for (int i = 0; i < LOOKS; i++) {
            if (!waits(team, seen))
                return true;
            relax();
        }
    if (now > start)
        *sleeps_until = now + give_up_ns;
    return false;
}

/* Who ends the wait signals under the lock, after it has changed what is waited for. */
static void wait_while(struct team *team, waits_fn *waits, unsigned seen, int64_t *sleeps_until,
                       pthread_cond_t *over)
{
    if (!waits(team, seen) || look_on(team, waits, seen, sleeps_until))
        return;
    pthread_mutex_lock(&team->lock);
    while (waits(team, seen))
        pthread_cond_wait(over, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

/* ---- jobs ---- */

static void begin(struct team *team, team_job *job, void *arg)
{
    team->job = job;
    team->arg = arg;
    atomic_store_explicit(&team->busy, team->n_helpers, memory_order_relaxed);
    pthread_mutex_lock(&team->lock);
    atomic_fetch_add_explicit(&team->jobs, 1, memory_order_release);
    pthread_cond_broadcast(&team->begun);
    pthread_mutex_unlock(&team->lock);
}

static void end(struct team *team)
{
    if (atomic_fetch_sub_explicit(&team->busy, 1, memory_order_acq_rel) > 1)
        return;
    pthread_mutex_lock(&team->lock);
    pthread_cond_signal(&team->ended);
    pthread_mutex_unlock(&team->lock);
}

static void *help(void *arg)
{
    struct helper *helper = arg;
    struct team *team = helper->team;

    (void)denormals_off();
    for (unsigned seen = 0;; seen++) {
        wait_while(team, no_job, seen, &helper->sleeps_until, &team->begun);
        if (!team->job)
            return NULL;
        team->job(team->arg, helper->rank);
        end(team);
    }
}

void team_run(struct team *team, team_job *job, void *arg)
{
    if (!team) {
        job(arg, 0);
        return;
    }
    begin(team, job, arg);
    job(arg, 0);
    wait_while(team, others_busy, 0, &team->sleeps_until, &team->ended);
}

size_t team_size(const struct team *team)
{
    return team ? team->size : 1;
}

struct team_share team_share(size_t total, size_t grain, size_t rank, size_t size)
{
    size_t grains = (total + grain - 1) / grain;
    size_t first = grains / size * rank + grains % size * rank / size;
    size_t end = grains / size * (rank + 1) + grains % size * (rank + 1) / size;

    first = first * grain < total ? first * grain : total;
    end = end * grain < total ? end * grain : total;
    return (struct team_share){ .first = first, .n = end - first };
}

/* ---- making ---- */

static bool processor_for_each(size_t n)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 && (size_t)CPU_COUNT(&set) >= n;
}

/* With no signals: they are for those who know what to do about them. */
static int start_helper(struct team *team)
{
    enum { STACK = 1 << 20 }; /* rows of pixels lie on it */
    struct helper *helper = &team->helper[team->n_helpers];
    pthread_attr_t attributes;
    sigset_t all, saved;
    int rc;

    *helper = (struct helper){ .team = team,
                               .rank = team->n_helpers + 1,
                               .sleeps_until = team->sleeps_until };
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    rc = pthread_create(&helper->thread, &attributes, help, helper);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    pthread_attr_destroy(&attributes);
    team->n_helpers += rc == 0;
    return -rc;
}

int team_new(size_t n, struct team **team_out)
{
    struct team *team;
    int rc = 0;

    *team_out = NULL;
    if (n <= 1)
        return 0;
    team = calloc(1, sizeof *team + (n - 1) * sizeof *team->helper);
    if (!team)
        return -ENOMEM;
    team->size = n;
    team->sleeps_until = processor_for_each(n) ? 0 : INT64_MAX;
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->begun, NULL);
    pthread_cond_init(&team->ended, NULL);
    while (rc == 0 && team->n_helpers + 1 < n)
        rc = start_helper(team);
    if (rc < 0) {
        team_free(team);
        return rc;
    }
    *team_out = team;
    return 0;
}

void team_free(struct team *team)
{
    if (!team)
        return;
    begin(team, NULL, NULL);
    for (size_t i = 0; i < team->n_helpers; i++)
        pthread_join(team->helper[i].thread, NULL);
    pthread_cond_destroy(&team->begun);
    pthread_cond_destroy(&team->ended);
    pthread_mutex_destroy(&team->lock);
    free(team);
}
