/* winograd_tiles - how a batch is cut into the tiles that winograd.c works on.
 *
 * A tile is 2x2 pixels of the output, and the 4x4 of the input that they come from. A batch is worked
 * through in chunks: some rows of tiles of one image, or all those of some small images. Images are
 * copied to scratch with a border of zeros, as a window has it, and are transformed from there.
 * Private to winograd.c. */
#ifndef LAYERNAS_WORKER_ENGINE_WINOGRAD_TILES_H
#define LAYERNAS_WORKER_ENGINE_WINOGRAD_TILES_H

#include "worker/engine/net.h"

enum { POSITIONS = 16 }; /* of a transformed tile */

/* How many images are loaded at a time, and how many rows of tiles of each are worked on: all if
 * there are several images. */
struct tiling {
    size_t wide, high; /* tiles of an image */
    size_t images, rows;
};

struct tiling tiling_of(const struct window *w);

struct chunk {
    size_t images, row, rows;
    size_t tiles;
    size_t pixel, pixels; /* of the batch; what it covers lies side by side */
};

/* That of `images` images from `image` of the batch on, from the row `row` of tiles on. */
struct chunk chunk_of(const struct tiling *t, const struct window *w, size_t image, size_t images,
                      size_t row);

/* Transformed tiles of a chunk: [position][block][tile][lane]; strides in floats. */
struct tiles {
    float *data;
    size_t blocks, block, position;
};

size_t tiles_block(const struct window *w); /* the stride of a block */
struct tiles tiles_take(const struct window *w, size_t blocks, struct arena *arena);

/* Where in a position the channels of its first tile lie. */
int32_t *tiles_take_offsets(const struct window *w, size_t channels, struct arena *arena);

/* Images with a border of zeros: [block][image][plane]. */
struct planes {
    float *data;
    size_t blocks, floats;
};

struct planes planes_take(const struct window *w, size_t blocks, struct arena *arena);
float *plane_at(const struct planes *planes, const struct window *w, size_t block, size_t image);

/* One of the kernels, over all tiles of a chunk, the first of which lies `origin` floats from the start
 * of a plane. */
typedef void transform_fn(float *out, size_t position, const float *a, size_t row, size_t tiles);
void tiles_transform(transform_fn *fn, const struct window *w, const struct chunk *c,
                     const struct planes *planes, size_t origin, const struct tiles *tiles);

/* Back: a chunk's tiles of one block to its pixels, side by side; bias may be NULL. */
void tiles_put(const struct net *net, const struct window *w, const struct chunk *c,
               const struct tiles *tiles, size_t block, float *out, const float *bias);

#endif
