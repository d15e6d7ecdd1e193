#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/rng.h"
#include "coordinator/compare/correlation.h"

enum { OPTIONS = 40, LAYERS = 2, ROWS = OPTIONS * OPTIONS };

static void load(const char *rewards, struct study **study_out, struct benchmark *benchmark)
{
    struct errmsg err = { "" };

    *study_out = study_fixture_study(table_study, "", "");
    if (benchmark_load(*study_out, rewards, benchmark, &err) < 0)
        fail_msg("%s", err.text);
}

static void test_by_hand(void **state)
{
    struct errmsg err = { "" };
    struct benchmark benchmark;
    struct correlation c;
    struct study *study;

    (void)state;
    study_fixture_write("table.csv", "arch,acc,test,flops\n"
                                     "0:0,70,69,100\n0:1,71,72,200\n1:0,72,71,300\n"
                                     "1:1,73,70,400\n2:1,75,74,800\n");
    load(NULL, &study, &benchmark);
    assert_int_equal(correlation_find(&benchmark, 0, &c, &err), 0);
    check_int_equal("all but 2:0", c.sets[CORRELATION_ALL].n, 5);
    check_int_equal("pairs in order, less the others", c.sets[CORRELATION_ALL].score, 4);
    check_int_equal("in the target", c.sets[CORRELATION_IN_TARGET].n, 4);
    check_int_equal("pairs there", c.sets[CORRELATION_IN_TARGET].score, 0);
    check_int_equal("one at least", c.sets[CORRELATION_HUNDREDTH].n, 1);
    check_true("which has no order", isnan(c.sets[CORRELATION_HUNDREDTH].tau_b));
    check_int_equal("nor is it the best by report", c.shared[CORRELATION_HUNDREDTH], 0);
    check_int_equal("1:1 is behind two", c.place, 3);
    check_true("2 points below 72", c.below == 2);
    benchmark_clear(&benchmark);
    study_free(study);
}

/* ---- all pairs, one by one ---- */

struct row {
    double reward, report;
    bool in_target;
};

static double tau_b(const struct row *rows, const bool *chosen)
{
    double score = 0, untied_reward = 0, untied_report = 0;

    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t k = 0; k < i; k++) {
            double reward = rows[i].reward - rows[k].reward;
            double report = rows[i].report - rows[k].report;

            if (!chosen[i] || !chosen[k])
                continue;
            score += reward * report > 0 ? 1 : reward * report < 0 ? -1 : 0;
            untied_reward += reward != 0;
            untied_report += report != 0;
        }
    return score / sqrt(untied_reward * untied_report);
}

/* How many in the target come before it, by reward or by report. */
static uint32_t before(const struct row *rows, uint32_t row, bool by_report)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < ROWS; i++)
        n += rows[i].in_target &&
             (by_report ? rows[i].report > rows[row].report : rows[i].reward > rows[row].reward);
    return n;
}

static void write_table(struct row *rows, struct rng *rng)
{
    static char text[ROWS * 40 + 100];
    int used = sprintf(text, "arch,acc,test,flops\n");
    static uint32_t order[ROWS];

    for (uint32_t i = 0; i < ROWS; i++)
        order[i] = i;
    rng_shuffle(rng, order, ROWS);
    for (uint32_t i = 0; i < ROWS; i++) {
        int cost = 1 + (int)rng_below(rng, 800);

        /* No two rewards are equal, so that the best tenth is one set; reports may be. */
        rows[i] = (struct row){ 10 + order[i] / 100.0, 0, cost <= 400 };
        rows[i].report = 10 + floor(order[i] / 100.0 + rng_double(rng) * 8);
        used += sprintf(text + used, "%u:%u,%.2f,%.0f,%d\n", i / OPTIONS, i % OPTIONS,
                        rows[i].reward, rows[i].report, cost);
    }
    study_fixture_write("table.csv", text);
}

static void write_space(void)
{
    char text[2048];
    int used = sprintf(text, "names:\n");

    for (int l = 0; l < LAYERS; l++) {
        used += sprintf(text + used, "  - {name: layer%d, options: [", l);
        for (int o = 0; o < OPTIONS; o++)
            used += sprintf(text + used, "%so%d", o ? ", " : "", o);
        used += sprintf(text + used, "]}\n");
    }
    study_fixture_write("names.yaml", text);
}

static void check_set(const char *name, const struct row *rows, const struct correlation *c,
                      enum correlation_set set, const bool *chosen)
{
    uint32_t n = 0, shared = 0;

    for (uint32_t i = 0; i < ROWS; i++)
        n += chosen[i];
    for (uint32_t i = 0; i < ROWS; i++)
        shared += chosen[i] && before(rows, i, true) < n;
    check_int_equal(name, c->sets[set].n, n);
    check_true(name, fabs(c->sets[set].tau_b - tau_b(rows, chosen)) < 1e-12);
    if (set >= CORRELATION_TENTH)
        check_int_equal(name, c->shared[set], shared);
}

static void test_against_brute_force(void **state)
{
    static struct row rows[ROWS];
    static bool all[ROWS], inside[ROWS], tenth[ROWS], hundredth[ROWS];
    struct errmsg err = { "" };
    struct benchmark benchmark;
    struct correlation c;
    struct study *study;
    struct rng rng;
    uint32_t n = 0;

    (void)state;
    rng_init(&rng, 11, 0);
    write_space();
    write_table(rows, &rng);
    load(NULL, &study, &benchmark);
    assert_int_equal(correlation_find(&benchmark, 0, &c, &err), 0);
    for (uint32_t i = 0; i < ROWS; i++)
        n += rows[i].in_target;
    for (uint32_t i = 0; i < ROWS; i++) {
        all[i] = true;
        inside[i] = rows[i].in_target;
        tenth[i] = inside[i] && before(rows, i, false) < (n + 9) / 10;
        hundredth[i] = inside[i] && before(rows, i, false) < (n + 99) / 100;
        if (inside[i] && before(rows, i, false) == 0)
            check_int_equal("the best's place", c.place, before(rows, i, true) + 1);
    }
    check_set("all", rows, &c, CORRELATION_ALL, all);
    check_set("in the target", rows, &c, CORRELATION_IN_TARGET, inside);
    check_set("tenth", rows, &c, CORRELATION_TENTH, tenth);
    check_set("hundredth", rows, &c, CORRELATION_HUNDREDTH, hundredth);
    benchmark_clear(&benchmark);
    study_free(study);
}

/* ---- what is said ---- */

static void test_print(void **state)
{
    struct errmsg err = { "" };
    struct benchmark benchmark;
    struct correlation c;
    struct study *study;
    char *printed;
    size_t size;
    FILE *out = open_memstream(&printed, &size);
    json_t *json;

    (void)state;
    assert_non_null(out);
    study_fixture_write("table.csv", "arch,acc,short,test,flops\n"
                                     "0:0,70,50,69,100\n0:1,71,51,72,200\n1:0,72,52,71,300\n"
                                     "1:1,73,60,75,400\n2:1,75,61,74,800\n");
    load("short,acc", &study, &benchmark);
    assert_int_equal(correlation_find(&benchmark, 1, &c, &err), 0);
    correlation_print(&benchmark, 1, &c, out);
    fclose(out);
    for (const char *line = printed; *line; line += strcspn(line, "\n") + 1)
        check_true("80 columns", strcspn(line, "\n") <= 80);
    check_true("the columns", strstr(printed, "does the reward, acc,\norder architectures as the "
                                              "report does, test?\n"));
    check_true("a set",
               strstr(printed, "\nin the target                       4   0.667   0.800\n"));
    check_true("one alone", strstr(printed, "\nof these the best 10 %              1       -"
                                            "       -          100 %\n"));
    check_true("the best", strstr(printed, "\nthe best has place 1 by report, 0.00 points below "));
    free(printed);
    json = correlation_json(&benchmark, 1, &c);
    check_int_equal("a program's",
                    json_integer_value(json_object_get(json, "best_place_by_report")), 1);
    check_int_equal("sets", json_array_size(json_object_get(json, "sets")), CORRELATION_SETS);
    json_decref(json);
    benchmark_clear(&benchmark);
    study_free(study);
}

static void test_refused(void **state)
{
    struct benchmark predictor = { .surrogate = (struct surrogate *)&predictor }, benchmark;
    struct errmsg err = { "" };
    struct correlation c;
    struct study *study;

    (void)state;
    load("test", &study, &benchmark);
    assert_int_equal(correlation_find(&benchmark, 0, &c, &err), -EINVAL);
    check_string_equal("one column", err.text,
                       "--correlation: 'test' is reward and report; evaluate.table.report, or "
                       "--rewards, may name another column");
    benchmark_clear(&benchmark);
    study_free(study);
    assert_int_equal(correlation_find(&predictor, 0, &c, &err), -EINVAL);
    check_string_equal("a predictor", err.text,
                       "--correlation: a predictor has no report beside its reward");
}

#define TEST(f) cmocka_unit_test_teardown(f, study_fixture_refill)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_by_hand),
        TEST(test_against_brute_force),
        TEST(test_print),
        TEST(test_refused),
    };

    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
