/* The split into training and validation, and what becomes of images in a batch. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "worker/data/batch.h"

/* n images of one pixel; label[i % count]. */
static struct images make_images(size_t n, const uint16_t *label, size_t count)
{
    struct images images = { .n = n, .shape = { 1, 1, 1 } };

    images.pixels = malloc(n);
    images.labels = malloc(n * sizeof *images.labels);
    for (size_t i = 0; i < n; i++) {
        images.pixels[i] = (uint8_t)(i * 7);
        images.labels[i] = label[i % count];
        if (label[i % count] >= images.classes)
            images.classes = label[i % count] + 1u;
    }
    return images;
}

static size_t count_label(const struct image_set *set, uint16_t label)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        n += set->images->labels[set->index[i]] == label;
    return n;
}

/* Labels 0 and 2 in a proportion of 3 to 1; no image has label 1. */
static const uint16_t uneven[] = { 0, 0, 2, 0 };

static void test_split(void **state)
{
    static const struct {
        const char *name;
        uint32_t train, valid;
        int want;
        size_t train_0, train_2, valid_0, valid_2;
    } cases[] = {
        { "even shares", 40, 20, 0, 30, 10, 15, 5 },
        /* 6 as 4.5 + 1.5, the first of equal remainders rounded up; 10 as 7.4 + 2.6 of the rest */
        { "largest remainder", 10, 6, 0, 7, 3, 5, 1 },
        { "all the rest", 0, 20, 0, 60, 20, 15, 5 },
        { "no validation", 0, 0, 0, 75, 25, 0, 0 },
        { "all of them", 80, 20, 0, 60, 20, 15, 5 },
        { "one too many", 81, 20, -EINVAL, 0, 0, 0, 0 },
        { "nothing left to train on", 0, 100, -EINVAL, 0, 0, 0, 0 },
        { "sum past 32 bits", UINT32_MAX, 2, -EINVAL, 0, 0, 0, 0 },
    };
    struct images images = make_images(100, uneven, 4);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dataset_spec spec = {
            .name = "set", .train = cases[i].train, .valid = cases[i].valid, .split_seed = 5
        };
        struct image_set train = { 0 }, valid = { 0 };
        bool taken[100] = { false };
        struct errmsg err;

        check_int_equal(cases[i].name, images_split(&images, &spec, &train, &valid, &err),
                        cases[i].want);
        if (cases[i].want < 0)
            continue;
        check_int_equal(cases[i].name, count_label(&train, 0), cases[i].train_0);
        check_int_equal(cases[i].name, count_label(&train, 2), cases[i].train_2);
        check_int_equal(cases[i].name, count_label(&valid, 0), cases[i].valid_0);
        check_int_equal(cases[i].name, count_label(&valid, 2), cases[i].valid_2);
        for (size_t k = 0; k < train.n + valid.n; k++) {
            uint32_t image = k < train.n ? train.index[k] : valid.index[k - train.n];

            check_true(cases[i].name, !taken[image]);
            taken[image] = true;
        }
        image_set_clear(&train);
        image_set_clear(&valid);
    }
    images_clear(&images);
}

static bool same_split(const struct images *images, uint64_t seed_a, uint64_t seed_b)
{
    struct dataset_spec spec = { .train = 40, .valid = 20, .split_seed = seed_a };
    struct image_set train[2], valid[2];
    bool same;

    assert_int_equal(images_split(images, &spec, &train[0], &valid[0], NULL), 0);
    spec.split_seed = seed_b;
    assert_int_equal(images_split(images, &spec, &train[1], &valid[1], NULL), 0);
    same = memcmp(train[0].index, train[1].index, 40 * sizeof(uint32_t)) == 0 &&
           memcmp(valid[0].index, valid[1].index, 20 * sizeof(uint32_t)) == 0;
    for (int i = 0; i < 2; i++) {
        image_set_clear(&train[i]);
        image_set_clear(&valid[i]);
    }
    return same;
}

static void test_the_seed_decides_the_split(void **state)
{
    struct images images = make_images(100, uneven, 4);

    (void)state;
    assert_true(same_split(&images, 1, 1));
    assert_false(same_split(&images, 1, 2));
    images_clear(&images);
}

/* So that trials and the final training are measured on the same images. */
static void test_validation_images_do_not_depend_on_train(void **state)
{
    struct images images = make_images(100, uneven, 4);
    struct dataset_spec spec = { .train = 10, .valid = 20, .split_seed = 1 };
    struct image_set train[2], valid[2];

    (void)state;
    assert_int_equal(images_split(&images, &spec, &train[0], &valid[0], NULL), 0);
    spec.train = 0;
    assert_int_equal(images_split(&images, &spec, &train[1], &valid[1], NULL), 0);
    assert_memory_equal(valid[0].index, valid[1].index, 20 * sizeof(uint32_t));
    for (int i = 0; i < 2; i++) {
        image_set_clear(&train[i]);
        image_set_clear(&valid[i]);
    }
    images_clear(&images);
}

static void test_statistics_are_those_of_the_training_images(void **state)
{
    static const uint16_t label[] = { 0 };
    struct images images = make_images(4, label, 1);
    struct dataset_spec spec = { .train = 3, .valid = 1, .split_seed = 1 };
    struct image_set train, valid, all;
    double sum = 0, squares = 0;

    (void)state;
    assert_int_equal(images_split(&images, &spec, &train, &valid, NULL), 0);
    for (size_t i = 0; i < 3; i++) {
        double byte = images.pixels[train.index[i]];

        sum += byte / 3;
        squares += byte * byte / 3;
    }
    assert_true(fabs((double)train.normalisation.mean[0] - sum) < 1e-4);
    assert_true(fabs((double)train.normalisation.deviation[0] - sqrt(squares - sum * sum)) < 1e-4);
    assert_true(valid.normalisation.mean[0] == train.normalisation.mean[0] &&
                valid.normalisation.deviation[0] == train.normalisation.deviation[0]);
    assert_int_equal(images_all(&images, &train.normalisation, &all), 0);
    assert_int_equal(all.n, 4);
    assert_true(all.normalisation.mean[0] == train.normalisation.mean[0] &&
                all.normalisation.deviation[0] == train.normalisation.deviation[0]);
    image_set_clear(&train);
    image_set_clear(&valid);
    image_set_clear(&all);
    images_clear(&images);
}

static void test_images_all_alike_are_not_scaled(void **state)
{
    static const uint16_t label[] = { 0 };
    struct images images = make_images(2, label, 1);
    struct dataset_spec spec = { 0 };
    struct image_set train, valid;

    (void)state;
    images.pixels[0] = images.pixels[1] = 9;
    assert_int_equal(images_split(&images, &spec, &train, &valid, NULL), 0);
    assert_true(train.normalisation.mean[0] == 9 && train.normalisation.deviation[0] == 1);
    image_set_clear(&train);
    image_set_clear(&valid);
    images_clear(&images);
}

/* ---- batches: one image of 3x4 pixels with the bytes 1 .. 12 ---- */

enum { HEIGHT = 3, WIDTH = 4, PIXELS = HEIGHT * WIDTH };

/* The first image of a set. */
static void fill_one(const struct image_set *set, const struct augmentation *how, struct rng *rng,
                     float *out, uint16_t *label_out)
{
    const uint32_t order = 0;
    struct view view;

    batch_draw(how, rng, 1, &view);
    batch_fill(set, &order, 1, &view, out, label_out);
}

static void fill_view(const struct view *view, float *out)
{
    uint8_t bytes[PIXELS];
    uint16_t label = 3, got_label;
    uint32_t index = 0;
    struct images images = {
        .n = 1, .shape = { 1, HEIGHT, WIDTH }, .classes = 4, .pixels = bytes, .labels = &label
    };
    struct image_set set = {
        .images = &images, .n = 1, .index = &index, .normalisation.deviation = { 1 }
    };

    for (int i = 0; i < PIXELS; i++)
        bytes[i] = (uint8_t)(i + 1);
    batch_fill(&set, &index, 1, view, out, &got_label);
    assert_int_equal(got_label, 3);
}

static void fill(const struct augmentation *how, uint64_t seed, float *out)
{
    struct view view;
    struct rng rng;

    rng_init(&rng, seed, 0);
    batch_draw(how, &rng, 1, &view);
    fill_view(&view, out);
}

/* The pixel of the image shifted by (down, right), mirrored afterwards; black outside. */
static float shifted(int row, int column, int down, int right, bool mirrored)
{
    int y = row + down, x = (mirrored ? WIDTH - 1 - column : column) + right;

    return y < 0 || y >= HEIGHT || x < 0 || x >= WIDTH ? 0 : (float)(y * WIDTH + x + 1);
}

/* Which of the views this is: (down + 1) * 6 + (right + 1) * 2 + mirrored; -1 for none. */
static int find_view(const float *got)
{
    for (int view = 0; view < 18; view++) {
        bool same = true;

        for (int i = 0; i < PIXELS; i++)
            same = same && got[i] == shifted(i / WIDTH, i % WIDTH, view / 6 - 1, view / 2 % 3 - 1,
                                             view % 2);
        if (same)
            return view;
    }
    return -1;
}

static void test_crop_and_flip(void **state)
{
    enum { SEEDS = 1800 };
    static const struct {
        const char *name;
        struct augmentation how;
        int views;
    } cases[] = {
        { "neither", { 0, false }, 1 },
        { "flip", { 0, true }, 2 },
        { "crop", { 1, false }, 9 },
        { "crop and flip", { 1, true }, 18 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int seen[18] = { 0 }, views = 0;

        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            float got[PIXELS];
            int view;

            fill(&cases[i].how, seed, got);
            view = find_view(got);
            check_true(cases[i].name, view >= 0);
            seen[view]++;
        }
        for (int view = 0; view < 18; view++) {
            views += seen[view] > 0;
            if (seen[view]) /* about as often as every other */
                check_true(cases[i].name, abs(seen[view] - SEEDS / cases[i].views) <
                                              SEEDS / cases[i].views / 2 + 1);
        }
        check_int_equal(cases[i].name, views, cases[i].views);
    }
}

/* As a coordinator of other images may ask for: some that leave nothing of the image. */
static void test_crops_of_any_size(void **state)
{
    enum { FAR = WIDTH + 2 };

    (void)state;
    for (int down = -FAR; down <= FAR; down++)
        for (int right = -FAR; right <= FAR; right++)
            for (int mirrored = 0; mirrored < 2; mirrored++) {
                struct view view = { .top = down, .left = right, .mirrored = mirrored };
                float got[PIXELS];

                fill_view(&view, got);
                for (int i = 0; i < PIXELS; i++)
                    if (got[i] != shifted(i / WIDTH, i % WIDTH, down, right, mirrored))
                        fail_msg("down %d, right %d%s: pixel %d is %g", down, right,
                                 mirrored ? ", mirrored" : "", i, (double)got[i]);
            }
}

/* An image of three channels, each pixel's red its place, green 100 and blue 200 more: whatever the
 * view, the channels of a pixel stay together, and what comes from outside is black in all. */
static void test_crop_and_flip_keep_colours_together(void **state)
{
    enum { SEEDS = 400 };
    const struct augmentation how = { .crop_pad = 1, .flip = true };
    uint8_t bytes[3 * PIXELS];
    uint16_t label = 0, got_label;
    uint32_t index = 0;
    struct images images = {
        .n = 1, .shape = { 3, HEIGHT, WIDTH }, .classes = 1, .pixels = bytes, .labels = &label
    };
    struct image_set set = { .images = &images,
                             .n = 1,
                             .index = &index,
                             .normalisation = { .mean = { 1, 2, 3 }, .deviation = { 2, 4, 8 } } };
    bool seen[18] = { false };

    (void)state;
    for (int i = 0; i < PIXELS; i++)
        for (int c = 0; c < 3; c++)
            bytes[3 * i + c] = (uint8_t)(i + 1 + 100 * c);
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        float got[3 * PIXELS], place[PIXELS];
        struct rng rng;
        int view;

        rng_init(&rng, seed, 0);
        fill_one(&set, &how, &rng, got, &got_label);
        for (int i = 0; i < PIXELS; i++) {
            float red = got[3 * i] * 2 + 1, green = got[3 * i + 1] * 4 + 2,
                  blue = got[3 * i + 2] * 8 + 3;

            place[i] = red;
            assert_true(red > 0 ? green == red + 100 && blue == red + 200
                                : green == 0 && blue == 0);
        }
        view = find_view(place);
        assert_true(view >= 0);
        seen[view] = true;
    }
    for (int view = 0; view < 18; view++)
        assert_true(seen[view]);
}

static void test_no_augmentation_leaves_the_stream_alone(void **state)
{
    float got[PIXELS];

    (void)state;
    fill(NULL, 1, got);
    assert_int_equal(find_view(got), 8);
}

static void test_normalisation_by_channel(void **state)
{
    uint8_t bytes[] = { 10, 20, 30, 40 }; /* two pixels of two channels */
    uint16_t label = 0, got_label;
    uint32_t index = 0;
    struct images images = {
        .n = 1, .shape = { 2, 1, 2 }, .classes = 1, .pixels = bytes, .labels = &label
    };
    struct image_set set = { .images = &images,
                             .n = 1,
                             .index = &index,
                             .normalisation = { .mean = { 10, 30 }, .deviation = { 5, 2 } } };
    float got[4];

    (void)state;
    fill_one(&set, NULL, NULL, got, &got_label);
    assert_true(got[0] == 0 && got[1] == -5 && got[2] == 4 && got[3] == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_the_seed_decides_the_split),
        cmocka_unit_test(test_validation_images_do_not_depend_on_train),
        cmocka_unit_test(test_statistics_are_those_of_the_training_images),
        cmocka_unit_test(test_images_all_alike_are_not_scaled),
        cmocka_unit_test(test_crop_and_flip),
        cmocka_unit_test(test_crops_of_any_size),
        cmocka_unit_test(test_crop_and_flip_keep_colours_together),
        cmocka_unit_test(test_no_augmentation_leaves_the_stream_alone),
        cmocka_unit_test(test_normalisation_by_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
