#include "coordinator/compare/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

double run_reward(const struct contest *contest, const struct run *run, uint32_t trials)
{
    uint32_t index = run->best[trials - 1];

    return index == NOTHING_FOUND ? 0 : contest->benchmark->reward[run->column][index];
}

double run_report(const struct contest *contest, const struct run *run, uint32_t trials)
{
    uint32_t index = run->best[trials - 1];

    return index == NOTHING_FOUND ? 0 : contest->benchmark->report[index];
}

static int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

/* values are sorted. */
static double quantile(const double *values, uint32_t n, double q)
{
    double place = q * (n - 1);
    uint32_t below = (uint32_t)place;

    if (below + 1 >= n)
        return values[n - 1];
    return values[below] + (place - below) * (values[below + 1] - values[below]);
}

static void describe(double *values, uint32_t n, struct statistics *s)
{
    double square = 0;

    for (uint32_t i = 0; i < n; i++)
        s->mean += values[i] / n;
    for (uint32_t i = 0; i < n; i++)
        square += (values[i] - s->mean) * (values[i] - s->mean);
    s->std = n > 1 ? sqrt(square / (n - 1)) : 0;
    qsort(values, n, sizeof *values, compare_doubles);
    s->q25 = quantile(values, n, 0.25);
    s->median = quantile(values, n, 0.5);
    s->q75 = quantile(values, n, 0.75);
    s->best = values[n - 1];
}

int statistics_after(const struct contest *contest, const struct contestant *contestant,
                     uint32_t trials, struct statistics *statistics_out)
{
    const struct benchmark *benchmark = contest->benchmark;
    uint32_t n = contest->n_runs;
    struct statistics s = { 0 };
    double *values = malloc(n * sizeof *values);

    if (!values)
        return -ENOMEM;
    for (uint32_t r = 0; r < n; r++) {
        const struct run *run = &contestant->runs[r];
        double gap = benchmark->best_reward[run->column] - run_reward(contest, run, trials);

        values[r] = run_report(contest, run, trials);
        s.regret_reward += gap / n;
        s.optimum += gap <= 0;
    }
    describe(values, n, &s);
    s.regret_report = benchmark->best_report - s.mean;
    free(values);
    *statistics_out = s;
    return 0;
}

/* The first number of trials after which run is within gap of the best; one more than all of them
 * where it never is. */
static uint32_t trials_to(const struct contest *contest, const struct run *run, double gap)
{
    double wanted = contest->benchmark->best_reward[run->column] - gap;
    uint32_t low = 1, high = contest->trials + 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (run_reward(contest, run, middle) >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

int statistics_trials_to(const struct contest *contest, const struct contestant *contestant,
                         double gap, uint32_t *trials_out)
{
    uint32_t n = contest->n_runs, half = (n - 1) / 2;
    double *trials = malloc(n * sizeof *trials);

    if (!trials)
        return -ENOMEM;
    for (uint32_t r = 0; r < n; r++)
        trials[r] = trials_to(contest, &contestant->runs[r], gap);
    qsort(trials, n, sizeof *trials, compare_doubles);
    *trials_out = trials[half] <= contest->trials ? (uint32_t)trials[half] : 0;
    free(trials);
    return 0;
}

int statistics_paired(const struct contest *contest, const struct contestant *left,
                      const struct contestant *right, uint32_t trials, struct paired *paired_out)
{
    uint32_t n = contest->n_runs;
    double *rewards = malloc(2 * (size_t)n * sizeof *rewards);
    int rc;

    if (!rewards)
        return -ENOMEM;
    for (uint32_t r = 0; r < n; r++) {
        rewards[r] = run_reward(contest, &left->runs[r], trials);
        rewards[n + r] = run_reward(contest, &right->runs[r], trials);
    }
    rc = paired_test(rewards, rewards + n, n, paired_out);
    free(rewards);
    return rc;
}
