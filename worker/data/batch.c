#include "worker/data/batch.h"

#include <stddef.h>
#include <string.h>

enum { LEVELS = 256, MOST_CHANNELS = NORMALISATION_CHANNELS };

static struct view draw_view(const struct augmentation *how, struct rng *rng)
{
    struct view view = { 0 };
    int32_t pad = (int32_t)how->crop_pad;

    view.top = (int32_t)rng_below(rng, 2 * (uint64_t)pad + 1) - pad;
    view.left = (int32_t)rng_below(rng, 2 * (uint64_t)pad + 1) - pad;
    view.mirrored = rng_below(rng, 2) == 1 && how->flip;
    return view;
}

void batch_draw(const struct augmentation *how, struct rng *rng, size_t n, struct view *views)
{
    for (size_t i = 0; i < n; i++)
        views[i] = how ? draw_view(how, rng) : (struct view){ 0 };
}

/* What each byte comes to in each channel. */
static void fill_levels(const struct image_set *set, float level[MOST_CHANNELS][LEVELS])
{
    for (int32_t c = 0; c < set->images->shape.channels; c++)
        for (int byte = 0; byte < LEVELS; byte++)
            level[c][byte] = ((float)byte - set->normalisation.mean[c]) /
                             set->normalisation.deviation[c];
}

static float *fill_black(int32_t columns, int32_t channels, float level[MOST_CHANNELS][LEVELS],
                         float *out)
{
    for (int32_t column = 0; column < columns; column++)
        for (int32_t c = 0; c < channels; c++)
            *out++ = level[c][0];
    return out;
}

/* step: bytes from one pixel to the next. */
static float *fill_pixels(int32_t columns, int32_t channels, const uint8_t *from, ptrdiff_t step,
                          float level[MOST_CHANNELS][LEVELS], float *out)
{
    for (int32_t column = 0; column < columns; column++, from += step)
        for (int32_t c = 0; c < channels; c++)
            *out++ = level[c][from[c]];
    return out;
}

/* One row of the result, black beside the image: `from` is the image's row. */
static void fill_row(const struct shape *shape, const uint8_t *from, const struct view *view,
                     float level[MOST_CHANNELS][LEVELS], float *out)
{
    int32_t width = shape->width, channels = shape->channels;
    int32_t shift = view->mirrored ? -view->left : view->left;
    int32_t black = shift < 0 ? (-shift < width ? -shift : width) : 0; /* columns before it */
    int32_t inside = width - (shift < 0 ? black : shift < width ? shift : width);
    int32_t first = view->mirrored ? width - 1 - (black + shift) : black + shift;
    ptrdiff_t step = view->mirrored ? -(ptrdiff_t)channels : channels;

    out = fill_black(black, channels, level, out);
    if (inside > 0)
        out = fill_pixels(inside, channels, from + (ptrdiff_t)first * channels, step, level, out);
    fill_black(width - black - inside, channels, level, out);
}

static void fill_image(const struct shape *shape, const uint8_t *image, const struct view *view,
                       float level[MOST_CHANNELS][LEVELS], float *out)
{
    size_t row = (size_t)shape->width * (size_t)shape->channels;

    for (int32_t y = view->top; y < view->top + shape->height; y++, out += row) {
        if (y >= 0 && y < shape->height)
            fill_row(shape, image + (size_t)y * row, view, level, out);
        else
            fill_black(shape->width, shape->channels, level, out);
    }
}

void batch_fill(const struct image_set *set, const uint32_t *order, size_t n,
                const struct view *views, float *pixels, uint16_t *labels)
{
    const struct shape *shape = &set->images->shape;
    size_t size = (size_t)shape->height * shape->width * shape->channels;
    float level[MOST_CHANNELS][LEVELS];

    fill_levels(set, level);
    for (size_t i = 0; i < n; i++) {
        size_t image = set->index[order[i]];

        fill_image(shape, set->images->pixels + image * size, &views[i], level, pixels + i * size);
        labels[i] = set->images->labels[image];
    }
}
