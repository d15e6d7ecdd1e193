#include "tests/unit/check.h"

#include "common/human.h"

static void test_amounts(void **state)
{
    static const struct {
        int64_t amount;
        const char *want;
    } cases[] = {
        { 0, "0" },
        { 999, "999" },
        { 9999, "9,999" },
        { 10000, "10.0 k" },
        { 99949, "99.9 k" },
        { 100000, "0.100 M" },
        { 973120, "0.973 M" },
        { 999499, "0.999 M" },
        { 999500, "1.00 M" },
        { 1000000, "1.00 M" },
        { 99950000, "100 M" },
        { 220119690, "220 M" },
        { 582195824000, "582 G" },
        { INT64_MAX, "9223372 T" },
        { -5, "-5" },
        { -973120, "-0.973 M" },
        { INT64_MIN, "-9223372 T" },
    };
    char text[HUMAN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_string_equal(cases[i].want, human_amount(cases[i].amount, text), cases[i].want);
}

static void test_ranges(void **state)
{
    static const struct {
        int64_t lowest, highest;
        const char *want;
    } cases[] = {
        { 0, 1000000, "at most 1.00 M" },
        { 900000, 1000000, "0.900 M to 1.00 M" },
        { 12345, INT64_MAX, "at least 12.3 k" },
        { 0, INT64_MAX, "any" },
    };
    char text[HUMAN_RANGE_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_string_equal(cases[i].want, human_range(cases[i].lowest, cases[i].highest, text),
                           cases[i].want);
}

static void test_durations(void **state)
{
    static const struct {
        double seconds;
        const char *want;
    } cases[] = {
        { 0, "0.0 s" },           { 12.34, "12.3 s" },   { 59.94, "59.9 s" },
        { 59.96, "1 m 00 s" },    { 245, "4 m 05 s" },   { 3599.4, "59 m 59 s" },
        { 3599.6, "1 h 00 m" },   { 3900, "1 h 05 m" },  { 172740, "47 h 59 m" },
        { 273600, "3 d 04 h" },   { 1e300, "for ever" }, { -1, "unknown" },
        { 0.0 / 0.0, "unknown" },
    };
    char text[HUMAN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_string_equal(cases[i].want, human_duration(cases[i].seconds, text), cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
