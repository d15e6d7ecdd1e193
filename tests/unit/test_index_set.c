#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>

#include "common/rng.h"
#include "coordinator/ledger/index_set.h"
#include "coordinator/ledger/text_pool.h"

static void test_next(void **state)
{
    static const size_t members[] = { 3, 63, 64, 4095, 4096, 300000, 16777217 };
    static const struct {
        const char *name;
        size_t from, want;
    } cases[] = {
        { "from the start", 0, 3 },
        { "a member itself", 3, 3 },
        { "last bit of a word", 4, 63 },
        { "first bit of the next", 64, 64 },
        { "across empty words", 65, 4095 },
        { "across a node's border", 4096, 4096 },
        { "up two levels and down again", 4097, 300000 },
        { "up three levels", 300001, 16777217 },
        { "past the last", 16777218, INDEX_SET_NONE },
        { "past all room", INDEX_SET_LIMIT, INDEX_SET_NONE },
        { "absurd", SIZE_MAX, INDEX_SET_NONE },
    };
    struct index_set set = { 0 };

    (void)state;
    assert_int_equal(index_set_next(&set, 0), INDEX_SET_NONE);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        assert_int_equal(index_set_reserve(&set, members[i] + 1), 0);
        index_set_add(&set, members[i]);
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_int_equal(cases[i].name, index_set_next(&set, cases[i].from), cases[i].want);
    assert_int_equal(index_set_reserve(&set, INDEX_SET_LIMIT + 1), -ERANGE);
    index_set_clear(&set);
}

static void test_random_members_against_flags(void **state)
{
    enum { MANY = 9000 };
    static bool in[MANY];
    struct index_set set = { 0 };
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 0);
    assert_int_equal(index_set_reserve(&set, MANY), 0);
    for (int step = 0; step < 20000; step++) {
        size_t i = rng_below(&rng, MANY), from = rng_below(&rng, MANY), next = from;

        in[i] = rng_below(&rng, 5) == 0; /* few members, so that levels above empty too */
        (in[i] ? index_set_add : index_set_remove)(&set, i);
        while (next < MANY && !in[next])
            next++;
        assert_int_equal(index_set_next(&set, from), next < MANY ? next : INDEX_SET_NONE);
    }
    index_set_clear(&set);
}

static void test_text_pool(void **state)
{
    struct text_pool pool;
    uint32_t number;
    char text[16];

    (void)state;
    text_pool_init(&pool);
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 100; i++) {
            snprintf(text, sizeof text, "node%u", i);
            assert_int_equal(text_pool_put(&pool, text, &number), 0);
            assert_int_equal(number, i);
        }
    assert_string_equal(text_pool_get(&pool, 42), "node42");
    assert_int_equal(text_pool_put(&pool, "", &number), 0);
    assert_string_equal(text_pool_get(&pool, number), "");
    text_pool_clear(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_random_members_against_flags),
        cmocka_unit_test(test_text_pool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
