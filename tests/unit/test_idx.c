#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "worker/data/idx.h"

/* Two images of 2x3 pixels, and their labels. */
static const uint8_t two_images[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2,  0,  0,
                                      0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
static const uint8_t two_labels[] = { 0, 0, 8, 1, 0, 0, 0, 2, 4, 9 };

static int parse(const uint8_t *pixels, size_t pixels_size, const uint8_t *labels,
                 size_t labels_size, struct images *images, struct errmsg *err)
{
    const struct idx_bytes p = { "P", pixels, pixels_size }, l = { "L", labels, labels_size };

    return idx_parse(&p, &l, images, err);
}

static void check_images(const char *name, struct images *images)
{
    check_int_equal(name, images->n, 2);
    check_int_equal(name, images->shape.channels, 1);
    check_int_equal(name, images->shape.height, 2);
    check_int_equal(name, images->shape.width, 3);
    check_int_equal(name, images->classes, 10);
    check_int_equal(name, images->labels[0], 4);
    check_int_equal(name, images->labels[1], 9);
    assert_memory_equal(images->pixels, two_images + 16, 12);
    images_clear(images);
}

static void test_good_bytes(void **state)
{
    struct images images;

    (void)state;
    assert_int_equal(
        parse(two_images, sizeof two_images, two_labels, sizeof two_labels, &images, NULL), 0);
    check_images("bytes in memory", &images);
}

/* Each case writes one byte of one of the files, or cuts it. */
static void test_faults(void **state)
{
    enum { PIXELS, LABELS };
    static const struct {
        const char *name;
        int file;
        size_t at; /* the byte written */
        int byte;
        size_t size; /* 0: all */
        const char *want;
    } cases[] = {
        { "wrong magic", PIXELS, 0, 7, 0,
          "P: begins 07 00 08 03; an IDX file of bytes in 3 dimensions begins 00 00 08 03" },
        { "pixels that are not bytes", PIXELS, 2, 0x0d, 0,
          "P: begins 00 00 0d 03; an IDX file of bytes in 3 dimensions begins 00 00 08 03" },
        { "labels where images should be", PIXELS, 3, 1, 0,
          "P: begins 00 00 08 01; an IDX file of bytes in 3 dimensions begins 00 00 08 03" },
        { "images where labels should be", LABELS, 3, 3, 0,
          "L: begins 00 00 08 03; an IDX file of bytes in 1 dimensions begins 00 00 08 01" },
        { "cut in the header", PIXELS, 0, 0, 15, "P: ends within its header" },
        { "cut in the pixels", PIXELS, 0, 0, 27, "P: ends after 1 of 2 items" },
        { "cut in the labels", LABELS, 0, 0, 9, "L: ends after 1 of 2 items" },
        { "no labels at all", LABELS, 0, 0, 1, "L: ends within its header" },
        { "fewer labels than images", LABELS, 7, 1, 0, "L: 1 labels for 2 images" },
        { "fewer images than promised pixels", PIXELS, 7, 1, 0,
          "P: goes on after the last of its items" },
        { "a billion images promised", PIXELS, 4, 64, 0, "P: ends after 2 of 1073741826 items" },
        { "no images", PIXELS, 7, 0, 0, "P: 0 images of 2x3; sides from 1 to 4096" },
        { "absurd height", PIXELS, 9, 1, 0, "P: 2 images of 65538x3; sides from 1 to 4096" },
        { "absurd width", PIXELS, 12, 255, 0, "P: 2 images of 2x4278190083; sides from 1 to 4096" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t pixels[sizeof two_images], labels[sizeof two_labels];
        size_t sizes[] = { sizeof pixels, sizeof labels };
        struct images images = { .n = 77 };
        struct errmsg err = { "" };

        memcpy(pixels, two_images, sizeof pixels);
        memcpy(labels, two_labels, sizeof labels);
        (cases[i].file == PIXELS ? pixels : labels)[cases[i].at] = (uint8_t)cases[i].byte;
        if (cases[i].size)
            sizes[cases[i].file] = cases[i].size;
        check_int_equal(cases[i].name, parse(pixels, sizes[0], labels, sizes[1], &images, &err),
                        -EINVAL);
        check_string_equal(cases[i].name, err.text, cases[i].want);
        check_int_equal(cases[i].name, images.n, 77);
    }
}

/* ---- files ---- */

static void write_file(const char *directory, const char *name, const uint8_t *bytes, size_t size)
{
    bool zipped = strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".gz") == 0;
    char path[300];
    gzFile file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    file = gzopen(path, zipped ? "wb" : "wbT");
    assert_non_null(file);
    assert_int_equal(gzwrite(file, bytes, (unsigned)size), size);
    assert_int_equal(gzclose(file), Z_OK);
}

static void remove_files(const char *directory)
{
    static const char *const names[] = { "images-idx3-ubyte", "images-idx3-ubyte.gz",
                                         "labels-idx1-ubyte", "labels-idx1-ubyte.gz" };
    char path[300];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/train-%s", directory, names[i]);
        unlink(path);
    }
}

static int make_directory(void **state)
{
    static char directory[] = "/tmp/test_idx.XXXXXX";

    *state = mkdtemp(directory);
    return *state ? 0 : -1;
}

static int remove_directory(void **state)
{
    remove_files(*state);
    return rmdir(*state);
}

static void test_files(void **state)
{
    static const struct {
        const char *name, *pixels, *labels;
    } cases[] = {
        { "gzipped", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz" },
        { "plain", "train-images-idx3-ubyte", "train-labels-idx1-ubyte" },
        { "one of each", "train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct images images;
        struct errmsg err = { "" };

        write_file(*state, cases[i].pixels, two_images, sizeof two_images);
        write_file(*state, cases[i].labels, two_labels, sizeof two_labels);
        check_int_equal(err.text, idx_read(*state, IMAGES_TRAIN, &images, &err), 0);
        check_images(cases[i].name, &images);
        remove_files(*state);
    }
}

static void check_names(const char *name, const char *directory, const char *file,
                        const char *fault)
{
    struct images images;
    struct errmsg err = { "" };
    char want[300];

    snprintf(want, sizeof want, "%s/%s: %s", directory, file, fault);
    check_true(name, idx_read(directory, IMAGES_TRAIN, &images, &err) < 0);
    if (strncmp(err.text, want, strlen(want)) != 0)
        fail_msg("%s: \"%s\" does not begin \"%s\"", name, err.text, want);
}

static void test_errors_name_the_file(void **state)
{
    static const uint8_t garbage[] = { 0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };

    check_names("missing", *state, "train-images-idx3-ubyte.gz", "cannot be opened: No such file");
    write_file(*state, "train-images-idx3-ubyte", two_images, sizeof two_images);
    check_names("labels missing", *state, "train-labels-idx1-ubyte.gz", "cannot be opened");
    write_file(*state, "train-labels-idx1-ubyte", two_labels, 9);
    check_names("labels cut", *state, "train-labels-idx1-ubyte", "ends after 1 of 2 items");
    write_file(*state, "train-images-idx3-ubyte", garbage, sizeof garbage);
    check_names("not really gzipped", *state, "train-images-idx3-ubyte", "");
    remove_files(*state);
}

static void test_cut_gzip(void **state)
{
    char path[300];

    write_file(*state, "train-images-idx3-ubyte.gz", two_images, sizeof two_images);
    write_file(*state, "train-labels-idx1-ubyte", two_labels, sizeof two_labels);
    snprintf(path, sizeof path, "%s/train-images-idx3-ubyte.gz", (char *)*state);
    assert_int_equal(truncate(path, 30), 0);
    check_names("cut gzip file", *state, "train-images-idx3-ubyte.gz",
                "cannot be read: the gzipped file ends too early");
    remove_files(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_bytes), cmocka_unit_test(test_faults),
        cmocka_unit_test(test_files),      cmocka_unit_test(test_errors_name_the_file),
        cmocka_unit_test(test_cut_gzip),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
