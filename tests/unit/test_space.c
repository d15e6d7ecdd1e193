#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/space.h"

#define INPUT "input: {channels: 4, height: 8, width: 8, classes: 3}\n"
#define HEAD  "head: [pool: {kind: avg, size: all}, dense: classes]\n"

static struct space *parse(const char *text)
{
    struct space *space;
    struct errmsg err;

    if (space_parse(text, strlen(text), "f.yaml", &space, &err) < 0)
        fail_msg("%s\n%s", err.text, text);
    return space;
}

/* ---- what a block stands for ---- */

/* "conv 6x4x4 k3 s2 p1 g1 <0" : shape, kernel, ..., the ops it reads. */
static void print_op(FILE *out, const struct op *op)
{
    fprintf(out, "%s %dx%dx%d", op_kind_name(op->kind), op->out.channels, op->out.height,
            op->out.width);
    if (op->kind == OP_CONV || op->kind == OP_POOL)
        fprintf(out, " k%d s%d p%d", op->kernel_h, op->stride, op->pad);
    if (op->kind == OP_CONV)
        fprintf(out, " g%d", op->groups);
    if (op->kind == OP_POOL)
        fprintf(out, " %s", pooling_name(op->pooling));
    if (op->kind == OP_ACTIVATION)
        fprintf(out, " %s", activation_name(op->activation));
    if (op->bias)
        fputs(" bias", out);
    if (op->drop)
        fprintf(out, " %d", op->drop);
    fprintf(out, " <%d", op->input[0]);
    if (op_inputs(op->kind) == 2)
        fprintf(out, ",%d", op->input[1]);
}

/* The ops of the only layer, joined by "; ". The caller's to free(). */
static char *layer_ops(const struct space *space, const struct arch *arch)
{
    struct network network;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    const char *separator = "";

    assert_non_null(out);
    assert_int_equal(space_resolve(space, arch, &network), 0);
    for (size_t i = 0; i < network.n_ops; i++) {
        if (network.ops[i].layer != 0)
            continue;
        fputs(separator, out);
        print_op(out, &network.ops[i]);
        separator = "; ";
    }
    network_clear(&network);
    fclose(out);
    return text;
}

static void test_blocks_stand_for_operations(void **state)
{
    static const struct {
        const char *block, *name, *ops;
    } cases[] = {
        { "conv: {out: 6, kernel: 3}", "conv k3 o6",
          "conv 6x8x8 k3 s1 p1 g1 <0; norm 6x8x8 <1; act 6x8x8 relu6 <2" },
        { "conv: {out: same, kernel: 5, stride: 2, act: none, norm: false, bias: true, groups: 2}",
          "conv k5 same s2 g2 none no-norm bias", "conv 4x4x4 k5 s2 p2 g2 bias <0" },
        { "conv: {out: same, kernel: 3, groups: channels, act: relu}",
          "conv k3 same groups=channels relu",
          "conv 4x8x8 k3 s1 p1 g4 <0; norm 4x8x8 <1; act 4x8x8 relu <2" },
        { "conv: {out: classes, kernel: 2, stride: 2, act: none, norm: false}",
          "conv k2 classes s2 none no-norm", "conv 3x4x4 k2 s2 p0 g1 <0" },
        { "mbconv: {expand: 2, kernel: 3, out: same}", "mbconv e2 k3 same",
          "conv 8x8x8 k1 s1 p0 g1 <0; norm 8x8x8 <1; act 8x8x8 relu6 <2; "
          "conv 8x8x8 k3 s1 p1 g8 <3; norm 8x8x8 <4; act 8x8x8 relu6 <5; "
          "conv 4x8x8 k1 s1 p0 g1 <6; norm 4x8x8 <7; add 4x8x8 <8,0" },
        { "mbconv: {expand: 1, kernel: 3, out: 4, act: relu}", "mbconv e1 k3 o4 relu",
          "conv 4x8x8 k3 s1 p1 g4 <0; norm 4x8x8 <1; act 4x8x8 relu <2; "
          "conv 4x8x8 k1 s1 p0 g1 <3; norm 4x8x8 <4; add 4x8x8 <5,0" },
        { "mbconv: {expand: 1, kernel: 5, out: same, stride: 2}", "mbconv e1 k5 same s2",
          "conv 4x4x4 k5 s2 p2 g4 <0; norm 4x4x4 <1; act 4x4x4 relu6 <2; "
          "conv 4x4x4 k1 s1 p0 g1 <3; norm 4x4x4 <4" },
        { "[pool: {kind: avg, size: all}, mbconv: {expand: 1, kernel: 1, out: same, stride: 2}]",
          "pool avg all + mbconv e1 k1 same s2",
          "pool 4x1x1 k8 s1 p0 avg <0; conv 4x1x1 k1 s2 p0 g4 <1; norm 4x1x1 <2; "
          "act 4x1x1 relu6 <3; conv 4x1x1 k1 s1 p0 g1 <4; norm 4x1x1 <5" },
        { "mbconv: {expand: 4, kernel: 3, out: 6, se: true, act: hswish}",
          "mbconv e4 k3 o6 se hswish",
          "conv 16x8x8 k1 s1 p0 g1 <0; norm 16x8x8 <1; act 16x8x8 hswish <2; "
          "conv 16x8x8 k3 s1 p1 g16 <3; norm 16x8x8 <4; act 16x8x8 hswish <5; "
          "pool 16x1x1 k8 s1 p0 avg <6; conv 8x1x1 k1 s1 p0 g1 bias <7; act 8x1x1 relu <8; "
          "conv 16x1x1 k1 s1 p0 g1 bias <9; act 16x1x1 hsigmoid <10; scale 16x8x8 <6,11; "
          "conv 6x8x8 k1 s1 p0 g1 <12; norm 6x8x8 <13" },
        { "mbconv: {hidden: 64, kernel: 3, out: 6, se: true, squeeze: 2, stride: 2}",
          "mbconv h64 k3 o6 s2 se squeeze2",
          "conv 64x8x8 k1 s1 p0 g1 <0; norm 64x8x8 <1; act 64x8x8 relu6 <2; "
          "conv 64x4x4 k3 s2 p1 g64 <3; norm 64x4x4 <4; act 64x4x4 relu6 <5; "
          "pool 64x1x1 k4 s1 p0 avg <6; conv 32x1x1 k1 s1 p0 g1 bias <7; act 32x1x1 relu <8; "
          "conv 64x1x1 k1 s1 p0 g1 bias <9; act 64x1x1 hsigmoid <10; scale 64x4x4 <6,11; "
          "conv 6x4x4 k1 s1 p0 g1 <12; norm 6x4x4 <13" },
        { "mbconv: {hidden: 4, kernel: 3, out: same, act: none}", "mbconv h4 k3 same none",
          "conv 4x8x8 k3 s1 p1 g4 <0; norm 4x8x8 <1; "
          "conv 4x8x8 k1 s1 p0 g1 <2; norm 4x8x8 <3; add 4x8x8 <4,0" },
        { "mbconv: {expand: 2.5, kernel: 3, out: 6, act: none}", "mbconv e2.5 k3 o6 none",
          "conv 16x8x8 k1 s1 p0 g1 <0; norm 16x8x8 <1; conv 16x8x8 k3 s1 p1 g16 <2; "
          "norm 16x8x8 <3; conv 6x8x8 k1 s1 p0 g1 <4; norm 6x8x8 <5" },
        { "mbconv: {expand: 1, kernel: 3, out: 6}", "mbconv e1 k3 o6",
          "conv 4x8x8 k3 s1 p1 g4 <0; norm 4x8x8 <1; act 4x8x8 relu6 <2; "
          "conv 6x8x8 k1 s1 p0 g1 <3; norm 6x8x8 <4" },
        { "depthwise: {kernel: 3}", "depthwise k3",
          "conv 4x8x8 k3 s1 p1 g4 <0; norm 4x8x8 <1; act 4x8x8 relu6 <2" },
        { "depthwise: {kernel: 5, stride: 2, act: none, norm: false, bias: true}",
          "depthwise k5 s2 none no-norm bias", "conv 4x4x4 k5 s2 p2 g4 bias <0" },
        { "se", "se",
          "pool 4x1x1 k8 s1 p0 avg <0; conv 8x1x1 k1 s1 p0 g1 bias <1; act 8x1x1 relu <2; "
          "conv 4x1x1 k1 s1 p0 g1 bias <3; act 4x1x1 hsigmoid <4; scale 4x8x8 <0,5" },
        { "se: {squeeze: 1, act: swish, gate: sigmoid}", "se squeeze1 swish gate=sigmoid",
          "pool 4x1x1 k8 s1 p0 avg <0; conv 8x1x1 k1 s1 p0 g1 bias <1; act 8x1x1 swish <2; "
          "conv 4x1x1 k1 s1 p0 g1 bias <3; act 4x1x1 sigmoid <4; scale 4x8x8 <0,5" },
        { "skip", "skip", "" },
        { "skip: {out: 4}", "skip o4", "" },
        { "identity: {out: 6}", "identity o6", "conv 6x8x8 k1 s1 p0 g1 <0; norm 6x8x8 <1" },
        { "skip: {stride: 2}", "skip s2", "conv 4x4x4 k1 s2 p0 g1 <0; norm 4x4x4 <1" },
        { "pool: {kind: max, size: 2}", "pool max 2", "pool 4x4x4 k2 s2 p0 max <0" },
        { "pool: {kind: avg, size: 3, stride: 1}", "pool avg 3 s1", "pool 4x8x8 k3 s1 p1 avg <0" },
        { "pool: {kind: max, size: 3, stride: 2, pad: 0}", "pool max 3 s2 p0",
          "pool 4x3x3 k3 s2 p0 max <0" },
        { "pool: {kind: avg, size: 2, stride: 1, pad: 1}", "pool avg 2 s1 p1",
          "pool 4x9x9 k2 s1 p1 avg <0" },
        { "pool: {kind: avg, size: all}", "pool avg all", "pool 4x1x1 k8 s1 p0 avg <0" },
        { "dense: {out: 5, act: relu, bias: false}", "dense o5 relu no-bias",
          "dense 5x1x1 <0; act 5x1x1 relu <1" },
        { "dense: 5", "dense o5", "dense 5x1x1 bias <0" },
        { "norm", "norm", "norm 4x8x8 <0" },
        { "act: relu", "act relu", "act 4x8x8 relu <0" },
        { "act: hswish", "act hswish", "act 4x8x8 hswish <0" },
        { "act: swish", "act swish", "act 4x8x8 swish <0" },
        { "act: hsigmoid", "act hsigmoid", "act 4x8x8 hsigmoid <0" },
        { "act: sigmoid", "act sigmoid", "act 4x8x8 sigmoid <0" },
        { "dropout: 0.2", "dropout 0.2", "dropout 4x8x8 2000 <0" },
        { "dropout: {rate: 0.0001}", "dropout 0.0001", "dropout 4x8x8 1 <0" },
        { "dropout: 0", "dropout 0", "" },
        { "[norm, act: relu6, skip]", "norm + act relu6 + skip",
          "norm 4x8x8 <0; act 4x8x8 relu6 <1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arch arch = { .n = 1 };
        struct space *space;
        char text[1024], *ops;

        snprintf(text, sizeof text, INPUT HEAD "layers:\n- name: a\n  options:\n  - %s\n",
                 cases[i].block);
        space = parse(text);
        ops = layer_ops(space, &arch);
        check_string_equal(cases[i].block, space_option_name(space, 0, 0), cases[i].name);
        check_string_equal(cases[i].block, ops, cases[i].ops);
        free(ops);
        space_free(space);
    }
}

/* ---- options ---- */

static void test_lists_multiply_out_in_the_order_written(void **state)
{
    static const struct {
        const char *options, *names;
    } cases[] = {
        { "- mbconv: {expand: [3, 6], kernel: [3, 5], out: 8}",
          "mbconv e3 k3 o8|mbconv e3 k5 o8|mbconv e6 k3 o8|mbconv e6 k5 o8" },
        { "- mbconv: {kernel: [3, 5], out: 8, expand: [3, 6]}",
          "mbconv e3 k3 o8|mbconv e6 k3 o8|mbconv e3 k5 o8|mbconv e6 k5 o8" },
        { "- skip\n  - conv: {out: [same, 8], kernel: 1}\n  - norm",
          "skip|conv k1 same|conv k1 o8|norm" },
        { "- act: [relu, none]", "act relu|act none" },
        { "- mbconv: {expand: 6, kernel: 3, out: 8, width: [0.5, 1], se: [false, true]}",
          "mbconv e6 k3 o8 w0.5|mbconv e6 k3 o8 w0.5 se|mbconv e6 k3 o8|mbconv e6 k3 o8 se" },
        { "- dropout: [0, 0.25]", "dropout 0|dropout 0.25" },
        { "- pair: {out: [4, 6], stride: [1, 2]}", "pair o4|pair o4 s2|pair o6|pair o6 s2" },
        { "- [norm, pair: {out: [6, same]}]", "norm + pair o6|norm + pair" },
        { "- [conv: {out: [6, 8], kernel: 1}, act: [relu, relu6]]",
          "conv k1 o6 + act relu|conv k1 o6 + act relu6|"
          "conv k1 o8 + act relu|conv k1 o8 + act relu6" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024], names[1024] = "";
        struct space *space;

        snprintf(text, sizeof text,
                 INPUT HEAD "cells: {pair: {edges: {e: {skip: {out: cell, stride: cell}}}, "
                            "nodes: [[e]]}}\n"
                            "layers:\n- name: a\n  options:\n  %s\n",
                 cases[i].options);
        space = parse(text);
        for (uint32_t o = 0; o < space_n_options(space, 0); o++) {
            strcat(names, o ? "|" : "");
            strcat(names, space_option_name(space, 0, o));
        }
        check_string_equal(cases[i].options, names, cases[i].names);
        space_free(space);
    }
}

static int32_t channels_of_option(const struct space *space, uint32_t option)
{
    struct costs costs;

    return space_interface(space, 1, space_step(space, 0, option, 0, &costs)).channels;
}

/* Figures of MobileNetV2 1.4, MobileNetV3 0.75 and others, by the rule of the MobileNets' code:
 * n = max(8, int(v + 4) // 8 * 8), and 8 more if that is below 0.9 v. */
static void test_widths_multiply_channels(void **state)
{
    static const struct {
        int32_t out;
        const char *width, *space_width;
        int32_t want;
    } cases[] = {
        { 32, "1.4", "1", 48 },   { 16, "1.4", "1", 24 },     { 24, "1", "1.4", 32 },
        { 64, "1.4", "1", 88 },   { 96, "1", "1.4", 136 },    { 160, "1.4", "1", 224 },
        { 320, "1", "1.4", 448 }, { 1280, "1", "1.4", 1792 }, { 16, "0.35", "1", 8 },
        { 24, "0.35", "1", 8 },   { 32, "0.35", "1", 16 },    { 40, "0.75", "1", 32 },
        { 24, "1", "0.75", 24 },  { 112, "1", "1.2", 136 },   { 6, "1", "1", 6 },
        { 1, "0.01", "1", 8 },    { 100, "0.5", "2", 100 },   { 64, "0.5", "0.5", 16 },
        { 200, "0.5", "1", 104 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024], name[64];
        struct space *space;

        snprintf(name, sizeof name, "%d x %s x %s", cases[i].out, cases[i].width,
                 cases[i].space_width);
        snprintf(text, sizeof text,
                 INPUT HEAD "width: %s\nlayers: [{name: a, options: "
                            "[conv: {out: %d, kernel: 1, width: %s}]}]\n",
                 cases[i].space_width, cases[i].out, cases[i].width);
        space = parse(text);
        check_int_equal(name, channels_of_option(space, 0), cases[i].want);
        space_free(space);
    }
}

/* `same`, `classes` and the input have no width; `hidden` has the space's, `least` bounds. */
static void test_what_the_width_of_a_space_changes(void **state)
{
    static const struct {
        const char *block;
        int32_t want;
    } cases[] = {
        { "conv: {out: same, kernel: 1}", 4 },
        { "dense: classes", 3 },
        { "dense: 16", 8 },
        { "skip: {out: 32}", 16 },
        { "conv: {out: 32, kernel: 1, least: 24}", 24 },
        { "conv: {out: 32, kernel: 1, least: 8}", 16 },
        { "[conv: {out: 32, kernel: 1}, se]", 16 },
    };
    struct arch arch = { .n = 1 };
    struct space *space;
    char *ops;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];

        snprintf(
            text, sizeof text, INPUT HEAD "width: 0.5\nlayers: [{name: a, options: [%s%s%s]}]\n",
            *cases[i].block == '[' ? "" : "[", cases[i].block, *cases[i].block == '[' ? "" : "]");
        space = parse(text);
        check_int_equal(cases[i].block, channels_of_option(space, 0), cases[i].want);
        space_free(space);
    }
    space = parse(INPUT HEAD "width: 0.5\nlayers: [{name: a, options: "
                             "[mbconv: {hidden: 32, kernel: 3, out: same, act: none}]}]\n");
    ops = layer_ops(space, &arch);
    assert_memory_equal(ops, "conv 16x8x8 ", 12);
    free(ops);
    space_free(space);
}

/* ---- cells ---- */

static void test_cells_are_sums_of_edges(void **state)
{
    static const struct {
        const char *name, *cell, *option, *ops;
    } cases[] = {
        { "one edge", "{edges: {a: norm}, nodes: [[a]]}", "c", "norm 4x8x8 <0" },
        { "nothing at all", "{edges: {a: skip}, nodes: [[a]]}", "c", "" },
        { "a node twice", "{edges: {a: skip}, nodes: [[a], [a, a]]}", "c", "add 4x8x8 <0,0" },
        { "two branches", "{edges: {a: norm, b: {act: relu}}, nodes: [[a], [b, a]]}", "c",
          "norm 4x8x8 <0; act 4x8x8 relu <0; norm 4x8x8 <1; add 4x8x8 <2,3" },
        { "an edge that is not there",
          "{edges: {a: norm, b: {act: relu}}, nodes: [[a], [none, b], [a, none, b]]}", "c",
          "norm 4x8x8 <0; act 4x8x8 relu <1; norm 4x8x8 <0; act 4x8x8 relu <2; add 4x8x8 <3,4" },
        { "the width of the cell",
          "{edges: {a: {skip: {out: cell}}, b: [norm, conv: {out: cell, kernel: 1, act: none, "
          "norm: false}]}, nodes: [[b], [a, a]]}",
          "c: {out: 6}",
          "norm 4x8x8 <0; conv 6x8x8 k1 s1 p0 g1 <1; conv 6x8x8 k1 s1 p0 g1 <0; norm 6x8x8 <3; "
          "add 6x8x8 <4,2" },
        { "its stride",
          "{edges: {a: {pool: {kind: max, size: 2, stride: cell}}, s: skip, "
          "b: {depthwise: {kernel: 2, stride: cell, act: none, norm: false}}}, "
          "nodes: [[a], [b, s]]}",
          "c: {stride: 2}",
          "pool 4x4x4 k2 s2 p0 max <0; conv 4x4x4 k2 s2 p0 g4 <0; add 4x4x4 <2,1" },
        { "a part of the width",
          "{edges: {a: [conv: {out: cell, width: 0.25, kernel: 1, act: none, norm: false}, "
          "conv: {out: cell, kernel: 1, act: none, norm: false}]}, nodes: [[a]]}",
          "c: {out: 64}", "conv 16x8x8 k1 s1 p0 g1 <0; conv 64x8x8 k1 s1 p0 g1 <1" },
        { "the width of the whole space is not counted twice",
          "{edges: {a: {skip: {out: cell}}}, nodes: [[a]]}\nwidth: 0.5", "c: {out: 32}",
          "conv 16x8x8 k1 s1 p0 g1 <0; norm 16x8x8 <1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arch arch = { .n = 1 };
        struct space *space;
        char text[1024], *ops;

        snprintf(text, sizeof text,
                 INPUT HEAD "layers: [{name: a, options: [%s]}]\ncells:\n  c: %s\n",
                 cases[i].option, cases[i].cell);
        space = parse(text);
        ops = layer_ops(space, &arch);
        check_string_equal(cases[i].name, ops, cases[i].ops);
        free(ops);
        space_free(space);
    }
}

static void test_repeat_makes_layers(void **state)
{
    struct space *space = parse(INPUT HEAD "layers:\n"
                                           "- {name: a, options: [skip, norm]}\n"
                                           "- {name: b, repeat: 3, options: [skip]}\n");

    (void)state;
    assert_int_equal(space_n_layers(space), 4);
    assert_string_equal(space_layer_name(space, 0), "a");
    assert_string_equal(space_layer_name(space, 1), "b.1");
    assert_string_equal(space_layer_name(space, 3), "b.3");
    assert_true(space_size(space) == 2);
    space_free(space);
}

static void test_names_alone(void **state)
{
    static const char text[] = "names:\n- {name: w, repeat: 2, options: [16, '032', a b]}\n";
    struct arch arch = { .n = 2, .option = { 2, 1 } }, canonical;
    struct space *space = parse(text);
    struct network network;

    (void)state;
    assert_false(space_has_networks(space));
    assert_int_equal(space_n_layers(space), 2);
    assert_string_equal(space_option_name(space, 1, 1), "032");
    assert_string_equal(space_option_name(space, 0, 2), "a b");
    assert_int_equal(space_resolve(space, &arch, &network), -ENOTSUP);
    assert_int_equal(space_canonical(space, &arch, &canonical), 0);
    assert_true(arch_equal(&arch, &canonical));
    space_free(space);
}

static void test_architectures_are_checked(void **state)
{
    static const struct {
        const char *arch, *want;
    } cases[] = {
        { "1:0", "" },
        { "1", "architecture 1: 1 layers; the space has 2" },
        { "1:0:0", "architecture 1:0:0: 3 layers; the space has 2" },
        { "2:0", "architecture 2:0: option 2 of layer a; 0 to 1" },
    };
    struct space *space = parse(INPUT HEAD "layers:\n"
                                           "- {name: a, options: [skip, norm]}\n"
                                           "- {name: b, options: [skip]}\n");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };
        struct arch arch;

        assert_int_equal(arch_parse(cases[i].arch, &arch), 0);
        check_int_equal(cases[i].arch, space_check_arch(space, &arch, &err),
                        *cases[i].want ? -EINVAL : 0);
        check_string_equal(cases[i].arch, err.text, cases[i].want);
    }
    space_free(space);
}

static void test_layers_of_operations(void **state)
{
    struct space *space = parse(INPUT "stem: [norm]\n" HEAD
                                      "layers: [{name: a, repeat: 2, options: [norm]}]\n");
    static const int32_t want[] = { NETWORK_STEM, NETWORK_STEM, 0, 1, NETWORK_HEAD, NETWORK_HEAD };
    struct arch arch = { .n = 2 };
    struct network network;

    (void)state;
    assert_int_equal(space_resolve(space, &arch, &network), 0);
    assert_int_equal(network.n_ops, 6);
    for (size_t i = 0; i < network.n_ops; i++)
        assert_int_equal(network.ops[i].layer, want[i]);
    network_clear(&network);
    space_free(space);
}

/* ---- digest ---- */

static void test_digest_is_of_the_meaning(void **state)
{
    static const char base[] = INPUT HEAD "layers: [{name: a, options: [skip, norm]}]\n";
    static const struct {
        const char *name, *text;
        bool same;
    } cases[] = {
        { "the same", base, true },
        { "spelled otherwise",
          "# a comment\n" HEAD INPUT "layers:\n- options:\n  - identity: {stride: 1}\n"
          "  - norm\n  name: other\ncount: {dense_bias: false}\nwidth: 1\n",
          true },
        { "in a cell",
          INPUT HEAD "cells: {n: {edges: {e: norm}, nodes: [[e]]}}\n"
                     "layers: [{name: a, options: [skip, n]}]\n",
          true },
        { "options in another order", INPUT HEAD "layers: [{name: a, options: [norm, skip]}]\n",
          false },
        { "one more layer",
          INPUT HEAD "layers: [{name: a, options: [skip, norm]}, {name: b, options: [skip]}]\n",
          false },
        { "another way to count",
          INPUT HEAD "layers: [{name: a, options: [skip, norm]}]\n"
                     "count: {dense_bias: true}\n",
          false },
        { "another input",
          "input: {channels: 4, height: 8, width: 9, classes: 3}\n" HEAD
          "layers: [{name: a, options: [skip, norm]}]\n",
          false },
        { "another head",
          INPUT "layers: [{name: a, options: [skip, norm]}]\n"
                "head: [pool: {kind: max, size: all}, dense: classes]\n",
          false },
        { "names", "names: [{name: a, options: [skip, norm]}]\n", false },
    };
    struct space *space = parse(base);
    struct digest want = space_digest(space);

    (void)state;
    space_free(space);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct digest got;

        space = parse(cases[i].text);
        got = space_digest(space);
        check_int_equal(cases[i].name, digest_equal(&got, &want), cases[i].same);
        space_free(space);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_stand_for_operations),
        cmocka_unit_test(test_lists_multiply_out_in_the_order_written),
        cmocka_unit_test(test_widths_multiply_channels),
        cmocka_unit_test(test_what_the_width_of_a_space_changes),
        cmocka_unit_test(test_cells_are_sums_of_edges),
        cmocka_unit_test(test_repeat_makes_layers),
        cmocka_unit_test(test_names_alone),
        cmocka_unit_test(test_architectures_are_checked),
        cmocka_unit_test(test_layers_of_operations),
        cmocka_unit_test(test_digest_is_of_the_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
