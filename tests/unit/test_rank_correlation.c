#include "tests/unit/check.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/rank_correlation.h"
#include "common/rng.h"

enum { MOST = 300 };

static bool is_near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-12;
}

static void check_near(const char *name, double got, double want)
{
    if (!is_near(got, want))
        fail_msg("%s: %.15g; wanted %.15g", name, got, want);
}

/* By hand. chance -1, spearman -2: not looked at. */
static void test_known(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        double x[10], y[10];
        int64_t score;
        double tau_b, spearman, chance;
    } cases[] = {
        { "none", 0, { 0 }, { 0 }, 0, NAN, NAN, 1 },
        { "one", 1, { 3 }, { 4 }, 0, NAN, NAN, 1 },
        { "two", 2, { 1, 2 }, { 5, 6 }, 1, 1, 1, 1 },
        { "the same", 4, { 1, 2, 3, 4 }, { 5, 6, 7, 80 }, 6, 1, 1, 2.0 / 24 },
        { "the opposite", 4, { 1, 2, 3, 4 }, { 9, 8, 7, 6 }, -6, -1, -1, 2.0 / 24 },
        { "one list is all equal", 3, { 1, 2, 3 }, { 7, 7, 7 }, 0, NAN, NAN, 1 },
        { "a pair turned round", 4, { 1, 2, 3, 4 }, { 1, 3, 2, 4 }, 4, 4.0 / 6, 0.8, 8.0 / 24 },
        { "ties in one", 3, { 1, 1, 2 }, { 1, 2, 3 }, 2, 2 / sqrt(6), sqrt(3) / 2, -1 },
        { "ties in both",
          10,
          { 1, 2.5, 2.5, 4.5, 4.5, 6.5, 6.5, 8, 9.5, 9.5 },
          { 1, 2, 4.5, 4.5, 4.5, 4.5, 8, 8, 8, 10 },
          33,
          33 / sqrt(41 * 36.0),
          -2,
          -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rank_correlation c;

        assert_int_equal(rank_correlate(cases[i].x, cases[i].y, cases[i].n, &c), 0);
        check_int_equal(cases[i].name, c.n, cases[i].n);
        check_int_equal(cases[i].name, c.score, cases[i].score);
        check_near(cases[i].name, c.tau_b, cases[i].tau_b);
        if (!(cases[i].spearman < -1))
            check_near(cases[i].name, c.spearman, cases[i].spearman);
        if (cases[i].chance >= 0)
            check_near(cases[i].name, c.chance, cases[i].chance);
    }
}

/* ---- against all pairs, one by one ---- */

static int sign(double d)
{
    return (d > 0) - (d < 0);
}

static struct rank_correlation brute_force(const double *x, const double *y, size_t n)
{
    struct rank_correlation c = { .n = n };
    double untied_x = 0, untied_y = 0, mean = ((double)n + 1) / 2, xx = 0, yy = 0, xy = 0;

    for (size_t i = 0; i < n; i++) {
        double place_x = 1, place_y = 1; /* 1 + those above + half of the other equal ones */

        for (size_t j = 0; j < n; j++) {
            int dx = sign(x[j] - x[i]), dy = sign(y[j] - y[i]);

            place_x += j == i ? 0 : dx > 0 ? 1 : dx == 0 ? 0.5 : 0;
            place_y += j == i ? 0 : dy > 0 ? 1 : dy == 0 ? 0.5 : 0;
            if (j < i) {
                c.score += dx * dy;
                untied_x += dx != 0;
                untied_y += dy != 0;
            }
        }
        xx += (place_x - mean) * (place_x - mean);
        yy += (place_y - mean) * (place_y - mean);
        xy += (place_x - mean) * (place_y - mean);
    }
    c.tau_b = untied_x > 0 && untied_y > 0 ? (double)c.score / sqrt(untied_x * untied_y) : NAN;
    c.spearman = xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
    return c;
}

/* All lengths, from few distinct numbers (many ties) to many, more or less related. */
static void test_against_brute_force(void **state)
{
    struct rng rng;
    double x[MOST], y[MOST];

    (void)state;
    rng_init(&rng, 7, 0);
    for (size_t n = 0; n <= MOST; n += n < 40 ? 1 : 13)
        for (uint32_t values = 1; values <= 4096; values *= 4) {
            struct rank_correlation got, want;
            uint32_t noise = 1 + (uint32_t)(n % 5) * values;

            for (size_t i = 0; i < n; i++) {
                x[i] = 0.5 * rng_below(&rng, values);
                y[i] = 0.5 * rng_below(&rng, noise) + x[i];
            }
            want = brute_force(x, y, n);
            assert_int_equal(rank_correlate(x, y, n, &got), 0);
            check_int_equal("score", got.score, want.score);
            check_near("tau-b", got.tau_b, want.tau_b);
            check_near("spearman", got.spearman, want.spearman);
        }
}

/* The chance against all orders of n, and the two ways to it against each other. */
static void permute(double *y, size_t n, size_t fixed, const double *x, int64_t score,
                    uint64_t *as_far, uint64_t *all)
{
    if (fixed == n) {
        *as_far += llabs(brute_force(x, y, n).score) >= llabs(score);
        ++*all;
        return;
    }
    for (size_t i = fixed; i < n; i++) {
        double swap = y[fixed];

        y[fixed] = y[i];
        y[i] = swap;
        permute(y, n, fixed + 1, x, score, as_far, all);
        y[i] = y[fixed];
        y[fixed] = swap;
    }
}

static void test_chance(void **state)
{
    double x[MOST], y[MOST], other[MOST];
    struct rank_correlation exact, normal;
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 0);
    for (size_t n = 2; n <= 6; n++) {
        uint64_t as_far = 0, all = 0;

        for (size_t i = 0; i < n; i++) {
            x[i] = other[i] = (double)i;
            y[i] = (double)rng_below(&rng, 1 << 30);
        }
        assert_int_equal(rank_correlate(x, y, n, &exact), 0);
        permute(other, n, 0, x, exact.score, &as_far, &all);
        check_near("of all orders", exact.chance, (double)as_far / (double)all);
    }
    for (size_t i = 0; i < 101; i++) {
        x[i] = (double)i;
        y[i] = (double)(i * 37 % 101);
    }
    assert_int_equal(rank_correlate(x, y, 100, &exact), 0);
    assert_int_equal(rank_correlate(x, y, 101, &normal), 0);
    check_true("about the same on either side of the limit",
               fabs(exact.chance - normal.chance) < 0.2 && exact.chance > 0 && exact.chance <= 1);
    for (size_t i = 0; i < 101; i++)
        y[i] = (double)i;
    assert_int_equal(rank_correlate(x, y, 101, &normal), 0);
    check_true("never by chance", normal.chance >= 0 && normal.chance < 1e-20);
}

static void test_places(void **state)
{
    static const double x[] = { 5, 9, 5, 1 }, want[] = { 2.5, 1, 2.5, 4 };
    double places[4];

    (void)state;
    assert_int_equal(rank_places(x, 4, places), 0);
    for (size_t i = 0; i < 4; i++)
        check_near("place", places[i], want[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_against_brute_force),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
