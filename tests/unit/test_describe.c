#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "coordinator/describe.h"

static char *describe_text(const char *study_text, const char *arch, bool json)
{
    struct study *study = study_fixture_study(study_text, "", "");
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct errmsg err = { "" };

    assert_non_null(out);
    if (describe_print(study, arch, json, out, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    study_free(study);
    return text;
}

static void test_text(void **state)
{
    static const char want[] =
        "arch       0:0\n"
        "canonical  0:0, itself\n"
        "cost       11,560 madds: meets the target, 0 to 93,392\n"
        "options    first: 0 conv k3 o4 relu\n"
        "           second: 0 skip\n"
        "\n"
        " op layer          kind    from    output                     params       madds\n"
        "  0 stem           input           1x8x8\n"
        "  1 stem           conv    0       4x8x8       3x3                36       2,304\n"
        "  2 stem           norm    1       4x8x8                           8\n"
        "  3 stem           act     2       4x8x8       relu\n"
        "  4 first          conv    3       4x8x8       3x3               144       9,216\n"
        "  5 first          norm    4       4x8x8                           8\n"
        "  6 first          act     5       4x8x8       relu\n"
        "  7 head           pool    6       4x1x1       avg 8x8\n"
        "  8 head           dense   7       10x1x1      bias               50          40\n"
        "    total                                                        246      11,560\n"
        "\n"
        "memory     6,456 bytes of activations for one image\n";
    char *text = describe_text(training_study, "0:0", false);

    (void)state;
    assert_string_equal(text, want);
    free(text);
}

static void test_lines_fit_a_terminal(void **state)
{
    char *text = describe_text(training_study, "2:1", false);

    (void)state;
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        check_true("80 columns", strcspn(line, "\n") <= 80);
    assert_non_null(strstr(text, "cost       186,784 madds: misses the target, 0 to 93,392\n"));
    free(text);
}

static const char large_study[] = "name: large\n"
                                  "space: SPACE\n"
                                  "cost: {metric: madds, max: 50%}\n"
                                  "search: {trials: 20}\n"
                                  "evaluate:\n"
                                  "  with: train\n"
                                  "  data: {name: photos, train: 100000, valid: 10000}\n"
                                  "  schedule: {epochs: 1, lr: 0.1}\n";

static void test_shipped_spaces_fit_a_terminal(void **state)
{
    static const struct {
        const char *space, *arch;
    } cases[] = {
        { "mobilenet-v2-1.4", "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0" },
        { "mobilenet-v3-large", "35:53:23:70:22:22:23:29:29:29:22:4:22:4:4" },
        { "mobilenet-v3-small", "0:0:0:0:0:0:0:0:0:0:0" },
        { "nats-bench-size", "7:6:7:6:7" },
        { "ofa-mobilenet-v3", "8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8:8" },
    };
    char folder[1000], space[1200];

    (void)state;
    assert_non_null(getcwd(folder, sizeof folder));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study *study;
        struct errmsg err = { "" };
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        snprintf(space, sizeof space, "%s/deploy/spaces/%s.yaml", folder, cases[i].space);
        study = study_fixture_study(large_study, "SPACE", space);
        check_int_equal(cases[i].space, describe_print(study, cases[i].arch, false, out, &err), 0);
        fclose(out);
        for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
            if (strcspn(line, "\n") > 80)
                fail_msg("%s: %.100s", cases[i].space, line);
        free(text);
        study_free(study);
    }
}

static void test_json_adds_up(void **state)
{
    char *text = describe_text(training_study, "2:1", true);
    json_t *root = json_loads(text, 0, NULL), *op;
    json_int_t madds = 0, params = 0;
    size_t i;

    (void)state;
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "ops"), i, op)
    {
        madds += json_integer_value(json_object_get(op, "madds"));
        params += json_integer_value(json_object_get(op, "params"));
    }
    check_int_equal("madds", madds, 186784);
    check_int_equal("total", json_integer_value(json_object_get(root, "madds")), madds);
    check_int_equal("params", json_integer_value(json_object_get(root, "params")), params);
    check_int_equal("cost", json_integer_value(json_object_get(root, "cost")), madds);
    check_true("misses", json_is_false(json_object_get(root, "meets_target")));
    check_int_equal("options", json_array_size(json_object_get(root, "options")), 2);
    json_decref(root);
    free(text);
}

static void test_names_without_networks(void **state)
{
    char *text = describe_text(table_study, "2:1", false);

    (void)state;
    assert_string_equal(text, "arch       2:1\n"
                              "canonical  2:1, itself\n"
                              "cost       800 flops: misses the target, 0 to 400\n"
                              "options    first: 2 wide\n"
                              "           second: 1 conv\n");
    free(text);
    text = describe_text(table_study, "2:0", false);
    assert_non_null(strstr(text, "cost       unknown: the table has no such architecture\n"));
    free(text);
    text = describe_text(table_study, "2:0", true);
    assert_non_null(strstr(text, "\"cost\": null"));
    free(text);
}

static void test_what_is_no_architecture(void **state)
{
    static const char *const cases[] = { "", "0", "0:0:0", "3:0", "0:2", "wide:conv", "0:-1" };
    struct study *study = study_fixture_study(training_study, "", "");
    FILE *out = fopen("/dev/null", "w");

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };

        check_int_equal(cases[i], describe_print(study, cases[i], false, out, &err), -EINVAL);
        check_true(cases[i], strncmp(err.text, "architecture ", 13) == 0);
        check_int_equal("nothing written", ftell(out), 0);
    }
    fclose(out);
    study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_lines_fit_a_terminal),
        cmocka_unit_test(test_shipped_spaces_fit_a_terminal),
        cmocka_unit_test(test_json_adds_up),
        cmocka_unit_test(test_names_without_networks),
        cmocka_unit_test(test_what_is_no_architecture),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
