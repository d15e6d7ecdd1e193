/* kernel_check - arrays for the tests of kernels. */
#ifndef LAYERNAS_TESTS_KERNEL_CHECK_H
#define LAYERNAS_TESTS_KERNEL_CHECK_H

#include <stddef.h>

#include "common/rng.h"

/* n normal random numbers, aligned as kernels want them; the caller's to free. */
float *kernel_floats(struct rng *rng, size_t n);

/* Fails the test, naming `name`, unless both are equal but for rounding. */
void kernel_check_near(const char *name, const float *got, const float *want, size_t n);

#endif
