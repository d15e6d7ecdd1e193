#include "worker/engine/winograd_tiles.h"

#include <string.h>

struct tiling tiling_of(const struct window *w)
{
    enum { TILES = 64 }; /* enough for long rows of pixels, few enough for the second cache */
    struct tiling t = { .wide = (w->width + 1) / 2, .high = (w->height + 1) / 2 };

    t.rows = TILES / t.wide;
    t.rows = t.rows < 1 ? 1 : t.rows < t.high ? t.rows : t.high;
    t.images = t.rows < t.high || t.wide > TILES ? 1 : TILES / (t.wide * t.high);
    return t;
}

struct chunk chunk_of(const struct tiling *t, const struct window *w, size_t image, size_t images,
                      size_t row)
{
    struct chunk c = { .images = images, .row = row };
    size_t end;

    c.rows = t->high - row < t->rows ? t->high - row : t->rows;
    c.tiles = images * c.rows * t->wide;
    end = 2 * (row + c.rows) < w->height ? 2 * (row + c.rows) : w->height;
    c.pixel = (image * w->height + 2 * row) * w->width;
    c.pixels = ((images - 1) * w->height + end - 2 * row) * w->width;
    return c;
}

/* What would be a power of two apart is set off by a line, see tensor.c: so is a position below. */
size_t tiles_block(const struct window *w)
{
    const struct tiling t = tiling_of(w);

    return (t.images * t.rows * t.wide + 1) * BLOCK;
}

struct tiles tiles_take(const struct window *w, size_t blocks, struct arena *arena)
{
    struct tiles tiles = { .blocks = blocks, .block = tiles_block(w) };

    tiles.position = blocks * tiles.block + BLOCK;
    tiles.data = arena_take(arena, POSITIONS * tiles.position, sizeof *tiles.data);
    return tiles;
}

/* A tile past an odd side reads one row and one column further. */
struct planes planes_take(const struct window *w, size_t blocks, struct arena *arena)
{
    struct planes planes = { .blocks = blocks };

    planes.floats = blocks * tiling_of(w).images * w->plane + w->pitch + BLOCK;
    planes.data = arena_take(arena, planes.floats, sizeof *planes.data);
    return planes;
}

float *plane_at(const struct planes *planes, const struct window *w, size_t block, size_t image)
{
    return planes->data + (block * tiling_of(w).images + image) * w->plane;
}

int32_t *tiles_take_offsets(const struct window *w, size_t channels, struct arena *arena)
{
    int32_t *offset = arena_take(arena, channels, sizeof *offset);

    for (size_t c = 0; offset && c < channels; c++)
        offset[c] = (int32_t)(c / BLOCK * tiles_block(w) + c % BLOCK);
    return offset;
}

void tiles_transform(transform_fn *fn, const struct window *w, const struct chunk *c,
                     const struct planes *planes, size_t origin, const struct tiles *tiles)
{
    const size_t wide = tiling_of(w).wide;

    for (size_t block = 0; block < tiles->blocks; block++) {
        float *to = tiles->data + block * tiles->block;

        for (size_t image = 0; image < c->images; image++)
            for (size_t row = 0; row < c->rows; row++, to += wide * BLOCK)
                fn(to, tiles->position,
                   plane_at(planes, w, block, image) + origin + 2 * (c->row + row) * w->pitch,
                   w->pitch, wide);
    }
}

/* One row of tiles to the one or two rows of pixels that are inside the image. */
static void put_row(const struct net *net, const struct window *w, const struct tiles *tiles,
                    const float *m, size_t rows, float *out, const float *bias)
{
    _Alignas(64) float last[2][2 * BLOCK];
    float *corner[2] = { last[0], last[1] };
    float *row[2] = { out, rows > 1 ? out + w->width * BLOCK : net->row };
    size_t whole = w->width / 2;

    net->kernels->winograd_outputs(row, m, tiles->position, whole, bias);
    if (w->width == 2 * whole)
        return;
    net->kernels->winograd_outputs(corner, m + whole * BLOCK, tiles->position, 1, bias);
    for (size_t i = 0; i < rows; i++)
        memcpy(row[i] + 2 * whole * BLOCK, last[i], BLOCK * sizeof(float));
}

void tiles_put(const struct net *net, const struct window *w, const struct chunk *c,
               const struct tiles *tiles, size_t block, float *out, const float *bias)
{
    const size_t wide = tiling_of(w).wide;
    const float *m = tiles->data + block * tiles->block;

    for (size_t image = 0; image < c->images; image++)
        for (size_t row = c->row; row < c->row + c->rows; row++, m += wide * BLOCK) {
            size_t rows = w->height - 2 * row < 2 ? 1 : 2;

            put_row(net, w, tiles, m, rows, out, bias);
            out += rows * w->width * BLOCK;
        }
}
