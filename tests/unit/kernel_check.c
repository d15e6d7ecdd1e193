#include "tests/unit/kernel_check.h"

#include "tests/unit/check.h"

#include <math.h>
#include <stdlib.h>

float *kernel_floats(struct rng *rng, size_t n)
{
    float *floats = aligned_alloc(64, (n * sizeof *floats + 63) / 64 * 64);

    for (size_t i = 0; i < n; i++)
        floats[i] = (float)rng_normal(rng);
    return floats;
}

void kernel_check_near(const char *name, const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-4f * (1 + fabsf(want[i]))))
            fail_msg("%s: element %zu is %g, wanted %g", name, i, (double)got[i], (double)want[i]);
}
