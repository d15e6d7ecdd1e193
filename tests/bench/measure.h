/* measure - what every benchmark needs: a clock, medians, and an end where something is wrong. */
#ifndef LAYERNAS_TESTS_MEASURE_H
#define LAYERNAS_TESTS_MEASURE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Monotonic seconds, and those that this process, or another one, has used of a processor: to a
 * microsecond, or to a hundredth. */
double measure_now(void);
double measure_processor_s(void);
double measure_processor_of(pid_t pid);

/* /proc/PID/name, to read. */
FILE *measure_open_proc(pid_t pid, const char *name);

/* The share-th quantile (0 to 1) of n values, which are sorted for it; the median is that of 0.5. */
double measure_quantile(double *values, size_t n, double share);
double measure_median(double *values, size_t n);

/* "what: errno's text", and exit status 1, unless rc is 0 or more. Returns rc. */
int measure_demand(int rc, const char *what);

void measure_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
