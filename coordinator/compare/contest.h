/* contest - strategies x runs on a benchmark.
 *
 * Run r of every strategy has the seed first_seed + r and the reward column that a study of this seed
 * reads (study_reward_column). A run plays the daemon: `parallel` trials in flight, told in order of
 * issue; with workers, as many in flight as there are workers and the strategy has trials for, each
 * told when it ends. Runs are independent, so the outcome does not depend on the number of threads. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_CONTEST_H
#define LAYERNAS_COORDINATOR_COMPARE_CONTEST_H

#include "common/digest.h"
#include "coordinator/compare/benchmark.h"
#include "coordinator/compare/cluster.h"

enum { CONTEST_LABEL_SIZE = 64, NOTHING_FOUND = UINT32_MAX };

struct contestant {
    char label[CONTEST_LABEL_SIZE];
    struct study *study; /* its search section is the contestant's */
    struct run *runs;    /* owned, n_runs of them */
};

struct find {
    struct arch arch;
    int64_t cost;
    double reward, report; /* percent; NAN where the benchmark knows none */
};

/* best[t]: place in finds of the best architecture in the target after t + 1 trials, NOTHING_FOUND
 * before there is one. A search that ended early keeps what it had. Trials are counted as they end. */
struct run {
    uint64_t seed;
    uint32_t column;    /* of the rewards */
    uint32_t trials;    /* really made */
    uint32_t *best;     /* owned, `trials` of the contest */
    struct find *finds; /* owned */
    uint32_t n_finds;
    struct find *made; /* owned, `trials`, in order of issue; NULL unless the contest keeps them */
    double *when;      /* owned, as many: when that trial had ended; NULL without workers */
    double busy;       /* share of the workers' time, up to the end of the run, that was worked, */
    double useful;     /* and that went into attempts whose result counted */
    double doubled;    /* second attempts, a trial */
    struct digest digest; /* of all that it proposed, and the column */
};

struct contest {
    const struct benchmark *benchmark;
    struct contestant *contestants;
    uint32_t n_contestants, n_runs, trials;
    uint64_t first_seed;
    struct cluster_settings workers; /* n 0: time does not count */
    bool keep_trials;
    /* In the target, by reward column: the benchmark's, or where that is not known what the best run
     * has found. */
    double best_reward[BENCHMARK_MAX_REWARDS], best_report;
};

/* Runs them all on so many threads. On failure (-ENOMEM, -EAGAIN, a strategy's own) what was run
 * stays to be cleared. */
int contest_run(struct contest *contest, uint32_t threads, struct errmsg *err);

/* Of the contestants' runs; the contestants themselves are the caller's. */
void contest_clear(struct contest *contest);

/* Runs that proposed the same in the same order count once. */
uint32_t contest_distinct(const struct contest *contest, const struct contestant *contestant);

#endif
