/* benchmark - a table's rewards for every architecture of a space, and the best of them. Immutable
 * once loaded, shared by all threads. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_BENCHMARK_H
#define LAYERNAS_COORDINATOR_COMPARE_BENCHMARK_H

#include "common/study.h"

enum { BENCHMARK_MOST = 1 << 22, BENCHMARK_MAX_REWARDS = 16 };

/* Architectures are named by index: the option vector as a mixed-radix number, last layer fastest.
 * Values are percent; NAN where the table has no row. */
struct benchmark {
    size_t n;
    uint32_t n_rewards;
    double *reward[BENCHMARK_MAX_REWARDS]; /* a column each */
    double *report;                        /* the first reward column where the study names none */
    int64_t *cost;
    double *seconds; /* that a training takes: as its cost, in units of the mean training */
    /* Over the architectures that meet the target. */
    double best_reward[BENCHMARK_MAX_REWARDS], best_report;
    size_t n_feasible;
};

/* reward_columns, joined by ',', replace the study's own; NULL: that one. -EINVAL with a line in err,
 * also for a study whose evaluator is no table. */
int benchmark_load(const struct study *study, const char *reward_columns,
                   struct benchmark *benchmark_out, struct errmsg *err);
void benchmark_clear(struct benchmark *benchmark);

size_t benchmark_index(const struct space *space, const struct arch *arch);
struct arch benchmark_arch(const struct space *space, size_t index);

/* False where the table has no such row. */
bool benchmark_reward(const struct benchmark *benchmark, uint32_t column, size_t index,
                      struct reward *reward_out);

#endif
