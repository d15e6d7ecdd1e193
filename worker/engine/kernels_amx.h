/* kernels_amx - products of bfloat16 numbers, summed up as floats, by AMX: 16x16 sums at a time, of
 * 32 products each (Intel, "Architecture Instruction Set Extensions Programming Reference", chapter
 * on AMX).
 *
 * A panel is two blocks of channels, rounded to the nearest bfloat16, to even in between: pixel p is
 * the PANEL numbers at 32 p, in which four of the first block come before four of the second, and so
 * on. So is a line of a tile of values; what a line of the other factor's tile holds of successive
 * lines lies in pairs. Numbers too small for a normal float are 0, as in all of a training. */
#ifndef LAYERNAS_WORKER_ENGINE_KERNELS_AMX_H
#define LAYERNAS_WORKER_ENGINE_KERNELS_AMX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PANEL = 32, TILE = 16 * PANEL };

/* struct matmul of kernels.h with a panel where that has a float: offset[k] and strides count in
 * bfloat16, those of out in floats. */
struct amx_matmul {
    const uint16_t *a;
    size_t a_row;
    const int32_t *offset; /* [panels], of tap and panel */
    size_t panels;
    const uint16_t *w; /* [blocks][panels][TILE] */
    const float *bias; /* [blocks][16], or NULL */
    float *out;
    size_t out_block, out_row;
    size_t blocks, rows, pixels;
};

/* dw[b][c][j][k] += sum over the 32 pixels of each tile of dy (lane j) x a (channel k). */
struct amx_gradient {
    const uint16_t *dy; /* [blocks][tiles][TILE], transposed */
    const uint16_t *a;  /* [a_blocks][tiles][TILE], in pairs */
    size_t blocks, a_blocks, tiles;
    float *dw; /* [blocks][a_blocks][16][16] */
};

struct amx {
    /* Rows of pixels of two blocks, the second NULL for zeros, to one of a panel. */
    void (*round)(uint16_t *out, const float *first, const float *second, size_t pixels);
    /* w, [channels][16], to tiles for one block of outputs: [panels][TILE]. */
    void (*weights)(uint16_t *out, const float *w, size_t channels);
    void (*matmul)(const struct amx_matmul *m);
    /* The pixels of a panel, each row padded to an even number and the last tile to its end with
     * zeros, to tiles in pairs: one for each of its blocks. */
    void (*pair)(uint16_t *first, uint16_t *second, const uint16_t *panel, size_t row, size_t rows,
                 size_t pixels);
    /* Tiles in pairs to transposed ones, in place. */
    void (*transpose)(uint16_t *tile, size_t tiles);
    void (*gradient)(const struct amx_gradient *m);
};

/* Tiles that `pair` fills for each block. */
static inline size_t amx_tiles(size_t rows, size_t pixels)
{
    return (rows * ((pixels + 1) / 2) + 15) / 16;
}

/* Whether this processor has it and the system grants it, which it has to be asked for once. */
bool amx_runs(void);

/* NULL where the compiler cannot make them. */
extern const struct amx *const kernels_amx;

#endif
