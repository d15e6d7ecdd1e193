#include "tests/unit/check.h"

#include "coordinator/search/opening_table.h"

/* 10 x the first option percent; the option 9 has no result. */
static bool look_up(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    (*(int *)arg)++;
    *reward_out = (struct reward){ candidate->option[0] * 10u, 100 };
    return candidate->option[0] != 9;
}

static struct opening_child child(uint16_t option, uint16_t canonical, int64_t cost,
                                  uint32_t bucket, uint32_t interface, enum fate fate)
{
    return (struct opening_child){ .arch = { 2, { option, 1 } },
                                   .candidate = { 2, { canonical, 0 } },
                                   .cost = cost,
                                   .bucket = bucket,
                                   .interface = interface,
                                   .fate = fate };
}

static void test_table_of_an_opening(void **state)
{
    struct opening_child children[] = {
        child(1, 1, 11, 0, 0, FATE_TRIAL),     child(2, 2, 12, 0, 0, FATE_KNOWN),
        child(3, 9, 13, 1, 0, FATE_TRIAL), /* no result yet */
        child(4, 4, 14, 2, 0, FATE_TRIAL),     child(5, 4, 14, 2, 1, FATE_DUPLICATE),
        child(6, 4, 14, 2, 0, FATE_DUPLICATE), child(8, 8, 18, 2, 0, FATE_DROPPED),
    };
    static const struct {
        uint32_t bucket, interface;
        uint16_t arch, canonical;
        int64_t cost;
        uint32_t correct;
    } want[] = {
        { 0, 0, 2, 2, 12, 20 },
        { 2, 0, 4, 4, 14, 40 },
        { 2, 1, 5, 4, 14, 40 }, /* the only spelling that later layers see so */
    };
    struct opening opening = { .keep = 1,
                               .buckets = 3,
                               .n_children = sizeof children / sizeof *children,
                               .children = children };
    struct candidate_table *table;
    int calls = 0;

    (void)state;
    assert_int_equal(opening_table(&opening, look_up, &calls, &table), 0);
    assert_int_equal(calls, 6); /* whoever was dropped is not even asked about */
    assert_int_equal(candidate_table_n(table), sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        uint32_t bucket, interface;
        const struct candidate *kept = candidate_table_at(table, i, &bucket, &interface);

        assert_int_equal(bucket, want[i].bucket);
        assert_int_equal(interface, want[i].interface);
        assert_int_equal(kept->arch.option[0], want[i].arch);
        assert_int_equal(kept->canonical.option[0], want[i].canonical);
        assert_int_equal(kept->cost, want[i].cost);
        assert_int_equal(kept->reward.correct, want[i].correct);
    }
    candidate_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_of_an_opening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
