#include "coordinator/compare/correlation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/target.h"

struct both {
    double reward, report;
};

/* Room for n in each list. */
struct lists {
    struct both *all; /* those in the target first */
    double *reward, *report;
    size_t n, n_in_target;
};

static int lists_new(size_t n, struct lists *lists)
{
    *lists = (struct lists){ .all = malloc((n + 1) * sizeof *lists->all),
                             .reward = malloc((n + 1) * sizeof *lists->reward),
                             .report = malloc((n + 1) * sizeof *lists->report) };
    return lists->all && lists->reward && lists->report ? 0 : -ENOMEM;
}

static void lists_clear(struct lists *lists)
{
    free(lists->all);
    free(lists->reward);
    free(lists->report);
}

static void gather(const struct benchmark *benchmark, uint32_t column, struct lists *lists)
{
    const struct study *study = benchmark->study;

    for (size_t i = 0; i < benchmark->n; i++) {
        struct both both = { benchmark->reward[column][i], benchmark->report[i] };
        struct arch arch;

        if (isnan(both.reward) || isnan(both.report))
            continue;
        lists->all[lists->n] = both;
        arch = benchmark_arch(benchmark, i);
        if (target_holds(&study->search.target, cost_of(study->cost_model, &arch))) {
            lists->all[lists->n] = lists->all[lists->n_in_target];
            lists->all[lists->n_in_target++] = both;
        }
        lists->n++;
    }
}

static int by_reward(const void *left, const void *right)
{
    const struct both *a = left, *b = right;

    if (a->reward != b->reward)
        return a->reward > b->reward ? -1 : 1;
    return (a->report < b->report) - (a->report > b->report);
}

static int falling(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;

    return (a < b) - (a > b);
}

/* Of the first n of all. */
static int correlate(struct lists *lists, size_t n, struct rank_correlation *correlation)
{
    for (size_t i = 0; i < n; i++) {
        lists->reward[i] = lists->all[i].reward;
        lists->report[i] = lists->all[i].report;
    }
    return rank_correlate(lists->reward, lists->report, n, correlation);
}

static size_t share(size_t n, size_t parts)
{
    return (n + parts - 1) / parts;
}

static int correlate_sets(struct lists *lists, struct correlation *c)
{
    size_t n = lists->n_in_target;
    const size_t sizes[CORRELATION_SETS] = { lists->n, n, share(n, 10), share(n, 100) };
    int rc = 0;

    /* The first set is of all, in whatever order; sorting keeps those in the target first. */
    qsort(lists->all, n, sizeof *lists->all, by_reward);
    for (int s = 0; s < CORRELATION_SETS && rc == 0; s++)
        rc = correlate(lists, sizes[s], &c->sets[s]);
    return rc;
}

static void look_at_top(struct lists *lists, struct correlation *c)
{
    size_t n = lists->n_in_target;

    if (n == 0)
        return;
    for (size_t i = 0; i < n; i++)
        lists->report[i] = lists->all[i].report;
    qsort(lists->report, n, sizeof *lists->report, falling);
    for (int s = CORRELATION_TENTH; s < CORRELATION_SETS; s++)
        for (size_t i = 0; i < c->sets[s].n; i++)
            c->shared[s] += lists->all[i].report >= lists->report[c->sets[s].n - 1];
    while (lists->report[c->place] > lists->all[0].report)
        c->place++;
    c->place++;
    c->below = lists->report[0] - lists->all[0].report;
}

int correlation_find(const struct benchmark *benchmark, uint32_t column,
                     struct correlation *correlation_out, struct errmsg *err)
{
    struct correlation c = { .place = 0 };
    struct lists lists;
    int rc;

    if (benchmark->surrogate)
        return errmsg_set(err, -EINVAL,
                          "--correlation: a predictor has no report beside its reward");
    if (strcmp(benchmark->reward_columns[column], benchmark->report_column) == 0)
        return errmsg_set(err, -EINVAL,
                          "--correlation: '%s' is reward and report; evaluate.table.report, or "
                          "--rewards, may name another column",
                          benchmark->report_column);
    rc = lists_new(benchmark->n, &lists);
    if (rc == 0) {
        gather(benchmark, column, &lists);
        rc = correlate_sets(&lists, &c);
    }
    if (rc == 0)
        look_at_top(&lists, &c);
    lists_clear(&lists);
    if (rc < 0)
        return errmsg_set(err, rc, "out of memory");
    *correlation_out = c;
    return 0;
}
