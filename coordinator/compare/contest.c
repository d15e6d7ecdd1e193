#include "coordinator/compare/contest.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/target.h"
#include "coordinator/search/candidate_table.h"
#include "coordinator/search/strategy.h"

/* ---- one run ---- */

struct player {
    const struct contest *contest;
    const struct study *study;
    struct run *run;
    struct strategy *strategy;
    struct proposal *waiting; /* ring of `parallel`; with workers, all */
    uint32_t n_places, n_asked, n_told;
    struct digest_state digest;
    struct candidate best;
};

/* rc of strategy_ask. */
static int ask(struct player *p)
{
    struct proposal *proposal = &p->waiting[p->n_asked % p->n_places];
    char text[ARCH_TEXT_SIZE];
    int rc = strategy_ask(p->strategy, proposal);

    if (rc == ASK_TRIAL) {
        p->n_asked++;
        digest_string(&p->digest, arch_format(&proposal->arch, text));
    }
    return rc;
}

static struct find find_of(const struct proposal *proposal, const struct worth *worth)
{
    return (struct find){ .arch = proposal->arch,
                          .cost = proposal->cost,
                          .reward = worth->percent,
                          .report = worth->report };
}

static bool is_better(const struct player *p, const struct candidate *candidate)
{
    return target_holds(&p->study->search.target, candidate->cost) &&
           (p->run->n_finds == 0 || candidate_compare(candidate, &p->best) < 0);
}

static int keep(struct player *p, const struct find *find)
{
    struct run *run = p->run;

    if ((run->n_finds & (run->n_finds - 1)) == 0) { /* full: it holds 1, 2, 4, ... */
        uint32_t room = run->n_finds ? 2 * run->n_finds : 1;
        struct find *finds = realloc(run->finds, room * sizeof *finds);

        if (!finds)
            return -ENOMEM;
        run->finds = finds;
    }
    run->finds[run->n_finds++] = *find;
    return 0;
}

static uint32_t newest_find(const struct run *run)
{
    return run->n_finds > 0 ? run->n_finds - 1 : NOTHING_FOUND;
}

static int tell(struct player *p, uint32_t place)
{
    const struct proposal *proposal = &p->waiting[place % p->n_places];
    struct worth worth = { .percent = NAN, .report = NAN };
    struct verdict verdict = { .valid = benchmark_look(p->contest->benchmark, p->run->column,
                                                       &proposal->arch, &worth) };
    struct candidate candidate = { .arch = proposal->arch,
                                   .canonical = proposal->arch,
                                   .cost = proposal->cost };

    struct find find = find_of(proposal, &worth);

    candidate.reward = verdict.reward = worth.reward;
    if (verdict.valid && is_better(p, &candidate)) {
        if (keep(p, &find) < 0)
            return -ENOMEM;
        p->best = candidate;
    }
    if (p->run->made)
        p->run->made[place] = find;
    p->run->best[p->n_told++] = newest_find(p->run);
    return strategy_tell(p->strategy, proposal->number, &verdict);
}

static int play(struct player *p, uint32_t trials)
{
    int rc = 0;

    while (rc >= 0) {
        if (p->n_asked - p->n_told == p->n_places || p->n_asked == trials) {
            if (p->n_told == p->n_asked)
                return 0;
            rc = tell(p, p->n_told);
            continue;
        }
        rc = ask(p);
        if (rc == ASK_WAIT)
            rc = tell(p, p->n_told);
        else if (rc == ASK_DONE)
            trials = p->n_asked;
    }
    return rc;
}

/* ---- with workers ---- */

/* Of the newest trial. */
static double duration(const struct player *p)
{
    const struct proposal *newest = &p->waiting[(p->n_asked - 1) % p->n_places];

    return benchmark_duration(p->contest->benchmark, &newest->arch, newest->cost);
}

static int start_trials(struct player *p, struct cluster *cluster, uint32_t *trials)
{
    while (cluster_has_room(cluster) && p->n_asked < *trials) {
        int rc = ask(p);

        if (rc == ASK_TRIAL)
            cluster_start(cluster, p->n_asked - 1, duration(p));
        else if (rc == ASK_DONE)
            *trials = p->n_asked;
        else if (rc == ASK_WAIT || rc < 0)
            return rc < 0 ? rc : 0;
    }
    return 0;
}

static int play_with(struct player *p, struct cluster *cluster, uint32_t trials)
{
    struct run *run = p->run;
    uint32_t place;
    double whole;
    int rc;

    while ((rc = start_trials(p, cluster, &trials)) == 0 && cluster_next(cluster, &place)) {
        run->when[p->n_told] = cluster->now;
        rc = tell(p, place);
        if (rc < 0)
            break;
    }
    whole = cluster->now * cluster->settings.n;
    run->busy = whole > 0 ? cluster->worked / whole : 0;
    run->useful = whole > 0 ? cluster->useful / whole : 0;
    run->doubled = p->n_told > 0 ? (double)cluster->n_doubled / p->n_told : 0;
    return rc;
}

static int play_on_workers(struct player *p)
{
    struct cluster cluster;
    int rc = cluster_init(&cluster, &p->contest->workers, p->run->seed);

    if (rc == 0)
        rc = play_with(p, &cluster, p->contest->trials);
    cluster_clear(&cluster);
    return rc;
}

/* ---- from its seed to its end ---- */

static int make_room(struct player *p)
{
    const struct contest *contest = p->contest;
    bool timed = contest->workers.n > 0;

    p->n_places = timed ? contest->trials : p->study->search.parallel;
    p->waiting = malloc(p->n_places * sizeof *p->waiting);
    p->run->best = malloc(contest->trials * sizeof *p->run->best);
    p->run->when = timed ? malloc(contest->trials * sizeof *p->run->when) : NULL;
    p->run->made = contest->keep_trials ? malloc(contest->trials * sizeof *p->run->made) : NULL;
    if (!p->waiting || !p->run->best || (timed && !p->run->when))
        return -ENOMEM;
    return contest->keep_trials && !p->run->made ? -ENOMEM : 0;
}

/* A search that ended early stays where it was. */
static void fill_up(struct player *p)
{
    struct run *run = p->run;

    run->trials = p->n_told;
    for (uint32_t t = run->trials; t < p->contest->trials; t++) {
        run->best[t] = newest_find(run);
        if (run->when)
            run->when[t] = t > 0 ? run->when[t - 1] : 0;
    }
}

static int make_run(const struct contest *contest, const struct contestant *contestant,
                    struct run *run)
{
    struct search_settings settings = contestant->study->search;
    struct player player = { .contest = contest, .study = contestant->study, .run = run };
    int rc = make_room(&player);

    settings.seed = run->seed;
    settings.trials = contest->trials;
    if (rc == 0)
        rc = strategy_new(&settings, contestant->study->cost_model, &player.strategy);
    digest_begin(&player.digest, "run");
    digest_integer(&player.digest, run->column);
    if (rc == 0)
        rc = contest->workers.n > 0 ? play_on_workers(&player) : play(&player, contest->trials);
    digest_end(&player.digest, &run->digest);
    if (rc == 0)
        fill_up(&player);
    strategy_free(player.strategy);
    free(player.waiting);
    return rc;
}

/* ---- all of them ---- */

struct pool {
    struct contest *contest;
    atomic_uint next;
    atomic_int rc; /* the first failure */
};

static void *work(void *arg)
{
    struct pool *pool = arg;
    struct contest *contest = pool->contest;
    unsigned task, n = contest->n_contestants * contest->n_runs;

    while (pool->rc == 0 && (task = pool->next++) < n) {
        struct contestant *contestant = &contest->contestants[task / contest->n_runs];
        int none = 0, rc = make_run(contest, contestant, &contestant->runs[task % contest->n_runs]);

        if (rc < 0)
            atomic_compare_exchange_strong(&pool->rc, &none, rc);
    }
    return NULL;
}

static int make_runs(struct contest *contest)
{
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        struct run *runs = calloc(contest->n_runs, sizeof *runs);

        if (!runs)
            return -ENOMEM;
        for (uint32_t r = 0; r < contest->n_runs; r++) {
            runs[r].seed = contest->first_seed + r;
            runs[r].column = study_reward_column(runs[r].seed, contest->benchmark->n_rewards);
        }
        contest->contestants[c].runs = runs;
    }
    return 0;
}

static void find_best(struct contest *contest)
{
    const struct benchmark *benchmark = contest->benchmark;

    memcpy(contest->best_reward, benchmark->best_reward, sizeof contest->best_reward);
    contest->best_report = benchmark->best_report;
    for (uint32_t c = 0; !benchmark->n_feasible && c < contest->n_contestants; c++)
        for (uint32_t r = 0; r < contest->n_runs; r++) {
            const struct run *run = &contest->contestants[c].runs[r];
            const struct find *find = run->n_finds ? &run->finds[run->n_finds - 1] : NULL;

            if (!find)
                continue;
            contest->best_reward[run->column] = fmax(contest->best_reward[run->column],
                                                     find->reward);
            contest->best_report = fmax(contest->best_report, find->report);
        }
}

int contest_run(struct contest *contest, uint32_t threads, struct errmsg *err)
{
    struct pool pool = { .contest = contest };
    pthread_t *helpers = calloc(threads, sizeof *helpers);
    uint32_t n = 0;
    int rc = helpers ? make_runs(contest) : -ENOMEM;

    if (rc == 0) {
        /* Fewer threads than wanted take longer, no more: this one works too. */
        while (n + 1 < threads && pthread_create(&helpers[n], NULL, work, &pool) == 0)
            n++;
        work(&pool);
        while (n > 0)
            pthread_join(helpers[--n], NULL);
        rc = pool.rc;
    }
    if (rc == 0)
        find_best(contest);
    free(helpers);
    return rc < 0 ? errmsg_set(err, rc, "a run failed: %s", strerror(-rc)) : 0;
}

void contest_clear(struct contest *contest)
{
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        struct contestant *contestant = &contest->contestants[c];

        for (uint32_t r = 0; contestant->runs && r < contest->n_runs; r++) {
            free(contestant->runs[r].best);
            free(contestant->runs[r].when);
            free(contestant->runs[r].finds);
            free(contestant->runs[r].made);
        }
        free(contestant->runs);
        contestant->runs = NULL;
    }
}

uint32_t contest_distinct(const struct contest *contest, const struct contestant *contestant)
{
    uint32_t n = 0;

    for (uint32_t r = 0; r < contest->n_runs; r++) {
        uint32_t i = 0;

        while (i < r && !digest_equal(&contestant->runs[i].digest, &contestant->runs[r].digest))
            i++;
        n += i == r;
    }
    return n;
}
