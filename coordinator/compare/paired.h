/* paired - whether one of two strategies does better, run by run.
 *
 * Runs of the same number share seed and reward column, so they are compared in pairs: Wilcoxon's
 * signed-rank test, two-sided (Individual comparisons by ranking methods, Biometrics Bulletin 1,
 * 1945). Pairs that are equal are left out, equal differences share their mean rank. Up to
 * PAIRED_EXACT_MOST pairs that differ the probability is exact; beyond, it is that of the normal
 * distribution with the variance corrected for ties, and for continuity. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_PAIRED_H
#define LAYERNAS_COORDINATOR_COMPARE_PAIRED_H

#include <stdint.h>

enum { PAIRED_EXACT_MOST = 30 };

struct paired {
    double difference, error;      /* mean of left - right, and its standard error; one pair: 0 */
    uint32_t better, equal, worse; /* pairs in which left is above, at, below right */
    double p; /* that chance alone would give ranks so uneven; 1 where no pair differs */
};

/* n pairs, in any unit; none is NAN. -ENOMEM. */
int paired_test(const double *left, const double *right, uint32_t n, struct paired *paired_out);

#endif
