/* trainer - trains one network on one set of images and measures it. The engine's face.
 *
 * On one thread or several, which share each batch: worth it where there are processors that have no
 * training of their own. Bit for bit the same result for the same arguments on the same build and
 * processor kernel; another number of threads adds up in another order, and dropout draws from other
 * streams. Callbacks are called by the caller's thread. Nothing here knows of trials or messages. */
#ifndef LAYERNAS_WORKER_ENGINE_TRAINER_H
#define LAYERNAS_WORKER_ENGINE_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/evaluation.h"
#include "common/network.h"

struct image_set; /* worker/data/images.h: 8-bit images with labels */

/* Told now and then; returning false stops the training with -ECANCELED. */
struct training_progress {
    uint32_t epoch, epochs; /* epoch counts from 1 */
    uint64_t images_done, images_total;
    double loss;              /* mean over the epoch so far */
    double accuracy;          /* percent of the epoch's training images so far */
    double images_per_second; /* of training, since the start */
};
typedef bool training_progress_fn(const struct training_progress *progress, void *arg);

struct accuracy {
    uint32_t correct, total;
    double loss; /* mean cross-entropy */
};

/* What a training takes beside its images, and 4 bytes for each of them: weights, activations, their
 * gradients, scratch, batches, what the optimizer keeps. No measurement: the same on every machine.
 *
 * With schedule.memory, a batch too large for it is worked through in parts of half as many images, a
 * quarter, and so on, the gradients summed up before the step. Batch norm then takes the statistics
 * of each part and moves the running ones with each; all else is the same but for rounding. The parts
 * are those of one thread; of more threads, which take scratch and gradients of their own, there are
 * then so many as fit too, and never more than images. */
struct trainer_plan {
    uint64_t bytes;
    uint32_t batch; /* images at a time */
    uint32_t threads;
};

/* -EINVAL for a network the engine cannot run; -ENOMEM where the smallest parts take more than
 * schedule.memory. */
int trainer_plan(const struct network *network, const struct schedule *schedule, uint32_t threads,
                 struct trainer_plan *plan_out, struct errmsg *err);

struct trainer;

/* Allocates everything the training will need; the weights are initialised from seed (He et al.,
 * 2015, fan-out, normal, for convolutions; uniform +-1/sqrt(fan-in) for dense layers; norms 1 and 0).
 * Its threads live as long as it does. -EINVAL for a network the engine cannot run, -ENOMEM as
 * trainer_plan, or for want of memory; -EAGAIN for want of threads. */
int trainer_new(const struct network *network, const struct schedule *schedule, uint32_t threads,
                uint64_t seed, struct trainer **trainer_out, struct errmsg *err);
void trainer_free(struct trainer *trainer);

/* Runs the whole schedule. Batch norm divides by the deviation of the present batch (that of all its
 * n values, 1/n; 1e-5 added to the variance) and keeps running statistics as PyTorch does: each step
 * running = 0.9 running + 0.1 of the batch's, from mean 0 and variance 1 on, its variance the
 * unbiased one, 1/(n - 1). Optimizer, decay and the average that is evaluated: optimizer.h. -EDOM: the loss stopped being a finite number (a diverged training). */
int trainer_fit(struct trainer *trainer, const struct image_set *train,
                training_progress_fn *report, void *arg, struct errmsg *err);

/* Top-1 on images, as they are (not augmented), by the running statistics of batch norm: what an
 * image comes to does not depend on those beside it, and nothing is learnt from them. */
int trainer_evaluate(struct trainer *trainer, const struct image_set *images,
                     struct accuracy *accuracy_out);

/* Weights and running statistics as float32, in the order of proto/weights_file.h. The bytes are the
 * caller's to free(). Loading: -EINVAL for bytes that cannot be those of this network. */
int trainer_save(const struct trainer *trainer, uint8_t **bytes_out, size_t *size_out);
int trainer_load(struct trainer *trainer, const uint8_t *bytes, size_t size, struct errmsg *err);

/* "avx512/SkylakeX/3", the part of a result's numerics tag that this library decides: kernels,
 * OpenBLAS's, version. Of bfloat16, "avx512+amx/...", or "avx2+bf16/..." where there is no AMX: then the
 * operands are rounded as well, but the sums are added up in another order. */
const char *trainer_numerics(enum precision precision);

#endif
