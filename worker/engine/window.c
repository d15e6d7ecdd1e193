#include "worker/engine/window.h"

#include <string.h>

#include "worker/engine/net.h"

/* Along one side, for the way back: input pixel i and tap k meet at output (i + pad - k) / stride.
 * With i + pad = q stride + r the taps of i are k = r + t stride, and the outputs q - t. */

static size_t most_t(size_t kernel, size_t stride)
{
    return (kernel - 1) / stride;
}

static size_t least_q(const struct window *w)
{
    return w->pad / w->stride;
}

/* How many values q takes. */
static size_t count_q(const struct window *w, size_t side)
{
    return (side - 1 + w->pad) / w->stride - least_q(w) + 1;
}

struct window window_of(const struct shape *in, const struct op *op)
{
    struct window w = {
        .height = (size_t)in->height,
        .width = (size_t)in->width,
        .out_height = (size_t)op->out.height,
        .out_width = (size_t)op->out.width,
        .kernel_h = (size_t)op->kernel_h,
        .kernel_w = (size_t)op->kernel_w,
        .stride = (size_t)op->stride,
        .pad = (size_t)op->pad,
    };

    w.phase = (w.width + 2 * w.pad + w.stride - 1) / w.stride * BLOCK;
    w.pitch = w.stride * w.phase;
    w.plane = (w.height + 2 * w.pad) * w.pitch;
    w.back_pitch = (count_q(&w, w.width) + most_t(w.kernel_w, w.stride)) * BLOCK;
    w.back_plane = (count_q(&w, w.height) + most_t(w.kernel_h, w.stride)) * w.back_pitch;
    return w;
}

struct window window_of_strip(size_t pixels)
{
    struct shape shape = { .height = 1, .width = (int32_t)pixels };
    struct op op = { .kernel_h = 1, .kernel_w = 1, .stride = 1, .out = shape };

    return window_of(&shape, &op);
}

size_t window_offset(const struct window *w, size_t row, size_t column)
{
    return row * w->pitch + column % w->stride * w->phase + column / w->stride * BLOCK;
}

size_t window_back_offset(const struct window *w, size_t row, size_t column)
{
    return (most_t(w->kernel_h, w->stride) - row / w->stride) * w->back_pitch +
           (most_t(w->kernel_w, w->stride) - column / w->stride) * BLOCK;
}

size_t window_back_origin(const struct window *w)
{
    return (most_t(w->kernel_h, w->stride) - least_q(w)) * w->back_pitch +
           (most_t(w->kernel_w, w->stride) - least_q(w)) * BLOCK;
}

/* One side of a phase of remainder r. */
struct stretch {
    size_t first, n, taps; /* pixels, taps */
    size_t q;              /* of the first pixel, from the least on */
};

static struct stretch stretch_of(const struct window *w, size_t side, size_t kernel, size_t r)
{
    size_t q = r < w->pad ? (w->pad - r + w->stride - 1) / w->stride : 0;
    size_t first = q * w->stride + r - w->pad;

    return (struct stretch){
        .first = first,
        .n = first < side ? (side - first + w->stride - 1) / w->stride : 0,
        .taps = r < kernel ? (kernel - r + w->stride - 1) / w->stride : 0,
        .q = q - least_q(w),
    };
}

struct phase window_phase(const struct window *w, size_t i)
{
    struct stretch v = stretch_of(w, w->height, w->kernel_h, i / w->stride);
    struct stretch h = stretch_of(w, w->width, w->kernel_w, i % w->stride);

    if (h.n == 0)
        v.n = 0;

    return (struct phase){ .row = v.first,
                           .column = h.first,
                           .height = v.n,
                           .width = h.n,
                           .taps = v.taps * h.taps,
                           .start = v.q * w->back_pitch + h.q * BLOCK };
}

void window_taps_by_phase(const struct window *w, int32_t *taps)
{
    for (size_t i = 0; i < window_phases(w); i++)
        for (size_t row = i / w->stride; row < w->kernel_h; row += w->stride)
            for (size_t column = i % w->stride; column < w->kernel_w; column += w->stride)
                *taps++ = (int32_t)(row * w->kernel_w + column);
}

void window_spread(const struct window *w, const struct phase *phase, const float *pixels,
                   float *image)
{
    for (size_t y = 0; y < phase->height; y++) {
        float *to = image + ((phase->row + y * w->stride) * w->width + phase->column) * BLOCK;

        for (size_t x = 0; x < phase->width; x++, pixels += BLOCK)
            memcpy(to + x * w->stride * BLOCK, pixels, BLOCK * sizeof *pixels);
    }
}

/* Spreads a row of n pixels out: pixel x goes to column x + pad of a padded row. */
static void sort_columns(const struct window *w, const float *row, size_t n, float *padded)
{
    for (size_t r = 0; r < w->stride; r++) {
        const struct stretch h = stretch_of(w, n, w->kernel_w, r);
        float *to = padded + r * w->phase + (h.q + least_q(w)) * BLOCK;

        for (size_t x = h.first; x < n; x += w->stride, to += BLOCK)
            memcpy(to, row + x * BLOCK, BLOCK * sizeof *row);
    }
}

bool unit_of(const struct net *net, const struct node *node, size_t i, struct unit *unit_out)
{
    const struct window *w = &node->window;
    size_t total = net->n * net->nodes[node->input[0].node].x.pixels;
    size_t pixel = i * w->height * w->width;

    if (pixel >= total)
        return false;
    unit_out->in_pixel = pixel;
    unit_out->out_pixel = i * w->out_height * w->out_width;
    unit_out->in_width = total - pixel < w->width ? total - pixel : w->width;
    unit_out->out_width = unit_out->in_width < w->width ? unit_out->in_width
                                                        : w->out_width; /* a strip's end */
    return true;
}

void window_load(const struct net *net, const struct edge *edge, const struct window *w,
                 size_t block, const struct unit *unit, float *plane)
{
    size_t pixel = unit->in_pixel, width = unit->in_width;
    float *padded = plane + w->pad * w->pitch;

    for (size_t y = 0; y < w->height; y++, pixel += width, padded += w->pitch) {
        if (w->stride == 1) {
            edge_value(net, edge, block, pixel, width, padded + w->pad * BLOCK);
        } else {
            edge_value(net, edge, block, pixel, width, net->row);
            sort_columns(w, net->row, width, padded);
        }
    }
}

void window_load_gradient(const struct net *net, const struct node *node, const struct window *w,
                          size_t block, const struct unit *unit, float *plane)
{
    size_t pixel = unit->out_pixel;
    float *row = plane + window_back_origin(w);

    for (size_t y = 0; y < w->out_height; y++, pixel += unit->out_width, row += w->back_pitch)
        node_gradient(net, node, block, pixel, unit->out_width, row);
}
