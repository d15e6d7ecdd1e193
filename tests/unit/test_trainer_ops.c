/* A training of a network with every kind of operation: it learns, it repeats bit by bit, and what it
 * learnt is the same after it was kept. */
#include "tests/unit/check.h"

#include <stdlib.h>

#include "tests/bench/models.h"
#include "tests/unit/drawn_images.h"
#include "worker/engine/trainer.h"

enum { SIDE = 12, CLASSES = 4, IMAGES = 480 };

static const struct schedule schedule = { .epochs = 4,
                                          .batch = 24,
                                          .lr = 0.05,
                                          .momentum = 0.9,
                                          .nesterov = true,
                                          .weight_decay = 1e-4,
                                          .decay = DECAY_COSINE };

static struct images images;
static struct image_set train, valid;
static struct network network;

/* A class is a corner in which one colour is brighter, in noise. */
static void draw_image(struct rng *rng, uint16_t label, uint8_t *pixels)
{
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < 3; c++) {
            bool corner = i / SIDE / (SIDE / 2) * 2 + i % SIDE / (SIDE / 2) == label;

            *pixels++ = (uint8_t)(rng_below(rng, 150) + (corner && c == label % 3 ? 60 : 0));
        }
}

/* Two branches with squeeze-and-excitation and without, over a stem that both read, and one that
 * leads nowhere. */
static void build_network(void)
{
    int i = model_input(&network, 3, SIDE, SIDE), a, b;

    i = model_conv_norm_act(&network, i, 12, 3, 1, 1, ACTIVATION_HSWISH);
    a = model_conv_norm_act(&network, i, 12, 7, 2, 12, ACTIVATION_SWISH);
    a = model_squeeze_excite(&network, a, 4, ACTIVATION_HSIGMOID);
    b = model_pool(&network, i, POOLING_MAX, 3, 2, 1);
    b = model_scale(&network, b,
                    model_act(&network, model_global_pool(&network, b), ACTIVATION_SIGMOID));
    model_norm(&network, model_conv(&network, b, 5, 3, 1, 1));
    i = model_add(&network, model_dropout(&network, a, 1000), b);
    i = model_conv_norm_act(&network, i, 24, 3, 1, 3, ACTIVATION_RELU6);
    i = model_conv_norm_act(&network, i, 24, 3, 1, 1, ACTIVATION_RELU);
    i = model_pool(&network, i, POOLING_AVERAGE, 3, 2, 1);
    i = model_act(&network, model_dense(&network, i, 20), ACTIVATION_RELU);
    model_dense(&network, model_dropout(&network, i, 2000), CLASSES);
}

static int set_up(void **state)
{
    struct dataset_spec spec = { .valid = 160, .split_seed = 1 };

    (void)state;
    images = drawn_images(IMAGES, (struct shape){ 3, SIDE, SIDE }, CLASSES, draw_image);
    build_network();
    return images_split(&images, &spec, &train, &valid, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    image_set_clear(&train);
    image_set_clear(&valid);
    images_clear(&images);
    network_clear(&network);
    return 0;
}

static struct trainer *make(uint64_t seed)
{
    struct trainer *trainer;
    struct errmsg err;

    if (trainer_new(&network, &schedule, 1, seed, &trainer, &err) < 0)
        fail_msg("%s", err.text);
    return trainer;
}

static struct accuracy measure(struct trainer *trainer)
{
    struct accuracy accuracy;

    assert_int_equal(trainer_evaluate(trainer, &valid, &accuracy), 0);
    return accuracy;
}

/* The weights after a training. */
static uint8_t *train_once(uint64_t seed, size_t *size)
{
    struct trainer *trainer = make(seed);
    uint8_t *bytes;

    assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_save(trainer, &bytes, size), 0);
    trainer_free(trainer);
    return bytes;
}

static void test_it_repeats(void **state)
{
    size_t size, again_size, other_size;
    uint8_t *bytes = train_once(1, &size), *again = train_once(1, &again_size);
    uint8_t *other = train_once(2, &other_size);

    (void)state;
    assert_int_equal(size, again_size);
    assert_memory_equal(bytes, again, size);
    assert_true(size == other_size && memcmp(bytes, other, size) != 0);
    free(bytes);
    free(again);
    free(other);
}

/* Evaluations let everything through dropout: they repeat, and so do those of kept weights. */
static void test_it_learns_and_keeps(void **state)
{
    struct trainer *trainer = make(1), *later = make(9);
    struct accuracy first, second, kept;
    uint8_t *bytes;
    size_t size;

    (void)state;
    assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
    first = measure(trainer);
    second = measure(trainer);
    if (first.correct < 140)
        fail_msg("%u of %u right, wanted 140", first.correct, first.total);
    assert_memory_equal(&second, &first, sizeof first);
    assert_int_equal(trainer_save(trainer, &bytes, &size), 0);
    assert_int_equal(trainer_load(later, bytes, size, NULL), 0);
    kept = measure(later);
    assert_memory_equal(&kept, &first, sizeof first);
    free(bytes);
    trainer_free(trainer);
    trainer_free(later);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_repeats),
        cmocka_unit_test(test_it_learns_and_keeps),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
