#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "coordinator/plan.h"

static char *plan_text(const struct study *study, bool json)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    struct errmsg err = { "" };

    assert_non_null(out);
    if (plan_print(study, json, out, &err) < 0)
        fail_msg("%s", err.text);
    fclose(out);
    return text;
}

static size_t widest_line(const char *text)
{
    size_t widest = 0;

    for (; *text; text += strcspn(text, "\n") + 1)
        if (strcspn(text, "\n") > widest)
            widest = strcspn(text, "\n");
    return widest;
}

static void test_text_says_what_a_person_asks(void **state)
{
    static const char *const parts[] = {
        "study      tiny\n",
        "space      2 layers, 6 architectures\n",
        "  first: 3 options\n    0 conv k3 o4 relu",
        "  second: 2 options\n    0 skip",
        "target     0 to 93,392\n",
        "cheapest   11,560 0:0\n",
        "dearest    186,784 2:1\n",
        "default    186,784 2:1 (layers not yet searched)\n",
        "anchor     ",
        "at most",
        "final      the best 2 again, 1 seed each; then one test of the winner\n",
        "\nmemory     about ",
        " MB (dearest) a training, ",
        "           3 epochs of all training images but the validation split",
    };
    struct study *study = study_fixture_study(training_study, "", "");
    char *text = plan_text(study, false);

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i]))
            fail_msg("no \"%s\" in\n%s", parts[i], text);
    check_true("fits a terminal", widest_line(text) <= 80);
    free(text);
    study_free(study);
}

static void test_many_options_are_shown_as_the_file_writes_them(void **state)
{
    static const char text[] =
        "input: {channels: 4, height: 8, width: 8, classes: 3}\n"
        "cells: {pair: {edges: {e: {skip: {out: cell}}}, nodes: [[e], [e, e]]}}\n"
        "layers:\n"
        "- name: a\n"
        "  options:\n"
        "  - mbconv: {expand: [1, 2.5, 6], kernel: 3, se: [false, true], act: relu,\n"
        "             width: 1, out: [8, same], stride: [1, 2], squeeze: [2, 4]}\n"
        "  - skip\n"
        "  - pair: {out: [same, 8]}\n"
        "  - [norm, act: [relu, swish, none], dropout: 0.2]\n"
        "- name: b\n"
        "  options: [skip, norm]\n"
        "head: [pool: {kind: avg, size: all}, dense: classes]\n";
    static const char shown[] =
        "  a: 54 options\n"
        "     0 to 47   mbconv [e1 e2.5 e6] k3 [no-se se] relu [o8 same] [s1 s2]\n"
        "               [squeeze2 squeeze4]\n"
        "    48         skip\n"
        "    49 to 50   pair [same o8]\n"
        "    51 to 53   norm + act [relu swish none] + dropout 0.2\n"
        "  b: 2 options\n"
        "    0 skip  1 norm\n";
    struct study *study;
    char *plan;

    (void)state;
    study_fixture_write("space.yaml", text);
    study = study_fixture_study(training_study, "", "");
    plan = plan_text(study, false);
    if (!strstr(plan, shown))
        fail_msg("no\n%s in\n%s", shown, plan);
    free(plan);
    study_free(study);
}

static const char large_study[] = "name: large\n"
                                  "space: SPACE\n"
                                  "cost: {metric: madds, max: 50%}\n"
                                  "search: {trials: 20}\n"
                                  "evaluate:\n"
                                  "  with: train\n"
                                  "  data: {name: photos, train: 100000, valid: 10000}\n"
                                  "  schedule: {epochs: 1, lr: 0.1}\n";

/* Also within memory and time: the largest space has some 10^24 architectures. */
static void test_shipped_spaces_fit_a_terminal(void **state)
{
    static const char *const spaces[] = {
        "fashion-mobile",     "mobilenet-v2-1.0",   "mobilenet-v2-1.4",
        "mobilenet-v3-large", "mobilenet-v3-small", "nas-bench-macro",
        "nats-bench-size",    "ofa-mobilenet-v3",   "nats-bench-size-imagenet16",
    };
    char folder[1000], space[1200];

    (void)state;
    assert_non_null(getcwd(folder, sizeof folder));
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        struct study *study;
        char *text;

        snprintf(space, sizeof space, "%s/deploy/spaces/%s.yaml", folder, spaces[i]);
        study = study_fixture_study(large_study, "SPACE", space);
        text = plan_text(study, false);
        check_true(spaces[i], widest_line(text) <= 80);
        check_int_equal(spaces[i], strstr(text, "architectures; channels times 1.4\n") != NULL,
                        strcmp(spaces[i], "mobilenet-v2-1.4") == 0);
        free(text);
        study_free(study);
    }
}

static void test_table_study(void **state)
{
    static const char *const parts[] = {
        "cost       table, column flops\n",
        "evaluate   by table bench: reward acc, report test, seconds ms\n",
        "final      none\n",
        " look-ups\n",
    };
    struct study *study = study_fixture_study(table_study, "report: test",
                                              "report: test, seconds: ms");
    char *text = plan_text(study, false);

    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i]))
            fail_msg("no \"%s\" in\n%s", parts[i], text);
    free(text);
    study_free(study);
}

static json_t *plan_json(const char *study_text)
{
    struct study *study = study_fixture_study(study_text, "", "");
    char *text = plan_text(study, true);
    json_error_t error;
    json_t *root = json_loads(text, 0, &error);

    if (!root)
        fail_msg("line %d: %s in\n%s", error.line, error.text, text);
    free(text);
    study_free(study);
    return root;
}

static int64_t integer_at(const json_t *root, const char *section, const char *field)
{
    const json_t *value = json_object_get(json_object_get(root, section), field);

    if (!json_is_integer(value))
        fail_msg("%s.%s is no integer", section, field);
    return json_integer_value(value);
}

static void test_json_holds_the_same(void **state)
{
    json_t *root = plan_json(training_study);
    const char *anchor, *default_arch;
    const json_t *layers;
    json_int_t trials, cost;

    (void)state;
    check_int_equal("min", integer_at(root, "cost", "min"), 0);
    check_int_equal("max", integer_at(root, "cost", "max"), 93392);
    check_int_equal("cap", integer_at(root, "search", "cap"), 20);
    trials = integer_at(root, "search", "trials");
    check_true("no more trials than architectures", trials >= 1 && trials <= 6);
    check_int_equal("finals", integer_at(root, "final", "trainings"), 2);
    check_int_equal("all", json_integer_value(json_object_get(root, "trainings")), trials + 2);
    layers = json_object_get(json_object_get(root, "space"), "layers");
    check_int_equal("layers", json_array_size(layers), 2);
    check_int_equal("options",
                    json_array_size(json_object_get(json_array_get(layers, 0), "options")), 3);
    assert_int_equal(json_unpack(root, "{s:{s:{s:s}, s:{s:s, s:I}}}", "search", "default", "arch",
                                 &default_arch, "anchor", "arch", &anchor, "cost", &cost),
                     0);
    check_string_equal("default", default_arch, "2:1");
    check_true("the anchor meets the target", cost <= 93392);
    json_decref(root);
    json_decref(plan_json(table_study));
}

/* Costs are 11560 at least and far apart: between two of them the range of cost promises an
 * architecture that is not there. */
static void test_a_target_in_a_gap(void **state)
{
    struct study *study = study_fixture_study(training_study, "max: 50%", "min: 11561, max: 11600");
    struct errmsg err;
    FILE *out = fopen("/dev/null", "w");

    (void)state;
    assert_int_equal(plan_print(study, false, out, &err), -ENOENT);
    assert_string_equal(study_fixture_strip(err.text),
                        "study.yaml: cost: no architecture costs 11561 to 11600, though some are "
                        "cheaper and some dearer; move min or max");
    fclose(out);
    study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_says_what_a_person_asks),
        cmocka_unit_test_teardown(test_many_options_are_shown_as_the_file_writes_them,
                                  study_fixture_refill),
        cmocka_unit_test(test_shipped_spaces_fit_a_terminal),
        cmocka_unit_test(test_table_study),
        cmocka_unit_test(test_json_holds_the_same),
        cmocka_unit_test(test_a_target_in_a_gap),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
