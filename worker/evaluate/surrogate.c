/* A trial's reward is what a published predictor says of its network. */
#include "common/surrogate.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/evaluate/evaluator.h"

enum { REWARD_TOTAL = 10000000 }; /* a prediction of 0.8123456 is 8123456 of so many */

/* The predictor that this process read last. */
static struct {
    struct surrogate *surrogate;
    char *path;
} kept;

static int load(const char *path, struct errmsg *err)
{
    if (kept.surrogate && strcmp(kept.path, path) == 0)
        return 0;
    surrogate_free(kept.surrogate);
    free(kept.path);
    kept.surrogate = NULL;
    kept.path = strdup(path);
    if (!kept.path)
        return -ENOMEM;
    return surrogate_load(path, &kept.surrogate, err);
}

static int predict(const struct network *network, struct reward *reward_out, struct errmsg *err)
{
    uint8_t x[SURROGATE_INPUTS];
    double top1;
    int rc = surrogate_encode(network, x, err);

    if (rc < 0)
        return rc;
    top1 = surrogate_predict(kept.surrogate, x);
    if (!(top1 >= 0 && top1 <= 1))
        return errmsg_set(err, -ERANGE, "%s: predicts %g; a fraction, from 0 to 1", kept.path,
                          top1);
    *reward_out = (struct reward){ .correct = (uint32_t)llround(top1 * REWARD_TOTAL),
                                   .total = REWARD_TOTAL };
    return 0;
}

int evaluate_surrogate(const struct trial_message *trial, const struct evaluator_context *context,
                       struct evaluation_result *result_out, struct errmsg *err)
{
    struct evaluation_result result = { .numerics = "surrogate" };
    struct costs costs;
    const char *path;
    int rc = evaluator_find_data(trial, context, &path, err);

    if (rc == 0)
        rc = load(path, err);
    if (rc == 0)
        rc = predict(&trial->network, &result.reward, err);
    if (rc < 0)
        return rc;
    network_costs(&trial->network, &trial->count, &costs);
    result.madds = costs.madds;
    result.params = costs.params;
    *result_out = result;
    return 0;
}
