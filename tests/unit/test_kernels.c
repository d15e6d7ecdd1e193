/* Convolutions of every set of kernels that this processor runs: products against OpenBLAS, depthwise
 * ones against plain loops, at sizes around those of their tiles. */
#include "tests/unit/check.h"

#include <cblas.h>
#include <errno.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/unit/kernel_check.h"
#include "worker/engine/kernels.h"
#include "worker/engine/tensor.h"

static struct rng rng;

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
    p->a = kernel_floats(&rng, (size_t)TAPS * BLOCK + ROWS * p->a_row);
    p->w = kernel_floats(&rng, blocks * TAPS * BLOCK);
    p->bias = kernel_floats(&rng, blocks * BLOCK);
    p->matrix = kernel_floats(&rng, ROWS * pixels * TAPS);
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
    float *got = kernel_floats(&rng, p->blocks * size),
          *want = kernel_floats(&rng, p->blocks * size);
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
    kernel_check_near(kernels->name, got, want, p->blocks * size);
    free(got);
    free(want);
}

static void check_matmul_gradient(const struct kernels *kernels, const struct product *p)
{
    size_t rows = ROWS * p->pixels, size = rows * BLOCK, weights = p->blocks * TAPS * BLOCK;
    float *dy = kernel_floats(&rng, p->blocks * size), *want = kernel_floats(&rng, weights);
    float *got = kernel_floats(&rng, weights);
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
    kernel_check_near(kernels->name, got, want, weights);
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
    float *a = kernel_floats(&rng, 3 * row), *w = kernel_floats(&rng, taps * BLOCK),
          *bias = kernel_floats(&rng, BLOCK);
    float *dy = kernel_floats(&rng, 2 * size), *dw = kernel_floats(&rng, taps * BLOCK);
    float *got = kernel_floats(&rng, size), *want = kernel_floats(&rng, size),
          *want_dw = kernel_floats(&rng, taps * BLOCK);
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
    kernel_check_near(kernels->name, got, want, size);
    kernels->depthwise_gradient(dw, a, row, offset, taps, dy, size, 2, pixels);
    kernel_check_near(kernels->name, dw, want_dw, taps * BLOCK);
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

static void test_choice(void **state)
{
    const struct kernels *const *all = kernels_all();

    (void)state;
    assert_ptr_equal(kernels_best(), all[0]);
    assert_int_equal(kernels_choose("sse9"), -EINVAL);
    assert_ptr_equal(kernels_best(), all[0]);
    assert_int_equal(kernels_choose("plain"), 0); /* every processor runs it */
    assert_ptr_equal(kernels_best(), kernels_plain);
    assert_int_equal(kernels_choose(all[0]->name), 0);
    assert_ptr_equal(kernels_best(), all[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_depthwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
