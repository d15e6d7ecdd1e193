#include "tests/unit/check.h"

#include "common/arch.h"

#include <errno.h>

static void test_parse(void **state)
{
    static const struct {
        const char *name, *text;
        int want, n;
    } cases[] = {
        { "one layer", "7", 0, 1 },
        { "four layers", "3:0:7:1", 0, 4 },
        { "largest option", "999:0", 0, 2 },
        { "option too large", "1000", -EINVAL, 0 },
        { "empty", "", -EINVAL, 0 },
        { "no option between colons", "1::2", -EINVAL, 0 },
        { "colon at the end", "1:2:", -EINVAL, 0 },
        { "sign", "-1:2", -EINVAL, 0 },
        { "blank", "1 :2", -EINVAL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arch arch = { 0 };

        check_int_equal(cases[i].name, arch_parse(cases[i].text, &arch), cases[i].want);
        check_int_equal(cases[i].name, arch.n, cases[i].n);
    }
}

static void test_most_layers(void **state)
{
    char text[ARCH_TEXT_SIZE + 2] = "999", back[ARCH_TEXT_SIZE];
    struct arch arch;

    (void)state;
    for (int i = 1; i < ARCH_MAX_LAYERS; i++)
        strcat(text, ":999");
    assert_int_equal(arch_parse(text, &arch), 0);
    assert_string_equal(arch_format(&arch, back), text);
    strcat(text, ":9");
    assert_int_equal(arch_parse(text, &arch), -EINVAL);
}

static void test_order(void **state)
{
    static const struct {
        const char *a, *b;
        int want;
    } cases[] = {
        { "0:1:2", "0:1:2", 0 },
        { "0:1:2", "0:2:0", -1 },
        { "1:0:0", "0:9:9", 1 },
        { "0:1", "0:1:0", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arch a, b;

        assert_int_equal(arch_parse(cases[i].a, &a), 0);
        assert_int_equal(arch_parse(cases[i].b, &b), 0);
        check_int_equal(cases[i].a, arch_compare(&a, &b), cases[i].want);
        check_int_equal(cases[i].a, arch_compare(&b, &a), -cases[i].want);
        check_int_equal(cases[i].a, arch_equal(&a, &b), cases[i].want == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_most_layers),
        cmocka_unit_test(test_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
