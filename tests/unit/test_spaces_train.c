/* Networks of every space that is shipped, through the engine: each is trained on one small batch of
 * noise, over and over. Whatever an option resolves to, the engine must run it. */
#include "tests/unit/check.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cost.h"
#include "common/rng.h"
#include "worker/data/images.h"
#include "worker/engine/trainer.h"

/* Few, so that the dearest networks take a second. */
enum { BATCH = 2, STEPS = 4, LARGE_STEPS = 2, LARGE_SIDE = 100 };

/* Under the address sanitizer that second is a minute: of the large ones the cheapest has to do. */
#ifdef __SANITIZE_ADDRESS__
static const bool only_cheap = true;
#else
static const bool only_cheap = false;
#endif

struct batch {
    struct images images;
    struct image_set set;
    uint32_t steps;
};

static void make_batch(const struct space *space, struct batch *batch)
{
    struct shape shape = space_input(space);
    size_t n = BATCH, size = n * (size_t)(shape.channels * shape.height * shape.width);
    struct rng rng;

    *batch = (struct batch){
        .images = { .n = n, .shape = shape, .classes = space_classes(space) },
        .set = { .n = n,
                 .normalisation = { .mean = { 128, 128, 128, 128 },
                                    .deviation = { 74, 74, 74, 74 } } },
        .steps = shape.height > LARGE_SIDE ? LARGE_STEPS : STEPS,
    };
    batch->images.pixels = malloc(size);
    batch->images.labels = calloc(n, sizeof *batch->images.labels);
    batch->set.index = calloc(n, sizeof *batch->set.index);
    batch->set.images = &batch->images;
    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < size; i++)
        batch->images.pixels[i] = (uint8_t)rng_below(&rng, 256);
    for (uint32_t i = 0; i < n; i++) {
        batch->images.labels[i] = (uint16_t)rng_below(&rng, batch->images.classes);
        batch->set.index[i] = i;
    }
}

static void clear_batch(struct batch *batch)
{
    images_clear(&batch->images);
    image_set_clear(&batch->set);
}

/* What the engine has to learn: all floats that it keeps but the running statistics, of which a norm
 * has two for each channel. */
static int64_t trained_params(const struct trainer *trainer, const struct network *network)
{
    uint8_t *bytes;
    size_t size;
    int64_t n;

    assert_int_equal(trainer_save(trainer, &bytes, &size), 0);
    free(bytes);
    assert_int_equal(size % sizeof(float), 0);
    n = (int64_t)(size / sizeof(float));
    for (size_t i = 0; i < network->n_ops; i++)
        if (network->ops[i].kind == OP_NORM)
            n -= 2 * network->ops[i].out.channels;
    return n;
}

struct curve {
    uint32_t n;
    double first, last; /* of the losses at the ends of epochs, each of one step */
};

static bool note_loss(const struct training_progress *progress, void *arg)
{
    struct curve *curve = arg;

    if (progress->images_done * progress->epochs == progress->images_total * progress->epoch) {
        if (curve->n++ == 0)
            curve->first = progress->loss;
        curve->last = progress->loss;
    }
    return true;
}

static void train(const char *name, const struct network *network, const struct costs *costs,
                  const struct batch *batch)
{
    const struct schedule schedule = { .epochs = batch->steps,
                                       .batch = (uint32_t)batch->set.n,
                                       .lr = 0.02,
                                       .momentum = 0.9,
                                       .decay = DECAY_NONE };
    struct curve curve = { 0 };
    struct trainer *trainer;
    struct accuracy accuracy;
    struct errmsg err;

    if (trainer_new(network, &schedule, 1, 1, &trainer, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    check_int_equal(name, trained_params(trainer, network), costs->params);
    if (trainer_fit(trainer, &batch->set, note_loss, &curve, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    check_int_equal(name, curve.n, batch->steps);
    if (!isfinite(curve.last) || curve.last >= curve.first)
        fail_msg("%s: the loss of one batch over and over went from %g to %g", name, curve.first,
                 curve.last);
    check_int_equal(name, trainer_evaluate(trainer, &batch->set, &accuracy), 0);
    check_true(name, isfinite(accuracy.loss));
    trainer_free(trainer);
}

static void try_arch(const char *path, const char *what, const struct cost_model *model,
                     const struct arch *arch, const struct batch *batch)
{
    const struct space *space = cost_model_space(model);
    const struct costs want = cost_details(model, arch);
    char text[ARCH_TEXT_SIZE], name[ARCH_TEXT_SIZE + 128];
    struct network network;
    struct costs costs;

    snprintf(name, sizeof name, "%s, %s, %s", path, what, arch_format(arch, text));
    check_int_equal(name, space_resolve(space, arch, &network), 0);
    check_int_equal(name, network_check(&network, NULL), 0);
    network_costs(&network, space_count_rules(space), &costs);
    check_int_equal(name, costs.madds, want.madds);
    check_int_equal(name, costs.params, want.params);
    train(name, &network, &costs, batch);
    network_clear(&network);
}

static struct arch random_arch(const struct space *space)
{
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };
    struct rng rng;

    rng_init(&rng, 2, 0);
    for (uint32_t l = 0; l < arch.n; l++)
        arch.option[l] = (uint16_t)rng_below(&rng, space_n_options(space, l));
    return arch;
}

static void try_space(const char *path, const struct space *space)
{
    const struct arch first = { .n = (uint16_t)space_n_layers(space) };
    struct arch cheapest, dearest, random = random_arch(space);
    struct cost_model *model;
    struct batch batch;

    assert_int_equal(cost_model_new(space, COST_MADDS, &model), 0);
    cheapest = cost_cheapest(model, &first, 0);
    dearest = cost_dearest(model, &first, 0);
    make_batch(space, &batch);
    try_arch(path, "cheapest", model, &cheapest, &batch);
    if (batch.steps == STEPS || !only_cheap) {
        try_arch(path, "first options", model, &first, &batch);
        try_arch(path, "dearest", model, &dearest, &batch);
        try_arch(path, "random", model, &random, &batch);
    }
    clear_batch(&batch);
    cost_model_free(model);
}

static void test_every_space(void **state)
{
    size_t n = 0;
    glob_t files;

    (void)state;
    assert_int_equal(glob("deploy/spaces/*.yaml", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct space *space;
        struct errmsg err;

        if (space_load(files.gl_pathv[i], &space, &err) < 0)
            fail_msg("%s", err.text);
        if (space_has_networks(space)) {
            try_space(files.gl_pathv[i], space);
            n++;
        }
        space_free(space);
    }
    globfree(&files);
    assert_true(n >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_space) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
