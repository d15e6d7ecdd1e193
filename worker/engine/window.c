#include "worker/engine/window.h"

#include <string.h>

#include "worker/engine/net.h"

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
    w.back_pitch = (w.width + w.kernel_w - 1) * BLOCK;
    w.back_plane = (w.height + w.kernel_h - 1) * w.back_pitch;
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

/* Input pixel i takes from output o through tap k where o * stride = i + pad - k. */
size_t window_back_offset(const struct window *w, size_t row, size_t column)
{
    return (w->kernel_h - 1 - row) * w->back_pitch + (w->kernel_w - 1 - column) * BLOCK;
}

size_t window_back_origin(const struct window *w)
{
    return (w->kernel_h - 1 - w->pad) * w->back_pitch + (w->kernel_w - 1 - w->pad) * BLOCK;
}

/* Spreads a row of n pixels out: pixel x goes to column x + pad of a padded row. */
static void sort_columns(const struct window *w, const float *row, size_t n, float *padded)
{
    for (size_t x = 0; x < n; x++) {
        size_t column = x + w->pad;

        memcpy(padded + column % w->stride * w->phase + column / w->stride * BLOCK, row + x * BLOCK,
               BLOCK * sizeof *row);
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
    size_t pixel = unit->out_pixel, width = unit->out_width;
    float *spread = plane + window_back_origin(w);

    for (size_t y = 0; y < w->out_height; y++) {
        float *row = w->stride == 1 ? spread : net->row;

        node_gradient(net, node, block, pixel, width, row);
        for (size_t x = 0; w->stride > 1 && x < width; x++)
            memcpy(spread + x * w->stride * BLOCK, row + x * BLOCK, BLOCK * sizeof *row);
        pixel += width;
        spread += w->stride * w->back_pitch;
    }
}
