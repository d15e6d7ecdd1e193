#include "tests/bench/measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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

FILE *measure_open_proc(pid_t pid, const char *name)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    file = fopen(path, "re");
    if (!file)
        measure_die("%s: %s", path, strerror(errno));
    return file;
}

double measure_processor_of(pid_t pid)
{
    FILE *file = measure_open_proc(pid, "stat");
    unsigned long user, kernel;

    if (fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
               &kernel) != 2)
        measure_die("/proc/%d/stat makes no sense", (int)pid);
    fclose(file);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
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
