/* benchmark - what a study's table or predictor says of the architectures of a space. Immutable once
 * loaded, shared by all threads. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_BENCHMARK_H
#define LAYERNAS_COORDINATOR_COMPARE_BENCHMARK_H

#include "common/study.h"
#include "common/surrogate.h"

enum { BENCHMARK_MOST = 1 << 22, BENCHMARK_MAX_REWARDS = STUDY_MAX_REWARDS };

/* Values are percent. */
struct benchmark {
    const struct study *study;
    uint32_t n_rewards;
    int64_t unit;                /* a training that costs so much takes 1 */
    struct surrogate *surrogate; /* NULL: a table, whole in memory */

    /* Of a table, by index: the option vector as a mixed-radix number, last layer fastest. NAN where
     * there is no row. */
    size_t n;
    double *reward[BENCHMARK_MAX_REWARDS]; /* a column each */
    double *report;                        /* the first reward column where the study names none */
    char reward_columns[BENCHMARK_MAX_REWARDS][EVALUATION_NAME_SIZE];
    double *seconds; /* of the training; NULL: the table does not tell */
    char report_column[EVALUATION_NAME_SIZE];

    /* Of a table, over the architectures that meet the target; n_feasible is 0 with a predictor. */
    double best_reward[BENCHMARK_MAX_REWARDS], best_report;
    size_t n_feasible;
};

struct worth {
    struct reward reward; /* as a worker returns it */
    double percent, report;
};

/* reward_columns, joined by ',', replace the study's own; NULL: those. study stays. -EINVAL with a
 * line in err, also for a study that trains, and for columns where there is no table. */
int benchmark_load(const struct study *study, const char *reward_columns,
                   struct benchmark *benchmark_out, struct errmsg *err);
void benchmark_clear(struct benchmark *benchmark);

/* False where the table has no such row, or the predictor no answer. */
bool benchmark_look(const struct benchmark *benchmark, uint32_t column, const struct arch *arch,
                    struct worth *worth_out);

/* The architecture of an index. */
struct arch benchmark_arch(const struct benchmark *benchmark, size_t index);

/* How long the training of an architecture of that cost takes: the table's seconds; or, where it tells
 * none, as its cost: one that costs the target's upper end takes 1, and where there is none, the dearest
 * architecture's. */
double benchmark_duration(const struct benchmark *benchmark, const struct arch *arch, int64_t cost);

#endif
