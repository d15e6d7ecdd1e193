/* A trial's reward is what a published predictor says of its network. */
#include "common/surrogate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "worker/evaluate/evaluator.h"

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
    struct errmsg why;
    int rc = surrogate_reward(kept.surrogate, network, reward_out, &why);

    return rc < 0 ? errmsg_set(err, rc, "%s: %s", kept.path, why.text) : 0;
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
