/* Space files that build on others. */
#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/space.h"

#define INPUT "input: {channels: 4, height: 8, width: 8, classes: 3}\n"
#define HEAD  "head: [pool: {kind: avg, size: all}, dense: classes]\n"

static char folder[] = "/tmp/layernas-test-base-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    write_file("whole.yaml", INPUT HEAD "cells: {n: {edges: {e: norm}, nodes: [[e]]}}\n"
                                        "layers:\n- name: a\n  options: [conv: {out: [8, 16], "
                                        "kernel: 1}, n]\n");
    return 0;
}

static int tear_down(void **state)
{
    char command[300];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? 0 : -1;
}

static struct space *load(const char *name)
{
    struct space *space;
    struct errmsg err;

    if (space_load(path_of(name), &space, &err) < 0)
        fail_msg("%s", err.text);
    return space;
}

/* What a text comes to, spelled out in one file. */
static struct digest digest_of(const char *text)
{
    struct space *space;
    struct errmsg err;
    struct digest digest;

    if (space_parse(text, strlen(text), "f.yaml", &space, &err) < 0)
        fail_msg("%s", err.text);
    digest = space_digest(space);
    space_free(space);
    return digest;
}

static void test_fields_given_here_replace_the_bases(void **state)
{
    static const struct {
        const char *name, *text, *whole;
    } cases[] = {
        { "nothing else", "base: whole.yaml\n",
          INPUT HEAD "layers: [{name: a, options: [conv: {out: [8, 16], kernel: 1}, norm]}]\n" },
        { "a width", "base: whole.yaml\nwidth: 2\n",
          INPUT HEAD "layers: [{name: a, options: [conv: {out: [16, 32], kernel: 1}, norm]}]\n" },
        { "an input", "base: whole.yaml\ninput: {channels: 3, height: 4, width: 4, classes: 9}\n",
          "input: {channels: 3, height: 4, width: 4, classes: 9}\n" HEAD
          "layers: [{name: a, options: [conv: {out: [8, 16], kernel: 1}, norm]}]\n" },
        { "layers of the base's cells", "base: whole.yaml\nlayers: [{name: b, options: [n]}]\n",
          INPUT HEAD "layers: [{name: b, options: [norm]}]\n" },
        { "a base in another folder", "base: sub/../whole.yaml\nhead: [dense: classes]\n",
          INPUT "head: [dense: classes]\n"
                "layers: [{name: a, options: [conv: {out: [8, 16], kernel: 1}, norm]}]\n" },
    };
    (void)state;
    mkdir(path_of("sub"), 0700);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct digest got, want = digest_of(cases[i].whole);
        struct space *space;

        write_file("f.yaml", cases[i].text);
        space = load("f.yaml");
        got = space_digest(space);
        check_true(cases[i].name, digest_equal(&got, &want));
        space_free(space);
    }
}

static void test_a_base_may_have_a_base(void **state)
{
    struct digest got,
        want = digest_of(
            "input: {channels: 4, height: 8, width: 8, classes: 5}\n" HEAD
            "layers: [{name: a, options: [conv: {out: [16, 32], kernel: 1}, norm]}]\n");
    struct space *space;

    (void)state;
    write_file("wide.yaml", "base: whole.yaml\nwidth: 2\n");
    write_file("f.yaml",
               "base: wide.yaml\ninput: {channels: 4, height: 8, width: 8, classes: 5}\n");
    space = load("f.yaml");
    got = space_digest(space);
    assert_true(digest_equal(&got, &want));
    space_free(space);
}

static void test_faults(void **state)
{
    static const struct {
        const char *name, *text, *want; /* %s: the folder */
    } cases[] = {
        { "no such base", "width: 1\nbase: nowhere.yaml\n",
          "%s/f.yaml:2: base: %s/nowhere.yaml: No such file or directory" },
        { "a base that is no name", "base: [whole.yaml]\n",
          "%s/f.yaml:1: base: a list; text of 1 to 4095 bytes" },
        { "its own base", "base: f.yaml\n",
          "%s/f.yaml:1: base: the base of a base of a base ...; 7 at most" },
        { "a base that is not YAML", "base: torn.yaml\n",
          "%s/torn.yaml:2: not YAML: while parsing a flow node, did not find expected node "
          "content" },
        { "a base of names", "base: names.yaml\n",
          "%s/names.yaml:1: names: unknown field; allowed: base, input, count, width, edges, "
          "cells, "
          "stem, layers, head" },
        { "names with a base", "base: whole.yaml\nnames: [{name: a, options: [x]}]\n",
          "%s/f.yaml:1: base: unknown field; allowed: names" },
        { "a fault here", "base: whole.yaml\nwidth: none\n",
          "%s/f.yaml:2: width: \"none\"; a number from 0.01 to 64" },
        { "a fault in the base", "base: wrong.yaml\n" INPUT,
          "%s/wrong.yaml:2: layers.a.options: \"nrom\"; did you mean norm?" },
        { "a field that neither has", "base: headless.yaml\n" INPUT,
          "%s/f.yaml:1: head: missing; it must be given" },
        { "a base's layer that does not fit", "base: whole.yaml\nstem:\n- dense: 70000\n",
          "%s/f.yaml:3: stem.dense.out: \"70000\"; an integer from 1 to 65536 or same or classes" },
        { "a base's option that does not fit",
          "base: pools.yaml\ninput: {channels: 1, height: 1, width: 1, classes: 3}\n",
          "%s/pools.yaml:2: layers.a.options.pool: pool: a 2x2 kernel on an image of 1x1, padding "
          "included (on an input of 1x1x1)" },
    };
    (void)state;
    write_file("torn.yaml", "input: [\n");
    write_file("names.yaml", "names: [{name: a, options: [x]}]\n");
    write_file("wrong.yaml", HEAD "layers: [{name: a, options: [nrom]}]\n");
    write_file("headless.yaml", "layers: [{name: a, options: [norm]}]\n");
    write_file("pools.yaml", HEAD "layers: [{name: a, options: [pool: {kind: max, size: 2}]}]\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };
        struct space *space;
        char want[1024];

        write_file("f.yaml", cases[i].text);
        snprintf(want, sizeof want, cases[i].want, folder, folder);
        check_int_equal(cases[i].name, space_load(path_of("f.yaml"), &space, &err), -EINVAL);
        check_string_equal(cases[i].name, err.text, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_given_here_replace_the_bases),
        cmocka_unit_test(test_a_base_may_have_a_base),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
