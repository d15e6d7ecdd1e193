/* rng - seeded streams of random numbers, the same on every machine.
 *
 * xoshiro256** (Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators", 2018),
 * its state filled by splitmix64. Integers only inside: a stream never depends on the
 * processor, and the numbers drawn from it in floating point are exact functions of integers
 * (rng_normal excepted: it uses the C library's log, cos and sin). */
#ifndef LAYERNAS_COMMON_RNG_H
#define LAYERNAS_COMMON_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state[4];
};

/* Starts the stream-th of the streams that belong to seed; different streams are independent. */
void rng_init(struct rng *rng, uint64_t seed, uint64_t stream);

uint64_t rng_u64(struct rng *rng);

/* Uniform in [0, bound), without bias. bound is at least 1. */
uint64_t rng_below(struct rng *rng, uint64_t bound);

/* Uniform in [0, 1), a multiple of 2^-53. */
double rng_double(struct rng *rng);

/* Mean 0, variance 1 (Box-Muller). */
double rng_normal(struct rng *rng);

/* A uniformly random order of index[0..n). */
void rng_shuffle(struct rng *rng, uint32_t *index, size_t n);

#endif
