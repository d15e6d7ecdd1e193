/* Winograd's transformations, of every set of kernels that this processor runs, against products with the
 * matrices of Lavin and Gray's paper. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>

#include "common/rng.h"
#include "tests/unit/kernel_check.h"
#include "worker/engine/kernels.h"
#include "worker/engine/tensor.h"

enum { MOST = 4, TILES = 5, POSITION = (TILES + 1) * BLOCK, ROW = (2 * TILES + 3) * BLOCK };

static struct rng rng;

/* A matrix of so many rows and columns. */
struct matrix {
    int rows, columns;
    float at[MOST][MOST];
};

static const struct matrix b_transposed = {
    4, 4, { { 1, 0, -1, 0 }, { 0, 1, 1, 0 }, { 0, -1, 1, 0 }, { 0, 1, 0, -1 } }
};
static const struct matrix g = {
    4, 3, { { 1, 0, 0 }, { .5f, .5f, .5f }, { .5f, -.5f, .5f }, { 0, 0, 1 } }
};
static const struct matrix a_transposed = { 2, 4, { { 1, 1, 1, 0 }, { 0, 1, -1, -1 } } };

static struct matrix transposed(const struct matrix *m)
{
    struct matrix t = { .rows = m->columns, .columns = m->rows };

    for (int y = 0; y < t.rows; y++)
        for (int x = 0; x < t.columns; x++)
            t.at[y][x] = m->at[x][y];
    return t;
}

/* m x m' for a square x whose elements are `row` and `column` floats apart. */
static struct matrix both_sides(const struct matrix *m, const float *x, ptrdiff_t row,
                                ptrdiff_t column)
{
    struct matrix result = { .rows = m->rows, .columns = m->rows };

    for (int i = 0; i < m->rows; i++)
        for (int j = 0; j < m->rows; j++)
            for (int k = 0; k < m->columns; k++)
                for (int l = 0; l < m->columns; l++)
                    result.at[i][j] += m->at[i][k] * x[k * row + l * column] * m->at[j][l];
    return result;
}

static void check_tile(const char *name, const struct matrix *want, const float *got, ptrdiff_t row,
                       ptrdiff_t column)
{
    for (int y = 0; y < want->rows; y++)
        for (int x = 0; x < want->columns; x++)
            kernel_check_near(name, got + y * row + x * column, &want->at[y][x], 1);
}

static void check_pixels(const struct kernels *k)
{
    const struct matrix a = transposed(&a_transposed);
    float *pixels = kernel_floats(&rng, 4 * ROW), *tiles = kernel_floats(&rng, 16 * POSITION);

    for (size_t n = 1; n <= TILES; n++) {
        k->winograd_values(tiles, POSITION, pixels, ROW, n);
        for (size_t i = 0; i < n * BLOCK; i++) {
            const float *at = pixels + i / BLOCK * 2 * BLOCK + i % BLOCK;
            const struct matrix want = both_sides(&b_transposed, at, ROW, BLOCK);

            check_tile(k->name, &want, tiles + i, 4 * POSITION, POSITION);
        }
        k->winograd_gradients(tiles, POSITION, pixels, ROW, n);
        for (size_t i = 0; i < n * BLOCK; i++) {
            const float *at = pixels + i / BLOCK * 2 * BLOCK + i % BLOCK;
            const struct matrix want = both_sides(&a, at, ROW, BLOCK);

            check_tile(k->name, &want, tiles + i, 4 * POSITION, POSITION);
        }
    }
    free(pixels);
    free(tiles);
}

static void check_outputs(const struct kernels *k, const float *bias)
{
    float *tiles = kernel_floats(&rng, 16 * POSITION), *pixels = kernel_floats(&rng, 2 * ROW);

    for (size_t n = 1; n <= TILES; n++) {
        k->winograd_outputs((float *[]){ pixels, pixels + ROW }, tiles, POSITION, n, bias);
        for (size_t i = 0; i < n * BLOCK; i++) {
            struct matrix want = both_sides(&a_transposed, tiles + i, 4 * POSITION, POSITION);

            for (int p = 0; bias && p < 4; p++)
                want.at[p / 2][p % 2] += bias[i % BLOCK];
            check_tile(k->name, &want, pixels + i / BLOCK * 2 * BLOCK + i % BLOCK, ROW, BLOCK);
        }
    }
    free(pixels);
    free(tiles);
}

/* The taps turned if `tap` is negative. */
static void check_weights(const struct kernels *k, size_t channels, ptrdiff_t tap)
{
    const struct matrix back = transposed(&g);
    size_t n = channels * BLOCK;
    float *w = kernel_floats(&rng, 9 * n), *u = kernel_floats(&rng, 16 * n);
    const float *first = tap < 0 ? w - 8 * tap : w;

    k->winograd_weights(u, n, first, tap, channels);
    for (size_t i = 0; i < n; i++) {
        const struct matrix want = both_sides(&g, first + i, 3 * tap, tap);

        check_tile(k->name, &want, u + i, 4 * (ptrdiff_t)n, (ptrdiff_t)n);
    }
    memset(w, 0, 9 * n * sizeof *w);
    for (int twice = 0; twice < 2; twice++) /* it adds */
        k->winograd_weights_gradient(w, n, u, n, channels);
    for (size_t i = 0; i < n; i++) {
        struct matrix want = both_sides(&back, u + i, 4 * (ptrdiff_t)n, (ptrdiff_t)n);

        for (int t = 0; t < 9; t++)
            want.at[t / 3][t % 3] *= 2;

        check_tile(k->name, &want, w + i, 3 * (ptrdiff_t)n, (ptrdiff_t)n);
    }
    free(w);
    free(u);
}

static void test_transformations(void **state)
{
    float *bias;

    (void)state;
    rng_init(&rng, 1, 0);
    bias = kernel_floats(&rng, BLOCK);
    for (const struct kernels *const *k = kernels_all(); *k; k++) {
        check_pixels(*k);
        check_outputs(*k, NULL);
        check_outputs(*k, bias);
        for (ptrdiff_t channels = 1; channels <= 3; channels++) {
            check_weights(*k, (size_t)channels, channels * BLOCK);
            check_weights(*k, (size_t)channels, -channels * BLOCK);
        }
    }
    free(bias);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_transformations) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
