/* statistics - what a contestant's runs came to after a number of trials. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_STATISTICS_H
#define LAYERNAS_COORDINATOR_COMPARE_STATISTICS_H

#include "coordinator/compare/contest.h"
#include "coordinator/compare/paired.h"

/* Of the reported value (percent) of each run's best architecture by reward; nothing found counts as
 * 0. Quartiles interpolate linearly between order statistics. Regrets are means: to the best reward
 * in the target (of the run's own column), and to the best reported value there. */
struct statistics {
    double mean, std, q25, median, q75, best; /* std: of a sample, n - 1; 0 for one run */
    double regret_reward, regret_report;
    uint32_t optimum; /* runs that have found the best reward */
};

/* -ENOMEM. */
int statistics_after(const struct contest *contest, const struct contestant *contestant,
                     uint32_t trials, struct statistics *statistics_out);

/* The same of what had ended by a moment, with workers. -ENOMEM. */
int statistics_when(const struct contest *contest, const struct contestant *contestant, double when,
                    struct statistics *statistics_out);

/* Trials after which half of the runs were within `gap` points of the best reward; 0 if they never
 * were. -ENOMEM. */
int statistics_trials_to(const struct contest *contest, const struct contestant *contestant,
                         double gap, uint32_t *trials_out);

/* The moment by which they were, with workers; INFINITY if they never were. -ENOMEM. */
int statistics_time_to(const struct contest *contest, const struct contestant *contestant,
                       double gap, double *when_out);

/* Means over the runs, with workers: their length, the shares of the workers' time that were worked and
 * that counted, and second attempts a trial. */
double statistics_length(const struct contest *contest, const struct contestant *contestant);
double statistics_busy(const struct contest *contest, const struct contestant *contestant);
double statistics_useful(const struct contest *contest, const struct contestant *contestant);
double statistics_doubled(const struct contest *contest, const struct contestant *contestant);

/* The rewards of left's runs against those of right's. -ENOMEM. */
int statistics_paired(const struct contest *contest, const struct contestant *left,
                      const struct contestant *right, uint32_t trials, struct paired *paired_out);

/* Of one run after so many trials; none: 0. */
double run_reward(const struct run *run, uint32_t trials);
double run_report(const struct run *run, uint32_t trials);

#endif
