/* The predictor of the once-for-all networks: its file, what it sees of a network, what it says. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "common/space.h"
#include "common/surrogate_latency.h"
#include "worker/evaluate/evaluator.h"

enum { LAYERS = 20, SKIP = 9 };

static const char space_path[] = "deploy/spaces/ofa-mobilenet-v3.yaml";
static char folder[] = "/tmp/test_surrogate.XXXXXX";

static const char *file_in_folder(const char *name)
{
    static char path[100];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(file_in_folder("weights"));
    unlink(file_in_folder("space.yaml"));
    return rmdir(folder);
}

/* The once-for-all space with other images. */
static struct space *space_with_input(const char *input)
{
    const char *path = file_in_folder("space.yaml");
    char *base = realpath(space_path, NULL);
    FILE *file = fopen(path, "w");
    struct space *space = NULL;
    struct errmsg err = { "" };

    assert_non_null(base);
    assert_non_null(file);
    fprintf(file, "base: %s\ninput: %s\n", base, input);
    fclose(file);
    free(base);
    space_load(path, &space, &err);
    check_string_equal(input, err.text, "");
    return space;
}

static struct space *space_of_side(int side)
{
    char input[100];

    snprintf(input, sizeof input, "{channels: 3, height: %d, width: %d, classes: 1000}", side,
             side);
    return space_with_input(input);
}

static int encode(const struct space *space, const struct arch *arch, uint8_t x[SURROGATE_INPUTS],
                  struct errmsg *err)
{
    struct network network;
    int rc;

    assert_int_equal(space_resolve(space, arch, &network), 0);
    rc = surrogate_encode(&network, x, err);
    network_clear(&network);
    return rc;
}

static struct arch arch_of(const char *text)
{
    struct arch arch;

    assert_int_equal(arch_parse(text, &arch), 0);
    return arch;
}

/* ---- the file ---- */

static void put_number(uint8_t *bytes, int number, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; i++)
        bytes[4 * number + i] = (uint8_t)(bits >> 8 * i);
}

/* A predictor that passes x[input] / 2 through its first units, and adds 0.25. */
static uint8_t *small_predictor(int input)
{
    uint8_t *bytes = calloc(1, SURROGATE_BYTES);
    int second = 400 * 129, third = second + 400 * 401, last = third + 400 * 401;

    assert_non_null(bytes);
    put_number(bytes, input, 0.5f);
    put_number(bytes, second, 1);
    put_number(bytes, third, 1);
    put_number(bytes, last, 1);
    put_number(bytes, last + 400, 0.25f);
    return bytes;
}

static void test_product_of_the_layers(void **state)
{
    uint8_t *bytes = small_predictor(5), x[SURROGATE_INPUTS] = { 0 };
    struct surrogate *surrogate;

    (void)state;
    assert_int_equal(surrogate_read(bytes, SURROGATE_BYTES, "w", &surrogate, NULL), 0);
    check_true("bias", surrogate_predict(surrogate, x) == 0.25);
    x[5] = 1;
    check_true("weights", surrogate_predict(surrogate, x) == 0.75);
    surrogate_free(surrogate);
    put_number(bytes, 5, -0.5f);
    assert_int_equal(surrogate_read(bytes, SURROGATE_BYTES, "w", &surrogate, NULL), 0);
    check_true("nothing below 0 passes", surrogate_predict(surrogate, x) == 0.25);
    surrogate_free(surrogate);
    free(bytes);
}

static void write_weights(const uint8_t *bytes, size_t size, const char *mode)
{
    gzFile file = gzopen(file_in_folder("weights"), mode); /* "wbT": as it is */

    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    gzclose(file);
}

static void check_load(const char *name, int want_rc, const char *want)
{
    struct surrogate *surrogate = NULL;
    struct errmsg err = { "" };
    const char *path = file_in_folder("weights");

    check_int_equal(name, surrogate_load(path, &surrogate, &err), want_rc);
    check_int_equal(name, surrogate != NULL, want_rc == 0);
    check_string_equal(name, want_rc ? err.text + strlen(path) : "", want);
    surrogate_free(surrogate);
}

static void test_faults_of_the_file(void **state)
{
    uint8_t *bytes = realloc(small_predictor(0), SURROGATE_BYTES + 1);

    (void)state;
    assert_non_null(bytes);
    bytes[SURROGATE_BYTES] = 0;
    check_load("no file", -ENOENT, ": No such file or directory");
    write_weights(bytes, SURROGATE_BYTES, "wbT");
    check_load("in order", 0, "");
    write_weights(bytes, SURROGATE_BYTES, "wb");
    check_load("gzipped", 0, "");
    assert_int_equal(truncate(file_in_folder("weights"), 500), 0);
    check_load("cut gzip data", -EIO, ": damaged gzip data");
    write_weights(bytes, SURROGATE_BYTES + 1, "wbT");
    check_load("a byte more", -EINVAL,
               ": more than 1491204 bytes, those of the 372801 numbers (float32) of a predictor "
               "for ofa-mobilenet-v3");
    write_weights(bytes, SURROGATE_BYTES - 1, "wbT");
    check_load("a byte less", -EINVAL,
               ": fewer than 1491204 bytes, those of the 372801 numbers (float32) of a predictor "
               "for ofa-mobilenet-v3");
    put_number(bytes, 1000, INFINITY);
    write_weights(bytes, SURROGATE_BYTES, "wbT");
    check_load("no finite number", -EINVAL, ": number 1001: inf; a finite one");
    free(bytes);
}

static void test_folder_for_a_file(void **state)
{
    struct surrogate *surrogate;
    struct errmsg err;

    (void)state;
    assert_int_equal(surrogate_load("/tmp", &surrogate, &err), -EIO);
    assert_string_equal(err.text, "/tmp: Is a directory");
}

/* ---- what it sees of a network ---- */

static void test_what_is_seen(void **state)
{
    struct arch arch = arch_of("0:1:9:9:2:3:4:9:5:6:7:8:8:8:9:9:0:0:0:0");
    static const int ones[] = {
        0,  4,  14, 15, 19, 26, 27, 31, 35, 38, 41,  48,  51,  54,  57,          /* kernels */
        60, 63, 72, 76, 79, 85, 89, 92, 95, 98, 101, 108, 111, 114, 117, 120 + 5 /* and so on */
    };
    uint8_t x[SURROGATE_INPUTS], want[SURROGATE_INPUTS] = { 0 };
    struct space *space = space_of_side(192);
    char at[32];

    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        want[ones[i]] = 1;
    assert_int_equal(encode(space, &arch, x, NULL), 0);
    for (int i = 0; i < SURROGATE_INPUTS; i++) {
        snprintf(at, sizeof at, "input %d", i);
        check_int_equal(at, x[i], want[i]);
    }
    space_free(space);
}

/* Which block of a stage is left out makes no difference. */
static void test_order_of_skips(void **state)
{
    struct arch one = arch_of("0:1:9:2:0:0:9:9:0:0:0:0:0:0:0:0:0:0:0:0");
    struct arch other = arch_of("0:1:2:9:0:0:9:9:0:0:0:0:0:0:0:0:0:0:0:0");
    uint8_t x[SURROGATE_INPUTS], y[SURROGATE_INPUTS];
    struct space *space = space_of_side(224);

    (void)state;
    assert_int_equal(encode(space, &one, x, NULL), 0);
    assert_int_equal(encode(space, &other, y, NULL), 0);
    assert_memory_equal(x, y, sizeof x);
    space_free(space);
}

static void test_images_of_another_kind(void **state)
{
    static const struct {
        const char *input, *want;
    } cases[] = {
        { "{channels: 3, height: 96, width: 96, classes: 1000}",
          "input 3x96x96; 3 channels and sides of 112, 128, ... or 224" },
        { "{channels: 3, height: 200, width: 200, classes: 1000}",
          "input 3x200x200; 3 channels and sides of 112, 128, ... or 224" },
        { "{channels: 1, height: 224, width: 224, classes: 1000}",
          "input 1x224x224; 3 channels and sides of 112, 128, ... or 224" },
        { "{channels: 3, height: 224, width: 224, classes: 10}",
          "10 classes; 1000, those of ImageNet" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct space *space = space_with_input(cases[i].input);
        struct arch arch = { .n = LAYERS };
        uint8_t x[SURROGATE_INPUTS];
        struct errmsg err = { "" };

        check_int_equal(cases[i].input, encode(space, &arch, x, &err), -EINVAL);
        check_string_equal(cases[i].input, err.text, cases[i].want);
        space_free(space);
    }
}

static void spoil_last_layer(struct network *network, void (*spoil)(struct op *))
{
    int32_t last = -1;

    for (size_t i = 0; i < network->n_ops; i++)
        if (network->ops[i].layer > last)
            last = network->ops[i].layer;
    for (size_t i = 0; i < network->n_ops; i++)
        if (network->ops[i].layer == last)
            spoil(&network->ops[i]);
}

static void spoil_kernel(struct op *op)
{
    op->kernel_h = 9;
}

static void spoil_hidden(struct op *op)
{
    if (op->groups > 1)
        op->groups = op->out.channels = 100;
}

static void spoil_output(struct op *op)
{
    op->out.height = 8;
}

static void spoil_groups(struct op *op)
{
    op->groups = 1;
}

static void spoil_layer(struct op *op)
{
    op->layer = LAYERS;
}

static void spoil_depth(struct op *op)
{
    op->layer = NETWORK_HEAD;
}

static void test_networks_of_another_space(void **state)
{
    static const char all[] = "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0";
    static const char shallow[] = "0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:0:9:9";
    static const struct {
        const char *name, *arch, *want;
        void (*spoil)(struct op *);
    } cases[] = {
        { "kernel", all, "layer 20: kernel 9; 3, 5 or 7", spoil_kernel },
        { "expansion", all, "layer 20: 100 hidden channels; 192 times 3, 4 or 6", spoil_hidden },
        { "shape", all, "layer 20: output 192x8x7; 192x7x7 in ofa-mobilenet-v3", spoil_output },
        { "no depthwise", all, "layer 20: 0 depthwise convolutions; one, or nothing",
          spoil_groups },
        { "a layer more", all, "layer 21; ofa-mobilenet-v3 has 20", spoil_layer },
        { "a block less", shallow, "layers 17 to 20: 1 block; 2 to 4", spoil_depth },
    };
    struct space *space = space_of_side(224);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arch arch = arch_of(cases[i].arch);
        uint8_t x[SURROGATE_INPUTS];
        struct errmsg err = { "" };
        struct network network;

        assert_int_equal(space_resolve(space, &arch, &network), 0);
        spoil_last_layer(&network, cases[i].spoil);
        check_int_equal(cases[i].name, surrogate_encode(&network, x, &err), -EINVAL);
        check_string_equal(cases[i].name, err.text, cases[i].want);
        network_clear(&network);
    }
    space_free(space);
}

/* ---- the whole, on numbers computed elsewhere ---- */

struct check_row {
    char kernels[LAYERS + 1], expansions[LAYERS + 1], depths[6];
    int side;
    double top1, latency_ms;
    long long macs;
};

static struct arch arch_of_row(const struct check_row *row)
{
    struct arch arch = { .n = LAYERS };

    for (int i = 0; i < LAYERS; i++) {
        int kernel = (row->kernels[i] - '3') / 2, expansion = (row->expansions[i] - '2') / 2;

        if (row->expansions[i] == '3')
            expansion = 0;
        arch.option[i] = i % 4 < row->depths[i / 4] - '0' ? (uint16_t)(3 * expansion + kernel)
                                                          : SKIP;
    }
    return arch;
}

static bool goes_on(void *arg, const struct progress *progress)
{
    (void)arg;
    (void)progress;
    return true;
}

static const char *where(void *arg, const char *name)
{
    return strcmp(name, "ofa") == 0 ? arg : NULL;
}

/* The check's multiply-adds count one for each bias of squeeze-and-excitation. */
static int64_t biases(const struct network *network)
{
    int64_t n = 0;

    for (size_t i = 0; i < network->n_ops; i++)
        if (network->ops[i].kind == OP_CONV && network->ops[i].bias)
            n += network->ops[i].out.channels;
    return n;
}

static double latency_ms(const struct table *table, const struct network *network)
{
    struct surrogate_latency latency = { .ends = 0 };
    struct errmsg err = { "" };
    int64_t ns;

    surrogate_latency(table, "t", network, &latency, &err);
    check_string_equal("latency", err.text, "");
    ns = latency.ends;
    for (int layer = 0; layer < LAYERS; layer++)
        ns += latency.layers[layer];
    return (double)ns / 1e6;
}

static void check_row(const char *name, const struct check_row *row, const char *path,
                      const struct table *latencies)
{
    struct evaluator_context context = { .progress = goes_on,
                                         .data_path = where,
                                         .arg = (void *)path }; /* only read from */
    struct trial_message trial = { .trial.arch = arch_of_row(row),
                                   .evaluation = { .evaluator = EVALUATOR_SURROGATE,
                                                   .data = { .name = "ofa" } } };
    struct space *space = space_of_side(row->side);
    struct evaluation_result result;
    struct errmsg err = { "" };

    assert_int_equal(space_resolve(space, &trial.trial.arch, &trial.network), 0);
    evaluate(&trial, &context, &result, &err);
    check_string_equal(name, err.text, "");
    check_true(name, fabs((double)result.reward.correct / result.reward.total - row->top1) < 1e-5);
    check_true(name, fabs(latency_ms(latencies, &trial.network) - row->latency_ms) < 1e-5);
    check_int_equal(name, result.madds + biases(&trial.network), row->macs);
    network_clear(&trial.network);
    space_free(space);
}

static void test_check_rows(void **state)
{
    char weights[300], line[300];
    const char *rows = check_data_path("ofa-mbv3/predictor_check_100.csv");
    FILE *file = fopen(rows, "r");
    static const char *const value = "mean_ms";
    struct table *latencies;
    struct check_row row;
    int n = 0;

    (void)state;
    if (!file)
        check_skip("no predictor's check in %s", rows);
    snprintf(weights, sizeof weights, "%s",
             check_data_path("ofa-mbv3/ofa_mbv3_acc_predictor.f32le.bin"));
    assert_int_equal(table_load(check_data_path("ofa-mbv3/note10_latency_lut.csv"),
                                surrogate_latency_key, &value, 1, &latencies, NULL),
                     0);
    assert_non_null(fgets(line, sizeof line, file)); /* names of columns */
    for (; fgets(line, sizeof line, file); n++) {
        assert_int_equal(sscanf(line, "%20[357],%20[346],%5[234],%d,%lf,%lf,%lld", row.kernels,
                                row.expansions, row.depths, &row.side, &row.top1, &row.latency_ms,
                                &row.macs),
                         7);
        check_row(line, &row, weights, latencies);
    }
    fclose(file);
    table_free(latencies);
    assert_int_equal(n, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product_of_the_layers),
        cmocka_unit_test(test_faults_of_the_file),
        cmocka_unit_test(test_folder_for_a_file),
        cmocka_unit_test(test_what_is_seen),
        cmocka_unit_test(test_order_of_skips),
        cmocka_unit_test(test_images_of_another_kind),
        cmocka_unit_test(test_networks_of_another_space),
        cmocka_unit_test(test_check_rows),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
