/* Wilcoxon's signed-rank test: by hand, against every choice of signs, and both ways of computing. */
#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "coordinator/compare/paired.h"
#include "tests/unit/check.h"

static void check_close(const char *name, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s is %.12g, wanted %.12g", name, got, want);
}

static struct paired test(const double *left, const double *right, uint32_t n)
{
    struct paired paired;

    assert_int_equal(paired_test(left, right, n, &paired), 0);
    return paired;
}

static void test_by_hand(void **state)
{
    static const double zero[8] = { 0 };
    static const struct {
        const char *name;
        double left[8];
        uint32_t n;
        double p;
    } cases[] = {
        { "nothing differs", { 0, 0, 0 }, 3, 1 },
        { "one pair", { 2 }, 1, 1 },
        { "five of five", { 1, 2, 3, 4, 5 }, 5, 2.0 / 32 },
        { "and with equal ones beside them", { 0, 1, 2, 3, 0, 4, 5, 0 }, 8, 2.0 / 32 },
        { "the smallest is against it", { -1, 2, 3, 4, 5 }, 5, 4.0 / 32 },
        { "the largest is", { 1, 2, 3, 4, -5 }, 5, 20.0 / 32 },
        { "ranks 1.5 1.5 3: sum 4.5 or more, 2 of 8", { 1, -1, 2 }, 3, 6.0 / 8 },
        { "against it all", { -1, -2, -3, -4, -5, -6 }, 6, 2.0 / 64 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_close(cases[i].name, test(cases[i].left, zero, cases[i].n).p, cases[i].p, 1e-12);
}

static void test_counts(void **state)
{
    static const double left[] = { 3, 1, 4, 1 }, right[] = { 1, 1, 2, 3 };
    struct paired paired = test(left, right, 4);

    (void)state;
    assert_int_equal(paired.better, 2);
    assert_int_equal(paired.equal, 1);
    assert_int_equal(paired.worse, 1);
    check_close("mean", paired.difference, 0.5, 1e-12);
    check_close("of 2 0 2 -2", paired.error, sqrt(11.0 / 3 / 4), 1e-12);
    check_close("of one", test(left, right, 1).error, 0, 0);
}

/* Sum of doubled mid-ranks of the differences that are positive under these signs. */
static uint32_t sum_of(const double *sizes, uint32_t n, uint32_t signs)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; signs >> i & 1 && k < n; k++)
            sum += sizes[k] < sizes[i] ? 2 : sizes[k] == sizes[i] ? 1 + (k == i) : 0;
    return sum;
}

static void test_every_choice_of_signs(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    for (int round = 0; round < 200; round++) {
        uint32_t n = 1 + (uint32_t)rng_below(&rng, 9), far = 0, middle = n * (n + 1) / 2,
                 chosen = 0;
        double sizes[9], left[9], zero[9] = { 0 };

        for (uint32_t i = 0; i < n; i++) {
            sizes[i] = 1 + (double)rng_below(&rng, 5);
            chosen |= (uint32_t)rng_below(&rng, 2) << i;
            left[i] = chosen >> i & 1 ? sizes[i] : -sizes[i];
        }
        for (uint32_t signs = 0; signs < 1u << n; signs++)
            far += abs((int)sum_of(sizes, n, signs) - (int)middle) >=
                   abs((int)sum_of(sizes, n, chosen) - (int)middle);
        check_close("p", test(left, zero, n).p, (double)far / (1u << n), 1e-12);
    }
}

/* One pair more, of the least weight, and it is approximated. Every other pair gains a rank by it, so
 * the two say nearly the same and no more. */
static void test_where_they_meet(void **state)
{
    double left[PAIRED_EXACT_MOST + 1], zero[PAIRED_EXACT_MOST + 1] = { 0 };
    struct rng rng;

    (void)state;
    rng_init(&rng, 2, 0);
    for (int round = 0; round < 50; round++) {
        double exact;

        for (uint32_t i = 0; i < PAIRED_EXACT_MOST; i++) {
            double whole = (double)rng_below(&rng, 41) - 16;

            left[i] = whole == 0 ? 1 : whole;
        }
        left[PAIRED_EXACT_MOST] = 0.5;
        exact = test(left, zero, PAIRED_EXACT_MOST).p;
        check_close("p", test(left, zero, PAIRED_EXACT_MOST + 1).p, exact, 0.06);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_every_choice_of_signs),
        cmocka_unit_test(test_where_they_meet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
