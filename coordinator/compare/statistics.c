#include "coordinator/compare/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static uint32_t best_after(const struct run *run, uint32_t trials)
{
    return trials > 0 ? run->best[trials - 1] : NOTHING_FOUND;
}

double run_reward(const struct run *run, uint32_t trials)
{
    uint32_t index = best_after(run, trials);

    return index == NOTHING_FOUND ? 0 : run->finds[index].reward;
}

double run_report(const struct run *run, uint32_t trials)
{
    uint32_t index = best_after(run, trials);

    return index == NOTHING_FOUND ? 0 : run->finds[index].report;
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

/* How many trials of a run count: the same of all, or those that had ended by a moment. */
struct extent {
    uint32_t trials; /* 0: by the moment */
    double when;
};

static uint32_t trials_in(const struct run *run, const struct extent *extent)
{
    uint32_t low = 0, high = run->trials;

    if (extent->trials > 0)
        return extent->trials;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (run->when[middle] <= extent->when)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int statistics_in(const struct contest *contest, const struct contestant *contestant,
                         const struct extent *extent, struct statistics *statistics_out)
{
    uint32_t n = contest->n_runs;
    struct statistics s = { 0 };
    double *values = malloc(n * sizeof *values);

    if (!values)
        return -ENOMEM;
    for (uint32_t r = 0; r < n; r++) {
        const struct run *run = &contestant->runs[r];
        uint32_t trials = trials_in(run, extent);
        double gap = contest->best_reward[run->column] - run_reward(run, trials);

        values[r] = run_report(run, trials);
        s.regret_reward += gap / n;
        s.optimum += gap <= 0;
    }
    describe(values, n, &s);
    s.regret_report = contest->best_report - s.mean;
    free(values);
    *statistics_out = s;
    return 0;
}

int statistics_after(const struct contest *contest, const struct contestant *contestant,
                     uint32_t trials, struct statistics *statistics_out)
{
    return statistics_in(contest, contestant, &(struct extent){ .trials = trials }, statistics_out);
}

int statistics_when(const struct contest *contest, const struct contestant *contestant, double when,
                    struct statistics *statistics_out)
{
    return statistics_in(contest, contestant, &(struct extent){ .when = when }, statistics_out);
}

/* The first number of trials after which run is within gap of the best; one more than all of them
 * where it never is. */
static uint32_t trials_to(const struct contest *contest, const struct run *run, double gap)
{
    double wanted = contest->best_reward[run->column] - gap;
    uint32_t low = 1, high = contest->trials + 1;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (run_reward(run, middle) >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* What half of the runs take to come within gap of the best: of two in the middle the lower one, in
 * trials or in time. INFINITY: half of them never do. -ENOMEM. */
static int median_way(const struct contest *contest, const struct contestant *contestant,
                      double gap, bool in_time, double *way_out)
{
    uint32_t n = contest->n_runs;
    double *ways = malloc(n * sizeof *ways);

    if (!ways)
        return -ENOMEM;
    for (uint32_t r = 0; r < n; r++) {
        const struct run *run = &contestant->runs[r];
        uint32_t trials = trials_to(contest, run, gap);

        ways[r] = trials > contest->trials ? INFINITY : in_time ? run->when[trials - 1] : trials;
    }
    qsort(ways, n, sizeof *ways, compare_doubles);
    *way_out = ways[(n - 1) / 2];
    free(ways);
    return 0;
}

int statistics_trials_to(const struct contest *contest, const struct contestant *contestant,
                         double gap, uint32_t *trials_out)
{
    double trials;
    int rc = median_way(contest, contestant, gap, false, &trials);

    if (rc == 0)
        *trials_out = isfinite(trials) ? (uint32_t)trials : 0;
    return rc;
}

int statistics_time_to(const struct contest *contest, const struct contestant *contestant,
                       double gap, double *when_out)
{
    return median_way(contest, contestant, gap, true, when_out);
}

double statistics_length(const struct contest *contest, const struct contestant *contestant)
{
    double sum = 0;

    for (uint32_t r = 0; r < contest->n_runs; r++)
        sum += contestant->runs[r].when[contest->trials - 1];
    return sum / contest->n_runs;
}

double statistics_busy(const struct contest *contest, const struct contestant *contestant)
{
    double sum = 0;

    for (uint32_t r = 0; r < contest->n_runs; r++)
        sum += contestant->runs[r].busy;
    return sum / contest->n_runs;
}

double statistics_useful(const struct contest *contest, const struct contestant *contestant)
{
    double sum = 0;

    for (uint32_t r = 0; r < contest->n_runs; r++)
        sum += contestant->runs[r].useful;
    return sum / contest->n_runs;
}

double statistics_doubled(const struct contest *contest, const struct contestant *contestant)
{
    double sum = 0;

    for (uint32_t r = 0; r < contest->n_runs; r++)
        sum += contestant->runs[r].doubled;
    return sum / contest->n_runs;
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
        rewards[r] = run_reward(&left->runs[r], trials);
        rewards[n + r] = run_reward(&right->runs[r], trials);
    }
    rc = paired_test(rewards, rewards + n, n, paired_out);
    free(rewards);
    return rc;
}
