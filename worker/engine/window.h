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

    /* The same for the way back: the output's gradient, spread by the stride and padded so that
     * a stride of 1 over it gives the input's. */
    size_t back_pitch, back_plane;
};

struct window window_of(const struct shape *in, const struct op *op);

/* A pointwise operation's: the batch cut into "images" of one row of so many pixels. */
struct window window_of_strip(size_t pixels);

/* Where the tap (row, column) of the kernel lies, from the start of an output row's window. */
size_t window_offset(const struct window *w, size_t row, size_t column);
size_t window_back_offset(const struct window *w, size_t row, size_t column);

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

/* The same with the gradient of x of the node whose window it is, spread for the way back. */
void window_load_gradient(const struct net *net, const struct node *node, const struct window *w,
                          size_t block, const struct unit *unit, float *plane);

/* Where in a plane of the way back output pixel (0, 0) lies. */
size_t window_back_origin(const struct window *w);

#endif
