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
        struct arch arch = numbered(i);

        assert_int_equal(arch_set_find(&set, &arch), i);
        assert_true(arch_equal(&set.at[i], &arch));
        arch.n = 2;
        arch.option[2] = 0;
        assert_int_equal(arch_set_find(&set, &arch), -ENOENT);
    }
    arch_set_clear(&set);
    arch_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hundred_thousand_are_found_by_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
