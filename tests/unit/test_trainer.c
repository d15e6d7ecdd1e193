/* Whole trainings: they learn, they repeat, they stop, they keep what they learnt. */
#include "tests/unit/check.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/bench/models.h"
#include "tests/unit/drawn_images.h"
#include "worker/data/idx.h"
#include "worker/engine/trainer.h"

enum { SIDE = 8, CLASSES = 4, IMAGES = 600 };

static const struct schedule schedule = { .epochs = 3,
                                          .batch = 16,
                                          .lr = 0.1,
                                          .momentum = 0.9,
                                          .nesterov = true,
                                          .weight_decay = 5e-4,
                                          .label_smoothing = 0.1,
                                          .decay = DECAY_COSINE,
                                          .warmup = 0.5,
                                          .crop_pad = 1,
                                          .flip = true };

static struct images images;
static struct image_set train, valid;
static struct network network;

/* A class is a stripe, level or upright, thin or thick, anywhere in noise: a network must learn
 * shapes, not pixels. */
static void draw_image(struct rng *rng, uint16_t label, uint8_t *pixels)
{
    int width = label / 2 + 1, at = (int)rng_below(rng, (uint64_t)(SIDE - width));

    for (int i = 0; i < SIDE * SIDE; i++) {
        int across = label % 2 ? i / SIDE : i % SIDE;
        bool inside = across >= at && across < at + width;

        pixels[i] = (uint8_t)(rng_below(rng, 100) + (inside ? 120 : 0));
    }
}

static void build_network(void)
{
    int i = model_input(&network, 1, SIDE, SIDE);

    i = model_conv_norm_act(&network, i, 8, 3, 1, 1, ACTIVATION_RELU6);
    i = model_mbconv(&network, i, 3, 3, 8, 1, ACTIVATION_RELU6);
    i = model_mbconv(&network, i, 3, 3, 20, 2, ACTIVATION_RELU6);
    model_dense(&network, model_global_pool(&network, i), CLASSES);
}

static int set_up(void **state)
{
    struct dataset_spec spec = { .valid = 200, .split_seed = 1 };

    (void)state;
    images = drawn_images(IMAGES, (struct shape){ 1, SIDE, SIDE }, CLASSES, draw_image);
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

static struct trainer *make(const struct schedule *s, uint64_t seed)
{
    struct trainer *trainer;
    struct errmsg err;

    if (trainer_new(&network, s, 1, seed, &trainer, &err) < 0)
        fail_msg("%s", err.text);
    return trainer;
}

/* The weights after a training. */
static uint8_t *train_once(uint64_t seed, size_t *size)
{
    struct trainer *trainer = make(&schedule, seed);
    uint8_t *bytes;

    assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_save(trainer, &bytes, size), 0);
    trainer_free(trainer);
    return bytes;
}

struct seen {
    struct training_progress last[16]; /* at the end of each epoch */
    uint32_t calls, stop_at;
};

static bool watch(const struct training_progress *progress, void *arg)
{
    struct seen *seen = arg;

    seen->last[progress->epoch] = *progress;
    return ++seen->calls != seen->stop_at;
}

/* The losses were recorded. At this low learning rate another order of additions (another processor,
 * another BLAS) moves them by less than 0.0001; at 0.1 it would be 0.004 in the second epoch. */
static void test_loss_curve(void **state)
{
    static const double want[] = { 0, 1.3866, 1.1744, 1.0704 };
    struct schedule slow = schedule;
    struct seen seen = { 0 };
    struct trainer *trainer;

    (void)state;
    slow.lr = 0.01;
    trainer = make(&slow, 2);
    assert_int_equal(trainer_fit(trainer, &train, watch, &seen, NULL), 0);
    for (int epoch = 1; epoch <= 3; epoch++)
        if (!(fabs(seen.last[epoch].loss - want[epoch]) < 0.001))
            fail_msg("loss of epoch %d is %.4f, recorded %.4f", epoch, seen.last[epoch].loss,
                     want[epoch]);
    trainer_free(trainer);
}

static void test_it_learns(void **state)
{
    struct trainer *trainer = make(&schedule, 1);
    struct accuracy accuracy;

    (void)state;
    assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_evaluate(trainer, &valid, &accuracy), 0);
    assert_int_equal(accuracy.total, 200);
    if (accuracy.correct < 190)
        fail_msg("%u of 200 right, wanted 190", accuracy.correct);
    assert_true(accuracy.loss > 0 && accuracy.loss < 0.4);
    trainer_free(trainer);
}

/* Other ways through the same training, each of which learns too. */
static void test_optimizers_and_averages(void **state)
{
    static const struct {
        const char *name;
        enum optimizer optimizer;
        double lr;
        enum decay decay;
        double ema;
    } cases[] = {
        { "averaged", OPTIMIZER_SGD, 0.1, DECAY_NONE, 0.9 },
        { "RMSprop", OPTIMIZER_RMSPROP, 0.002, DECAY_EXPONENTIAL, 0 },
        { "RMSprop, averaged", OPTIMIZER_RMSPROP, 0.002, DECAY_STEP, 0.9 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = schedule;
        struct trainer *trainer;
        struct accuracy accuracy;

        s.optimizer = cases[i].optimizer;
        s.lr = cases[i].lr;
        s.decay = cases[i].decay;
        s.ema = cases[i].ema;
        s.alpha = 0.9;
        s.epsilon = 1e-3;
        s.gamma = 0.5;
        s.n_milestones = 1;
        s.milestones[0] = 0.5;
        trainer = make(&s, 1);
        assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
        assert_int_equal(trainer_evaluate(trainer, &valid, &accuracy), 0);
        if (accuracy.correct < 180)
            fail_msg("%s: %u of 200 right, wanted 180", cases[i].name, accuracy.correct);
        trainer_free(trainer);
    }
}

static void test_progress(void **state)
{
    struct trainer *trainer = make(&schedule, 1);
    struct seen seen = { 0 };
    const struct training_progress *end = &seen.last[3];

    (void)state;
    assert_int_equal(trainer_fit(trainer, &train, watch, &seen, NULL), 0);
    assert_true(seen.calls >= 3);
    for (uint32_t epoch = 1; epoch <= 3; epoch++)
        assert_int_equal(seen.last[epoch].images_done, epoch * 400);
    assert_int_equal(end->images_total, 1200);
    assert_int_equal(end->epochs, 3);
    assert_true(end->accuracy > 70 && end->accuracy <= 100 && end->images_per_second > 0);
    trainer_free(trainer);
}

static void test_the_same_seed_gives_the_same_weights(void **state)
{
    size_t size[3];
    uint8_t *a = train_once(5, &size[0]), *b = train_once(5, &size[1]),
            *other = train_once(6, &size[2]);

    (void)state;
    assert_int_equal(size[0], size[1]);
    assert_memory_equal(a, b, size[0]);
    assert_memory_not_equal(a, other, size[0]);
    free(a);
    free(b);
    free(other);
}

static void test_saved_weights_give_the_same_accuracy(void **state)
{
    struct trainer *a = make(&schedule, 1), *b = make(&schedule, 2);
    struct accuracy accuracy_a, accuracy_b;
    uint8_t *bytes, *again;
    size_t size, size_again;

    (void)state;
    assert_int_equal(trainer_fit(a, &train, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_save(a, &bytes, &size), 0);
    assert_int_equal(trainer_load(b, bytes, size, NULL), 0);
    assert_int_equal(trainer_evaluate(a, &valid, &accuracy_a), 0);
    assert_int_equal(trainer_evaluate(b, &valid, &accuracy_b), 0);
    assert_int_equal(accuracy_a.correct, accuracy_b.correct);
    assert_true(accuracy_a.loss == accuracy_b.loss);
    assert_int_equal(trainer_save(b, &again, &size_again), 0);
    assert_int_equal(size, size_again);
    assert_memory_equal(bytes, again, size);
    free(bytes);
    free(again);
    trainer_free(a);
    trainer_free(b);
}

/* By running statistics an image's logits are its own affair; by a batch's they would not be. */
static void test_evaluation_does_not_depend_on_the_company(void **state)
{
    struct trainer *trainer = make(&schedule, 1);
    struct accuracy together, alone, sum = { 0 };

    (void)state;
    assert_int_equal(trainer_fit(trainer, &train, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_evaluate(trainer, &valid, &together), 0);
    for (size_t i = 0; i < valid.n; i++) {
        struct image_set one = valid;

        one.index = &valid.index[i];
        one.n = 1;
        assert_int_equal(trainer_evaluate(trainer, &one, &alone), 0);
        sum.correct += alone.correct;
        sum.loss += alone.loss / (double)valid.n;
    }
    assert_int_equal(sum.correct, together.correct);
    if (!(fabs(sum.loss - together.loss) < 1e-5))
        fail_msg("loss %.8f one by one, %.8f together", sum.loss, together.loss);
    trainer_free(trainer);
}

static void test_progress_can_stop_it(void **state)
{
    struct trainer *trainer = make(&schedule, 1);
    struct seen seen = { .stop_at = 1 };
    struct errmsg err;

    (void)state;
    assert_int_equal(trainer_fit(trainer, &train, watch, &seen, &err), -ECANCELED);
    assert_int_equal(seen.calls, 1);
    assert_int_equal(strncmp(err.text, "the training was stopped in epoch 1 of 3", 40), 0);
    trainer_free(trainer);
}

static void test_divergence(void **state)
{
    static const struct {
        const char *name;
        double lr;
        uint32_t epochs;
    } cases[] = {
        { "in the loss", 1e30, 3 },
        { "in the last step of all", 1e39, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = schedule;
        struct trainer *trainer;
        struct errmsg err;

        s.lr = cases[i].lr;
        s.epochs = cases[i].epochs;
        s.batch = s.epochs == 1 ? 400 : 16;
        s.warmup = 0;
        trainer = make(&s, 1);
        check_int_equal(cases[i].name, trainer_fit(trainer, &train, NULL, NULL, &err), -EDOM);
        check_int_equal(err.text, strncmp(err.text, "the training diverged in epoch 1", 32), 0);
        trainer_free(trainer);
    }
}

/* Batches that the images do not fill evenly. */
static void test_last_batches(void **state)
{
    static const struct {
        const char *name;
        uint32_t batch;
        size_t images;
        int want;
        uint64_t done;
    } cases[] = {
        { "partial last batch", 16, 37, 0, 37 },
        { "last batch of two", 16, 34, 0, 34 },
        { "last batch of one is left out", 16, 33, 0, 32 },
        { "batch larger than the set", 64, 10, 0, 10 },
        { "batches of one", 1, 3, 0, 3 },
        { "a single image", 16, 1, -EINVAL, 0 },
        { "no image", 16, 0, -EINVAL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = schedule;
        struct image_set some = train;
        struct seen seen = { 0 };
        struct trainer *trainer;
        struct accuracy accuracy;

        s.batch = cases[i].batch;
        s.epochs = 1;
        some.n = cases[i].images;
        trainer = make(&s, 1);
        check_int_equal(cases[i].name, trainer_fit(trainer, &some, watch, &seen, NULL),
                        cases[i].want);
        check_int_equal(cases[i].name, seen.last[1].images_done, cases[i].done);
        check_int_equal(cases[i].name, trainer_evaluate(trainer, &some, &accuracy), 0);
        check_int_equal(cases[i].name, accuracy.total, cases[i].images);
        trainer_free(trainer);
    }
}

static void test_what_it_refuses(void **state)
{
    struct schedule bad = schedule;
    struct trainer *trainer;
    struct images other = images;
    struct image_set set = train;
    struct errmsg err;

    (void)state;
    bad.batch = 0;
    assert_int_equal(trainer_new(&network, &bad, 1, 1, &trainer, &err), -EINVAL);
    assert_string_equal(err.text,
                        "schedule: 3 epochs in batches of 0; at least 1 epoch, batches of "
                        "1 to 65536");
    trainer = make(&schedule, 1);
    set.images = &other;
    other.classes = CLASSES + 1;
    assert_int_equal(trainer_fit(trainer, &set, NULL, NULL, &err), -EINVAL);
    assert_string_equal(err.text, "images of 5 classes for a network that tells 4 apart");
    other = images;
    other.shape.width++;
    assert_int_equal(trainer_fit(trainer, &set, NULL, NULL, &err), -EINVAL);
    assert_string_equal(err.text, "images of 1x8x9 for a network that takes 1x8x8");
    trainer_free(trainer);
}

static void test_fashion_mnist(void **state)
{
    struct schedule s = { .epochs = 1,
                          .batch = 32,
                          .lr = 0.1,
                          .momentum = 0.9,
                          .nesterov = true,
                          .weight_decay = 5e-4,
                          .decay = DECAY_COSINE };
    struct dataset_spec spec = { .train = 2000, .valid = 1000, .split_seed = 1 };
    struct network fashion = { 0 };
    struct images clothes;
    struct image_set learn, measure;
    struct trainer *trainer;
    struct accuracy accuracy;
    struct errmsg err;

    (void)state;
    if (idx_read("/usr/share/datasets/fashion-mnist", IMAGES_TRAIN, &clothes, &err) < 0)
        check_skip("%s", err.text);
    assert_int_equal(images_split(&clothes, &spec, &learn, &measure, NULL), 0);
    model_fashion(&fashion);
    assert_int_equal(trainer_new(&fashion, &s, 1, 1, &trainer, NULL), 0);
    assert_int_equal(trainer_fit(trainer, &learn, NULL, NULL, NULL), 0);
    assert_int_equal(trainer_evaluate(trainer, &measure, &accuracy), 0);
    if (accuracy.correct < 600)
        fail_msg("%u of 1000 right, wanted 600", accuracy.correct);
    trainer_free(trainer);
    network_clear(&fashion);
    image_set_clear(&learn);
    image_set_clear(&measure);
    images_clear(&clothes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_curve),
        cmocka_unit_test(test_it_learns),
        cmocka_unit_test(test_optimizers_and_averages),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_the_same_seed_gives_the_same_weights),
        cmocka_unit_test(test_saved_weights_give_the_same_accuracy),
        cmocka_unit_test(test_evaluation_does_not_depend_on_the_company),
        cmocka_unit_test(test_progress_can_stop_it),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_last_batches),
        cmocka_unit_test(test_what_it_refuses),
        cmocka_unit_test(test_fashion_mnist),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
