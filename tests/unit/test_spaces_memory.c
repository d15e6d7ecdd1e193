/* What trainings of networks of every space that is shipped take: as the plan reckons, as the engine
 * lays it out, and as the kernel counts it while one runs. */
#include "tests/unit/check.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>

#include "common/cost.h"
#include "common/rng.h"
#include "common/training_memory.h"
#include "worker/data/images.h"
#include "worker/engine/trainer.h"
#include "worker/evaluate/memory.h"

enum { BATCH = 32, LARGE_BATCH = 8, LARGE_SIDE = 100 };

#ifdef __SANITIZE_ADDRESS__
static const bool resident_means_something = false; /* there is shadow memory beside */
#else
static const bool resident_means_something = true;
#endif

static struct schedule schedule_of(const struct network *network, uint32_t batch)
{
    return (struct schedule){ .epochs = 1,
                              .batch = network->ops[0].out.height > LARGE_SIDE ? LARGE_BATCH
                                                                               : batch,
                              .lr = 0.01,
                              .momentum = 0.9 };
}

static uint64_t laid_out(const char *name, const struct network *network,
                         const struct schedule *schedule, uint32_t threads)
{
    struct trainer_plan plan;
    struct errmsg err;

    if (trainer_plan(network, schedule, threads, &plan, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    check_int_equal(name, plan.batch, schedule->batch);
    return plan.bytes;
}

static void check_reckoning(const char *name, const struct network *network,
                            const struct schedule *schedule)
{
    double exact = (double)laid_out(name, network, schedule, 1);
    uint64_t bytes;

    assert_int_equal(training_memory(network, schedule, &bytes), 0);
    if (!(fabs((double)bytes / exact - 1) < 0.1))
        fail_msg("%s, batches of %u: reckoned %.2f MB, laid out %.2f MB", name, schedule->batch,
                 1e-6 * (double)bytes, 1e-6 * exact);
}

/* One step, on one batch of noise. */
static uint64_t measured(const struct network *network, const struct schedule *schedule,
                         uint32_t threads)
{
    const struct shape *shape = &network->ops[0].out;
    size_t n = schedule->batch,
           size = (size_t)shape->channels * (size_t)shape->height * (size_t)shape->width;
    struct images images = { .n = n,
                             .shape = *shape,
                             .classes = (uint32_t)network->ops[network->n_ops - 1].out.channels,
                             .pixels = malloc(n * size),
                             .labels = calloc(n, sizeof *images.labels) };
    struct normalisation normalisation = { .deviation = { 1, 1, 1, 1 } };
    struct image_set set;
    struct trainer *trainer;
    uint64_t before;
    struct rng rng;

    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < n * size; i++)
        images.pixels[i] = (uint8_t)rng_below(&rng, 256);
    for (int i = 0; i < NORMALISATION_CHANNELS; i++)
        normalisation.deviation[i] = 100;
    assert_int_equal(images_all(&images, &normalisation, &set), 0);
    memory_reset_peak();
    before = memory_resident();
    assert_int_equal(trainer_new(network, schedule, threads, 1, &trainer, NULL), 0);
    assert_int_equal(trainer_fit(trainer, &set, NULL, NULL, NULL), 0);
    trainer_free(trainer);
    image_set_clear(&set);
    images_clear(&images);
    return memory_peak() - before;
}

/* Small ones drown in what the C library and OpenBLAS keep. */
static void check_measurement(const char *name, const struct network *network,
                              const struct schedule *schedule, uint32_t threads)
{
    const double few = 2e6;
    double exact = (double)laid_out(name, network, schedule, threads), peak;

    if (!resident_means_something || !memory_reset_peak())
        return;
    peak = (double)measured(network, schedule, threads);
    if (!(fabs(peak - exact) < 0.1 * exact + few))
        fail_msg("%s, batches of %u, threads %u: %.2f MB at the peak, laid out %.2f MB", name,
                 schedule->batch, threads, 1e-6 * peak, 1e-6 * exact);
}

static struct arch random_arch(const struct space *space, struct rng *rng)
{
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };

    for (uint32_t layer = 0; layer < arch.n; layer++)
        arch.option[layer] = (uint16_t)rng_below(rng, space_n_options(space, layer));
    return arch;
}

static void check_space(const char *path)
{
    struct space *space;
    struct cost_model *model;
    struct errmsg err;
    struct rng rng;

    rng_init(&rng, 1, 0);
    if (space_load(path, &space, &err) < 0)
        fail_msg("%s", err.text);
    if (cost_model_new(space, COST_MADDS, &model) == 0) {
        struct arch any = { .n = (uint16_t)space_n_layers(space) };

        for (int i = 0; i < 8; i++) {
            struct arch arch = i == 0   ? cost_cheapest(model, &any, 0)
                               : i == 1 ? cost_dearest(model, &any, 0)
                                        : random_arch(space, &rng);
            struct network network;
            struct schedule schedule;

            assert_int_equal(space_resolve(space, &arch, &network), 0);
            schedule = schedule_of(&network, BATCH);
            if (i < 2)
                check_measurement(path, &network, &schedule, i ? 3 : 1);
            for (uint32_t batch = 2; batch <= 128; batch *= 8) {
                schedule.batch = batch;
                schedule.precision = i / 2 % 2 ? PRECISION_BF16 : PRECISION_FLOAT;
                schedule.optimizer = i % 2 ? OPTIMIZER_RMSPROP : OPTIMIZER_SGD;
                schedule.ema = i % 3 ? 0 : 0.9;
                check_reckoning(path, &network, &schedule);
            }
            network_clear(&network);
        }
        cost_model_free(model);
    }
    space_free(space);
}

static void test_every_space(void **state)
{
    glob_t spaces;

    (void)state;
    assert_int_equal(glob("deploy/spaces/*.yaml", 0, NULL, &spaces), 0);
    for (size_t i = 0; i < spaces.gl_pathc; i++)
        check_space(spaces.gl_pathv[i]);
    globfree(&spaces);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_space) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
