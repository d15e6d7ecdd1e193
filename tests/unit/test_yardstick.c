/* The median of what ended last, and who is slow by it. */
#include <math.h>

#include "common/rng.h"
#include "coordinator/ledger/yardstick.h"
#include "tests/unit/check.h"

static void test_median_of_the_newest(void **state)
{
    struct yardstick yardstick = { 0 };
    double took[500];
    struct rng rng;

    (void)state;
    assert_true(isinf(yardstick_median(&yardstick)));
    rng_init(&rng, 1, 0);
    for (int n = 0; n < 500; n++) {
        int first = n + 1 > YARDSTICK_TRIALS ? n + 1 - YARDSTICK_TRIALS : 0, size = n + 1 - first;
        int below = 0, above = 0;
        double median;

        took[n] = (double)rng_below(&rng, 40);
        yardstick_note(&yardstick, took[n]);
        median = yardstick_median(&yardstick);
        for (int i = first; i <= n; i++) {
            below += took[i] < median;
            above += took[i] > median;
        }
        assert_true(below <= size / 2 && above <= size / 2);
    }
}

static void test_slow(void **state)
{
    static const struct {
        const char *name;
        double median, running, fraction;
        bool want;
    } cases[] = {
        { "nothing ended yet", INFINITY, 1e9, 0, false },
        { "as long as others", 10, 10, 0, false },
        { "longer", 10, 10.1, 0, true },
        { "longer, a twentieth done", 10, 10.1, 0.05, true },
        { "longer, but over half done", 10, 10.1, 0.51, false },
        { "much longer, stuck at half", 10, 30, 0.5, true },
        { "much longer, nearly done", 10, 30, 0.9, false },
        { "done, says it", 10, 1000, 1, false },
        { "trials that take no time", 0, 0.001, 0, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_int_equal(cases[i].name,
                        yardstick_is_slow(cases[i].median, cases[i].running, cases[i].fraction),
                        cases[i].want);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_median_of_the_newest),
        cmocka_unit_test(test_slow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
