/* A trial's network is trained on images and measured on the validation split, or, in the final
 * test, given the winner's weights and measured on the test images. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/evaluate/evaluator.h"
#include "worker/evaluate/memory.h"
#include "worker/evaluate/trained.h"

/* The images that this process read last, of either part: reading them again for every trial would
 * take as long as a short training. */
static struct part {
    enum images_part part;
    char *directory; /* NULL: nothing read yet */
    enum data_format format;
    struct images images;
} train_part = { .part = IMAGES_TRAIN }, test_part = { .part = IMAGES_TEST };

static int load(struct part *part, const char *directory, enum data_format format,
                struct errmsg *err)
{
    struct images images;
    char *copy;
    int rc;

    if (part->directory && strcmp(part->directory, directory) == 0 && part->format == format)
        return 0;
    copy = strdup(directory);
    if (!copy)
        return -ENOMEM;
    rc = images_read(format, directory, part->part, &images, err);
    if (rc < 0) {
        free(copy);
        return rc;
    }
    if (part->directory)
        images_clear(&part->images);
    free(part->directory);
    part->directory = copy;
    part->format = format;
    part->images = images;
    printf("%s: %zu %s images\n", directory, images.n, images_part_name(part->part));
    return 0;
}

static double finite_or_zero(double value)
{
    return isfinite(value) ? value : 0;
}

static bool on_progress(const struct training_progress *from, void *arg)
{
    const struct evaluator_context *context = arg;
    struct progress progress = {
        .epoch = from->epoch,
        .epochs = from->epochs,
        .loss = finite_or_zero(from->loss),
        .accuracy = finite_or_zero(from->accuracy),
        .images_per_second = finite_or_zero(from->images_per_second),
        .memory = memory_peak(),
        .fraction = from->images_total ? (double)from->images_done / (double)from->images_total : 0,
    };

    return context->progress(context->arg, &progress);
}

/* An answer, and a bad one: this network does not learn like that. */
static void set_diverged(struct evaluation_result *result, uint32_t total)
{
    printf("diverged\n");
    result->diverged = true;
    result->reward = (struct reward){ .total = total };
}

/* Weights that are finite may still give logits that are not. */
static void take_accuracy(const struct accuracy *accuracy, struct evaluation_result *result)
{
    if (!isfinite(accuracy->loss)) {
        set_diverged(result, accuracy->total);
        return;
    }
    result->reward = (struct reward){ .correct = accuracy->correct, .total = accuracy->total };
    result->loss = accuracy->loss;
}

/* ---- memory ---- */

struct memory_use {
    struct trainer_plan plan;
    uint64_t before; /* resident */
    bool peak;       /* is that of this training alone */
};

static double megabytes(uint64_t bytes)
{
    return 1e-6 * (double)bytes;
}

/* A training that does not fit is refused: begun, it would be killed, and others with it. */
static int plan_memory(const struct trial_message *trial, uint32_t threads,
                       struct memory_use *use_out, struct errmsg *err)
{
    uint64_t available = memory_available("/proc", "/sys/fs/cgroup");
    struct memory_use use = { 0 };
    int rc = trainer_plan(&trial->network, &trial->evaluation.schedule, threads, &use.plan, err);

    if (rc == 0 && use.plan.bytes > available)
        rc = errmsg_set(err, -ENOMEM,
                        "a training that takes %.0f MB in batches of %u; %.0f MB are available "
                        "(schedule.memory has batches go in parts)",
                        megabytes(use.plan.bytes), use.plan.batch, megabytes(available));
    use.peak = memory_reset_peak();
    use.before = memory_resident();
    *use_out = use;
    return rc;
}

static void print_memory(const struct memory_use *use)
{
    const struct trainer_plan *plan = &use->plan;

    printf("memory: %.1f MB predicted, %.1f MB of it for the training",
           megabytes(use->before + plan->bytes), megabytes(plan->bytes));
    printf(" in batches of %u on %u thread%s", plan->batch, plan->threads,
           plan->threads == 1 ? "" : "s");
    if (use->peak)
        printf("; %.1f MB at its peak", megabytes(memory_peak()));
    printf("\n");
}

/* ---- training ---- */

static int save(const struct trainer *trainer, const struct trial_message *trial,
                const struct image_set *train_set, struct evaluation_result *result)
{
    struct weights_file file = { .arch = trial->trial.arch,
                                 .replica = trial->trial.replica,
                                 .seed = trial->trial.seed,
                                 .evaluation = trial->evaluation,
                                 .validation = result->reward,
                                 .network = trial->network,
                                 .count = trial->count,
                                 .normalisation = train_set->normalisation };
    int rc = trainer_save(trainer, &file.floats.data, &file.floats.size);

    if (rc < 0)
        return rc;
    memcpy(file.numerics, result->numerics, sizeof file.numerics);
    rc = weights_file_pack(&file, &result->weights);
    free(file.floats.data);
    return rc;
}

static int run(struct trainer *trainer, const struct trial_message *trial,
               const struct evaluator_context *context, const struct image_set *train_set,
               const struct image_set *valid_set, struct evaluation_result *result,
               struct errmsg *err)
{
    int rc = trainer_fit(trainer, train_set, on_progress, (void *)context, err); /* only read */
    struct accuracy accuracy;

    if (rc == -EDOM) {
        set_diverged(result, (uint32_t)valid_set->n);
        return 0;
    }
    if (rc == 0)
        rc = trainer_evaluate(trainer, valid_set, &accuracy);
    if (rc < 0)
        return rc;
    take_accuracy(&accuracy, result);
    if (trial->trial.stage == STAGE_FINAL && !result->diverged)
        rc = save(trainer, trial, train_set, result);
    return rc;
}

static int train(const struct trial_message *trial, const struct evaluator_context *context,
                 const char *directory, struct evaluation_result *result, struct errmsg *err)
{
    const struct evaluation *evaluation = &trial->evaluation;
    struct image_set train_set = { 0 }, valid_set = { 0 };
    struct trainer *trainer = NULL;
    struct memory_use use;
    int rc = load(&train_part, directory, evaluation->data.format, err);

    if (rc == 0)
        rc = trained_check_images(&trial->network, &train_part.images, err);
    if (rc == 0)
        rc = images_split(&train_part.images, &evaluation->data, &train_set, &valid_set, err);
    if (rc == 0)
        rc = plan_memory(trial, context->threads, &use, err);
    if (rc == 0)
        rc = trainer_new(&trial->network, &evaluation->schedule, context->threads,
                         trial->trial.seed, &trainer, err);
    if (rc == 0)
        rc = run(trainer, trial, context, &train_set, &valid_set, result, err);
    if (rc == 0)
        print_memory(&use);
    trainer_free(trainer);
    image_set_clear(&train_set);
    image_set_clear(&valid_set);
    return rc;
}

/* ---- testing ---- */

static int test(const struct trial_message *trial, const struct evaluator_context *context,
                const char *directory, struct evaluation_result *result, struct errmsg *err)
{
    struct weights_file file;
    struct accuracy accuracy;
    int rc = load(&test_part, directory, trial->evaluation.data.format, err);

    if (rc == 0)
        rc = weights_file_unpack(trial->weights.data, trial->weights.size, &file, err);
    if (rc < 0)
        return rc;
    if (!network_equal(&file.network, &trial->network))
        rc = errmsg_set(err, -EINVAL, "weights: those of another network");
    if (rc == 0)
        rc = trained_measure(&file, &test_part.images, context->threads, &accuracy, err);
    if (rc == 0)
        take_accuracy(&accuracy, result);
    weights_file_clear(&file);
    return rc;
}

int evaluate_train(const struct trial_message *trial, const struct evaluator_context *context,
                   struct evaluation_result *result_out, struct errmsg *err)
{
    struct evaluation_result result = { 0 };
    struct costs costs;
    const char *directory;
    int rc = evaluator_find_data(trial, context, &directory, err);

    if (rc < 0)
        return rc;
    network_costs(&trial->network, &trial->count, &costs);
    result.madds = costs.madds;
    result.params = costs.params;
    evaluator_numerics(trial->evaluation.schedule.precision, context->threads, result.numerics);
    rc = trial->trial.stage == STAGE_TEST ? test(trial, context, directory, &result, err)
                                          : train(trial, context, directory, &result, err);
    if (rc == 0)
        *result_out = result;
    return rc;
}
