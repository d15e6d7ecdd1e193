/* What layernas-compare says of runs, by hand. */
#include <math.h>

#include "coordinator/compare/statistics.h"
#include "tests/unit/check.h"

/* Four runs of two trials; finds 0 to 4 are worth 10, 20, 30, 40, 50. */
static void test_statistics(void **state)
{
    static struct find finds[] = { { .reward = 10, .report = 11 },
                                   { .reward = 20, .report = 21 },
                                   { .reward = 30, .report = 31 },
                                   { .reward = 40, .report = 41 },
                                   { .reward = 50, .report = 51 } };
    static uint32_t best[4][2] = { { 0, 4 }, { 1, 1 }, { NOTHING_FOUND, 2 }, { 3, 4 } };
    struct run runs[4] = { 0 }, other_runs[4] = { 0 };
    struct contestant who = { .label = "who", .runs = runs }, other = { .runs = other_runs };
    struct contest contest = {
        .contestants = &who,
        .n_contestants = 1,
        .n_runs = 4,
        .trials = 2,
        .best_reward = { 50 },
        .best_report = 51,
    };
    struct statistics s;
    struct paired paired;
    double moment, when[4][2] = { { 3, 7 }, { 1, 4 }, { 3, 9 }, { 1, 2 } };
    uint32_t trials;

    (void)state;
    for (uint32_t r = 0; r < 4; r++) {
        runs[r].best = best[r];
        runs[r].finds = other_runs[r].finds = finds;
    }
    check_int_equal("after 2", statistics_after(&contest, &who, 2, &s), 0);
    check_true("mean of 51 21 31 51", fabs(s.mean - 38.5) < 1e-12);
    check_true("deviation", fabs(s.std - 15) < 1e-12);
    check_true("quartiles", s.q25 == 28.5 && s.median == 41 && s.q75 == 51 && s.best == 51);
    check_true("regrets", fabs(s.regret_reward - 12.5) < 1e-12 && s.regret_report == 12.5);
    check_int_equal("optimum", s.optimum, 2);
    check_int_equal("after 1", statistics_after(&contest, &who, 1, &s), 0);
    check_true("nothing found is 0", fabs(s.mean - (11 + 21 + 0 + 41) / 4.0) < 1e-12);
    check_int_equal("within 20", statistics_trials_to(&contest, &who, 20, &trials), 0);
    check_int_equal("half of the runs", trials, 2);
    statistics_trials_to(&contest, &who, 30, &trials);
    check_int_equal("sooner", trials, 1);
    runs[3].best = best[1];
    statistics_trials_to(&contest, &who, 0, &trials);
    check_int_equal("never", trials, 0);
    other.runs[0].best = other.runs[1].best = best[1]; /* 20, against 10 20 0 20 */
    other.runs[2].best = other.runs[3].best = best[1];
    check_int_equal("in pairs", statistics_paired(&contest, &other, &who, 1, &paired), 0);
    check_true("by their rewards", paired.better == 2 && paired.equal == 2 && paired.p == 0.5);
    check_true("more", fabs(paired.difference - 7.5) < 1e-12);
    for (uint32_t r = 0; r < 4; r++) {
        runs[r].when = when[r];
        runs[r].trials = 2;
    }
    check_int_equal("by a moment", statistics_when(&contest, &who, 2, &s), 0);
    check_true("0 1 0 2 trials of the runs", fabs(s.mean - (0 + 21 + 0 + 21) / 4.0) < 1e-12);
    check_int_equal("time", statistics_time_to(&contest, &who, 20, &moment), 0);
    check_true("the second of 7, never, 9, never", moment == 9);
    check_int_equal("time", statistics_time_to(&contest, &who, 0, &moment), 0);
    check_true("never", isinf(moment));
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(test_statistics) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
