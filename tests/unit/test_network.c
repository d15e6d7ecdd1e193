/* Shapes, faults and costs of operations, one by one. */
#include "tests/unit/check.h"

#include <errno.h>

#include "common/network.h"
#include "tests/bench/models.h"

/* Op 0 is an image of 6x8x10, op 1 a gate of 6x1x1, op 2 one of 5x1x1. */
static struct network three_tensors(void)
{
    static const struct op ops[] = {
        { .kind = OP_INPUT, .out = { 6, 8, 10 } },
        { .kind = OP_POOL, .kernel_h = 8, .kernel_w = 10, .stride = 1 },
        { .kind = OP_DENSE, .input = { 1 }, .out = { .channels = 5 } },
    };
    struct network network = { 0 };

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct op op = ops[i];

        assert_int_equal(op_infer_shape(&network, &op, NULL), 0);
        assert_int_equal(network_append(&network, &op), i);
    }
    return network;
}

static void test_shapes(void **state)
{
    static const struct {
        const char *name;
        struct op op;
        struct shape want;
    } cases[] = {
        { "activation", { .kind = OP_ACTIVATION, .activation = ACTIVATION_HSWISH }, { 6, 8, 10 } },
        { "sum", { .kind = OP_ADD }, { 6, 8, 10 } },
        { "scale", { .kind = OP_SCALE, .input = { 0, 1 } }, { 6, 8, 10 } },
        { "scale of one pixel", { .kind = OP_SCALE, .input = { 1, 1 } }, { 6, 1, 1 } },
        { "dropout", { .kind = OP_DROPOUT, .input = { 2 }, .drop = 1 }, { 5, 1, 1 } },
        { "pool with a border",
          { .kind = OP_POOL, .kernel_h = 3, .kernel_w = 3, .stride = 2, .pad = 1 },
          { 6, 4, 5 } },
        { "depthwise 7x7, stride 2",
          { .kind = OP_CONV,
            .out.channels = 6,
            .kernel_h = 7,
            .kernel_w = 7,
            .stride = 2,
            .pad = 3,
            .groups = 6 },
          { 6, 4, 5 } },
    };
    struct network network = three_tensors();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct op op = cases[i].op;

        check_int_equal(cases[i].name, op_infer_shape(&network, &op, NULL), 0);
        check_int_equal(cases[i].name, op.out.channels, cases[i].want.channels);
        check_int_equal(cases[i].name, op.out.height, cases[i].want.height);
        check_int_equal(cases[i].name, op.out.width, cases[i].want.width);
    }
    network_clear(&network);
}

static void test_faults(void **state)
{
    static const struct {
        const char *name, *line;
        struct op op;
    } cases[] = {
        { "gate of other channels",
          "scale: 6x8x10 by 5x1x1; by 6x1x1",
          { .kind = OP_SCALE, .input = { 0, 2 } } },
        { "gate of several pixels",
          "scale: 6x8x10 by 6x8x10; by 6x1x1",
          { .kind = OP_SCALE, .input = { 0, 0 } } },
        { "gate that is not there",
          "scale: reads op 3 of 3",
          { .kind = OP_SCALE, .input = { 0, 3 } } },
        { "summand that is not there",
          "add: reads op -1 of 3",
          { .kind = OP_ADD, .input = { 0, -1 } } },
        { "dropout of nothing",
          "dropout: 0 ten-thousandths; from 1 to 9999",
          { .kind = OP_DROPOUT } },
        { "dropout of everything",
          "dropout: 10000 ten-thousandths; from 1 to 9999",
          { .kind = OP_DROPOUT, .drop = DROP_ONE } },
    };
    struct network network = three_tensors();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct op op = cases[i].op;
        struct errmsg err = { "" };

        check_int_equal(cases[i].name, op_infer_shape(&network, &op, &err), -EINVAL);
        assert_string_equal(err.text, cases[i].line);
    }
    network_clear(&network);
}

static void test_only_dropout_drops(void **state)
{
    struct network network = three_tensors();
    struct errmsg err;

    (void)state;
    assert_int_equal(network_check(&network, &err), 0);
    network.ops[1].drop = 1;
    assert_int_equal(network_check(&network, &err), -EINVAL);
    assert_string_equal(err.text, "op 1 (pool): drops 1 ten-thousandths; only dropout does");
    network_clear(&network);
}

/* What has no weights costs its output's memory and nothing else. */
static void test_costs_without_weights(void **state)
{
    static const struct count_rules rules = { .dense_bias = true };
    static const struct op ops[] = {
        { .kind = OP_SCALE, .input = { 0, 1 } },
        { .kind = OP_DROPOUT, .drop = 5000 },
        { .kind = OP_ACTIVATION, .activation = ACTIVATION_SIGMOID },
        { .kind = OP_ADD },
    };
    (void)state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct network network = three_tensors();
        struct costs costs = { 0 };
        struct op op = ops[i];

        assert_int_equal(op_infer_shape(&network, &op, NULL), 0);
        assert_int_equal(network_append(&network, &op), 3);
        op_costs(&network, 3, &rules, &costs);
        check_int_equal(op_kind_name(op.kind), costs.madds, 0);
        check_int_equal(op_kind_name(op.kind), costs.params, 0);
        check_int_equal(op_kind_name(op.kind), costs.activations, 6 * 8 * 10 * 4);
        network_clear(&network);
    }
}

static void mobilenet_v2(struct network *network)
{
    model_mobilenet_v2(network, 224, 1000);
}

static void mobilenet_v3_large(struct network *network)
{
    model_mobilenet_v3_large(network, 224, 1000);
}

static void mobilenet_v3_small(struct network *network)
{
    model_mobilenet_v3_small(network, 224, 1000);
}

static void nats_size_8(struct network *network)
{
    model_nats_size(network, (int[]){ 8, 8, 8, 8, 8 }, 10);
}

static void nats_size_mixed(struct network *network)
{
    model_nats_size(network, (int[]){ 8, 8, 40, 32, 40 }, 10);
}

static void nas_bench_macro(struct network *network)
{
    model_nas_bench_macro(network, "22212202");
}

/* Multiply-adds and parameters as published: torchvision's models, NATS-Bench's records, the table of
 * NAS-Bench-Macro. */
static void test_costs_of_published_networks(void **state)
{
    static const struct {
        const char *name;
        void (*build)(struct network *network);
        bool dense_bias;
        int64_t madds, params;
    } cases[] = {
        { "MobileNetV2", mobilenet_v2, false, 300774272, 3504872 },
        { "MobileNetV3-Large", mobilenet_v3_large, false, 216589760, 5483032 },
        { "MobileNetV3-Small", mobilenet_v3_small, false, 56510400, 2542856 },
        { "NATS-Bench 8:8:8:8:8", nats_size_8, true, 4481114, 11714 },
        { "NATS-Bench 8:8:40:32:40", nats_size_mixed, true, 21827994, 144834 },
        { "NAS-Bench-Macro 22212202", nas_bench_macro, false, 85164544, 1985514 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct count_rules rules = { .dense_bias = cases[i].dense_bias };
        struct network network = { 0 };
        struct costs costs;

        cases[i].build(&network);
        network_costs(&network, &rules, &costs);
        check_int_equal(cases[i].name, costs.madds, cases[i].madds);
        check_int_equal(cases[i].name, costs.params, cases[i].params);
        network_clear(&network);
    }
}

static void test_names_and_inputs(void **state)
{
    static const char *const kinds[OP_KINDS] = { "input", "conv",  "norm",  "act",    "add",
                                                 "pool",  "dense", "scale", "dropout" };
    static const int inputs[OP_KINDS] = { 0, 1, 1, 1, 2, 1, 1, 2, 1 };
    static const char *const activations[ACTIVATION_KINDS] = { "relu",  "relu6",    "hswish",
                                                               "swish", "hsigmoid", "sigmoid",
                                                               "zero" };

    (void)state;
    for (int i = 0; i < OP_KINDS; i++) {
        assert_string_equal(op_kind_name((enum op_kind)i), kinds[i]);
        check_int_equal(kinds[i], op_inputs((enum op_kind)i), inputs[i]);
    }
    for (int i = 0; i < ACTIVATION_KINDS; i++)
        assert_string_equal(activation_name((enum activation)i), activations[i]);
}

/* Two networks of one op, whose padding differs from the beginning. */
static void test_equality_sees_fields_and_nothing_else(void **state)
{
    static const struct {
        const char *name;
        struct op a, b;
        bool equal;
    } cases[] = {
        { "alike", { .kind = OP_CONV, .groups = 2 }, { .kind = OP_CONV, .groups = 2 }, true },
        { "of other layers", { .layer = 1 }, { .layer = NETWORK_HEAD }, true },
        { "kind", { .kind = OP_NORM }, { .kind = OP_DENSE }, false },
        { "input", { .input = { 0, 1 } }, { .input = { 0, 2 } }, false },
        { "shape", { .out = { 1, 2, 3 } }, { .out = { 1, 3, 2 } }, false },
        { "kernel", { .kernel_w = 3 }, { .kernel_w = 5 }, false },
        { "bias", { .bias = true }, { .bias = false }, false },
        { "activation",
          { .activation = ACTIVATION_RELU },
          { .activation = ACTIVATION_RELU6 },
          false },
        { "drop", { .drop = 1 }, { .drop = 2 }, false },
    };
    const struct network none = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct op a = cases[i].a, b = cases[i].b;
        struct network left = { 1, &a }, right = { 1, &b };

        memset((char *)&a + offsetof(struct op, bias) + sizeof a.bias, 0x55,
               offsetof(struct op, activation) - offsetof(struct op, bias) - sizeof a.bias);
        check_int_equal(cases[i].name, network_equal(&left, &right), cases[i].equal);
        check_int_equal(cases[i].name, network_equal(&left, &none), false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_only_dropout_drops),
        cmocka_unit_test(test_costs_without_weights),
        cmocka_unit_test(test_costs_of_published_networks),
        cmocka_unit_test(test_names_and_inputs),
        cmocka_unit_test(test_equality_sees_fields_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
