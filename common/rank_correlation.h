/* rank_correlation - whether two lists of numbers put the same things in the same order.
 *
 * Kendall's tau-b, by merge sort in O(n log n) (Knight, JASA 61, 1966), and Spearman's rho, on mean
 * ranks where numbers are equal. 1: the same order, -1: the opposite, about 0: none. Pure. */
#ifndef LAYERNAS_COMMON_RANK_CORRELATION_H
#define LAYERNAS_COMMON_RANK_CORRELATION_H

#include <stddef.h>
#include <stdint.h>

enum { RANK_CORRELATION_MOST = 1 << 30 };

struct rank_correlation {
    size_t n;
    int64_t score;          /* pairs in the same order, minus pairs in the opposite one */
    double tau_b, spearman; /* NAN with n < 2, or where all numbers of a list are equal */
    double chance; /* of a score at least so far from 0, two-sided, if the orders have nothing to do
                    * with each other: exact up to n = 100, normal above; too high with ties. 1 with
                    * n < 2 */
};

/* Of the n <= RANK_CORRELATION_MOST pairs x[i], y[i], none of them NAN. -ENOMEM. */
int rank_correlate(const double *x, const double *y, size_t n,
                   struct rank_correlation *correlation_out);

/* Places from 1, the highest number first; the mean place where numbers are equal. -ENOMEM. */
int rank_places(const double *x, size_t n, double *places_out);

#endif
