/* reference - networks run in double precision by the plainest loops, to check the engine with. */
#ifndef LAYERNAS_TESTS_REFERENCE_H
#define LAYERNAS_TESTS_REFERENCE_H

#include "common/network.h"

/* Numbers of the network in the order of worker/engine/weights.h; *is_parameter_out[i] says
 * whether number i is one (and not a running statistic). The caller's to free. */
size_t reference_numbers(const struct network *network, bool **is_parameter_out);

/* The logits [n][classes] for images [n][channels][height][width], the caller's to free. Norms use
 * the statistics of the batch when training, else those among the numbers. factor[i] of a dropout is
 * what it multiplies by when training, [n][channels][height][width], or NULL: by 1. */
double *reference_logits(const struct network *network, const double *numbers, const double *images,
                         size_t n, bool training, double *const *factor);

#endif
