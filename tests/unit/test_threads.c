/* Trainings on several threads: the same bits again for the same number, the same numbers as on one
 * but for rounding, however many images a batch has. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/bench/models.h"
#include "tests/unit/drawn_images.h"
#include "worker/engine/trainer.h"

enum { SIDE = 9, CHANNELS = 3, CLASSES = 4, IMAGES = 150, MOST_THREADS = 4 };

static const struct schedule schedule = { .epochs = 2,
                                          .batch = 32,
                                          .lr = 0.02,
                                          .momentum = 0.9,
                                          .weight_decay = 5e-4,
                                          .label_smoothing = 0.1,
                                          .crop_pad = 1,
                                          .flip = true };

static struct images images;
static struct image_set train, valid;
static struct network network, dropping; /* without dropout, with it */

/* Every kind of operation. */
static void build(struct network *to, int drop)
{
    int i = model_conv_norm_act(to, model_input(to, CHANNELS, SIDE, SIDE), 19, 3, 1, 1,
                                ACTIVATION_RELU);

    i = model_mbconv(to, i, 3, 3, 19, 1, ACTIVATION_HSWISH);
    i = model_squeeze_excite(to, i, 5, ACTIVATION_HSIGMOID);
    i = model_conv_norm_act(to, i, 24, 3, 2, 1, ACTIVATION_RELU6);
    i = model_pool(to, i, POOLING_MAX, 3, 1, 1);
    i = model_act(to, model_conv(to, i, 24, 3, 1, 4), ACTIVATION_SWISH);
    i = drop ? model_dropout(to, i, drop) : i;
    model_dense(to, model_global_pool(to, i), CLASSES);
}

static void draw_noise(struct rng *rng, uint16_t label, uint8_t *pixels)
{
    (void)label;
    for (size_t i = 0; i < CHANNELS * SIDE * SIDE; i++)
        pixels[i] = (uint8_t)rng_below(rng, 256);
}

static int set_up(void **state)
{
    const struct dataset_spec spec = { .valid = 50, .split_seed = 1 };

    (void)state;
    images = drawn_images(IMAGES, (struct shape){ CHANNELS, SIDE, SIDE }, CLASSES, draw_noise);
    build(&network, 0);
    build(&dropping, 2000);
    return images_split(&images, &spec, &train, &valid, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    image_set_clear(&train);
    image_set_clear(&valid);
    images_clear(&images);
    network_clear(&network);
    network_clear(&dropping);
    return 0;
}

static struct trainer *make(const struct network *of, const struct schedule *s, uint32_t threads)
{
    struct trainer *trainer;
    struct errmsg err;

    if (trainer_new(of, s, threads, 1, &trainer, &err) < 0)
        fail_msg("%s", err.text);
    return trainer;
}

/* What a training leaves: its floats, and how it does on images that it has not seen. */
struct trained {
    float *floats;
    size_t n;
    struct accuracy accuracy;
};

static struct trained train_on(const struct network *of, const struct schedule *s, uint32_t threads)
{
    struct trainer *trainer = make(of, s, threads);
    struct trained trained;
    uint8_t *bytes;
    size_t size;

    assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_evaluate(trainer, &valid, &trained.accuracy), 0);
    assert_int_equal(trainer_save(trainer, &bytes, &size), 0);
    trained.floats = (float *)bytes;
    trained.n = size / sizeof(float);
    trainer_free(trainer);
    return trained;
}

static struct schedule with(enum optimizer optimizer, double ema)
{
    struct schedule s = schedule;

    s.optimizer = optimizer;
    s.lr = optimizer == OPTIMIZER_RMSPROP ? 1e-4 : s.lr;
    s.alpha = 0.9;
    s.epsilon = 1e-2;
    s.ema = ema;
    return s;
}

static void check_repeats(const struct network *of, const struct schedule *s, uint32_t threads)
{
    struct trained a = train_on(of, s, threads), b = train_on(of, s, threads);

    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.floats, b.floats, a.n * sizeof *a.floats);
    assert_int_equal(a.accuracy.correct, b.accuracy.correct);
    assert_memory_equal(&a.accuracy.loss, &b.accuracy.loss, sizeof a.accuracy.loss);
    free(a.floats);
    free(b.floats);
}

static void test_they_repeat_bit_by_bit(void **state)
{
    const struct schedule rmsprop = with(OPTIMIZER_RMSPROP, 0.9);

    (void)state;
    for (uint32_t threads = 2; threads <= MOST_THREADS; threads++) {
        check_repeats(&network, &schedule, threads);
        check_repeats(&dropping, &rmsprop, threads);
    }
}

static void check_near(const char *name, const struct trained *got, const struct trained *want,
                       uint32_t threads)
{
    check_int_equal(name, got->n, want->n);
    for (size_t i = 0; i < got->n; i++)
        if (!(fabsf(got->floats[i] - want->floats[i]) <= 2e-3f * (1 + fabsf(want->floats[i]))))
            fail_msg("%s: number %zu of %zu is %g on %u threads, %g on one", name, i, got->n,
                     (double)got->floats[i], threads, (double)want->floats[i]);
    check_true(name, fabs(got->accuracy.loss - want->accuracy.loss) < 1e-2);
}

/* On 2 up to most threads. */
static void check_against_one(const char *name, const struct schedule *s, uint32_t most)
{
    struct trained one = train_on(&network, s, 1);

    for (uint32_t threads = 2; threads <= most; threads++) {
        struct trained several = train_on(&network, s, threads);

        check_near(name, &several, &one, threads);
        free(several.floats);
    }
    free(one.floats);
}

static void test_they_come_to_the_same_as_one(void **state)
{
    const struct schedule averaged = with(OPTIMIZER_SGD, 0.9),
                          rmsprop = with(OPTIMIZER_RMSPROP, 0.9);

    (void)state;
    check_against_one("SGD", &schedule, MOST_THREADS);
    check_against_one("SGD, averaged", &averaged, 3);
    check_against_one("RMSprop, averaged", &rmsprop, 3);
}

/* Odd ones, last ones that are smaller, and such as leave threads without an image. */
static void test_batches_of_any_size(void **state)
{
    static const uint32_t sizes[] = { 2, 7, 33, 97, 98, 128 };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct schedule s = schedule;

        s.batch = sizes[i];
        s.epochs = 1;
        s.lr = sizes[i] < 8 ? 1e-4 : s.lr; /* more steps, through which roundings grow */
        check_against_one("a batch of this size", &s, 3);
        check_repeats(&dropping, &s, 3);
    }
}

/* Nothing is added up over images there. */
static void test_evaluations_are_the_same_to_the_bit(void **state)
{
    struct trained trained = train_on(&network, &schedule, 1);

    (void)state;
    for (uint32_t threads = 2; threads <= MOST_THREADS; threads++) {
        struct trainer *trainer = make(&network, &schedule, threads);
        struct accuracy accuracy;

        assert_int_equal(trainer_load(trainer, (const uint8_t *)trained.floats,
                                      trained.n * sizeof *trained.floats, NULL),
                         0);
        assert_int_equal(trainer_evaluate(trainer, &valid, &accuracy), 0);
        assert_memory_equal(&accuracy, &trained.accuracy, sizeof accuracy);
        trainer_free(trainer);
    }
    free(trained.floats);
}

static struct trainer_plan plan_of(const struct schedule *s, uint32_t threads)
{
    struct trainer_plan plan;

    assert_int_equal(trainer_plan(&network, s, threads, &plan, NULL), 0);
    return plan;
}

/* Every thread more takes as much, and no more than the first. */
static void test_memory(void **state)
{
    uint64_t one = plan_of(&schedule, 1).bytes, two = plan_of(&schedule, 2).bytes;
    struct schedule small = schedule;

    (void)state;
    assert_true(two > one && two < 2 * one);
    check_int_equal("three", plan_of(&schedule, 3).bytes, two + (two - one));
    check_int_equal("threads", plan_of(&schedule, 3).threads, 3);
    small.batch = 3;
    check_int_equal("never more than images", plan_of(&small, 1000).threads, 3);
}

/* What fits one thread decides about the parts of a batch, so that batch norm sees the same ones. */
static void test_memory_for_fewer_threads(void **state)
{
    struct schedule s = schedule, half = schedule;
    uint64_t more = plan_of(&s, 2).bytes - plan_of(&s, 1).bytes;
    struct trainer_plan plan;

    (void)state;
    for (uint32_t fit = 1; fit <= 3; fit++) {
        s.memory = plan_of(&schedule, 1).bytes + fit * more - 1;
        plan = plan_of(&s, 4);
        check_int_equal("threads", plan.threads, fit);
        check_int_equal("the whole batch", plan.batch, schedule.batch);
        check_true("in that memory", plan.bytes <= s.memory);
    }
    half.batch = schedule.batch / 2;
    s.memory = plan_of(&half, 1).bytes + more;
    plan = plan_of(&s, 2);
    check_int_equal("half a batch", plan.batch, half.batch);
    check_int_equal("on both", plan.threads, 2);
    check_against_one("in parts", &s, 2);
}

struct calls {
    uint32_t n, stop_at;
};

static bool watch(const struct training_progress *progress, void *arg)
{
    struct calls *calls = arg;

    (void)progress;
    return ++calls->n != calls->stop_at;
}

static void test_they_stop(void **state)
{
    struct calls calls = { .stop_at = 1 };
    struct trainer *trainer = make(&network, &schedule, 3);

    (void)state;
    assert_int_equal(trainer_fit(trainer, &train, watch, &calls, NULL), -ECANCELED);
    assert_int_equal(calls.n, 1);
    trainer_free(trainer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_they_repeat_bit_by_bit),
        cmocka_unit_test(test_they_come_to_the_same_as_one),
        cmocka_unit_test(test_batches_of_any_size),
        cmocka_unit_test(test_evaluations_are_the_same_to_the_bit),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_memory_for_fewer_threads),
        cmocka_unit_test(test_they_stop),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
