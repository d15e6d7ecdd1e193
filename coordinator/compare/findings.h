/* findings - a contest as people and programs read it. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_FINDINGS_H
#define LAYERNAS_COORDINATOR_COMPARE_FINDINGS_H

#include <stdio.h>

#include "coordinator/compare/entrants.h"
#include "coordinator/compare/statistics.h"

/* With workers. Times as benchmark_duration, means over the runs but for time_to. */
struct wall_clock {
    double time_to[GAPS_MAX]; /* until half of the runs are so near; INFINITY: never */
    double length;            /* until all trials had ended */
    double busy, useful;      /* shares of the workers' time: worked, on attempts that counted */
    double doubled;           /* second attempts, a trial */
};

/* Statistics of all contestants at all budgets, computed once. */
struct findings {
    const struct contest *contest;
    const struct study *study; /* the first contestant's: name, space, target */
    uint32_t budgets[BUDGETS_MAX], n_budgets;
    double gaps[GAPS_MAX]; /* to the best reward, in points */
    uint32_t n_gaps;
    uint32_t distinct[ENTRANTS_MAX];
    struct statistics at[ENTRANTS_MAX][BUDGETS_MAX];
    struct paired against[ENTRANTS_MAX][BUDGETS_MAX]; /* the first contestant, minus this one */
    uint32_t trials_to[ENTRANTS_MAX][GAPS_MAX]; /* until half of the runs are so near; 0: never */
    struct wall_clock wall_clock[ENTRANTS_MAX];
};

/* Fills all but contest, study, budgets and gaps. -ENOMEM. */
int findings_compute(struct findings *findings);

/* For the terminal, at most 80 columns. */
void findings_print(const struct findings *findings, FILE *out);

/* 0 or -ENOMEM. */
int findings_print_json(const struct findings *findings, FILE *out);

/* summary.csv: a line for each strategy and budget; reach.csv: for each strategy and gap; runs.csv: for
 * each run of each strategy and budget. All are results_writer; arg is the findings. */
int findings_write_summary(FILE *out, const void *arg);
int findings_write_reach(FILE *out, const void *arg);
int findings_write_trials(FILE *out,
                          const void *arg); /* all trials of all runs, where they were kept */
int findings_write_runs(FILE *out, const void *arg);

#endif
