#include "tests/unit/show_fixture.h"

#include "coordinator/progress_line.h"

static void test_the_line(void **state)
{
    Layernas__Candidate best = candidate_of("1:2:0", 973120, 3720);
    Layernas__Summary summary = summary_of(&best), begun = summary_of(NULL);
    const struct {
        const char *name;
        const Layernas__Summary *summary;
        size_t columns;
        const char *want;
    } cases[] = {
        { "whole", &summary, 120,
          "reduce1 (pass 1) 24/60 | 1234/2000 trials | 4 running | best 93.00 % at 0.973 M madds | "
          "12 m 34 s left" },
        { "cut", &summary, 40, "reduce1 (pass 1) 24/60 | 1234/2000 trial" },
        { "nothing known", &begun, 80, "anchor | 0/2000 trials | 1 running" },
    };
    char text[121];

    (void)state;
    begun.pass = 0;
    begun.done = 0;
    begun.running = 1;
    begun.eta_s = -1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        progress_line_format(cases[i].summary, text, cases[i].columns);
        check_string_equal(cases[i].name, text, cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_line) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
