/* layernas-compare: what its options mean, runs against a hand-made table. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/compare/views.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

static char study_path[100];

static int make(void **state)
{
    int rc = study_fixture_make(state);

    snprintf(study_path, sizeof study_path, "%s/study.yaml", study_fixture_folder());
    if (rc == 0)
        study_fixture_write("study.yaml", table_study);
    return rc;
}

/* ---- options ---- */

static void test_entrants(void **state)
{
    static const char text[] =
        "random,plain=layernas{buckets: 9, keep: 2},evolution{population: 5}";
    struct contestant *c;
    struct errmsg err = { "" };
    uint32_t n;

    (void)state;
    if (entrants_load(study_path, "300", text, &c, &n, &err) < 0)
        fail_msg("%s", err.text);
    check_int_equal("entrants", n, 3);
    check_string_equal("a name is a label", c[0].label, "random");
    check_string_equal("a strategy", c[0].study->search.strategy, "random");
    check_string_equal("a label", c[1].label, "plain");
    check_string_equal("its strategy", c[1].study->search.strategy, "layernas");
    check_int_equal("its first field", c[1].study->search.layernas.buckets, 9);
    check_int_equal("its second field", c[1].study->search.layernas.keep, 2);
    check_string_equal("fields in a label", c[2].label, "evolution{population: 5}");
    check_int_equal("its field", c[2].study->search.evolution.population, 5);
    for (uint32_t i = 0; i < n; i++)
        check_int_equal("another target", c[i].study->search.target.highest, 300);
    entrants_clear(c, n);
}

static void test_faults_of_entrants(void **state)
{
    static const struct {
        const char *name, *text, *error;
    } cases[] = {
        { "unknown", "layernas,magic",
          "study.yaml:4: search.strategy: \"magic\"; allowed: layernas, random, evolution, local, "
          "ppo" },
        { "twice", "random,random", "--strategies: \"random\" twice; give one a LABEL=" },
        { "empty", "random,", "--strategies: \"\"; NAME, NAME{FIELD: VALUE} or LABEL=NAME{...}" },
        { "no label", "=random",
          "--strategies: \"=random\"; NAME, NAME{FIELD: VALUE} or LABEL=NAME{...}" },
        { "a wrong field", "random{trials: 0}",
          "study.yaml:4: search.trials: \"0\"; an integer from 1 to 100000000" },
    };
    struct contestant *c;
    struct errmsg err;
    uint32_t n;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_int_equal(cases[i].name, entrants_load(study_path, NULL, cases[i].text, &c, &n, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, study_fixture_strip(err.text), cases[i].error);
    }
    check_true("an open brace", entrants_load(study_path, NULL, "random{", &c, &n, &err) < 0);
}

static void test_budgets(void **state)
{
    static const char *const wrong[] = {
        "", "0", "5,5", "9,5", "5,", ",5", "5;6", "-1", "5 6", "10000001", "99999999999999999999"
    };
    uint32_t budgets[BUDGETS_MAX], n;
    struct errmsg err;

    (void)state;
    check_int_equal("a list", budgets_parse("1,20,10000000", budgets, &n, &err), 0);
    check_true("its numbers", n == 3 && budgets[0] == 1 && budgets[1] == 20);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_int_equal(wrong[i], budgets_parse(wrong[i], budgets, &n, &err), -EINVAL);
    check_int_equal("doubling", budgets_default(300, budgets), 4);
    check_true("up to the cap", budgets[0] == 50 && budgets[2] == 200 && budgets[3] == 300);
    check_int_equal("the cap alone", budgets_default(20, budgets), 1);
    check_int_equal("which it is", budgets[0], 20);
}

static void test_gaps(void **state)
{
    static const char *const wrong[] = {
        "", "1,1", "0.5,1", "1,", ",1", "1;0", "-1", "1 0", "101", "nan", "8,7,6,5,4,3,2,1"
    };
    double gaps[GAPS_MAX];
    struct errmsg err;
    uint32_t n;

    (void)state;
    check_int_equal("a list", gaps_parse("100,0.25,0", gaps, &n, &err), 0);
    check_true("its numbers", n == 3 && gaps[0] == 100 && gaps[1] == 0.25 && gaps[2] == 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_int_equal(wrong[i], gaps_parse(wrong[i], gaps, &n, &err), -EINVAL);
    check_string_equal(
        "in a line", err.text,
        "--within: \"8,7,6,5,4,3,2,1\"; up to 7 falling numbers of points, 100 to 0: "
        "1,0.5,0");
}

/* ---- a table ---- */

static void test_a_benchmark(void **state)
{
    struct study *study = study_fixture_study(table_study, "x: 400", "x: 300");
    struct benchmark benchmark;
    struct worth worth;
    struct errmsg err = { "" };

    (void)state;
    if (benchmark_load(study, NULL, &benchmark, &err) < 0)
        fail_msg("%s", err.text);
    check_int_equal("architectures", benchmark.n, 6);
    check_int_equal("in the target", benchmark.n_feasible, 3);
    check_true("best reward there", benchmark.best_reward[0] == 72);
    check_true("best report there", benchmark.best_report == 71);
    check_true("a row", benchmark_look(&benchmark, 0, &(struct arch){ 2, { 1, 1 } }, &worth));
    check_true("its values", worth.percent == 73 && worth.reward.correct == 730000);
    check_true("no row for 2:0",
               !benchmark_look(&benchmark, 0, &(struct arch){ 2, { 2, 0 } }, &worth));
    check_true("as long as its cost",
               benchmark_duration(&benchmark, &(struct arch){ 2, { 0, 1 } }, 150) == 0.5);
    benchmark_clear(&benchmark);
    check_int_equal("two columns", benchmark_load(study, "acc,test", &benchmark, &err), 0);
    check_true("both", benchmark.n_rewards == 2 && benchmark.best_reward[1] == 71);
    benchmark_clear(&benchmark);
    check_true("no such column", benchmark_load(study, "acc,nil", &benchmark, &err) < 0);
    check_int_equal("no name", benchmark_load(study, "acc,", &benchmark, &err), -EINVAL);
    check_int_equal("no percent", benchmark_load(study, "flops", &benchmark, &err), -EINVAL);
    study_free(study);
    study = study_fixture_study(training_study, "tiny", "tiny");
    check_int_equal("no table", benchmark_load(study, NULL, &benchmark, &err), -EINVAL);
    study_free(study);
}

static void test_a_benchmark_of_several_rewards(void **state)
{
    struct study *study = study_fixture_study(table_study, "reward: acc, report: test",
                                              "reward: [test, acc]");
    struct benchmark benchmark;
    struct errmsg err = { "" };

    (void)state;
    check_int_equal("load", benchmark_load(study, NULL, &benchmark, &err), 0);
    check_int_equal("all of the study's", benchmark.n_rewards, 2);
    check_true("in its order", benchmark.best_reward[0] == 72 && benchmark.best_reward[1] == 73);
    check_string_equal("the first is the report", benchmark.report_column, "test");
    benchmark_clear(&benchmark);
    check_int_equal("others", benchmark_load(study, "acc", &benchmark, &err), 0);
    check_true("in their place", benchmark.n_rewards == 1 && benchmark.best_reward[0] == 73);
    check_string_equal("report", benchmark.report_column, "acc");
    benchmark_clear(&benchmark);
    study_free(study);
}

/* ---- runs ---- */

static void play_on(struct cluster_settings workers, struct contest *contest,
                    struct benchmark *benchmark, const char *strategies, uint32_t threads)
{
    struct errmsg err = { "" };

    *contest = (struct contest){ 0 };
    if (entrants_load(study_path, NULL, strategies, &contest->contestants, &contest->n_contestants,
                      &err) < 0 ||
        benchmark_load(contest->contestants[0].study, "acc,test", benchmark, &err) < 0)
        fail_msg("%s", err.text);
    contest->benchmark = benchmark;
    contest->n_runs = 40;
    contest->first_seed = 1;
    contest->trials = 6;
    contest->workers = workers;
    if (contest_run(contest, threads, &err) < 0)
        fail_msg("%s", err.text);
}

static void play(struct contest *contest, struct benchmark *benchmark, const char *strategies,
                 uint32_t threads)
{
    play_on((struct cluster_settings){ 0 }, contest, benchmark, strategies, threads);
}

static void stop(struct contest *contest, struct benchmark *benchmark)
{
    contest_clear(contest);
    entrants_clear(contest->contestants, contest->n_contestants);
    benchmark_clear(benchmark);
}

static const char everyone[] = "random,layernas{guided: false},layernas,evolution,local,ppo,"
                               "wide=random{parallel: 3}";

static void test_runs(void **state)
{
    struct contest contest;
    struct benchmark benchmark;

    (void)state;
    play(&contest, &benchmark, everyone, 2);
    for (uint32_t c = 0; c < contest.n_contestants; c++)
        for (uint32_t r = 0; r < contest.n_runs; r++) {
            const struct contestant *who = &contest.contestants[c];
            const struct run *run = &who->runs[r];

            check_int_equal(who->label, run->seed, r + 1);
            check_int_equal(who->label, run->column, r % 2);
            check_true(who->label, run->trials >= 4); /* so many meet the target */
            for (uint32_t t = 1; t < contest.trials; t++)
                check_true(who->label, run_reward(run, t) <= run_reward(run, t + 1));
            check_true(who->label, run_reward(run, 6) == (r % 2 ? 72 : 73));
            check_true(who->label, run_report(run, 6) == 72);
        }
    check_true("seeds matter", contest_distinct(&contest, &contest.contestants[0]) > 20);
    check_int_equal("two columns", contest_distinct(&contest, &contest.contestants[1]), 2);
    stop(&contest, &benchmark);
}

static void test_threads_change_nothing(void **state)
{
    struct contest one, many;
    struct benchmark a, b;

    (void)state;
    play(&one, &a, everyone, 1);
    play(&many, &b, everyone, 7);
    for (uint32_t c = 0; c < one.n_contestants; c++)
        for (uint32_t r = 0; r < one.n_runs; r++) {
            const struct run *left = &one.contestants[c].runs[r];
            const struct run *right = &many.contestants[c].runs[r];

            check_true("proposals", digest_equal(&left->digest, &right->digest));
            assert_memory_equal(left->best, right->best, 6 * sizeof *left->best);
        }
    stop(&one, &a);
    stop(&many, &b);
}

/* However many workers there are and however long trials take, the same is proposed and the same found
 * in the end. */
static void test_workers_change_nothing(void **state)
{
    struct contest plain, timed;
    struct benchmark a, b;

    (void)state;
    play(&plain, &a, everyone, 1);
    for (uint32_t n = 1; n <= 8; n *= 2) {
        play_on(
            (struct cluster_settings){ .n = n, .spread = 9, .speeds = 3, .doubling = n % 4 == 0 },
            &timed, &b, everyone, 1);
        for (uint32_t c = 0; c < plain.n_contestants; c++)
            for (uint32_t r = 0; r < plain.n_runs; r++) {
                const struct run *left = &plain.contestants[c].runs[r];
                const struct run *right = &timed.contestants[c].runs[r];

                check_true("proposals", digest_equal(&left->digest, &right->digest));
                check_int_equal("trials", right->trials, left->trials);
                check_true("the best", run_reward(right, 6) == run_reward(left, 6));
                for (uint32_t t = 1; t < 6; t++)
                    check_true("time goes on", right->when[t - 1] <= right->when[t]);
                check_true("work",
                           n == 1 ? fabs(right->busy - 1) < 1e-12 : right->busy <= 1 + 1e-12);
                check_true("of use", n % 4 ? right->useful == right->busy
                                           : right->useful <= right->busy + 1e-12);
            }
        stop(&timed, &b);
    }
    stop(&plain, &a);
}

static const struct cluster_settings one_worker = { .n = 1, .spread = 1, .speeds = 1 };

/* One worker that is as fast as the costs say: all that meet the target fit in six trials, and random
 * search tries each once. */
static void test_how_long_it_takes(void **state)
{
    static const double all = (100 + 200 + 300 + 400) / 400.0;
    struct contest contest;
    struct benchmark benchmark;

    (void)state;
    play_on(one_worker, &contest, &benchmark, "random", 1);
    for (uint32_t r = 0; r < contest.n_runs; r++)
        check_true("all of them", fabs(contest.contestants[0].runs[r].when[5] - all) < 1e-9);
    check_true("length", fabs(statistics_length(&contest, contest.contestants) - all) < 1e-9);
    check_true("busy", fabs(statistics_busy(&contest, contest.contestants) - 1) < 1e-9);
    stop(&contest, &benchmark);
}

/* The column ms: 1.5, 2, 2 and 3 for those that meet the target. */
static void test_seconds_of_the_table(void **state)
{
    struct contest contest;
    struct benchmark benchmark;

    (void)state;
    study_fixture_write(
        "study.yaml", study_fixture_edit(table_study, "report: test", "report: test, seconds: ms"));
    play_on(one_worker, &contest, &benchmark, "random", 1);
    for (uint32_t r = 0; r < contest.n_runs; r++)
        check_true("all of them", fabs(contest.contestants[0].runs[r].when[5] - 8.5) < 1e-9);
    stop(&contest, &benchmark);
    study_fixture_write("study.yaml", table_study);
}

/* ---- what is written ---- */

static char text[1 << 16];

static const char *content(const char *name)
{
    char path[150];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", study_fixture_folder(), name);
    file = fopen(path, "r");
    if (!file)
        fail_msg("no %s", name);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    unlink(path);
    return text;
}

static uint32_t n_lines(const char *lines)
{
    uint32_t n = 0;

    for (; *lines; lines++)
        n += *lines == '\n';
    return n;
}

static struct findings findings;

static void find_out(struct contest *contest, struct benchmark *benchmark)
{
    play_on((struct cluster_settings){ .n = 3, .spread = 2, .speeds = 1 }, contest, benchmark,
            "it's=random,layernas{picks: 2, keep: 2}", 1);
    findings = (struct findings){ .contest = contest,
                                  .study = contest->contestants[0].study,
                                  .budgets = { 2, 6 },
                                  .n_budgets = 2,
                                  .gaps = { 1, 0 },
                                  .n_gaps = 2 };
    assert_int_equal(findings_compute(&findings), 0);
}

static void test_files(void **state)
{
    struct contest contest;
    struct benchmark benchmark;
    char *printed;
    size_t size;
    FILE *out;

    (void)state;
    find_out(&contest, &benchmark);
    out = open_memstream(&printed, &size);
    assert_non_null(out);
    findings_write_summary(out, &findings);
    fclose(out);
    check_true("head",
               strstr(printed,
                      "strategy,trials,runs,distinct_runs,mean,std,q25,median,q75,best,"
                      "regret_reward,regret_report,first_more,first_error,first_better,first_equal,"
                      "first_worse,first_p\nit's,2,40,") == printed);
    check_true("a comma in a label", strstr(printed, "\n\"layernas{picks: 2, keep: 2}\",6,40,"));
    check_int_equal("a line for strategy and budget", n_lines(printed), 1 + 4);
    check_true("the first is itself", strstr(printed, ",0.000000,0,40,0,1\n"));
    free(printed);
    out = open_memstream(&printed, &size);
    assert_non_null(out);
    findings_write_reach(out, &findings);
    fclose(out);
    check_true("gaps", strstr(printed, "strategy,gap,trials,time\nit's,1,") == printed);
    check_int_equal("a line for strategy and gap", n_lines(printed), 1 + 4);
    free(printed);
    out = open_memstream(&printed, &size);
    assert_non_null(out);
    findings_write_runs(out, &findings);
    fclose(out);
    check_int_equal("a line for each run of these", n_lines(printed), 1 + 160);
    check_true("a run", strstr(printed, "\nit's,39,40,6,4,1:1,400,"));
    free(printed);
    out = open_memstream(&printed, &size);
    assert_non_null(out);
    findings_print(&findings, out);
    fclose(out);
    for (const char *line = printed; *line; line += strcspn(line, "\n") + 1)
        check_true("80 columns", strcspn(line, "\n") <= 80);
    free(printed);
    stop(&contest, &benchmark);
}

static void test_views(void **state)
{
    static const char *const names[] = { "quality", "stability", "efficiency", "time" };
    struct contest contest;
    struct benchmark benchmark;
    struct errmsg err = { "" };
    bool drawn;

    (void)state;
    find_out(&contest, &benchmark);
    if (views_write(&findings, study_fixture_folder(), &drawn, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < 4; i++) {
        char name[40], title[100];
        const char *script;

        snprintf(name, sizeof name, "%s.gp", names[i]);
        script = content(name);
        check_true("a label in quotes", strstr(script, "title 'it''s'"));
        snprintf(title, sizeof title, "set title 'tiny-table: %s%s, 40 runs each' ", names[i],
                 i == 2 ? "" : " (report: test)");
        check_true("what is drawn", strstr(script, title));
        check_true("from a budget on", i > 0 || strstr(script, "\nset xrange [2:6]\n"));
        if (!drawn)
            continue;
        snprintf(name, sizeof name, "%s.svg", names[i]);
        check_true("a picture", strstr(content(name), "</svg>"));
        snprintf(name, sizeof name, "%s.png", names[i]);
        check_true("another", memcmp(content(name) + 1, "PNG", 3) == 0);
    }
    stop(&contest, &benchmark);
    if (!drawn)
        check_skip("no gnuplot");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entrants),
        cmocka_unit_test(test_faults_of_entrants),
        cmocka_unit_test(test_budgets),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_a_benchmark),
        cmocka_unit_test(test_a_benchmark_of_several_rewards),
        cmocka_unit_test(test_runs),
        cmocka_unit_test(test_threads_change_nothing),
        cmocka_unit_test(test_workers_change_nothing),
        cmocka_unit_test(test_how_long_it_takes),
        cmocka_unit_test(test_seconds_of_the_table),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_views),
    };
    return cmocka_run_group_tests(tests, make, study_fixture_remove);
}
