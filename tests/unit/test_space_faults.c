#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/space.h"

#define INPUT "input: {channels: 4, height: 8, width: 8, classes: 3}\n"
#define HEAD  "head: [pool: {kind: avg, size: all}, dense: classes]\n"

/* Each a whole file. */
static void test_faults_of_files(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "a misspelt field", INPUT HEAD "layer: []\n",
          "f.yaml:3: layer: unknown field; did you mean layers?" },
        { "no input", HEAD "layers: [{name: a, options: [skip]}]\n",
          "f.yaml:1: input: missing; it must be given" },
        { "no classes", "input: {channels: 4, height: 8, width: 8}\n" HEAD,
          "f.yaml:1: input.classes: missing; it must be given" },
        { "no pixels", "input: {channels: 4, height: 0, width: 8, classes: 3}\n" HEAD,
          "f.yaml:1: input.height: \"0\"; an integer from 1 to 4096" },
        { "a wrong count", INPUT "count: {dense_bias: 1}\n" HEAD,
          "f.yaml:2: count.dense_bias: \"1\"; allowed: false, true" },
        { "no layers", INPUT HEAD, "f.yaml:1: layers: missing; it must be given" },
        { "an empty list of layers", INPUT HEAD "layers: []\n",
          "f.yaml:3: layers: a list of 0; of 1 to 64 layers" },
        { "a layer without a name", INPUT HEAD "layers:\n- options: [skip]\n",
          "f.yaml:4: layers.name: missing; it must be given" },
        { "a layer without options", INPUT HEAD "layers:\n- name: a\n",
          "f.yaml:4: layers.options: missing; it must be given" },
        { "two layers of one name",
          INPUT HEAD "layers:\n- {name: a, options: [skip]}\n- {name: a, options: [norm]}\n",
          "f.yaml:5: layers.a: the name of two layers; of one at most" },
        { "a name with a comma", INPUT HEAD "layers: [{name: 'a,b', options: [skip]}]\n",
          "f.yaml:3: layers.name: \"a,b\"; a name without commas, quotes and control characters" },
        { "too many layers",
          INPUT HEAD "layers:\n- {name: a, repeat: 60, options: [skip]}\n"
                     "- {name: b, repeat: 5, options: [skip]}\n",
          "f.yaml:5: layers.b.5: one layer more than the 64 that there may be" },
        { "a stem that searches", INPUT "stem: [act: [relu, relu6]]\n" HEAD,
          "f.yaml:2: stem: a list of values; one value, nothing is searched here" },
        { "a stem that is no list", INPUT "stem: norm\n" HEAD,
          "f.yaml:2: stem: not a list; a list of 1 to 64 blocks" },
        { "a stem that shrinks the image too far",
          INPUT "stem:\n- pool: {kind: avg, size: all}\n- pool: {kind: max, size: 2}\n" HEAD
                "layers: [{name: a, options: [skip]}]\n",
          "f.yaml:4: stem.pool: pool: a 2x2 kernel on an image of 1x1, padding included (on an "
          "input of 4x8x8)" },
        { "no head", INPUT "layers: [{name: a, options: [skip]}]\n",
          "f.yaml:1: head: missing; it must be given" },
        { "a head without logits", INPUT "head:\n- norm\nlayers: [{name: a, options: [skip]}]\n",
          "f.yaml:3: head: gives 4x8x8; 3x1x1, a logit for each class" },
        { "a head that does nothing",
          "input: {channels: 3, height: 1, width: 1, classes: 3}\nhead: [skip]\n"
          "layers: [{name: a, options: [skip]}]\n",
          "f.yaml:2: head: no operation; at least one" },
        { "a network of too many operations",
          INPUT HEAD "layers:\n- name: a\n  repeat: 64\n  options:\n  - ["
                     "norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, "
                     "norm, norm, norm, "
                     "norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, "
                     "norm, norm, norm, "
                     "norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, "
                     "norm, norm, norm, "
                     "norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, norm, "
                     "norm, norm, norm, "
                     "norm, norm, norm, norm]\n",
          "f.yaml:2: layers: networks of up to 4099 operations; 4096 at most" },
        { "names and networks", INPUT "names: [{name: a, options: [x]}]\n",
          "f.yaml:1: input: unknown field; allowed: names" },
        { "a block among names", "names:\n- name: a\n  options: [x, act: relu]\n",
          "f.yaml:3: names.a.options: fields; text of 1 to 63 bytes" },
        { "a name twice", "names: [{name: a, options: [x, y, x]}]\n",
          "f.yaml:1: names.a.options: \"x\" given twice; once at most" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct space *space;
        struct errmsg err = { "" };

        check_int_equal(cases[i].name,
                        space_parse(cases[i].text, strlen(cases[i].text), "f.yaml", &space, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, cases[i].want);
    }
}

/* Each the options of layer `a`, from line 6 on, behind a layer that gives 4x8x8 or 6x4x4. */
static void test_faults_of_options(void **state)
{
    static const struct {
        const char *name, *options, *want;
    } cases[] = {
        { "an unknown block", "- mbcnov: {}",
          "6: layers.a.options: \"mbcnov\"; did you mean mbconv?" },
        { "no block at all", "- 7",
          "6: layers.a.options: \"7\"; allowed: conv, mbconv, skip, identity, pool, dense, norm, "
          "act" },
        { "two kinds in one block", "- {norm: , act: relu}",
          "6: layers.a.options: not a block; skip, or one KIND: {FIELD: VALUE, ...}" },
        { "a list in a list of blocks", "- [norm, [norm]]",
          "6: layers.a.options: not a block; skip, or one KIND: {FIELD: VALUE, ...}" },
        { "an unknown field", "- mbconv: {expand: 3, kernal: 3}",
          "6: layers.a.options.mbconv.kernal: unknown field; did you mean kernel?" },
        { "a field of another block", "- skip: {kernel: 3}",
          "6: layers.a.options.skip.kernel: unknown field; allowed: out, stride" },
        { "a missing field", "- mbconv: {expand: 3, kernel: 3}",
          "6: layers.a.options.mbconv.out: missing; it must be given" },
        { "a required value left empty",
          "- act:", "6: layers.a.options.act.act: missing; it must be given" },
        { "not a number", "- conv: {out: 8,\n           kernel: big}",
          "7: layers.a.options.conv.kernel: \"big\"; an integer from 1 to 4096" },
        { "neither number nor word", "- conv: {out: some, kernel: 3}",
          "6: layers.a.options.conv.out: \"some\"; an integer from 1 to 65536 or same or classes" },
        { "not a word", "- conv: {out: 8, kernel: 3, act: swish}",
          "6: layers.a.options.conv.act: \"swish\"; allowed: none, relu, relu6" },
        { "a bare value for a block of fields", "- conv: 3",
          "6: layers.a.options.conv: \"3\"; fields, allowed: kernel, out, stride, groups, act, "
          "norm, "
          "bias" },
        { "an empty list", "- conv: {out: [], kernel: 3}",
          "6: layers.a.options: an empty list; at least one value" },
        { "an empty sequence", "- []", "6: layers.a.options: an empty list; at least one value" },
        { "a fault in the second value", "- conv: {out: 8, kernel: [3, 0]}",
          "6: layers.a.options.conv.kernel: \"0\"; an integer from 1 to 4096" },
        { "an option twice", "- skip\n  - norm\n  - skip",
          "6: layers.a.options: \"skip\" given twice; once at most" },
        { "fits one interface, not the other", "- norm\n  - conv: {out: 12, kernel: 3, groups: 4}",
          "7: layers.a.options.conv: conv: 4 groups do not divide 6 channels in and 12 out (on an "
          "input of 6x4x4)" },
        { "too many channels",
          "- mbconv: {expand: 64, kernel: 3, out: 65536}\n"
          "  - [conv: {out: 2048, kernel: 1}, "
          "mbconv: {expand: 64, kernel: 3, out: 4}]",
          "7: layers.a.options.mbconv: conv: 131072 channels; from 1 to 65536 (on an input of "
          "4x8x8)" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048], want[512];
        struct space *space;
        struct errmsg err = { "" };

        snprintf(text, sizeof text,
                 INPUT HEAD "layers:\n- {name: first, options: [skip, conv: {out: 6, kernel: 1, "
                            "stride: 2}]}\n"
                            "- options:\n  %s\n  name: a\n",
                 cases[i].options);
        snprintf(want, sizeof want, "f.yaml:%s", cases[i].want);
        check_int_equal(cases[i].name, space_parse(text, strlen(text), "f.yaml", &space, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, want);
    }
}

/* list "1, 2, ..., n" */
static void print_numbers(FILE *out, int n)
{
    for (int i = 1; i <= n; i++)
        fprintf(out, i == 1 ? "%d" : ", %d", i);
}

static void test_bounds_of_what_multiplies(void **state)
{
    struct space *space;
    struct errmsg err;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    fputs(INPUT HEAD "layers:\n- name: a\n  options:\n  - conv: {kernel: 1, out: [", out);
    print_numbers(out, 101);
    fputs("], stride: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}\n", out);
    fclose(out);
    assert_int_equal(space_parse(text, size, "f.yaml", &space, &err), -EINVAL);
    assert_string_equal(err.text,
                        "f.yaml:6: layers.a.options: lists multiply out to too many; 1000 "
                        "options at most");
    free(text);
}

static void test_bounds_of_interfaces(void **state)
{
    struct space *space;
    struct errmsg err;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    fputs(INPUT HEAD "layers:\n- name: a\n  repeat: 3\n  options:\n  - conv: {kernel: 1, out: [",
          out);
    print_numbers(out, 500);
    fputs("], stride: [1, 2]}\n", out);
    fclose(out);
    assert_int_equal(space_parse(text, size, "f.yaml", &space, &err), -EINVAL);
    assert_string_equal(err.text,
                        "f.yaml:7: layers.a.2.options: options times shapes pass what can "
                        "be held; at most 1024 shapes before a layer");
    free(text);
}

static void test_files_that_cannot_be_read(void **state)
{
    struct space *space;
    struct errmsg err;

    (void)state;
    assert_int_equal(space_load("/nowhere/s.yaml", &space, &err), -ENOENT);
    assert_string_equal(err.text, "/nowhere/s.yaml: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_of_files),
        cmocka_unit_test(test_faults_of_options),
        cmocka_unit_test(test_bounds_of_what_multiplies),
        cmocka_unit_test(test_bounds_of_interfaces),
        cmocka_unit_test(test_files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
