#include "tests/unit/check.h"

#include <errno.h>

#include "coordinator/search/arch_set.h"

static struct arch numbered(uint32_t i)
{
    return (struct arch){
        3, { (uint16_t)(i / 10000), (uint16_t)(i / 100 % 100), (uint16_t)(i % 100) }
    };
}

static void test_a_hundred_thousand_are_found_by_value(void **state)
{
    enum { MANY = 100000 };
    struct arch_set set = { 0 };

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        struct arch arch = numbered(i);

        assert_int_equal(arch_set_find(&set, &arch), -ENOENT);
        assert_int_equal(arch_set_add(&set, &arch), 1);
        assert_int_equal(arch_set_add(&set, &arch), 0);
    }
    assert_int_equal(set.n, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        struct arch arch = numbered(i), back = arch_set_at(&set, i);

        assert_int_equal(arch_set_find(&set, &arch), i);
        assert_true(arch_equal(&back, &arch));
        arch.n = 2;
        arch.option[2] = 0;
        assert_int_equal(arch_set_find(&set, &arch), -ENOENT);
    }
    arch_set_clear(&set);
    arch_set_clear(&set);
}

static void test_an_option_past_a_byte_leaves_the_others_as_they_were(void **state)
{
    static const struct arch archs[] = {
        { 2, { 255, 1 } }, { 2, { 0, 1 } }, { 2, { 256, 1 } }, { 2, { 999, 998 } }, { 2, { 1, 1 } },
    };
    static const struct arch longer = { 3, { 255, 1, 0 } };
    enum { N = sizeof archs / sizeof *archs };
    struct arch_set set = { 0 };

    (void)state;
    for (int i = 0; i < N; i++) {
        assert_int_equal(arch_set_find(&set, &archs[i]), -ENOENT);
        assert_int_equal(arch_set_add(&set, &archs[i]), 1);
    }
    assert_int_equal(arch_set_add(&set, &longer), -EINVAL);
    for (int i = 0; i < N; i++) {
        struct arch back = arch_set_at(&set, (size_t)i);

        assert_int_equal(arch_set_find(&set, &archs[i]), i);
        assert_true(arch_equal(&back, &archs[i]));
    }
    arch_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hundred_thousand_are_found_by_value),
        cmocka_unit_test(test_an_option_past_a_byte_leaves_the_others_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
