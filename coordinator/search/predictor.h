/* predictor - says which candidates promise most, from the results so far.
 *
 * Ridge regression of the rank of a result on one-hot options, pairs of options of adjacent layers,
 * and the logarithm of the cost. Solved by conjugate gradients on the rows as they are, never on a
 * matrix of features x features: an exact solution to some digits, in time linear in the results,
 * for spaces with more features than results as for those with fewer. Floating point in a fixed
 * order. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_PREDICTOR_H
#define LAYERNAS_COORDINATOR_SEARCH_PREDICTOR_H

#include "common/rng.h"
#include "coordinator/search/proposals.h"

struct predictor;

/* Fitted to the valid ones of the results told of the first n proposals; NULL in *predictor_out where
 * there are fewer than PREDICTOR_FEWEST. With resample, to as many of them drawn with replacement: what
 * the results leave open, predictors then see differently. -ENOMEM. */
enum { PREDICTOR_FEWEST = 8, PREDICTOR_MOST = 4096 /* results: the last so many */ };
int predictor_new(const struct cost_model *model, const struct proposals *known, uint64_t n,
                  struct rng *resample, struct predictor **predictor_out);
void predictor_free(struct predictor *predictor);

/* A number that is higher for better candidates. */
double predictor_worth(const struct predictor *predictor, const struct arch *arch, int64_t cost);

#endif
