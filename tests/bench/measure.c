#include "tests/bench/measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double measure_now(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double measure_processor_s(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double measure_quantile(double *values, size_t n, double share)
{
    size_t i = (size_t)(share * (double)n);

    qsort(values, n, sizeof *values, by_size);
    return values[i < n ? i : n - 1];
}

double measure_median(double *values, size_t n)
{
    return measure_quantile(values, n, 0.5);
}

int measure_demand(int rc, const char *what)
{
    if (rc < 0)
        measure_die("%s: %s", what, strerror(-rc));
    return rc;
}

void measure_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fputs("benchmark: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}
