/* What every set of kernels does element by element, and in windows, against plain loops. */
#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/unit/kernel_check.h"
#include "worker/engine/kernels.h"
#include "worker/engine/tensor.h"

static struct rng rng;

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
    float *x = kernel_floats(&rng, n), *got = kernel_floats(&rng, n),
          *want = kernel_floats(&rng, n);

    for (size_t i = 0; i < n; i++) {
        double slope;

        want[i] = (float)finished(x[i], i, finish, &slope);
    }
    kernels->value(got, x, pixels, finish);
    kernel_check_near(kernels->name, got, want, n);
    kernels->value_add(got, x, pixels, finish);
    for (size_t i = 0; i < n; i++)
        want[i] *= 2;
    kernel_check_near(kernels->name, got, want, n);
    free(x);
    free(got);
    free(want);
}

static void check_input_gradient(const struct kernels *kernels, size_t pixels)
{
    size_t n = pixels * BLOCK;
    float *g = kernel_floats(&rng, n), *x = kernel_floats(&rng, n),
          *by = kernel_floats(&rng, 3 * BLOCK);
    float *got = kernel_floats(&rng, n), *want = kernel_floats(&rng, n);

    for (size_t i = 0; i < n; i++)
        want[i] = g[i] * by[i % BLOCK] + x[i] * by[BLOCK + i % BLOCK] + by[2 * BLOCK + i % BLOCK];
    kernels->input_gradient(got, g, x, pixels, by, by + BLOCK, by + 2 * BLOCK);
    kernel_check_near(kernels->name, got, want, n);
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
    float *x = kernel_floats(&rng, n), *d = kernel_floats(&rng, n), *got = kernel_floats(&rng, n);
    float *want = kernel_floats(&rng, n), *center = kernel_floats(&rng, BLOCK),
          *sums = kernel_floats(&rng, 4 * BLOCK);
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
    kernel_check_near(kernels->name, got, want, n);
    kernel_check_near(kernels->name, sums, want_sum[0], 4 * BLOCK);
    for (size_t i = 0; i < n; i++)
        want[i] = d[i] + (add ? got[i] : 0);
    kernels->accumulate(got, d, pixels, add);
    kernel_check_near(kernels->name, got, want, n);
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
    float *a = kernel_floats(&rng, n), *b = kernel_floats(&rng, n),
          *got = kernel_floats(&rng, BLOCK);
    float want[BLOCK];

    memcpy(want, got, sizeof want);
    for (size_t i = 0; i < n; i++)
        want[i % BLOCK] += a[i] * b[i];
    kernels->dot(a, b, pixels, got);
    kernel_check_near(kernels->name, got, want, BLOCK);
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
    scale = kernel_floats(&rng, BLOCK);
    shift = kernel_floats(&rng, BLOCK);
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

/* A window of rows x pixels at the start of an image whose rows are 5 pixels. */
static void check_pooling(const struct kernels *kernels, size_t rows, size_t pixels)
{
    enum { ROW = 5 * BLOCK, SIZE = 4 * ROW };
    float *a = kernel_floats(&rng, SIZE), *d = kernel_floats(&rng, BLOCK),
          *dx = kernel_floats(&rng, 2 * SIZE);
    float *sum_dx = dx + SIZE, want_sum[BLOCK] = { 0 }, want_max[BLOCK];
    _Alignas(64) float got[2][BLOCK];
    float want_dx[2][SIZE];

    a[ROW] = a[0]; /* equals, of which the first counts */
    memcpy(want_dx, dx, sizeof want_dx);
    for (size_t lane = 0; lane < BLOCK; lane++) {
        size_t most = lane;

        for (size_t i = 0; i < rows * pixels; i++) {
            size_t at = i / pixels * ROW + i % pixels * BLOCK + lane;

            want_sum[lane] += 0.25f * a[at];
            want_dx[1][at] += 0.25f * d[lane];
            most = a[at] > a[most] ? at : most;
        }
        want_max[lane] = a[most];
        want_dx[0][most] += d[lane];
    }
    kernels->window_sum(got[0], a, ROW, rows, pixels, 0.25f);
    kernels->window_max(got[1], a, ROW, rows, pixels);
    kernels->window_add_at_max(dx, a, ROW, rows, pixels, d);
    kernels->window_add(sum_dx, ROW, rows, pixels, d, 0.25f);
    kernel_check_near(kernels->name, got[0], want_sum, BLOCK);
    kernel_check_near(kernels->name, got[1], want_max, BLOCK);
    kernel_check_near(kernels->name, dx, want_dx[0], 2 * SIZE);
    free(a);
    free(d);
    free(dx);
}

static void test_pooling(void **state)
{
    (void)state;
    rng_init(&rng, 4, 0);
    for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++)
        for (size_t rows = 1; rows <= 4; rows++)
            for (size_t pixels = 1; pixels <= 5; pixels++)
                check_pooling(*kernels, rows, pixels);
}

static void test_a_maximum_lets_nan_through(void **state)
{
    _Alignas(64) float a[3 * BLOCK], out[BLOCK];

    (void)state;
    for (size_t nan_at = 0; nan_at < 3; nan_at++) {
        for (size_t i = 0; i < 3 * BLOCK; i++)
            a[i] = i / BLOCK == nan_at ? NAN : (float)i;
        for (const struct kernels *const *kernels = kernels_all(); *kernels; kernels++) {
            (*kernels)->window_max(out, a, 0, 1, 3);
            check_true((*kernels)->name, isnan(out[0]) && isnan(out[15]));
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
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_curves_everywhere),
        cmocka_unit_test(test_pooling),
        cmocka_unit_test(test_a_maximum_lets_nan_through),
        cmocka_unit_test(test_an_activation_lets_nan_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
