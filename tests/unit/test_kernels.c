/* Every set of kernels that this processor runs: products against OpenBLAS, the rest against plain
 * loops, at sizes around those of their tiles. */
#include "tests/unit/check.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "worker/engine/kernels.h"
#include "worker/engine/tensor.h"

static struct rng rng;

static float *random_floats(size_t n)
{
    float *floats = aligned_alloc(64, (n * sizeof *floats + 63) / 64 * 64);

    for (size_t i = 0; i < n; i++)
        floats[i] = (float)rng_normal(&rng);
    return floats;
}

static void check_near(const char *name, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-4f * (1 + fabsf(want[i]))))
            fail_msg("%s: element %zu is %g, wanted %g", name, i, (double)got[i], (double)want[i]);
}

/* ---- products: rows of pixels in a scratch whose taps are scattered over it ---- */

enum { TAPS = 37, ROWS = 2 };

struct product {
    size_t pixels, blocks;
    size_t a_row; /* floats */
    float *a;
    int32_t offset[TAPS];
    float *w;      /* [blocks][TAPS][16] */
    float *bias;   /* [blocks][16] */
    float *matrix; /* a as OpenBLAS wants it: [ROWS * pixels][TAPS] */
};

static void product_init(struct product *p, size_t pixels, size_t blocks)
{
    p->pixels = pixels;
    p->blocks = blocks;
    p->a_row = (pixels + 3) * BLOCK;
    p->a = random_floats((size_t)TAPS * BLOCK + ROWS * p->a_row);
    p->w = random_floats(blocks * TAPS * BLOCK);
    p->bias = random_floats(blocks * BLOCK);
    p->matrix = random_floats(ROWS * pixels * TAPS);
    for (int k = 0; k < TAPS; k++)
        p->offset[k] = (int32_t)rng_below(&rng, TAPS * BLOCK);
    for (size_t i = 0; i < ROWS * pixels; i++)
        for (int k = 0; k < TAPS; k++)
            p->matrix[i * TAPS + (size_t)k] =
                p->a[i / pixels * p->a_row + (size_t)p->offset[k] + i % pixels * BLOCK];
}

static void product_clear(struct product *p)
{
    free(p->a);
    free(p->w);
    free(p->bias);
    free(p->matrix);
}

static void check_matmul(const struct kernels *kernels, const struct product *p, bool bias)
{
    size_t rows = ROWS * p->pixels, size = rows * BLOCK;
    float *got = random_floats(p->blocks * size), *want = random_floats(p->blocks * size);
    struct matmul m = { .a = p->a,
                        .a_row = p->a_row,
                        .offset = p->offset,
                        .taps = TAPS,
                        .w = p->w,
                        .bias = bias ? p->bias : NULL,
                        .out = got,
                        .out_block = size,
                        .out_row = p->pixels * BLOCK,
                        .blocks = p->blocks,
                        .rows = ROWS,
                        .pixels = p->pixels };

    kernels->matmul(&m);
    for (size_t c = 0; c < p->blocks; c++) {
        for (size_t i = 0; i < size; i++)
            want[c * size + i] = bias ? p->bias[c * BLOCK + i % BLOCK] : 0;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)rows, BLOCK, TAPS, 1, p->matrix,
                    TAPS, p->w + c * TAPS * BLOCK, BLOCK, 1, want + c * size, BLOCK);
    }
    check_near(kernels->name, got, want, p->blocks * size);
    free(got);
    free(want);
}

static void check_matmul_gradient(const struct kernels *kernels, const struct product *p)
{
    size_t rows = ROWS * p->pixels, size = rows * BLOCK, weights = p->blocks * TAPS * BLOCK;
    float *dy = random_floats(p->blocks * size), *want = random_floats(weights);
    float *got = random_floats(weights);
    struct matmul_gradient m = { .a = p->a,
                                 .a_row = p->a_row,
                                 .offset = p->offset,
                                 .taps = TAPS,
                                 .dy = dy,
                                 .dy_block = size,
                                 .dy_row = p->pixels * BLOCK,
                                 .blocks = p->blocks,
                                 .rows = ROWS,
                                 .pixels = p->pixels,
                                 .dw = got };

    memcpy(want, got, weights * sizeof *want);
    kernels->matmul_gradient(&m);
    for (size_t c = 0; c < p->blocks; c++)
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, TAPS, BLOCK, (int)rows, 1, p->matrix,
                    TAPS, dy + c * size, BLOCK, 1, want + c * TAPS * BLOCK, BLOCK);
    check_near(kernels->name, got, want, weights);
    free(dy);
    free(got);
    free(want);
}

static void test_products(void **state)
{
    (void)state;
    rng_init(&rng, 1, 0);
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t pixels = 1; pixels <= 31; pixels++)
            for (size_t blocks = 1; blocks <= 7; blocks++) {
                struct product p;

                product_init(&p, pixels, blocks);
                check_matmul(*kernels, &p, false);
                check_matmul(*kernels, &p, true);
                check_matmul_gradient(*kernels, &p);
                product_clear(&p);
            }
}

static void check_depthwise(const struct kernels *kernels, size_t pixels, size_t taps)
{
    size_t row = (pixels + 9) * BLOCK, size = pixels * BLOCK;
    float *a = random_floats(3 * row), *w = random_floats(taps * BLOCK),
          *bias = random_floats(BLOCK);
    float *dy = random_floats(2 * size), *dw = random_floats(taps * BLOCK);
    float *got = random_floats(size), *want = random_floats(size),
          *want_dw = random_floats(taps * BLOCK);
    int32_t offset[49];

    for (size_t t = 0; t < taps; t++)
        offset[t] = (int32_t)rng_below(&rng, 9) * BLOCK + (int32_t)(t % 2 * row);
    memcpy(want_dw, dw, taps * BLOCK * sizeof *dw);
    for (size_t i = 0; i < size; i++) {
        want[i] = bias[i % BLOCK];
        for (size_t t = 0; t < taps; t++) {
            size_t at = (size_t)offset[t] + i;

            want[i] += a[at] * w[t * BLOCK + i % BLOCK];
            want_dw[t * BLOCK + i % BLOCK] += a[at] * dy[i] + a[at + row] * dy[size + i];
        }
    }
    kernels->depthwise(got, a, offset, taps, w, bias, pixels);
    check_near(kernels->name, got, want, size);
    kernels->depthwise_gradient(dw, a, row, offset, taps, dy, size, 2, pixels);
    check_near(kernels->name, dw, want_dw, taps * BLOCK);
    free(a);
    free(w);
    free(bias);
    free(dy);
    free(dw);
    free(got);
    free(want);
    free(want_dw);
}

static void test_depthwise(void **state)
{
    static const size_t taps[] = { 1, 4, 9, 10, 25, 49 };

    (void)state;
    rng_init(&rng, 2, 0);
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t pixels = 1; pixels <= 19; pixels++)
            for (size_t i = 0; i < sizeof taps / sizeof *taps; i++)
                check_depthwise(*kernels, pixels, taps[i]);
}

/* ---- element by element ---- */

/* The curve and its slope at u. */
static double curve_at(double u, const struct finish *finish, double *slope_out)
{
    double s = 1 / (1 + exp(-u)), hard = fmin(fmax(u + 3, 0), 6) / 6;
    bool bends = u > -3 && u < 3;

    switch (finish->curve) {
    case CURVE_HSWISH:
        *slope_out = bends ? u / 3 + 0.5 : u >= 3;
        return u * hard;
    case CURVE_SWISH:
        *slope_out = s + u * s * (1 - s);
        return u * s;
    case CURVE_HSIGMOID:
        *slope_out = bends ? 1.0 / 6 : 0;
        return hard;
    case CURVE_SIGMOID:
        *slope_out = s * (1 - s);
        return s;
    case CURVE_CLAMP:
        *slope_out = u > (double)finish->low && u < (double)finish->high;
        return fmin(fmax(u, (double)finish->low), (double)finish->high);
    default:
        *slope_out = 1;
        return u;
    }
}

static double finished(float x, size_t i, const struct finish *finish, double *slope_out)
{
    return curve_at((double)(x * finish->scale[i % BLOCK] + finish->shift[i % BLOCK]), finish,
                    slope_out);
}

static void check_values(const struct kernels *kernels, size_t pixels, const struct finish *finish)
{
    size_t n = pixels * BLOCK;
    float *x = random_floats(n), *got = random_floats(n), *want = random_floats(n);

    for (size_t i = 0; i < n; i++) {
        double slope;

        want[i] = (float)finished(x[i], i, finish, &slope);
    }
    kernels->value(got, x, pixels, finish);
    check_near(kernels->name, got, want, n);
    kernels->value_add(got, x, pixels, finish);
    for (size_t i = 0; i < n; i++)
        want[i] *= 2;
    check_near(kernels->name, got, want, n);
    free(x);
    free(got);
    free(want);
}

static void check_input_gradient(const struct kernels *kernels, size_t pixels)
{
    size_t n = pixels * BLOCK;
    float *g = random_floats(n), *x = random_floats(n), *by = random_floats(3 * BLOCK);
    float *got = random_floats(n), *want = random_floats(n);

    for (size_t i = 0; i < n; i++)
        want[i] = g[i] * by[i % BLOCK] + x[i] * by[BLOCK + i % BLOCK] + by[2 * BLOCK + i % BLOCK];
    kernels->input_gradient(got, g, x, pixels, by, by + BLOCK, by + 2 * BLOCK);
    check_near(kernels->name, got, want, n);
    free(g);
    free(x);
    free(by);
    free(got);
    free(want);
}

static void check_sums(const struct kernels *kernels, size_t pixels, const struct finish *finish,
                       int add)
{
    size_t n = pixels * BLOCK;
    float *x = random_floats(n), *d = random_floats(n), *got = random_floats(n);
    float *want = random_floats(n), *center = random_floats(BLOCK),
          *sums = random_floats(4 * BLOCK);
    float(*sum)[BLOCK] = (float(*)[BLOCK])sums, want_sum[4][BLOCK] = { { 0 } };

    for (size_t i = 0; i < n; i++) {
        float about = x[i] - center[i % BLOCK];
        double slope;

        finished(x[i], i, finish, &slope);
        want[i] = (float)slope * d[i] + (add ? got[i] : 0);
        want_sum[0][i % BLOCK] += about;
        want_sum[1][i % BLOCK] += about * about;
        want_sum[2][i % BLOCK] += want[i];
        want_sum[3][i % BLOCK] += want[i] * about;
    }
    kernels->moments(x, pixels, center, sum);
    kernels->accumulate_bent(got, d, pixels, add, x, finish, center, sum + 2);
    check_near(kernels->name, got, want, n);
    check_near(kernels->name, sums, want_sum[0], 4 * BLOCK);
    for (size_t i = 0; i < n; i++)
        want[i] = d[i] + (add ? got[i] : 0);
    kernels->accumulate(got, d, pixels, add);
    check_near(kernels->name, got, want, n);
    free(x);
    free(d);
    free(got);
    free(want);
    free(center);
    free(sums);
}

static void check_dot(const struct kernels *kernels, size_t pixels)
{
    size_t n = pixels * BLOCK;
    float *a = random_floats(n), *b = random_floats(n), *got = random_floats(BLOCK);
    float want[BLOCK];

    memcpy(want, got, sizeof want);
    for (size_t i = 0; i < n; i++)
        want[i % BLOCK] += a[i] * b[i];
    kernels->dot(a, b, pixels, got);
    check_near(kernels->name, got, want, BLOCK);
    free(a);
    free(b);
    free(got);
}

static const struct {
    enum curve curve;
    float low, high;
} curves[] = {
    { .curve = CURVE_NONE },    { CURVE_CLAMP, 0, INFINITY }, { CURVE_CLAMP, 0, 0.7f },
    { .curve = CURVE_HSWISH },  { .curve = CURVE_SWISH },     { .curve = CURVE_HSIGMOID },
    { .curve = CURVE_SIGMOID },
};

enum { CURVES = sizeof curves / sizeof *curves };

static void test_elements(void **state)
{
    float *scale, *shift;

    (void)state;
    rng_init(&rng, 3, 0);
    scale = random_floats(BLOCK);
    shift = random_floats(BLOCK);
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t pixels = 1; pixels <= 18; pixels++) {
            check_input_gradient(*kernels, pixels);
            check_dot(*kernels, pixels);
            for (size_t i = 0; i < CURVES; i++) {
                const struct finish finish = { scale, shift, curves[i].curve, curves[i].low,
                                               curves[i].high };

                check_values(*kernels, pixels, &finish);
                check_sums(*kernels, pixels, &finish, 0);
                check_sums(*kernels, pixels, &finish, 1);
            }
        }
    free(scale);
    free(shift);
}

/* From far below the smallest e^x to far above the largest, in steps of about 2^-7. */
static void test_curves_everywhere(void **state)
{
    _Alignas(64) float x[BLOCK], d[BLOCK], out[BLOCK], slope[BLOCK], ones[BLOCK];
    _Alignas(64) float zeros[BLOCK] = { 0 }, sum[2][BLOCK];

    (void)state;
    for (int i = 0; i < BLOCK; i++)
        ones[i] = d[i] = 1;
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t i = 0; i < CURVES * 2000; i++) {
            const struct finish finish = { ones, zeros, curves[i % CURVES].curve,
                                           curves[i % CURVES].low, curves[i % CURVES].high };

            bool hard = finish.curve == CURVE_HSWISH || finish.curve == CURVE_HSIGMOID;
            double rounding = hard ? 3e-7 : 1e-36; /* u / 6 + 1 / 2 near u = -3 */

            for (int k = 0; k < BLOCK; k++)
                x[k] = -125 + 250.0f / 2000 * ((float)(i / CURVES) + (float)k / BLOCK);
            (*kernels)->value(out, x, 1, &finish);
            (*kernels)->accumulate_bent(slope, d, 1, 0, x, &finish, zeros, sum);
            for (int k = 0; k < BLOCK; k++) {
                double want_slope, want = curve_at((double)x[k], &finish, &want_slope);

                if (fabs((double)out[k] - want) > 1e-6 * fabs(want) + rounding ||
                    fabs((double)slope[k] - want_slope) > 1e-5)
                    fail_msg("%s, curve %d at %g: %g, wanted %g; slope %g, wanted %g",
                             (*kernels)->name, (int)finish.curve, (double)x[k], (double)out[k],
                             want, (double)slope[k], want_slope);
            }
        }
}

/* A diverged training must not look like one that only has dead units. */
static void test_an_activation_lets_nan_through(void **state)
{
    _Alignas(64) float x[BLOCK], out[BLOCK], ones[BLOCK], zeros[BLOCK] = { 0 };

    (void)state;
    for (int i = 0; i < BLOCK; i++) {
        x[i] = i % 2 ? NAN : 7;
        ones[i] = 1;
    }
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
        for (size_t i = 0; i < CURVES; i++) {
            const struct finish finish = { ones, zeros, curves[i].curve, curves[i].low,
                                           curves[i].high };

            (*kernels)->value(out, x, 1, &finish);
            check_true((*kernels)->name, isfinite(out[0]) && isnan(out[1]) && isnan(out[15]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_curves_everywhere),
        cmocka_unit_test(test_an_activation_lets_nan_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
