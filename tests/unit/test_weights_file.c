/* The block of bytes that a trained network is kept in. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <zlib.h>

#include "proto/weights_file.h"
#include "tests/bench/models.h"

enum { FLOATS = 5, HEADER = 16 };

static uint8_t floats[4 * FLOATS] = { 0, 0, 0x80, 0x3f, 1, 2, 3, 4, 5 };

/* The network is the caller's to clear; the floats stay here. */
static struct weights_file make_file(void)
{
    struct weights_file file = {
        .study = "small",
        .test = { 9195, 10000 },
        .arch = { 3, { 0, 7, 2 } },
        .replica = 4,
        .seed = UINT64_MAX,
        .evaluation = { .evaluator = EVALUATOR_TRAIN,
                        .data = { .name = "cifar10",
                                  .format = DATA_CIFAR10,
                                  .train = 7000,
                                  .valid = 1000,
                                  .split_seed = 3 },
                        .schedule = { .epochs = 12, .batch = 64, .lr = 0.1, .ema = 0.999 } },
        .validation = { 900, 1000 },
        .numerics = "haswell/1",
        .count = { .dense_bias = true },
        .normalisation = { { 125.25f, 123, 114 }, { 63, 62, 66.5f } },
        .floats = { floats, sizeof floats },
    };
    int i = model_conv(&file.network, model_input(&file.network, 3, 32, 32), 4, 3, 1, 1);

    model_dense(&file.network, model_global_pool(&file.network, model_norm(&file.network, i)), 10);
    return file;
}

static struct bytes packed(const struct weights_file *file)
{
    struct bytes bytes;

    assert_int_equal(weights_file_pack(file, &bytes), 0);
    return bytes;
}

static void test_round_trip(void **state)
{
    struct weights_file file = make_file(), back;
    struct bytes bytes = packed(&file), again;
    struct errmsg err = { "" };

    (void)state;
    if (weights_file_unpack(bytes.data, bytes.size, &back, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(back.study, "small");
    assert_memory_equal(&back.test, &file.test, sizeof file.test);
    assert_memory_equal(&back.arch, &file.arch, sizeof file.arch);
    assert_int_equal(back.replica, 4);
    assert_true(back.seed == UINT64_MAX);
    assert_memory_equal(&back.evaluation, &file.evaluation, sizeof file.evaluation);
    assert_memory_equal(&back.validation, &file.validation, sizeof file.validation);
    assert_string_equal(back.numerics, "haswell/1");
    assert_int_equal(back.network.n_ops, file.network.n_ops);
    assert_memory_equal(back.network.ops, file.network.ops,
                        file.network.n_ops * sizeof *file.network.ops);
    assert_true(back.count.dense_bias);
    assert_memory_equal(&back.normalisation, &file.normalisation, sizeof file.normalisation);
    assert_int_equal(back.floats.size, sizeof floats);
    assert_memory_equal(back.floats.data, floats, sizeof floats);
    again = packed(&back);
    assert_int_equal(again.size, bytes.size);
    assert_memory_equal(again.data, bytes.data, bytes.size);
    free(again.data);
    free(bytes.data);
    weights_file_clear(&back);
    network_clear(&file.network);
}

static void test_layout(void **state)
{
    struct weights_file file = make_file();
    struct bytes bytes = packed(&file);
    size_t description = bytes.data[12] | (size_t)bytes.data[13] << 8;

    (void)state;
    assert_memory_equal(bytes.data, "LNASWGT\0\2\0\0\0", 12);
    assert_int_equal(bytes.size, HEADER + description + 8 + sizeof floats + 4);
    assert_memory_equal(bytes.data + HEADER, "\x0a\5small", 7); /* field 1 of Model */
    assert_memory_equal(bytes.data + HEADER + description, "\5\0\0\0\0\0\0", 8);
    assert_memory_equal(bytes.data + HEADER + description + 8, floats, sizeof floats);
    free(bytes.data);
    network_clear(&file.network);
}

/* Ends the bytes with the checksum they should have. */
static void seal(uint8_t *bytes, size_t size)
{
    uint32_t sum = (uint32_t)crc32(0, bytes, (unsigned)(size - 4));

    for (int i = 0; i < 4; i++)
        bytes[size - 4 + (size_t)i] = (uint8_t)(sum >> 8 * i);
}

static void test_damage(void **state)
{
    static const struct {
        const char *name;
        size_t at;    /* this byte */
        uint8_t byte; /* becomes that */
        int longer;   /* and so many bytes are added to the end, */
        bool sealed;  /* before the checksum is put right */
        const char *want;
    } cases[] = {
        { "other magic", 3, 'x', 0, true, "weights: not a file of weights" },
        { "version 1", 8, 1, 0, true, "weights: version 1; this program reads 2" },
        { "a version to come", 8, 3, 0, true, "weights: version 3; this program reads 2" },
        { "a letter changed", HEADER + 3, 'x', 0, false,
          "weights: damaged, the checksum is wrong" },
        { "cut", 0, 'L', -1, false, "weights: damaged, the checksum is wrong" },
        { "longer", 0, 'L', 1, false, "weights: damaged, the checksum is wrong" },
        { "cut and sealed", 0, 'L', -4, true, "bytes; not what their parts come to" },
        { "longer and sealed", 0, 'L', 4, true, "bytes; not what their parts come to" },
        { "half a float", 0, 'L', 2, true, "bytes; not what their parts come to" },
        { "a description past the end", 15, 0x7f, 0, true, "bytes; not what their parts come to" },
        { "a description that is none", HEADER, 0xff, 0, true,
          "bytes that are not a message of Model" },
    };
    struct weights_file file = make_file();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes bytes = packed(&file);
        struct weights_file back;
        struct errmsg err = { "" };

        bytes.data = realloc(bytes.data, bytes.size + 4);
        bytes.data[cases[i].at] = cases[i].byte;
        if (cases[i].longer > 0)
            memset(bytes.data + bytes.size, 0, 4);
        bytes.size += (size_t)cases[i].longer;
        if (cases[i].sealed)
            seal(bytes.data, bytes.size);
        check_int_equal(cases[i].name, weights_file_unpack(bytes.data, bytes.size, &back, &err),
                        -EINVAL);
        if (!strstr(err.text, cases[i].want) || strncmp(err.text, "weights: ", 9) != 0)
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        free(bytes.data);
    }
    network_clear(&file.network);
}

static void test_bytes_too_few(void **state)
{
    struct weights_file file = make_file(), back;
    struct bytes bytes = packed(&file);

    (void)state;
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *exact = malloc(size + 1);

        memcpy(exact, bytes.data, size);
        assert_int_equal(weights_file_unpack(exact, size, &back, NULL), -EINVAL);
        free(exact);
    }
    free(bytes.data);
    network_clear(&file.network);
}

#define SPOIL(name, statement)                                                                     \
    static void name(struct weights_file *file)                                                    \
    {                                                                                              \
        statement;                                                                                 \
    }

SPOIL(bell_in_study, strcpy(file->study, "a\ab"))
SPOIL(more_right_than_tested, file->test.total = 10)
SPOIL(more_right_than_validated, file->validation.total = 10)
SPOIL(no_layers, file->arch.n = 0)
SPOIL(looked_up, file->evaluation.evaluator = EVALUATOR_TABLE;
      strcpy(file->evaluation.table.arch_columns, "arch");
      strcpy(file->evaluation.table.reward_column, "reward"))
SPOIL(no_data, file->evaluation.data.name[0] = '\0')
SPOIL(unknown_format, file->evaluation.data.format = DATA_FORMATS)
SPOIL(no_batch, file->evaluation.schedule.batch = 0)
SPOIL(no_network, network_clear(&file->network))
SPOIL(op_of_another_shape, file->network.ops[2].out.height++)
SPOIL(mean_not_a_number, file->normalisation.mean[1] = NAN)
SPOIL(no_deviation, file->normalisation.deviation[2] = 0)
SPOIL(endless_deviation, file->normalisation.deviation[0] = INFINITY)

static void test_faults_of_the_description(void **state)
{
    static const struct {
        void (*spoil)(struct weights_file *file);
        const char *want; /* after "weights: description: " */
    } cases[] = {
        { bell_in_study, "study" },
        { more_right_than_tested, "test_correct: 9195; from 0 to 10" },
        { more_right_than_validated, "valid_correct: 900; from 0 to 10" },
        { no_layers, "arch" },
        { looked_up, "evaluator: not train" },
        { no_data, "data name" },
        { unknown_format, "data format" },
        { no_batch, "batch" },
        { no_network, "network: missing" },
        { op_of_another_shape, "network" },
        { mean_not_a_number, "mean" },
        { no_deviation, "deviation: 0" },
        { endless_deviation, "deviation: inf" },
    };
    static const char before[] = "weights: description: ";

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weights_file file = make_file(), back;
        struct errmsg err = { "" };
        struct bytes bytes;

        cases[i].spoil(&file);
        bytes = packed(&file);
        check_int_equal(cases[i].want, weights_file_unpack(bytes.data, bytes.size, &back, &err),
                        -EINVAL);
        if (strncmp(err.text, before, strlen(before)) != 0 ||
            strncmp(err.text + strlen(before), cases[i].want, strlen(cases[i].want)) != 0)
            fail_msg("case %zu: \"%s\", wanted %s", i, err.text, cases[i].want);
        free(bytes.data);
        network_clear(&file.network);
    }
}

/* A network of five channels has no normalisation that the file could hold. */
static void test_too_many_channels(void **state)
{
    struct weights_file file = make_file(), back;
    struct errmsg err;
    struct bytes bytes;

    (void)state;
    network_clear(&file.network);
    model_dense(&file.network, model_input(&file.network, 5, 4, 4), 10);
    bytes = packed(&file);
    assert_int_equal(weights_file_unpack(bytes.data, bytes.size, &back, &err), -EINVAL);
    assert_string_equal(err.text, "weights: description: network: images of 5 channels; at most 4");
    free(bytes.data);
    network_clear(&file.network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_bytes_too_few),
        cmocka_unit_test(test_faults_of_the_description),
        cmocka_unit_test(test_too_many_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
