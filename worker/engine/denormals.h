/* denormals - numbers below 2^-126, which a processor may take a hundred times longer to add.
 *
 * Velocities and gradients of dead channels decay into them. Off, they count as zero. */
#ifndef LAYERNAS_WORKER_ENGINE_DENORMALS_H
#define LAYERNAS_WORKER_ENGINE_DENORMALS_H

#if defined __SSE2__
#include <emmintrin.h>

/* For this thread, until restored with what this returns. */
static inline unsigned denormals_off(void)
{
    enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };
    unsigned saved = _mm_getcsr();

    _mm_setcsr(saved | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO);
    return saved;
}

static inline void denormals_restore(unsigned saved)
{
    _mm_setcsr(saved);
}
#else
static inline unsigned denormals_off(void)
{
    return 0;
}

static inline void denormals_restore(unsigned saved)
{
    (void)saved;
}
#endif

#endif
