/* trained - a network that comes with its weights, measured. */
#ifndef LAYERNAS_WORKER_EVALUATE_TRAINED_H
#define LAYERNAS_WORKER_EVALUATE_TRAINED_H

#include "proto/weights_file.h"
#include "worker/data/images.h"
#include "worker/engine/trainer.h"

/* Whether a network takes images like these and tells so many classes apart. -EINVAL. */
int trained_check_images(const struct network *network, const struct images *images,
                         struct errmsg *err);

/* Top-1 of the file's network on all of images, normalised as those it was trained on. -EINVAL for
 * floats that are not its weights, or images that it does not take; -ENOMEM, -EAGAIN. */
int trained_measure(const struct weights_file *file, const struct images *images, uint32_t threads,
                    struct accuracy *accuracy_out, struct errmsg *err);

#endif
