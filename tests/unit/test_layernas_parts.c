#include "tests/unit/search_model.h"

#include <stdlib.h>

#include "coordinator/search/layernas.h"
#include "tests/unit/check.h"

/* Candidates 0, 1, ... in buckets of their own, rewards as given. */
static struct candidate_table *table_of(const uint32_t *correct, uint32_t n)
{
    struct candidate_table *table = candidate_table_new(1);

    assert_non_null(table);
    for (uint32_t i = 0; i < n; i++) {
        struct candidate c = { .arch = { 1, { (uint16_t)i } },
                               .canonical = { 1, { (uint16_t)i } },
                               .cost = i,
                               .reward = { correct[i], 100 } };

        assert_int_equal(candidate_table_offer(table, i, 0, &c), 0);
    }
    return table;
}

static void test_parents(void **state)
{
    static const uint32_t correct[] = { 50, 90, 10, 90, 70 };
    static const struct {
        const char *name;
        uint32_t n_kept, n_options, n;
        uint16_t want[5];
    } cases[] = {
        { "all that were kept, in table order", 5, 1000, 5, { 0, 1, 2, 3, 4 } },
        { "just as many as an opening takes", 5, OPENING_MAX_CHILDREN / 5, 5, { 0, 1, 2, 3, 4 } },
        { "too many: the best three, in table order", 5, OPENING_MAX_CHILDREN / 3, 3, { 1, 3, 4 } },
        { "equal rewards: the cheaper one", 5, OPENING_MAX_CHILDREN, 1, { 1 } },
        { "nothing kept: those before", 0, 1000, 2, { 7, 8 } },
    };
    struct arch before[2] = { { 1, { 7 } }, { 1, { 8 } } };
    struct opening opening = { .parents = before, .n_parents = 2 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct candidate_table *table = table_of(correct, cases[i].n_kept);
        struct arch *parents;
        uint32_t n;

        check_int_equal(cases[i].name,
                        layernas_parents(table, &opening, cases[i].n_options, &parents, &n), 0);
        check_int_equal(cases[i].name, n, cases[i].n);
        for (uint32_t p = 0; p < n; p++)
            check_int_equal(cases[i].name, parents[p].option[0], cases[i].want[p]);
        free(parents);
        candidate_table_free(table);
    }
}

static void test_buckets_grow(void **state)
{
    static const struct {
        const char *name;
        double growth;
        uint32_t buckets;
        bool had_trials;
        uint32_t want;
    } cases[] = {
        { "by half", 1.5, 4, true, 6 },
        { "rounded up", 1.5, 9, true, 14 },
        { "10 x 1.1 is 11", 1.1, 10, true, 11 },
        { "by one at least", 1.01, 4, true, 5 },
        { "fixed", 1, 4, true, 4 },
        { "fixed, even when there was nothing to try", 1, 4, false, 4 },
        { "twice when there was nothing to try", 1.5, 4, false, 8 },
        { "more where asked for", 3, 4, false, 12 },
        { "up to the end", 1.5, BUCKETS_MAX - 1, true, BUCKETS_MAX },
        { "and no further", 100, BUCKETS_MAX, false, BUCKETS_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct layernas_settings settings = { .bucket_growth = cases[i].growth };

        check_int_equal(cases[i].name,
                        layernas_next_buckets(&settings, cases[i].buckets, cases[i].had_trials),
                        cases[i].want);
    }
}

/* Four layers of four options; option o costs o. */
static struct cost_model four_by_four(void)
{
    struct cost_model model = { .space = { .n_layers = 4, .n_interfaces = 2 } };

    for (uint32_t l = 0; l < 4; l++) {
        model.space.n_options[l] = 4;
        model.space.stage[l] = l;
        for (uint32_t o = 0; o < 4; o++)
            model.space.term[l][o][0] = model.space.term[l][o][1] = o;
    }
    return model;
}

static void test_trial_bound(void **state)
{
    static const struct {
        const char *name;
        uint32_t trials, buckets, keep, passes;
        int64_t highest;
        uint32_t want;
        enum bucket_by by;
    } cases[] = {
        { "anchor, 4, then 2 parents with 3 new children each, three times", 1000, 2, 1, 1, 12,
          1 + 4 + 6 + 6 + 6, BUCKET_BY_COST },
        { "K parents in a bucket", 1000, 1, 2, 1, 12, 1 + 4 + 6 + 6 + 6, BUCKET_BY_COST },
        { "second pass: H = 3, its start is known", 1000, 2, 1, 2, 12, 23 + 3 + 9 + 9 + 9,
          BUCKET_BY_COST },
        { "third: H may have doubled", 1000, 2, 1, 3, 12, 53 + 3 + 12 + 18 + 18, BUCKET_BY_COST },
        { "two cells in a bucket", 1000, 1, 1, 1, 12, 1 + 4 + 6 + 6 + 6,
          BUCKET_BY_COST_AND_INTERFACE },
        { "trial cap", 50, 2, 1, 3, 12, 50, BUCKET_BY_COST },
        { "until the cap", 200, 2, 1, 0, 12, 200, BUCKET_BY_COST },
        { "the whole space", 1000, 100, 1, 1, 12, 256, BUCKET_BY_COST },
        { "the whole space, passes without end", 1000, 2, 1, 0, 12, 256, BUCKET_BY_COST },
        { "an option that cannot meet the target; the default is not surely feasible", 1000, 2, 1,
          1, 2, 1 + 3 + 6 + 6 + 6, BUCKET_BY_COST },
    };
    const struct cost_model model = four_by_four();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct search_settings settings = { .strategy = "layernas",
                                            .trials = cases[i].trials,
                                            .target = { 0, cases[i].highest },
                                            .layernas = { .buckets = cases[i].buckets,
                                                          .bucket_growth = 1.5,
                                                          .keep = cases[i].keep,
                                                          .passes = cases[i].passes,
                                                          .bucket_by = cases[i].by,
                                                          .default_arch = { 4, { 3, 3, 3, 3 } } } };

        check_int_equal(cases[i].name, strategy_trial_bound(&settings, &model), cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_buckets_grow),
        cmocka_unit_test(test_trial_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
