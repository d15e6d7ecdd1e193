#include "worker/engine/kernels_amx.h"

#if defined __AMX_BF16__ && defined __AVX512BF16__ && defined __linux__

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/engine/tensor.h"

/* Tiles 0 to 3 hold sums, 4 and 5 lines of the left factor, 6 and 7 of the right. */
enum { RIGHT = 6, TILES = 8, LINE = 64 }; /* LINE: bytes */

/* The sums' and the left factor's height. The intrinsic tells the compiler of the first bytes only. */
static void configure(size_t lines)
{
    struct {
        uint8_t palette, start, unused[14];
        uint16_t bytes[16];
        uint8_t lines[16];
    } shape = { .palette = 1 };

    for (int i = 0; i < TILES; i++) {
        shape.bytes[i] = LINE;
        shape.lines[i] = (uint8_t)(i < RIGHT ? lines : 16);
    }
    __asm__ volatile("ldtilecfg %0" ::"m"(shape));
}

static __m512i pair_of(__m512 first, __m512 second)
{
    return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}

static void round_pixels(uint16_t *out, const float *first, const float *second, size_t pixels)
{
    const __m512i fours = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);

    for (size_t p = 0; p < pixels; p++) {
        __m512 a = _mm512_load_ps(first + p * BLOCK);
        __m512 b = second ? _mm512_load_ps(second + p * BLOCK) : _mm512_setzero_ps();

        _mm512_store_si512(out + p * PANEL, _mm512_permutexvar_epi64(fours, pair_of(a, b)));
    }
}

static __m512 weights_of(const float *w, size_t channels, size_t c)
{
    return c < channels ? _mm512_load_ps(w + c * BLOCK) : _mm512_setzero_ps();
}

static void weights(uint16_t *out, const float *w, size_t channels)
{
    const __m512i pairs = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9,
                                           24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1,
                                           16, 0);

    for (size_t from = 0; from < channels; from += PANEL)
        for (size_t line = 0; line < 16; line++, out += PANEL) {
            size_t c = from + line % 4 / 2 * BLOCK + line / 4 * 4 + line % 2 * 2;
            __m512i both = pair_of(weights_of(w, channels, c), weights_of(w, channels, c + 1));

            _mm512_store_si512(out, _mm512_permutexvar_epi16(pairs, both));
        }
}

/* ---- matmul: tiles of 16 pixels, or fewer where a row is shorter ---- */

struct place {
    const uint16_t *a;
    float *out;
};

/* A row's last tile ends where it ends, computing some pixels once more. */
static struct place place_of(const struct amx_matmul *m, size_t i, size_t in_row, size_t lines)
{
    size_t row = i / in_row, pixel = i % in_row * 16;

    pixel = pixel + lines > m->pixels ? m->pixels - lines : pixel;
    return (struct place){ m->a + row * m->a_row + pixel * PANEL,
                           m->out + row * m->out_row + pixel * BLOCK };
}

#define START(tile, bias)                                                                          \
    do {                                                                                           \
        if (bias)                                                                                  \
            _tile_loadd(tile, bias, 0);                                                            \
        else                                                                                       \
            _tile_zero(tile);                                                                      \
    } while (0)

static void tiles_of_one(const struct amx_matmul *m, size_t block, const struct place at[2])
{
    const uint16_t *w = m->w + block * m->panels * TILE;
    const float *bias = m->bias ? m->bias + block * BLOCK : NULL;

    START(0, bias);
    START(2, bias);
    for (size_t k = 0; k < m->panels; k++) {
        _tile_loadd(6, w + k * TILE, LINE);
        _tile_loadd(4, at[0].a + m->offset[k], LINE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(5, at[1].a + m->offset[k], LINE);
        _tile_dpbf16ps(2, 5, 6);
    }
    _tile_stored(0, at[0].out + block * m->out_block, LINE);
    _tile_stored(2, at[1].out + block * m->out_block, LINE);
}

static void tiles_of_two(const struct amx_matmul *m, size_t block, const struct place at[2])
{
    const uint16_t *w = m->w + block * m->panels * TILE, *next = w + m->panels * TILE;
    const float *bias = m->bias ? m->bias + block * BLOCK : NULL;
    float *out[2] = { at[0].out + block * m->out_block, at[1].out + block * m->out_block };

    START(0, bias);
    START(2, bias);
    START(1, bias ? bias + BLOCK : NULL);
    START(3, bias ? bias + BLOCK : NULL);
    for (size_t k = 0; k < m->panels; k++) {
        _tile_loadd(6, w + k * TILE, LINE);
        _tile_loadd(4, at[0].a + m->offset[k], LINE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, next + k * TILE, LINE);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, at[1].a + m->offset[k], LINE);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, out[0], LINE);
    _tile_stored(1, out[0] + m->out_block, LINE);
    _tile_stored(2, out[1], LINE);
    _tile_stored(3, out[1] + m->out_block, LINE);
}

static void matmul(const struct amx_matmul *m)
{
    size_t lines = m->pixels < 16 ? m->pixels : 16, in_row = (m->pixels + 15) / 16;
    size_t tiles = m->rows * in_row;

    configure(lines);
    for (size_t block = 0; block < m->blocks; block += 2)
        for (size_t i = 0; i < tiles; i += 2) {
            const struct place at[2] = { place_of(m, i, in_row, lines),
                                         place_of(m, i + 1 < tiles ? i + 1 : i, in_row, lines) };

            if (block + 1 < m->blocks)
                tiles_of_two(m, block, at);
            else
                tiles_of_one(m, block, at);
        }
    _tile_release();
}

/* ---- gradient of matmul by its weights ---- */

static void pair(uint16_t *first, uint16_t *second, const uint16_t *panel, size_t row, size_t rows,
                 size_t pixels)
{
    const __m512i zero = _mm512_setzero_si512();
    size_t lines = rows * ((pixels + 1) / 2), line = 0;

    for (size_t r = 0; r < rows; r++)
        for (size_t p = 0; p < pixels; p += 2, line++) {
            const uint16_t *at = panel + r * row + p * PANEL;
            __m512i a = _mm512_load_si512(at);
            __m512i b = p + 1 < pixels ? _mm512_load_si512(at + PANEL) : zero;

            _mm512_store_si512(first + line * PANEL, _mm512_unpacklo_epi16(a, b));
            _mm512_store_si512(second + line * PANEL, _mm512_unpackhi_epi16(a, b));
        }
    for (; line < (lines + 15) / 16 * 16; line++) {
        _mm512_store_si512(first + line * PANEL, zero);
        _mm512_store_si512(second + line * PANEL, zero);
    }
}

#define EACH _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++)

/* 16x16 pairs: of 2, of 4, then whole quarters change places. */
static void transpose_tile(uint16_t *tile)
{
    __m512i a[16], b[16];

    EACH a[i] = _mm512_load_si512(tile + i * PANEL);
    EACH b[i] = i % 2 ? _mm512_unpackhi_epi32(a[i - 1], a[i])
                      : _mm512_unpacklo_epi32(a[i], a[i + 1]);
    EACH a[i] = i % 2
                    ? _mm512_unpackhi_epi64(b[i / 4 * 4 + i % 4 / 2], b[i / 4 * 4 + i % 4 / 2 + 2])
                    : _mm512_unpacklo_epi64(b[i / 4 * 4 + i % 4 / 2], b[i / 4 * 4 + i % 4 / 2 + 2]);
    /* Now quarter t of line 4 q + l is column 4 t + l of lines 4 q to 4 q + 3. */
    EACH b[i] = i % 8 < 4 ? _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88)
                          : _mm512_shuffle_i32x4(a[i - 4], a[i], 0xdd);
    EACH a[i] = i < 8 ? _mm512_shuffle_i32x4(b[i], b[i + 8], 0x88)
                      : _mm512_shuffle_i32x4(b[i - 8], b[i], 0xdd);
    EACH _mm512_store_si512(tile + i * PANEL, a[i]);
}

static void transpose(uint16_t *tile, size_t tiles)
{
    for (size_t i = 0; i < tiles; i++)
        transpose_tile(tile + i * TILE);
}

/* Four tiles of sums, or those of them that there are: the others are computed twice. */
static void gradient_tiles(const struct amx_gradient *m, size_t block, size_t c)
{
    size_t other_block = block + 1 < m->blocks ? block + 1 : block;
    size_t other_c = c + 1 < m->a_blocks ? c + 1 : c, step = m->tiles * TILE;
    const uint16_t *dy[2] = { m->dy + block * step, m->dy + other_block * step };
    const uint16_t *a[2] = { m->a + c * step, m->a + other_c * step };
    float *dw[4] = { m->dw + (block * m->a_blocks + c) * 256,
                     m->dw + (block * m->a_blocks + other_c) * 256,
                     m->dw + (other_block * m->a_blocks + c) * 256,
                     m->dw + (other_block * m->a_blocks + other_c) * 256 };

    _tile_loadd(0, dw[0], LINE);
    _tile_loadd(1, dw[1], LINE);
    _tile_loadd(2, dw[2], LINE);
    _tile_loadd(3, dw[3], LINE);
    for (size_t k = 0; k < step; k += TILE) {
        _tile_loadd(4, dy[0] + k, LINE);
        _tile_loadd(6, a[0] + k, LINE);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, a[1] + k, LINE);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, dy[1] + k, LINE);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, dw[0], LINE);
    _tile_stored(1, dw[1], LINE);
    _tile_stored(2, dw[2], LINE);
    _tile_stored(3, dw[3], LINE);
}

static void gradient(const struct amx_gradient *m)
{
    configure(16);
    for (size_t block = 0; block < m->blocks; block += 2)
        for (size_t c = 0; c < m->a_blocks; c += 2)
            gradient_tiles(m, block, c);
    _tile_release();
}

static const struct amx table = {
    .round = round_pixels,
    .weights = weights,
    .matmul = matmul,
    .pair = pair,
    .transpose = transpose,
    .gradient = gradient,
};

const struct amx *const kernels_amx = &table;

/* AMX's two bits of leaf 7, and AVX-512's of leaf 7.1: GCC 12 cannot be asked for them by name. */
static bool processor_has_it(void)
{
    const unsigned tiles = 1u << 24 | 1u << 22, bf16 = 1u << 5;
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & tiles) == tiles &&
           __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & bf16) &&
           __builtin_cpu_supports("avx512bw");
}

bool amx_runs(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 }; /* asm/prctl.h of Linux 5.16 */

    return processor_has_it() &&
           syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

#else

const struct amx *const kernels_amx = NULL;

bool amx_runs(void)
{
    return false;
}

#endif
