/* How many lines a peer can bring into the log. */
#include "tests/unit/check.h"

#include "common/log.h"
#include "coordinator/complaint.h"

static void count_line(void *arg)
{
    ++*(int *)arg;
}

static void test_lines_in_a_period(void **state)
{
    static const struct {
        const char *name;
        void (*say)(struct complaints *, uint64_t, const char *, ...);
        int most;
    } cases[] = { { "complaints", complain, COMPLAINTS }, { "remarks", remark, REMARKS } };
    const uint64_t begin_ms = 5 * COMPLAINTS_PERIOD_MS, end_ms = begin_ms + COMPLAINTS_PERIOD_MS;

    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct complaints said = { 0 };
        int lines = 0;

        log_set_hooks(&(struct log_hooks){ .before = count_line, .arg = &lines });
        for (int i = 0; i < 2 * cases[c].most; i++)
            cases[c].say(&said, begin_ms, "line %d", i);
        check_int_equal(cases[c].name, lines, cases[c].most);
        cases[c].say(&said, end_ms - 1, "one more");
        check_int_equal(cases[c].name, lines, cases[c].most);
        check_int_equal(cases[c].name, said.unsaid, cases[c].most + 1);
        cases[c].say(&said, end_ms, "another period"); /* and how many were left out */
        check_int_equal(cases[c].name, lines, cases[c].most + 2);
        check_int_equal(cases[c].name, said.unsaid, 0);
        log_set_hooks(&(struct log_hooks){ NULL, NULL, NULL });
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines_in_a_period) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
