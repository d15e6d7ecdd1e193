/* simd - the widest vector of floats that the file including this is compiled for.
 *
 * A block of BLOCK channels is VECTORS vectors. Only kernels.inc includes it, once for each
 * instruction set; see kernels.h. */
#ifndef LAYERNAS_WORKER_ENGINE_SIMD_H
#define LAYERNAS_WORKER_ENGINE_SIMD_H

#include "worker/engine/tensor.h"

#if defined __AVX512F__
#include <immintrin.h>
#define WIDTH         16 /* floats of a vector */
#define REGISTERS     32 /* vectors that the processor can name */
#define RAW_MAX(a, b) _mm512_max_ps(a, b)
#define RAW_MIN(a, b) _mm512_min_ps(a, b)
#elif defined __AVX2__
#include <immintrin.h>
#define WIDTH         8
#define REGISTERS     16
#define RAW_MAX(a, b) _mm256_max_ps(a, b)
#define RAW_MIN(a, b) _mm256_min_ps(a, b)
#else
#define WIDTH     4
#define REGISTERS 16
#endif

#define VECTORS       (BLOCK / WIDTH)
#define UNROLL        _Pragma("GCC unroll 32")
#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(WIDTH * sizeof(float))));
typedef float vec_of_floats __attribute__((vector_size(WIDTH * sizeof(float)), may_alias));
typedef int32_t mask __attribute__((vector_size(WIDTH * sizeof(float))));
typedef uint32_t bits __attribute__((vector_size(WIDTH * sizeof(float))));

/* v between low and high; a NaN stays one, so that a diverged training shows in its loss. (The
 * machine's instruction returns its second operand when one is NaN.) */
ALWAYS_INLINE vec clamp(vec v, vec low, vec high)
{
#ifdef RAW_MAX
    return RAW_MIN(high, RAW_MAX(low, v));
#else
    mask below = v<low, above = v> high;

    v = (vec)((below & (mask)low) | (~below & (mask)v));
    return (vec)((above & (mask)high) | (~above & (mask)v));
#endif
}

/* v where low < u < high, else 0. */
ALWAYS_INLINE vec keep_inside(vec v, vec u, vec low, vec high)
{
    return (vec)((mask)v & ((low < u) & (u < high)));
}

/* e^v to about two units in the last place, v held between the exponents of the smallest and the
 * largest normal number: 2^n e^r with n the integer nearest to v / ln 2, and e^r by its series. */
ALWAYS_INLINE vec exponential(vec v)
{
    const vec zero = { 0 };
    const float round = 12582912; /* 1.5 x 2^23: what is added to it loses its fraction */
    vec shifted, r, sum = 1.0f / 720 + zero;

    v = clamp(v, zero - 87, zero + 88);
    shifted = v * 1.44269504f + round;
    r = v - (shifted - round) * 0.693359375f; /* ln 2 in two parts, the first of few bits */
    r = r - (shifted - round) * -2.12194440e-4f;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1;
    sum = sum * r + 1;
    return sum * (vec)(((bits)shifted << 23) + (127u << 23));
}

ALWAYS_INLINE vec sigmoid(vec v)
{
    return 1 / (1 + exponential(-v));
}

ALWAYS_INLINE vec load(const float *p)
{
    return *(const vec_of_floats *)p;
}

ALWAYS_INLINE void store(float *p, vec v)
{
    *(vec_of_floats *)p = v;
}

#endif
