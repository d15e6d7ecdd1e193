#include "coordinator/ledger/yardstick.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void yardstick_note(struct yardstick *yardstick, double took)
{
    yardstick->took[yardstick->n++ % YARDSTICK_TRIALS] = took;
}

static int compare(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

double yardstick_median(const struct yardstick *yardstick)
{
    size_t n = yardstick->n < YARDSTICK_TRIALS ? yardstick->n : YARDSTICK_TRIALS;
    double sorted[YARDSTICK_TRIALS];

    if (n == 0)
        return INFINITY;
    memcpy(sorted, yardstick->took, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare);
    return sorted[n / 2];
}

bool yardstick_is_slow(double median, double running, double fraction)
{
    if (!(running > median))
        return false;
    return fraction <= 0 || running * (1 - fraction) > fraction * median;
}
