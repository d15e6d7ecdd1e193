/* window - how a kernel slides over one block of one image, in scratch memory.
 *
 * The image is copied to scratch with its border of zeros. With a stride s > 1 the columns of a row
 * are sorted by their remainder modulo s, so that what one tap reads for successive outputs is
 * contiguous: the kernels never see a stride. Sizes are in floats. */
#ifndef LAYERNAS_WORKER_ENGINE_WINDOW_H
#define LAYERNAS_WORKER_ENGINE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/network.h"

struct edge;
struct net;
struct node;

struct window {
    size_t height, width; /* of the image */
    size_t out_height, out_width;
    size_t kernel_h, kernel_w, stride, pad;

    size_t phase; /* from the columns of one remainder to the next */
    size_t pitch; /* from one padded row to the next */
    size_t plane; /* the whole padded image */

    /* The same for the way back: the output's gradient with a border of zeros. */
    size_t back_pitch, back_plane;
};

/* With a stride s > 1, an input pixel takes its gradient from those taps only whose rows and columns
 * leave the same remainder modulo s as its own, padding included. The pixels of one pair of
 * remainders are a phase: over them the way back is a convolution of stride 1 with these taps. */
struct phase {
    size_t row, column;   /* of its first pixel; the others follow in steps of s */
    size_t height, width; /* in pixels; no rows where it has none */
    size_t taps;          /* 0: nothing reads these pixels */
    size_t start;         /* of the first pixel's window in a plane of the way back */
};

struct window window_of(const struct shape *in, const struct op *op);

/* A pointwise operation's: the batch cut into "images" of one row of so many pixels. */
struct window window_of_strip(size_t pixels);

/* Where the tap (row, column) of the kernel lies, from the start of an output row's window; on the way
 * back, from that of the window of a pixel of the tap's phase. */
size_t window_offset(const struct window *w, size_t row, size_t column);
size_t window_back_offset(const struct window *w, size_t row, size_t column);

/* Taps of the kernel. */
static inline size_t window_taps(const struct window *w)
{
    return w->kernel_h * w->kernel_w;
}

static inline size_t window_phases(const struct window *w)
{
    return w->stride * w->stride;
}

struct phase window_phase(const struct window *w, size_t i);

/* All taps (row * kernel_w + column), phase after phase. */
void window_taps_by_phase(const struct window *w, int32_t *taps);

/* Puts a phase's pixels, one row after the other, where they belong in an image. */
void window_spread(const struct window *w, const struct phase *phase, const float *pixels,
                   float *image);

/* From the window of one output row to that of the next. */
static inline size_t window_row(const struct window *w)
{
    return w->stride * w->pitch;
}

/* What is worked on at a time: one image, or one strip. */
struct unit {
    size_t in_pixel, out_pixel; /* its first pixels in the batch */
    size_t in_width, out_width; /* those of the window, but for the last strip */
};

/* The i-th of the present batch; false when there are no more. */
bool unit_of(const struct net *net, const struct node *node, size_t i, struct unit *unit_out);

/* Copies a unit of the values that come by an edge into plane, whose border is zero already. */
void window_load(const struct net *net, const struct edge *edge, const struct window *w,
                 size_t block, const struct unit *unit, float *plane);

/* The same with the gradient of x of the node whose window it is, for the way back. */
void window_load_gradient(const struct net *net, const struct node *node, const struct window *w,
                          size_t block, const struct unit *unit, float *plane);

/* Where in a plane of the way back output pixel (0, 0) lies. */
size_t window_back_origin(const struct window *w);

#endif
