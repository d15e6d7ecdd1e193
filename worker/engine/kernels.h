/* kernels - the inner loops in which a training spends its time, once per instruction set.
 *
 * All work on rows of pixels of one block of channels: pixel p is the BLOCK floats at 16 p. What
 * a convolution reads has been copied to scratch before, with norm and activation applied and
 * with a border of zeros, so no kernel knows images, borders, strides or norms: a kernel element
 * (tap, channel) is an offset into scratch, and a convolution is a list of offsets.
 *
 * kernels.inc is the one source; kernels_avx512.c, kernels_avx2.c and kernels_plain.c compile it. What
 * AMX adds, products of bfloat16, is in kernels_amx.h.
 * Pointers to whole blocks are aligned to 64 bytes. Nothing allocates, nothing fails. */
#ifndef LAYERNAS_WORKER_ENGINE_KERNELS_H
#define LAYERNAS_WORKER_ENGINE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* out[c][r][p][j] = bias[c][j] + sum over k of a[r a_row + offset[k] + 16 p] x w[c][k][j], for
 * block c, row r, pixel p, lane j: a matrix product whose left side is addressed by a list. */
struct matmul {
    const float *a;
    size_t a_row;          /* floats from one row to the next; so are all strides here */
    const int32_t *offset; /* [taps] */
    size_t taps;
    const float *w;    /* [blocks][taps][16] */
    const float *bias; /* [blocks][16], or NULL */
    float *out;
    size_t out_block, out_row;
    size_t blocks, rows, pixels;
};

/* dw[c][k][j] += sum over rows r and pixels p of a[r a_row + offset[k] + 16 p] x dy[c][r][p][j]. */
struct matmul_gradient {
    const float *a;
    size_t a_row;
    const int32_t *offset; /* [taps] */
    size_t taps;
    const float *dy;
    size_t dy_block, dy_row;
    size_t blocks, rows, pixels;
    float *dw; /* [blocks][taps][16] */
};

/* The shapes of activations, see common/network.h. */
enum curve {
    CURVE_NONE,
    CURVE_CLAMP, /* between low and high: relu, relu6 */
    CURVE_HSWISH,
    CURVE_SWISH,
    CURVE_HSIGMOID,
    CURVE_SIGMOID,
};

/* value = curve(x * scale + shift), and so the way from what an op computed to what its readers
 * see: norm and activation. */
struct finish {
    const float *scale, *shift; /* [16] */
    enum curve curve;
    float low, high; /* of CURVE_CLAMP */
};

struct kernels {
    const char *name;

    /* Set by kernels_bf16: wide convolutions (conv.h) take their operands rounded. */
    bool bf16;
    const struct amx *amx; /* kernels_amx.h: what multiplies them then; NULL: matmul */

    /* To the nearest bfloat16, to even in between; those too small for a normal float to 0. */
    void (*round)(float *out, const float *x, size_t n);

    void (*matmul)(const struct matmul *m);
    void (*matmul_gradient)(const struct matmul_gradient *m);

    /* F(2x2, 3x3) of Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016: the
     * 2x2 outputs of a 3x3 convolution of 4x4 pixels d by weights g are A'[(G g G') . (B'd B)]A, with
     * 16 multiplications instead of 36. Of one block, the 16 positions of a transformed tile lie
     * `position` floats apart, and a row's tiles side by side.
     *
     * Of a row of tiles, the pixels `row` floats apart from one row to the next: B'd B, where tile t is
     * the 4x4 pixels from the 2 t-th on; and A d A', of 2x2 pixels. */
    void (*winograd_values)(float *out, size_t position, const float *a, size_t row, size_t tiles);
    void (*winograd_gradients)(float *out, size_t position, const float *dy, size_t row,
                               size_t tiles);
    /* Two rows of pixels, A'm A + bias, which may be NULL. */
    void (*winograd_outputs)(float *const out[2], const float *m, size_t position, size_t tiles,
                             const float *bias);
    /* u = G g G' for so many channels [16], the nine taps of each `tap` floats apart; and back:
     * dw += G'du G. */
    void (*winograd_weights)(float *u, size_t position, const float *w, ptrdiff_t tap,
                             size_t channels);
    void (*winograd_weights_gradient)(float *dw, size_t tap, const float *du, size_t position,
                                      size_t channels);

    /* Depthwise: out[p] = bias + sum over t of a[offset[t] + 16 p] * w[t], all [16]. bias may be
     * NULL. */
    void (*depthwise)(float *out, const float *a, const int32_t *offset, size_t taps,
                      const float *w, const float *bias, size_t pixels);
    /* dw[t] += sum over rows r, pixels p of a[r a_row + offset[t] + 16 p] * dy[r dy_row + 16 p]. */
    void (*depthwise_gradient)(float *dw, const float *a, size_t a_row, const int32_t *offset,
                               size_t taps, const float *dy, size_t dy_row, size_t rows,
                               size_t pixels);

    void (*value)(float *out, const float *x, size_t pixels, const struct finish *finish);
    /* out += value */
    void (*value_add)(float *out, const float *x, size_t pixels, const struct finish *finish);

    /* out = g * by_g + x * by_x + by_1, the gradient of x behind a norm. */
    void (*input_gradient)(float *out, const float *g, const float *x, size_t pixels,
                           const float *by_g, const float *by_x, const float *by_1);

    /* sum[0] = sum of x - center, sum[1] = sum of (x - center)^2, over pixels. */
    void (*moments)(const float *x, size_t pixels, const float *center, float sum[2][16]);

    /* sum += a * b, over pixels. */
    void (*dot)(const float *a, const float *b, size_t pixels, float sum[16]);

    /* out = d, plus out's old contents where add is true. */
    void (*accumulate)(float *out, const float *d, size_t pixels, int add);
    /* The same with d times the slope of the curve: the gradient of x * scale + shift. sum[0] = sum
     * of out, sum[1] = sum of out * (x - center). */
    void (*accumulate_bent)(float *out, const float *d, size_t pixels, int add, const float *x,
                            const struct finish *finish, const float *center, float sum[2][16]);

    /* A pool's window: rows of pixels of an image. Average: out = factor * sum of a; and back:
     * a += factor * d, for every pixel. */
    void (*window_sum)(float *out, const float *a, size_t a_row, size_t rows, size_t pixels,
                       float factor);
    void (*window_add)(float *a, size_t a_row, size_t rows, size_t pixels, const float *d,
                       float factor);
    /* Maximum, a NaN being the largest, so that it shows; and back: dx, laid out like a, += d where
     * a is largest, at the first such pixel. */
    void (*window_max)(float *out, const float *a, size_t a_row, size_t rows, size_t pixels);
    void (*window_add_at_max)(float *dx, const float *a, size_t a_row, size_t rows, size_t pixels,
                              const float *d);

    /* One step of SGD over n parameters: g += decay * w; v = momentum * v + g;
     * w -= rate * (nesterov ? g + momentum * v : v). n is a multiple of 16. */
    void (*sgd)(float *w, float *v, const float *g, size_t n, float rate, float momentum,
                float decay, int nesterov);
};

/* The fastest set that this processor runs, or the one that was chosen. */
const struct kernels *kernels_best(void);

/* From now on the set of that name ("avx512", "avx2", "plain"), for measurements. -EINVAL where this
 * processor runs none. */
int kernels_choose(const char *name);

/* Every set that this processor runs, NULL at the end: for tests. */
const struct kernels *const *kernels_all(void);

/* The same, but for products of operands rounded to bfloat16, summed up as floats: by AMX if the set is
 * the one for AVX-512 and amx is true and this processor has it, else by the set's own products. Called
 * by one thread at a time. */
const struct kernels *kernels_bf16(const struct kernels *kernels, bool amx);

/* NULL where the compiler cannot make them. */
extern const struct kernels *const kernels_avx512, *const kernels_avx2, *const kernels_plain;

#endif
