#include "coordinator/compare/paired.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* ---- ranks ---- */

static int compare_sizes(const void *left, const void *right)
{
    double a = fabs(*(const double *)left), b = fabs(*(const double *)right);

    return (a > b) - (a < b);
}

/* Ranks are doubled, so that the mean of two is whole too. */
struct ranks {
    uint32_t *doubled; /* of each difference, by size; room for n */
    uint64_t positive; /* sum of those of positive differences */
    double ties;       /* sum of t^3 - t over groups of t equal sizes */
};

/* The differences are sorted by size. */
static void rank(const double *differences, uint32_t n, struct ranks *ranks)
{
    for (uint32_t i = 0, end; i < n; i = end) {
        double equal;

        for (end = i + 1; end < n && fabs(differences[end]) == fabs(differences[i]);)
            end++;
        equal = end - i;
        ranks->ties += equal * equal * equal - equal;
        for (uint32_t k = i; k < end; k++) {
            ranks->doubled[k] = i + end + 1; /* twice the mean of i + 1 .. end */
            ranks->positive += differences[k] > 0 ? ranks->doubled[k] : 0;
        }
    }
}

/* ---- their probability ---- */

/* Of all 2^n ways to give the ranks signs, the share whose sum is as far from the middle. */
static int exact(const struct ranks *ranks, uint32_t n, double *p_out)
{
    uint64_t all = (uint64_t)n * (n + 1), far = ranks->positive;
    double *ways = calloc(all + 1, sizeof *ways), tail = 0;

    if (!ways)
        return -ENOMEM;
    if (far * 2 < all)
        far = all - far;
    ways[0] = 1;
    for (uint32_t i = 0; i < n; i++)
        for (uint64_t sum = all; sum >= ranks->doubled[i]; sum--)
            ways[sum] += ways[sum - ranks->doubled[i]];
    for (uint64_t sum = far; sum <= all; sum++)
        tail += ways[sum];
    free(ways);
    *p_out = fmin(1, 2 * tail / ldexp(1, (int)n));
    return 0;
}

static double approximate(const struct ranks *ranks, uint32_t n)
{
    double pairs = n, middle = pairs * (pairs + 1) / 4;
    double variance = pairs * (pairs + 1) * (2 * pairs + 1) / 24 - ranks->ties / 48;
    double away = fabs((double)ranks->positive / 2 - middle) - 0.5;

    return away <= 0 ? 1 : erfc(away / sqrt(2 * variance));
}

static int probability(double *differences, uint32_t n, double *p_out)
{
    struct ranks ranks = { .doubled = malloc(n * sizeof *ranks.doubled) };
    int rc = 0;

    if (!ranks.doubled)
        return -ENOMEM;
    qsort(differences, n, sizeof *differences, compare_sizes);
    rank(differences, n, &ranks);
    if (n <= PAIRED_EXACT_MOST)
        rc = exact(&ranks, n, p_out);
    else
        *p_out = approximate(&ranks, n);
    free(ranks.doubled);
    return rc;
}

int paired_test(const double *left, const double *right, uint32_t n, struct paired *paired_out)
{
    struct paired paired = { .p = 1 };
    double *differences = malloc((n + 1) * sizeof *differences);
    uint32_t differ = 0;
    double square = 0;
    int rc = 0;

    if (!differences)
        return -ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        double difference = left[i] - right[i];

        paired.difference += difference / n;
        paired.better += difference > 0;
        paired.equal += difference == 0;
        paired.worse += difference < 0;
        if (difference != 0)
            differences[differ++] = difference;
    }
    for (uint32_t i = 0; i < n; i++) {
        double away = left[i] - right[i] - paired.difference;

        square += away * away;
    }
    paired.error = n > 1 ? sqrt(square / (n - 1) / n) : 0;
    if (differ > 0)
        rc = probability(differences, differ, &paired.p);
    free(differences);
    *paired_out = paired;
    return rc;
}
