#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "worker/data/cifar.h"

enum { PLANE = 32 * 32, RECORD = 1 + 3 * PLANE, RECORD_100 = RECORD + 1 };

/* A record whose red, green and blue pixels p are p, p + 1 and p + 2, modulo 256, plus the label. */
static void write_record(uint8_t *record, const uint8_t *labels, size_t n_labels)
{
    uint8_t label = labels[n_labels - 1];

    memcpy(record, labels, n_labels);
    for (size_t i = 0; i < 3 * PLANE; i++)
        record[n_labels + i] = (uint8_t)(label + i % PLANE + i / PLANE);
}

/* Records of CIFAR-10 with these labels; until the next call. */
static const uint8_t *records(const uint8_t *labels, size_t n)
{
    static uint8_t bytes[8 * RECORD];

    for (size_t i = 0; i < n; i++)
        write_record(bytes + i * RECORD, &labels[i], 1);
    return bytes;
}

/* Pixels of image i as write_record made them. */
static void check_pixels(const char *name, const struct images *images, size_t i)
{
    const uint8_t *pixels = images->pixels + i * 3 * PLANE;

    for (size_t p = 0; p < PLANE; p++)
        for (size_t c = 0; c < 3; c++)
            if (pixels[3 * p + c] != (uint8_t)(images->labels[i] + p + c))
                fail_msg("%s: image %zu, pixel %zu, channel %zu: %u", name, i, p, c,
                         pixels[3 * p + c]);
}

static void test_records(void **state)
{
    static const uint8_t labels[] = { 9, 0, 4 }, fine[] = { 19, 99 };
    uint8_t record[RECORD_100];
    struct images images;

    (void)state;
    assert_int_equal(cifar_parse("F", records(labels, 3), 3 * RECORD, &cifar10, &images, NULL), 0);
    assert_int_equal(images.n, 3);
    assert_int_equal(images.classes, 10);
    assert_int_equal(images.shape.channels, 3);
    assert_int_equal(images.shape.height, 32);
    assert_int_equal(images.shape.width, 32);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(images.labels[i], labels[i]);
        check_pixels("CIFAR-10", &images, i);
    }
    images_clear(&images);

    write_record(record, fine, 2);
    assert_int_equal(cifar_parse("F", record, sizeof record, &cifar100, &images, NULL), 0);
    assert_int_equal(images.n, 1);
    assert_int_equal(images.classes, 100);
    assert_int_equal(images.labels[0], 99);
    check_pixels("CIFAR-100", &images, 0);
    images_clear(&images);
}

static void test_damage(void **state)
{
    static const struct {
        const char *name;
        const struct cifar_kind *kind;
        size_t size, at;
        uint8_t byte; /* written there */
        const char *want;
    } cases[] = {
        { "nothing", &cifar10, 0, 0, 1, "F: empty; records of 3073 bytes" },
        { "nothing of CIFAR-100", &cifar100, 0, 0, 1, "F: empty; records of 3074 bytes" },
        { "a label alone", &cifar10, 1, 0, 1, "F: record 1: ends after 1 bytes; records of 3073" },
        { "cut in the second record", &cifar10, 2 * RECORD - 1, 0, 1,
          "F: record 2: ends after 3072 bytes; records of 3073" },
        { "a byte too much", &cifar10, 2 * RECORD + 1, 0, 1,
          "F: record 3: ends after 1 bytes; records of 3073" },
        { "no such label", &cifar10, 2 * RECORD, RECORD, 10, "F: record 2: label 10; 0 to 9" },
        { "CIFAR-10 read as CIFAR-100", &cifar100, RECORD, 0, 1,
          "F: record 1: ends after 3073 bytes; records of 3074" },
        { "no such coarse label", &cifar100, RECORD_100, 0, 20,
          "F: record 1: coarse label 20; 0 to 19" },
        { "no such fine label", &cifar100, RECORD_100, 1, 100, "F: record 1: label 100; 0 to 99" },
    };
    static const uint8_t labels[] = { 1, 2, 3 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[3 * RECORD];
        struct images images = { .n = 77 };
        struct errmsg err = { "" };

        memcpy(bytes, records(labels, 3), sizeof bytes);
        bytes[cases[i].at] = cases[i].byte;
        check_int_equal(cases[i].name,
                        cifar_parse("F", bytes, cases[i].size, cases[i].kind, &images, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, cases[i].want);
        check_int_equal(cases[i].name, images.n, 77);
    }
}

/* ---- folders ---- */

static char folder[] = "/tmp/test_cifar.XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int empty_folder(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s && mkdir %s", folder, folder);
    return system(command);
}

static int remove_folder(void **state)
{
    return empty_folder(state) == 0 ? rmdir(folder) : -1;
}

/* A file of one record. */
static void write_file(const char *name, uint8_t label)
{
    bool zipped = strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".gz") == 0;
    char path[300];
    gzFile file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = gzopen(path, zipped ? "wb" : "wbT");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, records(&label, 1), RECORD), RECORD);
    assert_int_equal(gzclose(file), Z_OK);
}

/* Labels of the images of a part, in order: "01234". Or the fault, without the folder. */
static const char *labels_of(enum images_part part)
{
    static char text[sizeof((struct errmsg *)0)->text];
    struct images images;
    struct errmsg err = { "" };

    if (images_read(DATA_CIFAR10, folder, part, &images, &err) < 0) {
        size_t skip = strncmp(err.text, folder, strlen(folder)) == 0 ? strlen(folder) : 0;

        snprintf(text, sizeof text, "%s", err.text + skip);
        return text;
    }
    for (size_t i = 0; i < images.n; i++)
        text[i] = (char)('0' + images.labels[i]);
    text[images.n] = '\0';
    images_clear(&images);
    return text;
}

/* Files, each with one image, whose label is its place in the list. */
static void test_folders(void **state)
{
    static const char no_training[] =
        ": no training images; data_batch_1.bin to data_batch_5.bin, train.bin or *train*.bin, "
        "gzipped or not";
    static const char no_test[] =
        ": no test images; test_batch.bin, test.bin or *test*.bin, gzipped or not";
    static const struct {
        const char *name;
        const char *files[7];
        const char *train, *test;
    } cases[] = {
        { "the official names",
          { "data_batch_2.bin", "data_batch_1.bin", "data_batch_4.bin", "test_batch.bin",
            "data_batch_5.bin", "data_batch_3.bin", "batches.meta.txt" },
          "10524",
          "3" },
        { "one of five missing",
          { "data_batch_1.bin", "data_batch_3.bin", "test_batch.bin" },
          "/data_batch_2.bin: missing; data_batch_1.bin to data_batch_5.bin, gzipped or not",
          "2" },
        { "the official names of CIFAR-100", { "train.bin", "test.bin" }, "0", "1" },
        { "names of one's own, by name",
          { "c_train_10.bin", "c_train_02.bin", "c_train_01.bin.gz", "c_test_0.bin.gz" },
          "210",
          "3" },
        { "plain and gzipped", { "train.bin", "train.bin.gz", "test.bin.gz" }, "0", "2" },
        { "a training file that was tested", { "tested_train.bin" }, "0", no_test },
        { "nothing that fits",
          { "readme.txt", ".train.bin", "train.bin.zip" },
          no_training,
          no_test },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t k = 0; k < 7 && cases[i].files[k]; k++)
            write_file(cases[i].files[k], (uint8_t)k);
        check_string_equal(cases[i].name, labels_of(IMAGES_TRAIN), cases[i].train);
        check_string_equal(cases[i].name, labels_of(IMAGES_TEST), cases[i].test);
        assert_int_equal(empty_folder(state), 0);
    }
}

static void test_faults_name_the_file(void **state)
{
    char path[300];
    struct errmsg err;

    write_file("a_train.bin", 1);
    write_file("b_train.bin.gz", 2);
    snprintf(path, sizeof path, "%s/b_train.bin.gz", folder);
    assert_int_equal(truncate(path, 60), 0);
    assert_string_equal(labels_of(IMAGES_TRAIN),
                        "/b_train.bin.gz: cannot be read: the gzipped file ends too early");
    snprintf(path, sizeof path, "%s/a_train.bin", folder);
    assert_int_equal(truncate(path, 60), 0);
    assert_string_equal(labels_of(IMAGES_TRAIN),
                        "/a_train.bin: record 1: ends after 60 bytes; records of 3073");
    assert_int_equal(empty_folder(state), 0);
    assert_int_equal(images_read(DATA_CIFAR10, "/nowhere", IMAGES_TEST, NULL, &err), -ENOENT);
    assert_string_equal(err.text, "/nowhere: cannot be opened: No such file or directory");
}

/* A gzipped file whose last bytes are gone, but no record of it. */
static void test_a_gzip_file_cut_behind_its_records(void **state)
{
    char path[300];
    FILE *file;

    write_file("train.bin.gz", 1);
    snprintf(path, sizeof path, "%s/train.bin.gz", folder);
    file = fopen(path, "r");
    fseek(file, 0, SEEK_END);
    assert_int_equal(truncate(path, ftell(file) - 4), 0);
    fclose(file);
    assert_string_equal(labels_of(IMAGES_TRAIN),
                        "/train.bin.gz: cannot be read: the gzipped file ends too early");
    assert_int_equal(empty_folder(state), 0);
}

static void test_the_subset(void **state)
{
    const char *data = getenv("LAYERNAS_DATA");
    struct dataset_spec spec = { .name = "cifar10", .valid = 1000, .split_seed = 1 };
    struct image_set train, valid;
    struct images images;
    struct errmsg err;
    char path[300];
    /* of all 50,000 images (SOURCE.md beside the files); those of 7,000 come close */
    static const double mean[] = { 125.307, 122.950, 113.865 };
    static const double deviation[] = { 62.993, 62.089, 66.705 };

    (void)state;
    snprintf(path, sizeof path, "%s/cifar10-subset", data ? data : "../shared/data");
    if (images_read(DATA_CIFAR10, path, IMAGES_TEST, &images, &err) < 0)
        check_skip("%s", err.text);
    assert_int_equal(images.n, 2000);
    images_clear(&images);
    assert_int_equal(images_read(DATA_CIFAR10, path, IMAGES_TRAIN, &images, &err), 0);
    assert_int_equal(images.n, 8000);
    for (size_t i = 0; i < 8000; i++)
        assert_int_equal(images.labels[i], i % 10);
    assert_int_equal(images_split(&images, &spec, &train, &valid, &err), 0);
    for (int c = 0; c < 3; c++)
        if (fabs((double)train.normalisation.mean[c] - mean[c]) > 1.5 ||
            fabs((double)train.normalisation.deviation[c] - deviation[c]) > 1)
            fail_msg("channel %d: mean %.3f, deviation %.3f", c,
                     (double)train.normalisation.mean[c], (double)train.normalisation.deviation[c]);
    image_set_clear(&train);
    image_set_clear(&valid);
    images_clear(&images);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_faults_name_the_file),
        cmocka_unit_test(test_a_gzip_file_cut_behind_its_records),
        cmocka_unit_test(test_the_subset),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
