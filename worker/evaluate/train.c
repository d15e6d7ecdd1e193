/* A trial's network is trained on images and measured on the validation split, or, in the final
 * test, given the winner's weights and measured on the test images. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/data/images.h"
#include "worker/engine/trainer.h"
#include "worker/evaluate/evaluator.h"

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

static int check_fit(const struct network *network, const struct images *images, struct errmsg *err)
{
    const struct shape *in = &network->ops[0].out, *have = &images->shape;
    int32_t logits = network->ops[network->n_ops - 1].out.channels;

    if (in->channels != have->channels || in->height != have->height || in->width != have->width)
        return errmsg_set(err, -EINVAL, "images of %dx%dx%d, the network takes %dx%dx%d",
                          have->channels, have->height, have->width, in->channels, in->height,
                          in->width);
    if ((uint32_t)logits < images->classes)
        return errmsg_set(err, -EINVAL, "images of %" PRIu32 " classes, the network tells %d apart",
                          images->classes, logits);
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
static int measure(struct trainer *trainer, const struct image_set *images,
                   struct evaluation_result *result)
{
    struct accuracy accuracy;
    int rc = trainer_evaluate(trainer, images, &accuracy);

    if (rc < 0)
        return rc;
    if (!isfinite(accuracy.loss)) {
        set_diverged(result, accuracy.total);
        return 0;
    }
    result->reward = (struct reward){ .correct = accuracy.correct, .total = accuracy.total };
    result->loss = accuracy.loss;
    return 0;
}

static int train(struct trainer *trainer, const struct trial_message *trial,
                 const struct evaluator_context *context, const struct image_set *train_set,
                 const struct image_set *valid_set, struct evaluation_result *result,
                 struct errmsg *err)
{
    int rc = trainer_fit(trainer, train_set, on_progress, (void *)context, err); /* only read */

    if (rc == -EDOM) {
        set_diverged(result, (uint32_t)valid_set->n);
        return 0;
    }
    if (rc == 0)
        rc = measure(trainer, valid_set, result);
    if (rc == 0 && trial->trial.stage == STAGE_FINAL && !result->diverged)
        rc = trainer_save(trainer, &result->weights.data, &result->weights.size);
    return rc;
}

static int test(struct trainer *trainer, const struct trial_message *trial, const char *directory,
                const struct image_set *train_set, struct evaluation_result *result,
                struct errmsg *err)
{
    struct image_set all;
    int rc = load(&test_part, directory, trial->evaluation.data.format, err);

    if (rc == 0)
        rc = check_fit(&trial->network, &test_part.images, err);
    if (rc == 0)
        rc = trainer_load(trainer, trial->weights.data, trial->weights.size, err);
    if (rc == 0)
        rc = images_all(&test_part.images, train_set, &all);
    if (rc < 0)
        return rc;
    rc = measure(trainer, &all, result);
    image_set_clear(&all);
    return rc;
}

int evaluate_train(const struct trial_message *trial, const struct evaluator_context *context,
                   struct evaluation_result *result_out, struct errmsg *err)
{
    struct evaluation_result result = { 0 };
    struct image_set train_set = { 0 }, valid_set = { 0 };
    struct trainer *trainer = NULL;
    struct costs costs;
    const char *directory;
    int rc = evaluator_find_data(trial, context, &directory, err);

    if (rc == 0)
        rc = load(&train_part, directory, trial->evaluation.data.format, err);
    if (rc == 0)
        rc = check_fit(&trial->network, &train_part.images, err);
    if (rc == 0)
        rc = images_split(&train_part.images, &trial->evaluation.data, &train_set, &valid_set, err);
    if (rc < 0)
        return rc;
    rc = trainer_new(&trial->network, &trial->evaluation.schedule, trial->trial.seed, &trainer,
                     err);
    if (rc == 0 && trial->trial.stage == STAGE_TEST)
        rc = test(trainer, trial, directory, &train_set, &result, err);
    else if (rc == 0)
        rc = train(trainer, trial, context, &train_set, &valid_set, &result, err);
    trainer_free(trainer);
    image_set_clear(&train_set);
    image_set_clear(&valid_set);
    if (rc < 0)
        return rc;
    network_costs(&trial->network, &trial->count, &costs);
    result.madds = costs.madds;
    result.params = costs.params;
    evaluator_numerics(context->threads, result.numerics);
    *result_out = result;
    return 0;
}
