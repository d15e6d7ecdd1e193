/* What a training takes is known before, and larger batches go in parts. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/bench/models.h"
#include "worker/data/images.h"
#include "worker/engine/trainer.h"
#include "worker/engine/trainer_plan.h"

enum { SIDE = 8, CLASSES = 4, IMAGES = 203 }; /* a last batch of 11 */

static const struct schedule schedule = {
    .epochs = 3, .batch = 32, .lr = 0.02, .momentum = 0.9, .flip = true
};

static struct images images;
static struct image_set all;
static struct network plain, normed; /* without batch norm, with it */

static void build(struct network *network, bool norm)
{
    int i = model_conv(network, model_input(network, 1, SIDE, SIDE), 16, 3, 1, 1);

    i = model_act(network, norm ? model_norm(network, i) : i, ACTIVATION_RELU);
    i = model_act(network, model_conv(network, i, 16, 3, 1, 1), ACTIVATION_RELU);
    i = model_act(network, model_conv(network, i, 16, 3, 2, 16), ACTIVATION_HSWISH);
    model_dense(network, model_global_pool(network, i), CLASSES);
}

static int set_up(void **state)
{
    size_t size = IMAGES * SIDE * SIDE;
    struct rng rng;

    (void)state;
    images = (struct images){ .n = IMAGES, .shape = { 1, SIDE, SIDE }, .classes = CLASSES };
    images.pixels = malloc(size);
    images.labels = malloc(IMAGES * sizeof *images.labels);
    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < size; i++)
        images.pixels[i] = (uint8_t)rng_below(&rng, 256);
    for (size_t i = 0; i < IMAGES; i++)
        images.labels[i] = (uint16_t)(images.pixels[i * SIDE * SIDE + 9] * CLASSES / 256);
    build(&plain, false);
    build(&normed, true);
    return images_all(&images, &(struct normalisation){ { 128 }, { 74 } }, &all);
}

static int tear_down(void **state)
{
    (void)state;
    image_set_clear(&all);
    images_clear(&images);
    network_clear(&plain);
    network_clear(&normed);
    return 0;
}

static struct trainer_plan plan_of(const struct network *network, const struct schedule *s)
{
    struct trainer_plan plan;
    struct errmsg err;

    if (trainer_plan(network, s, 1, &plan, &err) < 0)
        fail_msg("%s", err.text);
    return plan;
}

/* A schedule whose memory is that of parts of so many images. */
static struct schedule in_parts(const struct network *network, uint32_t part)
{
    struct schedule small = schedule, s = schedule;

    small.batch = part;
    s.memory = plan_of(network, &small).bytes;
    return s;
}

static uint8_t *train(const struct network *network, const struct schedule *s, size_t *size)
{
    struct trainer *trainer;
    struct errmsg err;
    uint8_t *bytes;

    if (trainer_new(network, s, 1, 1, &trainer, &err) < 0 ||
        trainer_fit(trainer, &all, NULL, NULL, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(trainer_save(trainer, &bytes, size), 0);
    trainer_free(trainer);
    return bytes;
}

static void test_plan(void **state)
{
    struct schedule s = schedule;
    uint64_t whole = plan_of(&normed, &s).bytes, floats;

    (void)state;
    assert_int_equal(plan_of(&normed, &s).batch, 32);
    s.batch = 64; /* images weigh the same, weights do not count twice */
    assert_true(plan_of(&normed, &s).bytes > whole * 3 / 2);
    assert_true(plan_of(&normed, &s).bytes < whole * 2);
    s = schedule;
    s.optimizer = OPTIMIZER_RMSPROP;
    floats = plan_of(&normed, &s).bytes - whole;
    assert_true(floats > 0);
    s.ema = 0.9;
    assert_int_equal(plan_of(&normed, &s).bytes, whole + 2 * floats);
}

static void test_budget(void **state)
{
    static const struct {
        uint32_t part, batch; /* memory for parts of so many; what is made of it */
    } cases[] = { { 64, 32 }, { 32, 32 }, { 31, 16 }, { 16, 16 }, { 15, 8 }, { 4, 4 } };
    struct trainer_plan plan;
    struct errmsg err;
    struct schedule s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s = in_parts(&normed, cases[i].part);
        plan = plan_of(&normed, &s);
        check_int_equal("batch", plan.batch, cases[i].batch);
        assert_true(plan.bytes <= s.memory);
    }
    s = in_parts(&normed, 3);
    assert_int_equal(trainer_plan(&normed, &s, 1, &plan, &err), -ENOMEM);
    assert_non_null(strstr(err.text, "even of 4 images at a time; schedule.memory is"));
    s = schedule;
    s.batch = 0;
    assert_int_equal(trainer_plan(&normed, &s, 1, &plan, &err), -EINVAL);
}

/* Every image once, in order, in parts as even as can be, none of one image. */
static void test_partition(void **state)
{
    (void)state;
    for (size_t most = 3; most < 20; most++)
        for (size_t n = 2; n < 70; n++) {
            size_t first, size, next = 0, least = n;

            for (size_t i = 0; trainer_part(n, most, i, &first, &size); i++) {
                assert_int_equal(first, next);
                assert_true(size <= most);
                least = size < least ? size : least;
                next += size;
            }
            assert_int_equal(next, n);
            assert_true(least >= 2);
        }
}

/* Without batch norm parts come to the same, but for rounding. */
static void test_parts_add_up(void **state)
{
    const struct schedule parts = in_parts(&plain, 8);
    size_t size, again;
    float *whole = (float *)train(&plain, &schedule, &size);
    float *summed = (float *)train(&plain, &parts, &again);

    (void)state;
    assert_int_equal(size, again);
    for (size_t i = 0; i < size / sizeof *whole; i++)
        if (!(fabsf(whole[i] - summed[i]) <= 1e-4f * (1 + fabsf(whole[i]))))
            fail_msg("number %zu is %g in parts, %g at once", i, (double)summed[i],
                     (double)whole[i]);
    free(whole);
    free(summed);
}

static void test_parts_repeat_bit_by_bit(void **state)
{
    const struct schedule parts = in_parts(&normed, 8), half = in_parts(&normed, 16);
    size_t size;
    uint8_t *a = train(&normed, &parts, &size), *b = train(&normed, &parts, &size);
    uint8_t *other = train(&normed, &half, &size);

    (void)state;
    assert_memory_equal(a, b, size);
    assert_memory_not_equal(a, other, size); /* batch norm sees other statistics */
    free(a);
    free(b);
    free(other);
}

/* Nor does what an image comes to depend on those that go through the network with it. */
static void test_parts_of_an_evaluation(void **state)
{
    static const uint32_t sizes[] = { 32, 16, 8, 4 };
    struct accuracy accuracy, first;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const struct schedule s = in_parts(&plain, sizes[i]);
        struct trainer *trainer;

        assert_int_equal(trainer_new(&plain, &s, 1, 1, &trainer, NULL), 0);
        assert_int_equal(trainer_evaluate(trainer, &all, &accuracy), 0);
        trainer_free(trainer);
        first = i ? first : accuracy;
        check_int_equal("right", accuracy.correct, first.correct);
        check_true("loss", fabs(accuracy.loss - first.loss) < 1e-6);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_partition),
        cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_parts_repeat_bit_by_bit),
        cmocka_unit_test(test_parts_of_an_evaluation),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
