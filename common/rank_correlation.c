#include "common/rank_correlation.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { EXACT_MOST = 100 };

struct pair {
    double x, y;
};

static int compare(double a, double b)
{
    return (a > b) - (a < b);
}

static int compare_pairs(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int order = compare(a->x, b->x);

    return order ? order : compare(a->y, b->y);
}

/* ---- Kendall ---- */

static uint64_t pairs_of(uint64_t n)
{
    return n * (n - 1) / 2;
}

/* Pairs of equal x; with both, of equal x and y. Equal ones are neighbours. */
static uint64_t ties_in_x(const struct pair *pairs, size_t n, int both)
{
    uint64_t ties = 0;
    size_t first = 0;

    for (size_t i = 1; i <= n; i++) {
        if (i < n && pairs[i].x == pairs[first].x && (!both || pairs[i].y == pairs[first].y))
            continue;
        ties += pairs_of(i - first);
        first = i;
    }
    return ties;
}

static uint64_t ties_in_y(const struct pair *pairs, size_t n)
{
    uint64_t ties = 0;
    size_t first = 0;

    for (size_t i = 1; i <= n; i++)
        if (i == n || pairs[i].y != pairs[first].y) {
            ties += pairs_of(i - first);
            first = i;
        }
    return ties;
}

/* Merges two neighbouring runs, sorted by y, into `into`; returns how many pairs it turned round. */
static uint64_t merge(const struct pair *left, size_t n_left, const struct pair *right,
                      size_t n_right, struct pair *into)
{
    uint64_t turned = 0;
    size_t l = 0, r = 0;

    while (l < n_left && r < n_right)
        if (right[r].y < left[l].y) {
            turned += n_left - l;
            into[l + r] = right[r];
            r++;
        } else {
            into[l + r] = left[l];
            l++;
        }
    memcpy(into + l + r, left + l, (n_left - l) * sizeof *into);
    memcpy(into + n_left + r, right + r, (n_right - r) * sizeof *into);
    return turned;
}

/* Sorts by y; returns how many pairs stood the other way round. room: n more. */
static uint64_t sort_by_y(struct pair *pairs, size_t n, struct pair *room)
{
    struct pair *from = pairs, *to = room, *swap;
    uint64_t turned = 0;

    for (size_t run = 1; run < n; run *= 2) {
        for (size_t first = 0; first < n; first += 2 * run) {
            size_t middle = first + run < n ? first + run : n;
            size_t end = middle + run < n ? middle + run : n;

            turned += merge(from + first, middle - first, from + middle, end - middle, to + first);
        }
        swap = from;
        from = to;
        to = swap;
    }
    if (from != pairs)
        memcpy(pairs, from, n * sizeof *pairs);
    return turned;
}

static void fill_kendall(struct pair *pairs, struct pair *room, struct rank_correlation *c)
{
    uint64_t all = pairs_of(c->n), tied_x, tied_y, tied_both, turned;

    qsort(pairs, c->n, sizeof *pairs, compare_pairs);
    tied_x = ties_in_x(pairs, c->n, 0);
    tied_both = ties_in_x(pairs, c->n, 1);
    turned = sort_by_y(pairs, c->n, room);
    tied_y = ties_in_y(pairs, c->n);
    c->score = (int64_t)(all - tied_x - tied_y + tied_both) - 2 * (int64_t)turned;
    if (tied_x < all && tied_y < all)
        c->tau_b = (double)c->score / (sqrt((double)(all - tied_x)) * sqrt((double)(all - tied_y)));
}

/* Of n orders, the share in which a given number of pairs is turned round, by the recursion over n;
 * most: pairs there are. share, room: most + 1 each. */
static double exact_chance(size_t n, int64_t score, double *share, double *room)
{
    int64_t most = (int64_t)pairs_of(n);
    double chance = 0;

    memset(share, 0, ((size_t)most + 1) * sizeof *share);
    share[0] = 1;
    for (int64_t i = 2; i <= (int64_t)n; i++) {
        double sum = 0;

        for (int64_t turned = 0; turned <= most; turned++) {
            sum += share[turned];
            if (turned >= i)
                sum -= share[turned - i];
            room[turned] = sum / (double)i;
        }
        memcpy(share, room, ((size_t)most + 1) * sizeof *share);
    }
    for (int64_t turned = 0; turned <= most; turned++)
        if (llabs(most - 2 * turned) >= llabs(score))
            chance += share[turned];
    return fmin(chance, 1);
}

static int fill_chance(struct rank_correlation *c)
{
    double n = (double)c->n, deviation = sqrt(n * (n - 1) * (2 * n + 5) / 18), *share;
    size_t room = (size_t)pairs_of(c->n) + 1;

    if (c->n > EXACT_MOST) {
        c->chance = erfc(fmax(fabs((double)c->score) - 1, 0) / deviation / sqrt(2));
        return 0;
    }
    share = malloc(2 * room * sizeof *share);
    if (!share)
        return -ENOMEM;
    c->chance = exact_chance(c->n, c->score, share, share + room);
    free(share);
    return 0;
}

/* ---- Spearman ---- */

struct placed {
    double x;
    size_t i;
};

static int compare_placed(const void *left, const void *right)
{
    const struct placed *a = left, *b = right;

    return compare(b->x, a->x);
}

int rank_places(const double *x, size_t n, double *places_out)
{
    struct placed *placed = malloc((n ? n : 1) * sizeof *placed);
    size_t first = 0;

    if (!placed)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        placed[i] = (struct placed){ x[i], i };
    qsort(placed, n, sizeof *placed, compare_placed);
    for (size_t i = 1; i <= n; i++) {
        if (i < n && placed[i].x == placed[first].x)
            continue;
        for (size_t k = first; k < i; k++)
            places_out[placed[k].i] = ((double)first + 1 + (double)i) / 2;
        first = i;
    }
    free(placed);
    return 0;
}

static double product_moment(const double *x, const double *y, size_t n)
{
    double mean = ((double)n + 1) / 2, xx = 0, yy = 0, xy = 0; /* of places, ties or not */

    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mean) * (x[i] - mean);
        yy += (y[i] - mean) * (y[i] - mean);
        xy += (x[i] - mean) * (y[i] - mean);
    }
    return xx > 0 && yy > 0 ? xy / (sqrt(xx) * sqrt(yy)) : NAN;
}

static int fill_spearman(const double *x, const double *y, struct rank_correlation *c)
{
    double *places = malloc(2 * c->n * sizeof *places);
    int rc = places ? rank_places(x, c->n, places) : -ENOMEM;

    if (rc == 0)
        rc = rank_places(y, c->n, places + c->n);
    if (rc == 0)
        c->spearman = product_moment(places, places + c->n, c->n);
    free(places);
    return rc;
}

int rank_correlate(const double *x, const double *y, size_t n,
                   struct rank_correlation *correlation_out)
{
    struct rank_correlation c = { .n = n, .tau_b = NAN, .spearman = NAN, .chance = 1 };
    struct pair *pairs;
    int rc;

    if (n < 2) {
        *correlation_out = c;
        return 0;
    }
    pairs = malloc(2 * n * sizeof *pairs);
    if (!pairs)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        pairs[i] = (struct pair){ x[i], y[i] };
    fill_kendall(pairs, pairs + n, &c);
    free(pairs);
    rc = fill_spearman(x, y, &c);
    if (rc == 0)
        rc = fill_chance(&c);
    if (rc == 0)
        *correlation_out = c;
    return rc;
}
