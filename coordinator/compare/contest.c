#include "coordinator/compare/contest.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/strategy.h"

/* ---- one run ---- */

struct player {
    const struct benchmark *benchmark;
    const struct study *study;
    struct run *run;
    struct strategy *strategy;
    struct proposal *waiting; /* ring of `parallel` */
    uint32_t parallel, n_asked, n_told;
    struct candidate best;
    uint32_t best_index;
};

static bool in_target(const struct player *p, int64_t cost)
{
    const struct cost_range *target = &p->study->search.target;

    return cost >= target->lowest && cost <= target->highest;
}

static int tell_oldest(struct player *p)
{
    const struct proposal *proposal = &p->waiting[p->n_told % p->parallel];
    size_t index = benchmark_index(p->study->space, &proposal->arch);
    struct verdict verdict = { 0 };
    struct candidate candidate = { .arch = proposal->arch,
                                   .canonical = proposal->arch,
                                   .cost = proposal->cost };

    verdict.valid = benchmark_reward(p->benchmark, p->run->column, index, &verdict.reward);
    candidate.reward = verdict.reward;
    if (verdict.valid && in_target(p, proposal->cost) &&
        (p->best_index == NOTHING_FOUND || candidate_compare(&candidate, &p->best) < 0)) {
        p->best = candidate;
        p->best_index = (uint32_t)index;
    }
    p->run->best[p->n_told++] = p->best_index;
    return strategy_tell(p->strategy, proposal->number, &verdict);
}

static int play(struct player *p, uint32_t trials, struct digest_state *digest)
{
    int rc = 0;

    while (rc >= 0) {
        struct proposal proposal;
        char text[ARCH_TEXT_SIZE];

        if (p->n_asked - p->n_told == p->parallel || p->n_asked == trials) {
            if (p->n_told == p->n_asked)
                return 0;
            rc = tell_oldest(p);
            continue;
        }
        rc = strategy_ask(p->strategy, &proposal);
        if (rc == ASK_TRIAL) {
            p->waiting[p->n_asked++ % p->parallel] = proposal;
            digest_string(digest, arch_format(&proposal.arch, text));
        } else if (rc == ASK_WAIT) {
            rc = tell_oldest(p);
        } else if (rc == ASK_DONE) {
            trials = p->n_asked;
        }
    }
    return rc;
}

static int make_run(const struct contest *contest, const struct contestant *contestant,
                    struct run *run)
{
    struct search_settings settings = contestant->study->search;
    struct player player = { .benchmark = contest->benchmark,
                             .study = contestant->study,
                             .run = run,
                             .parallel = settings.parallel,
                             .best_index = NOTHING_FOUND };
    struct digest_state digest;
    int rc = -ENOMEM;

    settings.seed = run->seed;
    settings.trials = contest->trials;
    player.waiting = malloc(settings.parallel * sizeof *player.waiting);
    run->best = malloc(contest->trials * sizeof *run->best);
    if (player.waiting && run->best)
        rc = strategy_new(&settings, contestant->study->cost_model, &player.strategy);
    digest_begin(&digest, "run");
    digest_integer(&digest, run->column);
    if (rc == 0)
        rc = play(&player, contest->trials, &digest);
    digest_end(&digest, &run->digest);
    run->trials = player.n_told;
    for (uint32_t t = run->trials; rc == 0 && t < contest->trials; t++)
        run->best[t] = player.best_index;
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
            runs[r].column = r % contest->benchmark->n_rewards;
        }
        contest->contestants[c].runs = runs;
    }
    return 0;
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
    free(helpers);
    return rc < 0 ? errmsg_set(err, rc, "a run failed: %s", strerror(-rc)) : 0;
}

void contest_clear(struct contest *contest)
{
    for (uint32_t c = 0; c < contest->n_contestants; c++) {
        struct contestant *contestant = &contest->contestants[c];

        for (uint32_t r = 0; contestant->runs && r < contest->n_runs; r++)
            free(contestant->runs[r].best);
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
