/* tensor - the activations of a batch in the engine's own layout, and the memory they lie in.
 *
 * Channels go in blocks of BLOCK, channels past the last one are zero. A block holds the pixels of
 * all images of the batch, one after the other:
 *
 *     data[block][image][row][column][lane]       channel = block * BLOCK + lane
 *
 * so that norms and pointwise convolutions see one long row of pixels, whatever the size of an
 * image, and depthwise ones see one plane after the other. Private to engine/. */
#ifndef LAYERNAS_WORKER_ENGINE_TENSOR_H
#define LAYERNAS_WORKER_ENGINE_TENSOR_H

#include <stddef.h>
#include <stdint.h>

#include "common/network.h"

enum { BLOCK = 16 };

struct tensor {
    struct shape shape; /* of one image */
    size_t blocks;
    size_t pixels; /* of one image */
    size_t stride; /* floats from one block to the next */
    float *data;
};

/* A tensor of that shape for batches of up to `batch` images, its data still NULL. Sizes that do
 * not fit size_t come out as SIZE_MAX / 8, which no arena can hold. */
struct tensor tensor_of(const struct shape *shape, size_t batch);
size_t tensor_floats(const struct tensor *tensor);

/* Where pixel `pixel` of the batch (image * pixels + row * width + column) lies in a block. */
static inline float *tensor_at(const struct tensor *tensor, size_t block, size_t pixel)
{
    return tensor->data + block * tensor->stride + pixel * BLOCK;
}

static inline size_t blocks_of(size_t channels)
{
    return (channels + BLOCK - 1) / BLOCK;
}

/* One block of zeroed memory. Whoever lays it out does it twice: with no memory, to learn how
 * much it takes, and after arena_reserve to get the addresses. */
struct arena {
    char *base;
    size_t size, used;
};

/* Aligned to a cache line; NULL while nothing is reserved. */
void *arena_take(struct arena *arena, size_t count, size_t size);

/* Reserves what has been taken so far, and starts over. -ENOMEM. */
int arena_reserve(struct arena *arena);
void arena_clear(struct arena *arena);

#endif
