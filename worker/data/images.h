/* images - labelled 8-bit images in memory, and the split into training and validation.
 *
 * Pixels are stored as bytes, channels last: image i starts at pixels + i x height x width x
 * channels. Normalisation happens when a batch is made. */
#ifndef LAYERNAS_WORKER_DATA_IMAGES_H
#define LAYERNAS_WORKER_DATA_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/evaluation.h"
#include "common/network.h"
#include "common/normalisation.h"

enum { IMAGES_MAX_CLASSES = 65536 };

/* Memory of a whole file set; image sets below refer to it. */
struct images {
    size_t n;
    struct shape shape;
    uint32_t classes; /* 1 + the largest label */
    uint8_t *pixels;
    uint16_t *labels;
};

/* A choice of images: what a training or an evaluation runs over. */
struct image_set {
    const struct images *images;
    size_t n;
    uint32_t *index;                    /* owned */
    struct normalisation normalisation; /* of the images that are trained on */
};

enum images_part { IMAGES_TRAIN, IMAGES_TEST };

/* "training" or "test". */
const char *images_part_name(enum images_part part);

/* Reads a part of the data set of that format (idx.h, cifar.h) that lies in directory. Negative,
 * with a line that names the file at fault. On success the images are the caller's to clear. */
int images_read(enum data_format format, const char *directory, enum images_part part,
                struct images *images_out, struct errmsg *err);
void images_clear(struct images *images);

/* Splits training images by spec: `valid` of them, stratified by label, then `train` of the rest,
 * stratified too (all the rest where train is 0). The same for every trial of a study. Both are
 * normalised by mean and deviation of the pixels of train, so that nothing is learnt from valid: over
 * all its images and pixels, a deviation of 0 taken for 1. -EINVAL if there are too few. Each set's index is the caller's to free with image_set_clear. */
int images_split(const struct images *images, const struct dataset_spec *spec,
                 struct image_set *train_out, struct image_set *valid_out, struct errmsg *err);

/* All of images. -ENOMEM. */
int images_all(const struct images *images, const struct normalisation *normalisation,
               struct image_set *set_out);
void image_set_clear(struct image_set *set);

#endif
