#include "tests/unit/check.h"

#include "common/print.h"

#include <stdlib.h>

static void test_grouped(void **state)
{
    static const struct {
        int64_t number;
        const char *want;
    } cases[] = {
        { 0, "0" },
        { 999, "999" },
        { 1000, "1,000" },
        { 1234567, "1,234,567" },
        { -100, "-100" },
        { -123456, "-123,456" },
        { INT64_MIN, "-9,223,372,036,854,775,808" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[PRINT_NUMBER_SIZE];

        check_string_equal(cases[i].want, print_grouped(cases[i].number, text), cases[i].want);
    }
}

static void test_wrapped(void **state)
{
    static const char word70[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789";
    char *text = NULL, words[200], want[500];
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    print_wrapped(out, "label", 8, "short  text");
    print_wrapped(out, "", 8, "");
    snprintf(words, sizeof words, "ab %s cd %s", word70, word70);
    print_wrapped(out, "label", 8, words);
    snprintf(words, sizeof words, "%s 12\0373 M", word70 + 2);
    print_wrapped(out, "", 8, words);
    fclose(out);
    snprintf(want, sizeof want,
             "label   short text\n        \nlabel   ab\n        %s\n        cd\n        %s\n"
             "        %s\n        12 3 M\n",
             word70, word70, word70 + 2);
    assert_string_equal(text, want);
    free(text);
}

static void test_columns(void **state)
{
    static const char *const words[] = { "a", "bb", "ccc", "d",
                                         "a word of thirty-five characters!!" };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    print_columns(out, 4, words, 5);
    fclose(out);
    assert_string_equal(text, "    a                                   bb\n"
                              "    ccc                                 d\n"
                              "    a word of thirty-five characters!!\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grouped),
        cmocka_unit_test(test_wrapped),
        cmocka_unit_test(test_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
