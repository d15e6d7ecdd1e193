#include "worker/engine/trainer.h"

#include <cblas.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/engine/denormals.h"
#include "worker/engine/dense.h"
#include "worker/engine/input.h"
#include "worker/engine/loss.h"
#include "worker/engine/net.h"
#include "worker/engine/optimizer.h"
#include "worker/engine/trainer_plan.h"
#include "worker/engine/weights.h"

/* Streams of the trainer's seed; those below are the layers' first weights. */
enum { STREAM_ORDER = NETWORK_MAX_OPS, STREAM_AUGMENT };

static const double report_every = 0.1; /* seconds */

struct trainer {
    struct net *net;
    struct schedule schedule;
    uint64_t seed;
    size_t classes;
    struct input input;
    float *logits; /* [batch][classes], then their gradient */
};

/* ---- making ---- */

static int allocate_batch(struct trainer *t)
{
    int rc = input_init(&t->input, t->net);

    t->logits = calloc(t->net->batch, t->classes * sizeof *t->logits);
    return t->logits ? rc : -ENOMEM;
}

int trainer_new(const struct network *network, const struct schedule *schedule, uint32_t threads,
                uint64_t seed, struct trainer **trainer_out, struct errmsg *err)
{
    struct trainer_plan plan;
    struct trainer *t = calloc(1, sizeof *t);
    int rc;

    if (!t)
        return errmsg_set(err, -ENOMEM, "no memory for a trainer");
    t->schedule = *schedule;
    t->seed = seed;
    rc = trainer_lay_out(network, schedule, threads, &t->net, &plan, err);
    if (rc == 0)
        rc = net_reserve(t->net, err);
    if (rc < 0)
        goto out;
    t->classes = (size_t)t->net->nodes[t->net->output.node].x.shape.channels;
    rc = allocate_batch(t);
    if (rc < 0) {
        errmsg_set(err, rc, "no memory for batches of %u images", plan.batch);
        goto out;
    }
    openblas_set_num_threads(1); /* for each of ours */
    weights_init(t->net, seed);
    *trainer_out = t;
    t = NULL;
out:
    trainer_free(t);
    return rc;
}

void trainer_free(struct trainer *t)
{
    if (!t)
        return;
    net_free(t->net);
    input_clear(&t->input);
    free(t->logits);
    free(t);
}

/* ---- batches ---- */

static int check_images(const struct trainer *t, const struct image_set *set, struct errmsg *err)
{
    const struct shape *in = &t->net->nodes[0].x.shape, *image = &set->images->shape;

    if (image->channels != in->channels || image->height != in->height || image->width != in->width)
        return errmsg_set(err, -EINVAL, "images of %dx%dx%d for a network that takes %dx%dx%d",
                          image->channels, image->height, image->width, in->channels, in->height,
                          in->width);
    if (set->images->classes > t->classes)
        return errmsg_set(err, -EINVAL, "images of %u classes for a network that tells %zu apart",
                          set->images->classes, t->classes);
    return 0;
}

static uint32_t *identity_order(size_t n)
{
    uint32_t *order = malloc((n + 1) * sizeof *order);

    for (size_t i = 0; order && i < n; i++)
        order[i] = (uint32_t)i;
    return order;
}

/* ---- a training ---- */

struct fit {
    struct trainer *trainer;
    const struct image_set *set;
    struct optimizer_state *optimizer;
    struct rng order_rng, augment_rng;
    uint32_t *order; /* of the epoch: indices into the set */
    uint64_t step, steps_per_epoch, images_per_epoch;

    struct training_progress progress;
    double loss_sum; /* of the epoch */
    uint64_t correct, seen;
    double start, reported; /* seconds */
    training_progress_fn *report;
    void *arg;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool report(struct fit *fit)
{
    struct training_progress *p = &fit->progress;

    if (!fit->report)
        return true;
    fit->reported = now();
    if (fit->seen > 0) {
        p->loss = fit->loss_sum / (double)fit->seen;
        p->accuracy = 100.0 * (double)fit->correct / (double)fit->seen;
    }
    p->images_per_second = (double)p->images_done / (fit->reported - fit->start + 1e-9);
    return fit->report(p, fit->arg);
}

/* The net asks before each node, so that a step of many seconds can be stopped too. */
static bool goes_on(void *arg)
{
    struct fit *fit = arg;

    return !fit->report || now() - fit->reported < report_every || report(fit);
}

/* A last batch of one image is left out: batch norm needs more than one to compare. */
static void count_steps(struct fit *fit)
{
    uint64_t batch = fit->trainer->schedule.batch, n = fit->set->n;
    bool leave_out = batch > 1 && n % batch == 1;

    fit->images_per_epoch = n - leave_out;
    fit->steps_per_epoch = (fit->images_per_epoch + batch - 1) / batch;
}

static int fit_init(struct fit *fit, struct trainer *t, const struct image_set *set)
{
    fit->trainer = t;
    fit->set = set;
    net_seed(t->net, t->seed);
    rng_init(&fit->order_rng, t->seed, STREAM_ORDER);
    rng_init(&fit->augment_rng, t->seed, STREAM_AUGMENT);
    count_steps(fit);
    fit->progress.epochs = t->schedule.epochs;
    fit->progress.images_total = t->schedule.epochs * fit->images_per_epoch;
    fit->start = fit->reported = now();
    fit->order = identity_order(set->n);
    return fit->order ? optimizer_new(t->net, &t->schedule, &fit->optimizer) : -ENOMEM;
}

static void fit_clear(struct fit *fit)
{
    optimizer_free(fit->optimizer);
    free(fit->order);
}

/* Loss of the images whose logits the net holds, part of a batch; puts its gradient in. */
static struct loss score(struct trainer *t, size_t n, size_t batch)
{
    struct loss loss;

    dense_read(t->net, &t->net->output, t->logits);
    loss = loss_of(t->logits, t->input.labels, n, t->classes, t->schedule.label_smoothing, batch,
                   t->logits);
    dense_accumulate(t->net, &t->net->output, t->logits);
    return loss;
}

/* Forward and back with n images of a batch; adds to the gradients of the parts before. */
static int train_part(struct fit *fit, const uint32_t *order, size_t n, size_t batch, bool add)
{
    struct trainer *t = fit->trainer;
    const struct augmentation how = { .crop_pad = t->schedule.crop_pad, .flip = t->schedule.flip };
    struct loss loss;
    int rc;

    input_load(&t->input, t->net, fit->set, order, n, &how, &fit->augment_rng);
    rc = net_forward(t->net, n, true);
    if (rc < 0)
        return rc;
    loss = score(t, n, batch);
    if (!isfinite(loss.sum))
        return -EDOM;
    rc = net_backward(t->net, add);
    if (rc < 0)
        return rc;
    fit->loss_sum += loss.sum;
    fit->correct += loss.correct;
    fit->seen += n;
    fit->progress.images_done += n;
    return 0;
}

static int train_step(struct fit *fit, const uint32_t *order, size_t n)
{
    const struct schedule *s = &fit->trainer->schedule;
    size_t first, images;

    for (size_t i = 0; trainer_part(n, fit->trainer->net->batch, i, &first, &images); i++) {
        int rc = train_part(fit, order + first, images, n, i > 0);

        if (rc < 0)
            return rc;
    }
    optimizer_step(fit->optimizer, learning_rate(s, fit->step, s->epochs * fit->steps_per_epoch,
                                                 fit->steps_per_epoch));
    fit->step++;
    return 0;
}

static int train_epoch(struct fit *fit)
{
    size_t batch = fit->trainer->schedule.batch;

    fit->progress.epoch++;
    fit->loss_sum = 0;
    fit->correct = fit->seen = 0;
    rng_shuffle(&fit->order_rng, fit->order, fit->set->n);
    for (size_t i = 0; i < fit->images_per_epoch; i += batch) {
        size_t left = fit->images_per_epoch - i;
        int rc = train_step(fit, fit->order + i, left < batch ? left : batch);

        if (rc < 0)
            return rc;
    }
    return report(fit) ? 0 : -ECANCELED;
}

static int train(struct fit *fit, struct errmsg *err)
{
    int rc = 0;

    while (rc == 0 && fit->progress.epoch < fit->progress.epochs)
        rc = train_epoch(fit);
    if (rc == 0)
        optimizer_finish(fit->optimizer);
    if (rc == 0 && !weights_are_finite(fit->trainer->net))
        rc = -EDOM;
    if (rc == -EDOM)
        errmsg_set(err, rc, "the training diverged in epoch %u of %u, after %llu steps",
                   fit->progress.epoch, fit->progress.epochs, (unsigned long long)fit->step);
    else if (rc == -ECANCELED)
        errmsg_set(err, rc, "the training was stopped in epoch %u of %u", fit->progress.epoch,
                   fit->progress.epochs);
    return rc;
}

int trainer_fit(struct trainer *t, const struct image_set *set, training_progress_fn *report_fn,
                void *arg, struct errmsg *err)
{
    struct fit fit = { .report = report_fn, .arg = arg };
    unsigned saved;
    int rc = check_images(t, set, err);

    if (rc < 0)
        return rc;
    rc = fit_init(&fit, t, set);
    if (rc < 0)
        errmsg_set(err, rc, "no memory to train on %zu images", set->n);
    else if (fit.steps_per_epoch == 0)
        rc = errmsg_set(err, -EINVAL, "%zu images are too few to train on", set->n);
    if (rc < 0) {
        fit_clear(&fit);
        return rc;
    }
    t->net->goes_on = goes_on;
    t->net->goes_on_arg = &fit;
    saved = denormals_off();
    rc = train(&fit, err);
    denormals_restore(saved);
    t->net->goes_on = NULL;
    fit_clear(&fit);
    return rc;
}

/* ---- measuring and keeping ---- */

int trainer_evaluate(struct trainer *t, const struct image_set *images,
                     struct accuracy *accuracy_out)
{
    struct accuracy accuracy = { .total = (uint32_t)images->n };
    size_t batch = t->net->batch;
    unsigned saved;
    uint32_t *order;
    int rc = check_images(t, images, NULL);

    if (rc < 0)
        return rc;
    order = identity_order(images->n);
    if (!order)
        return -ENOMEM;
    saved = denormals_off();
    for (size_t i = 0; i < images->n; i += batch) {
        size_t n = images->n - i < batch ? images->n - i : batch;
        struct loss loss;

        input_load(&t->input, t->net, images, order + i, n, NULL, NULL);
        net_forward(t->net, n, false);
        dense_read(t->net, &t->net->output, t->logits);
        loss = loss_of(t->logits, t->input.labels, n, t->classes, 0, n, NULL);
        accuracy.correct += loss.correct;
        accuracy.loss += loss.sum;
    }
    denormals_restore(saved);
    free(order);
    if (images->n > 0)
        accuracy.loss /= (double)images->n;
    *accuracy_out = accuracy;
    return 0;
}

int trainer_save(const struct trainer *t, uint8_t **bytes_out, size_t *size_out)
{
    return weights_save(t->net, bytes_out, size_out);
}

int trainer_load(struct trainer *t, const uint8_t *bytes, size_t size, struct errmsg *err)
{
    return weights_load(t->net, bytes, size, err);
}

/* Counts up whenever the order of some floating-point operation changes. */
enum { NUMERICS_VERSION = 3 };

const char *trainer_numerics(enum precision precision)
{
    static char text[64];

    snprintf(text, sizeof text, "%s/%s/%d", trainer_kernels(precision)->name,
             openblas_get_corename(), NUMERICS_VERSION);
    return text;
}
