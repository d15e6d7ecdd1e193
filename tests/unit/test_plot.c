#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/status/plot.h"
#include "coordinator/status/plot_run.h"
#include "coordinator/status/results_file.h"

static char folder[64], *path_before;

static int begin(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/layernas-plot-XXXXXX");
    path_before = strdup(getenv("PATH"));
    return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    char command[128];

    (void)state;
    setenv("PATH", path_before, 1);
    free(path_before);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Until the next call. */
static const char *content(const char *name)
{
    static char text[1 << 20];
    FILE *file = fopen(path_of(name), "r");

    if (!file)
        fail_msg("%s: %s", name, strerror(errno));
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static bool drawn(const struct plot *plot)
{
    struct errmsg err = { "" };
    bool plotted = false;

    check_int_equal(err.text, plot_write(folder, plot, &plotted, &err), 0);
    return plotted;
}

/* A gnuplot of our own comes first. */
static void put_gnuplot(const char *script)
{
    FILE *file = fopen(path_of("gnuplot"), "w");
    char path[4096];

    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    chmod(path_of("gnuplot"), 0755);
    snprintf(path, sizeof path, "%s:%s", folder, path_before);
    setenv("PATH", path, 1);
}

static void test_axes(void **state)
{
    static const struct {
        const char *name;
        enum cost_metric metric;
        struct cost_range target;
        struct plot_point trials[2];
        const char *want;
    } cases[] = {
        { "millions",
          COST_MADDS,
          { 0, 1000000 },
          { { 500000, 90 }, { 1500000, 92 } },
          "set xlabel 'multiply-adds (M)'" },
        { "thousands",
          COST_PARAMS,
          { 0, 40000 },
          { { 20000, 90 }, { 60000, 92 } },
          "set xlabel 'parameters (k)'" },
        { "as they are", COST_TABLE, { 0, 40 }, { { 20, 90 }, { 60, 92 } }, "set xlabel 'cost'\n" },
        { "a near end of the target is on the axis",
          COST_TABLE,
          { 0, 80 },
          { { 20, 90 }, { 60, 92 } },
          "set xrange [17.6:82.4]" },
        { "a far one is not",
          COST_TABLE,
          { 0, INT64_MAX },
          { { 20, 90 }, { 60, 92 } },
          "set xrange [18.4:61.6]" },
        { "one trial",
          COST_TABLE,
          { 0, INT64_MAX },
          { { 60, 92 }, { 60, 92 } },
          "set xrange [54:66]" },
        { "accuracies as they lie",
          COST_TABLE,
          { 0, 40 },
          { { 20, 90 }, { 60, 92 } },
          "set yrange [89.88:92.12]" },
        { "none above all",
          COST_TABLE,
          { 0, 40 },
          { { 20, 100 }, { 60, 0 } },
          "set yrange [0:103]" },
    };
    (void)state;
    put_gnuplot("exit 1");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct plot plot = { .study = "s",
                             .metric = cases[i].metric,
                             .target = cases[i].target,
                             .n_trials = 2,
                             .trials = cases[i].trials };

        check_true(cases[i].name, !drawn(&plot));
        if (!strstr(content("pareto.gp"), cases[i].want))
            fail_msg("%s: no \"%s\" in\n%s", cases[i].name, cases[i].want, content("pareto.gp"));
    }
}

/* One training in a hundred that learned nothing leaves the scale to the others. */
/* The winner need not be the best of the search. */
static void test_the_best_is_named(void **state)
{
    struct plot_point trials[] = { { 500000, 90 }, { 1500000, 92 } };
    struct plot plot = { .study = "s",
                         .metric = COST_MADDS,
                         .n_trials = 2,
                         .trials = trials,
                         .has_best = true,
                         .best = { 500000, 90 } };

    (void)state;
    put_gnuplot("exit 1");
    drawn(&plot);
    assert_non_null(strstr(content("pareto.gp"), "'best in the target: 90.00 % at 0.5 M'"));
    plot.best_won = true;
    drawn(&plot);
    assert_non_null(strstr(content("pareto.gp"), "'winner when retrained: 90.00 % at 0.5 M'"));
    assert_null(strstr(content("pareto.gp"), "best in the target"));
}

static void test_failures_do_not_flatten_the_rest(void **state)
{
    struct plot_point trials[100];
    struct plot plot = { .study = "s", .metric = COST_TABLE, .n_trials = 100, .trials = trials };

    (void)state;
    put_gnuplot("exit 1");
    for (int i = 0; i < 100; i++)
        trials[i] = (struct plot_point){ 100 + i, i ? 90 + i / 50.0 : 10 };
    drawn(&plot);
    check_true("said", strstr(content("pareto.gp"), "'below the axis: 1 of 100 trials'"));
    check_true("drawn all the same", strstr(content("pareto.gp"), "\n100 10\n"));
}

static void test_many_trials(void **state)
{
    enum { N = 200000 };
    struct plot_point *trials = malloc(N * sizeof *trials);
    struct plot plot = { .study = "s", .metric = COST_TABLE, .n_trials = N, .trials = trials };

    (void)state;
    put_gnuplot("exit 1");
    for (int i = 0; i < N; i++)
        trials[i] = (struct plot_point){ i, 90 };
    drawn(&plot);
    check_true("thinned", strstr(content("pareto.gp"), "'trials, one in 11'"));
    check_true("bounded", strlen(content("pareto.gp")) < 400000);
    free(trials);
}

static const struct plot_point two[] = { { 20, 90 }, { 60, 92 } };

static void test_gnuplot_that_does_not_work(void **state)
{
    static const struct {
        const char *name, *script;
    } cases[] = {
        { "fails", "exit 1" },
        { "is killed", "kill -9 $$" },
    };
    struct plot plot = { .study = "s", .metric = COST_TABLE, .n_trials = 2, .trials = two };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_gnuplot(cases[i].script);
        check_true(cases[i].name, !drawn(&plot));
        check_true("the script stays", exists("pareto.gp"));
    }
    setenv("PATH", "/nowhere", 1);
    check_true("is not there", !drawn(&plot));
    check_int_equal("is not there", plot_run_gnuplot(folder, "pareto.gp", 1000), -ENOENT);
}

static void test_gnuplot_that_hangs_is_killed(void **state)
{
    (void)state;
    put_gnuplot("exec sleep 1000");
    check_int_equal("hangs", plot_run_gnuplot(folder, "pareto.gp", 50), -ETIMEDOUT);
}

/* The stand-in runs where the files belong and is asked for the new names. */
static void test_plots_are_renamed_into_place(void **state)
{
    struct plot plot = { .study = "s", .metric = COST_TABLE, .n_trials = 2, .trials = two };

    (void)state;
    put_gnuplot("[ \"$1 $2 $3\" = \"-e suffix = '.new' pareto.gp\" ] &&\n"
                "echo p >pareto.png.new && echo s >pareto.svg.new");
    check_true("plotted", drawn(&plot));
    check_string_equal("PNG", content("pareto.png"), "p\n");
    check_string_equal("SVG", content("pareto.svg"), "s\n");
    check_true("renamed", !exists("pareto.png.new") && !exists("pareto.svg.new"));
}

/* ---- files ---- */

static int write_text(FILE *out, const void *text)
{
    fputs(text, out);
    return 0;
}

static int write_and_fail(FILE *out, const void *text)
{
    fputs(text, out);
    return -ENOMEM;
}

static void test_a_file_is_replaced_whole_or_not_at_all(void **state)
{
    struct errmsg err = { "" };
    char wanted[128];

    (void)state;
    assert_int_equal(results_file_replace(folder, "f", write_text, "first", &err), 0);
    check_string_equal("first", content("f"), "first");
    check_int_equal("fails", results_file_replace(folder, "f", write_and_fail, "second", &err),
                    -ENOMEM);
    snprintf(wanted, sizeof wanted, "%s/f.new: Cannot allocate memory", folder);
    check_string_equal("says so", err.text, wanted);
    check_string_equal("as it was", content("f"), "first");
    check_true("nothing beside it", !exists("f.new"));
    assert_int_equal(results_file_replace(folder, "f", write_text, "third", &err), 0);
    check_string_equal("third", content("f"), "third");
    check_int_equal("no room", results_file_replace("/dev/full", "f", write_text, "", &err),
                    -ENOTDIR);
}

static void test_csv_text(void **state)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "node1:77", "node1:77" },
        { "", "" },
        { "a,b", "\"a,b\"" },
        { "say \"hi\"", "\"say \"\"hi\"\"\"" },
        { "two\nlines", "\"two\nlines\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64] = "";
        FILE *out = fmemopen(text, sizeof text, "w");

        results_csv_text(out, cases[i].text);
        fclose(out);
        check_string_equal(cases[i].text, text, cases[i].want);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_axes),
        TEST(test_the_best_is_named),
        TEST(test_failures_do_not_flatten_the_rest),
        TEST(test_many_trials),
        TEST(test_gnuplot_that_does_not_work),
        TEST(test_gnuplot_that_hangs_is_killed),
        TEST(test_plots_are_renamed_into_place),
        TEST(test_a_file_is_replaced_whole_or_not_at_all),
        TEST(test_csv_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
