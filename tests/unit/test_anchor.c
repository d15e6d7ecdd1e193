#include "tests/unit/search_cases.h"

#include <errno.h>

/* Three layers whose options cost what the table says. */
static const struct cost_model steps = { .space = { .n_layers = 3,
                                                    .n_options = { 3, 3, 2 },
                                                    .n_interfaces = 1,
                                                    .term = { { { 100 }, { 200 }, { 300 } },
                                                              { { 10 }, { 30 }, { 20 } },
                                                              { { 1 }, { 5 } } },
                                                    .stage = { 0, 1, 2 } } };

static void test_one_layer_after_the_other_comes_nearer(void **state)
{
    static const struct {
        const char *name, *from;
        struct cost_range target;
        const char *want;
    } cases[] = {
        { "inside already", "2:1:1", { 0, 335 }, "2:1:1" },
        { "the first layer's next step is enough", "2:1:1", { 0, 334 }, "1:1:1" },
        { "then the second layer's, the third's", "2:1:1", { 0, 222 }, "1:2:0" },
        { "and the first's again", "2:1:1", { 0, 220 }, "0:2:0" },
        { "up from below", "0:0:0", { 200, 400 }, "1:0:0" },
        { "no step beyond a narrow target", "2:1:1", { 325, 330 }, "2:2:1" },
        { "cheapest of all", "2:1:1", { 0, 111 }, "0:0:0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct search_settings settings = { .target = cases[i].target };
        struct arch anchor;
        char text[ARCH_TEXT_SIZE];

        assert_int_equal(arch_parse(cases[i].from, &settings.layernas.default_arch), 0);
        check_int_equal(cases[i].name, strategy_anchor(&settings, &steps, &anchor), 0);
        check_string_equal(cases[i].name, arch_format(&anchor, text), cases[i].want);
    }
}

/* From 7 to 10 there is no way by single steps that each come nearer. */
static void test_found_where_steps_lead_nowhere(void **state)
{
    static const struct cost_model model = { .space = {
                                                 .n_layers = 2,
                                                 .n_options = { 2, 2 },
                                                 .n_interfaces = 1,
                                                 .term = { { { 0 }, { 10 } }, { { 0 }, { 7 } } },
                                                 .stage = { 0, 1 } } };
    struct search_settings settings = { .target = { 10, 10 },
                                        .layernas.default_arch = { 2, { 0, 1 } } };
    struct arch anchor;

    (void)state;
    assert_int_equal(strategy_anchor(&settings, &model, &anchor), 0);
    assert_int_equal(cost_of(&model, &anchor), 10);
}

static bool anything_inside(const struct cost_model *model, const struct cost_range *target)
{
    struct arch arch;

    for (uint64_t i = 0; model_arch(model, i, &arch); i++)
        if (cost_of(model, &arch) >= target->lowest && cost_of(model, &arch) <= target->highest)
            return true;
    return false;
}

static void test_found_exactly_when_there_is_one(void **state)
{
    int found = 0, none = 0;

    (void)state;
    for (uint64_t i = 0; i < 5000; i++) {
        struct search_settings settings;
        struct cost_model model;
        struct arch anchor;
        struct rng rng;
        int rc;

        rng_init(&rng, i, 3);
        model = model_random(&rng, 5, 1 + (uint32_t)rng_below(&rng, MODEL_INTERFACES), false);
        settings = case_settings(&rng, &model);
        if (rng_below(&rng, 2)) { /* anywhere, in a gap maybe */
            settings.target.lowest += (int64_t)rng_below(&rng, 20);
            settings.target.highest = settings.target.lowest + (int64_t)rng_below(&rng, 5);
        }
        rc = strategy_anchor(&settings, &model, &anchor);
        check_int_equal(case_name(i, &model, &settings), rc,
                        anything_inside(&model, &settings.target) ? 0 : -ENOENT);
        if (rc == 0)
            check_true(case_name(i, &model, &settings),
                       cost_of(&model, &anchor) >= settings.target.lowest &&
                           cost_of(&model, &anchor) <= settings.target.highest);
        found += rc == 0;
        none += rc != 0;
    }
    assert_true(found > 1000 && none > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_layer_after_the_other_comes_nearer),
        cmocka_unit_test(test_found_where_steps_lead_nowhere),
        cmocka_unit_test(test_found_exactly_when_there_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
