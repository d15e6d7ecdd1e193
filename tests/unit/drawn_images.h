/* drawn_images - images to train on in a test. */
#ifndef LAYERNAS_TESTS_DRAWN_IMAGES_H
#define LAYERNAS_TESTS_DRAWN_IMAGES_H

#include <stdlib.h>

#include "common/rng.h"
#include "worker/data/images.h"

/* Draws one image of the class that label names. */
typedef void draw_image_fn(struct rng *rng, uint16_t label, uint8_t *pixels);

/* n images of so many classes in turn, the same each time; the caller's to images_clear. */
static inline struct images drawn_images(size_t n, struct shape shape, uint32_t classes,
                                         draw_image_fn *draw)
{
    struct images images = { .n = n, .shape = shape, .classes = classes };
    size_t size = (size_t)shape.channels * (size_t)shape.height * (size_t)shape.width;
    struct rng rng;

    images.pixels = malloc(n * size);
    images.labels = malloc(n * sizeof *images.labels);
    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < n; i++) {
        images.labels[i] = (uint16_t)(i % classes);
        draw(&rng, images.labels[i], images.pixels + i * size);
    }
    return images;
}

#endif
