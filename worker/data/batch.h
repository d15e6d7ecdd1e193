/* batch - images as a network wants them: chosen, augmented, normalised. */
#ifndef LAYERNAS_WORKER_DATA_BATCH_H
#define LAYERNAS_WORKER_DATA_BATCH_H

#include <stdbool.h>

#include "common/rng.h"
#include "worker/data/images.h"

struct augmentation {
    uint32_t crop_pad; /* a random window of the image's size, once it has so many pixels more of
                          zeros (black) on every side; 0: none */
    bool flip;         /* left to right, every other time */
};

/* What is seen of an image: where the upper left corner lies, and whether it is mirrored. */
struct view {
    int32_t top, left;
    bool mirrored;
};

/* Views of n images. With how == NULL as they are; otherwise augmented by draws from rng, three for each
 * image, whatever is asked for. */
void batch_draw(const struct augmentation *how, struct rng *rng, size_t n, struct view *views);

/* Writes images order[0..n) of the set (indices into set->index), as the views have them, to pixels
 * [n][height][width][channels], (byte - mean) / deviation, and their labels. The set's images have at
 * most 4 channels. */
void batch_fill(const struct image_set *set, const uint32_t *order, size_t n,
                const struct view *views, float *pixels, uint16_t *labels);

#endif
