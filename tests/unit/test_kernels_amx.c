/* Rounding to bfloat16, by every set of kernels, and the products of bfloat16 by AMX against plain loops
 * in double precision over rounded operands, at sizes that fill no tile and at those around it. */
#include "tests/unit/check.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/kernel_check.h"
#include "worker/engine/kernels.h"
#include "worker/engine/kernels_amx.h"
#include "worker/engine/tensor.h"

static struct rng rng;

static const struct amx *amx_or_skip(void)
{
    if (!kernels_amx || !amx_runs())
        check_skip("no AMX here");
    return kernels_amx;
}

static uint16_t *numbers(size_t n)
{
    return aligned_alloc(64, (n * sizeof(uint16_t) + 63) / 64 * 64);
}

static float float_of(uint16_t bf16)
{
    uint32_t bits = (uint32_t)bf16 << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* By another way than the kernels': by the distances to the two neighbours. */
static float rounded(float x)
{
    uint32_t bits;
    float low, high;

    memcpy(&bits, &x, sizeof bits);
    low = float_of((uint16_t)(bits >> 16));
    high = float_of((uint16_t)((bits >> 16) + 1));
    if (fabsf(x) < FLT_MIN)
        return copysignf(0, x);
    if (isnan(x) || isinf(x) || x == low)
        return x;
    if (isinf(high))
        return fabs(x) < 0x1.ffp127 ? low : high;
    if (fabs((double)x - low) != fabs((double)high - x))
        return fabs((double)x - low) < fabs((double)high - x) ? low : high;
    return bits >> 16 & 1 ? high : low;
}

static const float hard[] = {
    0,
    -0.0f,
    1,
    1 + 0x1p-7f,
    1 + 0x1p-8f,     /* halfway: to even, down */
    1 + 3 * 0x1p-8f, /* and up */
    1 + 0x1p-8f + 0x1p-23f,
    1 + 0x1p-8f - 0x1p-23f,
    -1 - 0x1p-8f,
    -3.14159274f,
    FLT_MAX,
    -FLT_MAX,
    0x1.fep127f,
    0x1.fefffep127f,
    FLT_MIN,
    FLT_MIN / 2,
    -FLT_MIN / 3,
    INFINITY,
    -INFINITY,
    NAN,
    1e-30f,
    1e30f,
};
enum { HARD = sizeof hard / sizeof *hard, SOME = 10000 / BLOCK * BLOCK };

static float *floats_to_round(void)
{
    float *x = kernel_floats(&rng, SOME);

    for (size_t i = 0; i < SOME; i++)
        x[i] = ldexpf(x[i], (int)rng_below(&rng, 256) - 128);
    memcpy(x, hard, sizeof hard);
    return x;
}

static void check_rounded(const char *name, float x, float got)
{
    float want = rounded(x);

    if (isnan(want) ? !isnan(got) : memcmp(&got, &want, sizeof want) != 0)
        fail_msg("%s: %a comes to %a, wanted %a", name, (double)x, (double)got, (double)want);
}

static void test_rounding(void **state)
{
    float *x, *got;

    (void)state;
    rng_init(&rng, 1, 0);
    x = floats_to_round();
    got = kernel_floats(&rng, SOME);
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        (*kernels)->round(got, x, SOME);
        for (size_t i = 0; i < SOME; i++)
            check_rounded((*kernels)->name, x[i], got[i]);
    }
    free(x);
    free(got);
}

/* Where channel c of a panel's pixel stands. */
static size_t place(size_t c)
{
    return c % BLOCK / 4 * 8 + c / BLOCK * 4 + c % 4;
}

static void test_rounding_to_panels(void **state)
{
    const struct amx *amx = amx_or_skip();
    enum { PIXELS = SOME / BLOCK };
    float *x[2];
    uint16_t *panel = numbers(PIXELS * PANEL);

    (void)state;
    rng_init(&rng, 2, 0);
    x[0] = floats_to_round();
    x[1] = floats_to_round();
    for (int second = 0; second < 2; second++) {
        amx->round(panel, x[0], second ? x[1] : NULL, PIXELS);
        for (size_t i = 0; i < PIXELS * PANEL; i++) {
            size_t pixel = i / PANEL, c = i % PANEL;
            float from = x[c / BLOCK][pixel * BLOCK + c % BLOCK];

            check_rounded("a panel", c < BLOCK || second ? from : 0,
                          float_of(panel[pixel * PANEL + place(c)]));
        }
    }
    free(x[0]);
    free(x[1]);
    free(panel);
}

/* ---- products ---- */

enum { ROWS = 3, TAPS = 3 };

/* Values that are bfloat16 already, as floats, [channels][rows][pixels], and as panels. */
struct product {
    size_t channels, panels, blocks, pixels, row;
    float *values;      /* [pixel of the plane][panels x PANEL] */
    uint16_t *a;        /* [panels][plane][PANEL] */
    size_t plane;       /* pixels */
    int32_t *offset;    /* [TAPS][panels] */
    size_t shift[TAPS]; /* pixels */
    float *w;           /* [blocks][TAPS][channels][16] */
    uint16_t *tiles;
    float *bias;
};

static float *rounded_floats(size_t n)
{
    float *x = kernel_floats(&rng, n);

    for (size_t i = 0; i < n; i++)
        x[i] = rounded(x[i]);
    return x;
}

static void product_init(struct product *p, const struct amx *amx, size_t channels, size_t blocks,
                         size_t pixels)
{
    size_t width;

    p->channels = channels;
    p->panels = (channels + PANEL - 1) / PANEL;
    p->blocks = blocks;
    p->pixels = pixels;
    p->row = pixels + 2;
    p->plane = (ROWS + 1) * p->row;
    width = p->panels * PANEL;
    p->values = rounded_floats(p->plane * width);
    p->a = numbers(p->plane * width);
    p->offset = malloc(TAPS * p->panels * sizeof *p->offset);
    p->w = rounded_floats(blocks * TAPS * channels * BLOCK);
    p->tiles = numbers(blocks * TAPS * p->panels * TILE);
    p->bias = kernel_floats(&rng, blocks * BLOCK);
    for (size_t pixel = 0; pixel < p->plane; pixel++)
        for (size_t c = 0; c < width; c++) {
            uint32_t bits;

            if (c >= channels)
                p->values[pixel * width + c] = 0;
            memcpy(&bits, &p->values[pixel * width + c], sizeof bits);
            p->a[(c / PANEL * p->plane + pixel) * PANEL + place(c % PANEL)] = (uint16_t)(bits >>
                                                                                         16);
        }
    for (size_t tap = 0; tap < TAPS; tap++) {
        p->shift[tap] = rng_below(&rng, p->row + 2);
        for (size_t i = 0; i < p->panels; i++)
            p->offset[tap * p->panels + i] = (int32_t)((i * p->plane + p->shift[tap]) * PANEL);
    }
    for (size_t i = 0; i < blocks * TAPS; i++)
        amx->weights(p->tiles + i * p->panels * TILE, p->w + i * channels * BLOCK, channels);
}

static void product_clear(struct product *p)
{
    free(p->values);
    free(p->a);
    free(p->offset);
    free(p->w);
    free(p->tiles);
    free(p->bias);
}

static float value_at(const struct product *p, size_t tap, size_t row, size_t pixel, size_t c)
{
    return p->values[(row * p->row + pixel + p->shift[tap]) * p->panels * PANEL + c];
}

/* Each of n additions rounds by at most half a unit of the sum of the magnitudes. */
static void check_sum(const char *name, const struct product *p, float got, double want,
                      double magnitude, size_t n)
{
    if (!(fabs((double)got - want) <= 0x1p-24 * (double)(n + 2) * magnitude))
        fail_msg("%s: %zu channels, %zu blocks, %zu pixels: %.9g, wanted %.9g", name, p->channels,
                 p->blocks, p->pixels, (double)got, want);
}

static void check_matmul(const struct amx *amx, const struct product *p, bool bias)
{
    size_t size = ROWS * p->pixels * BLOCK;
    float *out = kernel_floats(&rng, p->blocks * size);
    const struct amx_matmul m = { .a = p->a,
                                  .a_row = p->row * PANEL,
                                  .offset = p->offset,
                                  .panels = TAPS * p->panels,
                                  .w = p->tiles,
                                  .bias = bias ? p->bias : NULL,
                                  .out = out,
                                  .out_block = size,
                                  .out_row = p->pixels * BLOCK,
                                  .blocks = p->blocks,
                                  .rows = ROWS,
                                  .pixels = p->pixels };

    amx->matmul(&m);
    for (size_t i = 0; i < p->blocks * size; i++) {
        size_t block = i / size, pixel = i % size / BLOCK, lane = i % BLOCK;
        double want = bias ? p->bias[block * BLOCK + lane] : 0, magnitude = fabs(want);

        for (size_t k = 0; k < TAPS * p->channels; k++) {
            size_t tap = k / p->channels, c = k % p->channels;
            double product = (double)value_at(p, tap, pixel / p->pixels, pixel % p->pixels, c) *
                             (double)p->w[((block * TAPS + tap) * p->channels + c) * BLOCK + lane];

            want += product;
            magnitude += fabs(product);
        }
        check_sum("matmul", p, out[i], want, magnitude, TAPS * p->channels);
    }
    free(out);
}

/* dy is the product's own output, of random numbers. */
static void check_gradient(const struct amx *amx, const struct product *p)
{
    size_t tiles = amx_tiles(ROWS, p->pixels), a_blocks = blocks_of(p->channels);
    size_t dy_panels = (p->blocks + 1) / 2, size = ROWS * p->pixels, step = tiles * TILE;
    float *y = rounded_floats(2 * dy_panels * size * BLOCK); /* [block][pixel][lane] */
    uint16_t *dy = numbers(dy_panels * size * PANEL), *left = numbers(2 * dy_panels * step);
    uint16_t *right = numbers(2 * p->panels * step);
    float *dw = kernel_floats(&rng, p->blocks * a_blocks * 256);
    float *before = kernel_floats(&rng, p->blocks * a_blocks * 256);
    const struct amx_gradient m = { left, right, p->blocks, a_blocks, tiles, dw };

    memcpy(before, dw, p->blocks * a_blocks * 256 * sizeof *dw);
    for (size_t i = 0; i < dy_panels; i++) {
        amx->round(dy + i * size * PANEL, y + 2 * i * size * BLOCK, y + (2 * i + 1) * size * BLOCK,
                   size);
        amx->pair(left + 2 * i * step, left + (2 * i + 1) * step, dy + i * size * PANEL,
                  p->pixels * PANEL, ROWS, p->pixels);
    }
    amx->transpose(left, p->blocks * tiles);
    for (size_t i = 0; i < p->panels; i++)
        amx->pair(right + 2 * i * step, right + (2 * i + 1) * step, p->a + p->offset[i],
                  p->row * PANEL, ROWS, p->pixels);
    amx->gradient(&m);
    for (size_t i = 0; i < p->blocks * a_blocks * 256; i++) {
        size_t block = i / 256 / a_blocks, lane = i % 256 / BLOCK;
        size_t c = i / 256 % a_blocks * BLOCK + i % BLOCK;
        double want = before[i], magnitude = fabs(want);

        for (size_t pixel = 0; pixel < size; pixel++) {
            double product = (double)y[(block * size + pixel) * BLOCK + lane] *
                             (double)value_at(p, 0, pixel / p->pixels, pixel % p->pixels, c);

            want += product;
            magnitude += fabs(product);
        }
        check_sum("gradient", p, dw[i], want, magnitude, size);
    }
    free(y);
    free(dy);
    free(left);
    free(right);
    free(dw);
    free(before);
}

static void test_products(void **state)
{
    static const size_t channels[] = { 1, 9, 16, 17, 31, 32, 33, 48, 65 };
    static const size_t pixels[] = { 1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 49 };
    const struct amx *amx = amx_or_skip();

    (void)state;
    rng_init(&rng, 3, 0);
    for (size_t c = 0; c < sizeof channels / sizeof *channels; c++)
        for (size_t n = 0; n < sizeof pixels / sizeof *pixels; n++)
            for (size_t blocks = 1; blocks <= 3; blocks++) {
                struct product p;

                product_init(&p, amx, channels[c], blocks, pixels[n]);
                check_matmul(amx, &p, false);
                check_matmul(amx, &p, true);
                check_gradient(amx, &p);
                product_clear(&p);
            }
}

static void test_sets(void **state)
{
    (void)state;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        const struct kernels *without = kernels_bf16(*kernels, false);
        const struct kernels *with = kernels_bf16(*kernels, true);
        char name[40];

        snprintf(name, sizeof name, "%s+bf16", (*kernels)->name);
        assert_true(!(*kernels)->bf16 && !(*kernels)->amx);
        assert_true(without->bf16 && !without->amx && with->bf16);
        assert_string_equal(without->name, name);
        if (*kernels == kernels_avx512 && kernels_amx && amx_runs()) {
            assert_ptr_equal(with->amx, kernels_amx);
            assert_string_equal(with->name, "avx512+amx");
        } else {
            assert_null(with->amx);
            assert_string_equal(with->name, name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_rounding_to_panels),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_sets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
