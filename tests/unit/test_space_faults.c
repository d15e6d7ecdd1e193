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
        { "no width", INPUT HEAD "width: 0\n", "f.yaml:3: width: \"0\"; a number from 0.01 to 64" },
        { "a width that is a list", INPUT HEAD "width: [1, 1.4]\n",
          "f.yaml:3: width: a list; a number from 0.01 to 64" },
        { "a base of a text", "base: b.yaml\n",
          "f.yaml:1: base: in a text without a file; only in a file" },
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

/* Each the value of `cells`, on line 3. */
static void test_faults_of_cells(void **state)
{
    static const struct {
        const char *name, *cells, *want;
    } cases[] = {
        { "no map", "[]", "cells: 0 given; 1 to 16 of NAME: {edges: ..., nodes: ...}" },
        { "none at all", "{}", "cells: 0 given; 1 to 16 of NAME: {edges: ..., nodes: ...}" },
        { "the name of a block", "{conv: {edges: {e: norm}, nodes: [[e]]}}",
          "cells: \"conv\" has a meaning already; another name" },
        { "a name with a blank", "{a b: {edges: {e: norm}, nodes: [[e]]}}",
          "cells: \"a b\"; a name of 1 to 32 letters, digits, - and _" },
        { "a name that is a list", "{[c]: {edges: {e: norm}, nodes: [[e]]}}",
          "cells: \"\"; a name of 1 to 32 letters, digits, - and _" },
        { "two of one name",
          "{c: {edges: {e: norm}, nodes: [[e]]}, c: {edges: {e: norm}, nodes: [[e]]}}",
          "cells.c: given twice; once at most" },
        { "no edges", "{c: {nodes: [[e]]}}", "cells.c.edges: missing; it must be given" },
        { "no nodes", "{c: {edges: {e: norm}}}", "cells.c.nodes: missing; it must be given" },
        { "an unknown field", "{c: {edge: {e: norm}, nodes: [[e]]}}",
          "cells.c.edge: unknown field; did you mean edges?" },
        { "edges without names", "{c: {edges: [norm], nodes: [[e]]}}",
          "cells.c.edges: 0 given; 1 to 16 of NAME: BLOCK" },
        { "an edge named none", "{c: {edges: {none: norm}, nodes: [[none]]}}",
          "cells.c.edges: \"none\" has a meaning already; another name" },
        { "an edge twice", "{c: {edges: {e: norm, e: skip}, nodes: [[e]]}}",
          "cells.c.edges.e: given twice; once at most" },
        { "an edge of a wrong block", "{c: {edges: {e: nrom}, nodes: [[e]]}}",
          "cells.c.edges.e: \"nrom\"; did you mean norm?" },
        { "an edge of nothing", "{c: {edges: {e: []}, nodes: [[e]]}}",
          "cells.c.edges.e: an empty list; at least one block" },
        { "an edge that searches", "{c: {edges: {e: {act: [relu, swish]}}, nodes: [[e]]}}",
          "cells.c.edges.e: a list of values; one value, nothing is searched here" },
        { "a cell on an edge",
          "{c: {edges: {e: norm}, nodes: [[e]]}, d: {edges: {e: c}, nodes: [[e]]}}",
          "cells.d.edges.e: \"c\"; did you mean act?" },
        { "nodes that are no list", "{c: {edges: {e: norm}, nodes: 3}}",
          "cells.c.nodes: 0 given; a list of 1 to 16" },
        { "a node that is no list", "{c: {edges: {e: norm}, nodes: [e]}}",
          "cells.c.nodes, node 1: 0 given; a list of 1, an edge or none from each node before it" },
        { "an edge too many", "{c: {edges: {e: norm}, nodes: [[e], [e, e, e]]}}",
          "cells.c.nodes, node 2: 3 given; a list of 2, an edge or none from each node before it" },
        { "an unknown edge", "{c: {edges: {norm1: norm}, nodes: [[norm]]}}",
          "cells.c.nodes, node 1: \"norm\"; did you mean norm1?" },
        { "a node without edges", "{c: {edges: {e: norm}, nodes: [[e], [none, none]]}}",
          "cells.c.nodes, node 2: no edge comes in; at least one" },
        { "a node for nothing", "{c: {edges: {e: norm}, nodes: [[e], [e, none]]}}",
          "cells.c.nodes: no edge goes out of node 1; at least one" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048], want[512];
        struct space *space;
        struct errmsg err = { "" };

        snprintf(text, sizeof text, INPUT HEAD "cells: %s\nlayers: [{name: a, options: [c]}]\n",
                 cases[i].cells);
        snprintf(want, sizeof want, "f.yaml:3: %s", cases[i].want);
        check_int_equal(cases[i].name, space_parse(text, strlen(text), "f.yaml", &space, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, want);
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
          "6: layers.a.options: \"7\"; allowed: conv, depthwise, mbconv, se, skip, identity, pool, "
          "dense, norm, act, dropout, pair" },
        { "two kinds in one block", "- {norm: , act: relu}",
          "6: layers.a.options: not a block; skip, or one KIND: {FIELD: VALUE, ...}" },
        { "a list in a list of blocks", "- [norm, [norm]]",
          "6: layers.a.options: not a block; skip, or one KIND: {FIELD: VALUE, ...}" },
        { "an unknown field", "- mbconv: {expand: 3, kernal: 3}",
          "6: layers.a.options.mbconv.kernal: unknown field; did you mean kernel?" },
        { "a field of another block", "- skip: {kernel: 3}",
          "6: layers.a.options.skip.kernel: unknown field; allowed: out, width, least, stride" },
        { "a missing field", "- mbconv: {expand: 3, kernel: 3}",
          "6: layers.a.options.mbconv.out: missing; it must be given" },
        { "a required value left empty",
          "- act:", "6: layers.a.options.act.act: missing; it must be given" },
        { "not a number", "- conv: {out: 8,\n           kernel: big}",
          "7: layers.a.options.conv.kernel: \"big\"; an integer from 1 to 4096" },
        { "neither number nor word", "- conv: {out: some, kernel: 3}",
          "6: layers.a.options.conv.out: \"some\"; an integer from 1 to 65536 or same or classes" },
        { "not a word", "- conv: {out: 8, kernel: 3, act: elephant}",
          "6: layers.a.options.conv.act: \"elephant\"; allowed: none, relu, relu6, hswish, swish, "
          "hsigmoid, sigmoid, zero" },
        { "a bare value for a block of fields", "- conv: 3",
          "6: layers.a.options.conv: \"3\"; fields, allowed: kernel, out, width, least, stride, "
          "groups, act, norm, bias" },
        { "neither expand nor hidden", "- mbconv: {kernel: 3, out: 8}",
          "6: layers.a.options.mbconv: neither expand nor hidden; one of them" },
        { "both expand and hidden", "- mbconv: {expand: 2, hidden: [8, 16], kernel: 3, out: 8}",
          "6: layers.a.options.mbconv: both expand and hidden; one of them" },
        { "an expansion to nothing", "- mbconv: {expand: 0, kernel: 3, out: 8}",
          "6: layers.a.options.mbconv.expand: \"0\"; a number from 0.01 to 64" },
        { "an expansion too fine", "- mbconv: {expand: [2, 2.00001], kernel: 3, out: 8}",
          "6: layers.a.options.mbconv.expand: \"2.00001\"; a number of at most four decimals" },
        { "a width of nothing", "- conv: {out: same, kernel: 3, width: [1, 0.5]}",
          "6: layers.a.options.conv: a width without a number of channels to multiply; a number in "
          "out" },
        { "a bound of nothing", "- dense: {out: classes, least: 8}",
          "6: layers.a.options.dense: least without a number of channels to bound; a number in "
          "out" },
        { "too wide", "- conv: {out: 65536, kernel: 1, width: 64}",
          "6: layers.a.options.conv: conv: 4194304 channels; from 1 to 65536 (on an input of "
          "4x8x8)" },
        { "squeeze-and-excitation with a number", "- mbconv: {expand: 2, kernel: 3, out: 8, se: 4}",
          "6: layers.a.options.mbconv.se: \"4\"; allowed: false, true" },
        { "no squeeze at all", "- se: {squeeze: 0}",
          "6: layers.a.options.se.squeeze: \"0\"; an integer from 1 to 64" },
        { "no activation inside", "- se: {act: none}",
          "6: layers.a.options.se: no activation inside; an act other than none" },
        { "a gate that does not close", "- se: {gate: relu}",
          "6: layers.a.options.se.gate: \"relu\"; allowed: hsigmoid, sigmoid" },
        { "padding around the whole image", "- pool: {kind: avg, size: all, pad: 1}",
          "6: layers.a.options.pool: padding around the whole image; a size in pixels with pad" },
        { "a window of padding alone", "- pool: {kind: avg, size: 2, pad: 2}",
          "6: layers.a.options.pool: pool: kernel 2x2, stride 2, padding 2; sides from 1 to 4096, "
          "padding below the kernel (on an input of 4x8x8)" },
        { "everything dropped", "- dropout: 1",
          "6: layers.a.options.dropout.rate: \"1\"; a number from 0 to 0.9999" },
        { "a dropout without a rate",
          "- dropout:", "6: layers.a.options.dropout.rate: missing; it must be given" },
        { "a word of cells elsewhere", "- conv: {out: cell, kernel: 3}",
          "6: layers.a.options.conv.out: \"cell\"; an integer from 1 to 65536 or same or classes" },
        { "a stride of cells elsewhere", "- depthwise: {kernel: 3, stride: cell}",
          "6: layers.a.options.depthwise.stride: \"cell\"; an integer from 1 to 4096" },
        { "a cell that does not fit the image", "- pair: {stride: 2}",
          "6: layers.a.options.pair: node 2: add: 4x8x8 and 4x4x4 (on an input of 4x8x8)" },
        { "a cell that does not fit", "- pair: {out: 12, stride: 5}",
          "6: layers.a.options.pair: node 2: add: 4x8x8 and 12x2x2 (on an input of 4x8x8)" },
        { "a field of no cell", "- pair: {kernel: 3}",
          "6: layers.a.options.pair.kernel: unknown field; allowed: out, width, least, stride" },
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
                            "- options:\n  %s\n  name: a\n"
                            "cells: {pair: {edges: {e: [skip: {stride: cell}, conv: {out: cell, "
                            "groups: 4, kernel: 1}], s: skip}, nodes: [[e], [s, s]]}}\n",
                 cases[i].options);
        snprintf(want, sizeof want, "f.yaml:%s", cases[i].want);
        check_int_equal(cases[i].name, space_parse(text, strlen(text), "f.yaml", &space, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, want);
    }
}

/* list "1, 2, ..., n" */
/* Each `edges` on line 3, `cells` on line 4, the stem on line 5. */
static void test_faults_of_edges(void **state)
{
    static const char two[] = "[{name: a, options: [skip, norm]}, {name: b, options: [norm]}]";
    static const struct {
        const char *name, *edges, *cells, *stem, *want;
    } cases[] = {
        { "no list", "3", "{c: {nodes: [[a]]}}", "[c]",
          "3: edges: not a list; a list of 1 to 64 layers" },
        { "too many", "[{name: a, repeat: 17, options: [skip]}]", "{c: {nodes: [[a.1]]}}", "[c]",
          "3: edges: 17 layers; 16 at most" },
        { "a cell as an option", "[{name: a, options: [c]}]", "{c: {nodes: [[a]]}}", "[c]",
          "3: edges.a.options: \"c\"; did you mean act?" },
        { "a layer that is nowhere", two, "{c: {nodes: [[a]]}}", "[c]",
          "3: edges.b: on no edge of a cell that is used; on one at least" },
        { "a cell that is not used", two, "{c: {nodes: [[a]]}, d: {nodes: [[b]]}}", "[c]",
          "3: edges.b: on no edge of a cell that is used; on one at least" },
        { "an unknown layer", two, "{c: {nodes: [[ab]]}}", "[c]",
          "4: cells.c.nodes, node 1: \"ab\"; allowed: none, a, b" },
        { "an edge with the name of a layer", two, "{c: {edges: {b: norm}, nodes: [[a], [a, b]]}}",
          "[c]", "4: cells.c.edges: \"b\" has a meaning already; another name" },
        { "an option of another width", "[{name: a, options: [skip, conv: {out: 6, kernel: 1}]}]",
          "{c: {nodes: [[a]]}}", "[c]",
          "3: edges.a.conv: node 1: option 1 gives 6x8x8; 4x8x8, as every option of an edge" },
        { "a first option of another size",
          "[{name: a, options: [pool: {kind: max, size: 2}, skip]}]", "{c: {nodes: [[a]]}}", "[c]",
          "5: stem.c: node 1: option 0 gives 4x4x4; 4x8x8, as every option of an edge" },
        { "a skip where channels change", "[{name: a, options: [norm, skip]}]",
          "{c: {nodes: [[a]]}}", "[c: {out: 6}]",
          "5: stem.c: node 1: option 0 gives 4x8x8; 6x8x8, as every option of an edge" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048], want[512];
        struct space *space;
        struct errmsg err = { "" };

        snprintf(text, sizeof text, INPUT HEAD "edges: %s\ncells: %s\nstem: %s\n", cases[i].edges,
                 cases[i].cells, cases[i].stem);
        snprintf(want, sizeof want, "f.yaml:%s", cases[i].want);
        check_int_equal(cases[i].name, space_parse(text, strlen(text), "f.yaml", &space, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, want);
    }
}

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
        cmocka_unit_test(test_faults_of_cells),
        cmocka_unit_test(test_faults_of_edges),
        cmocka_unit_test(test_faults_of_options),
        cmocka_unit_test(test_bounds_of_what_multiplies),
        cmocka_unit_test(test_bounds_of_interfaces),
        cmocka_unit_test(test_files_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
