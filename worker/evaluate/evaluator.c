#include "worker/evaluate/evaluator.h"

#include <errno.h>
#include <stdio.h>

#include "common/version.h"
#include "worker/engine/trainer.h"

int evaluate(const struct trial_message *trial, const struct evaluator_context *context,
             struct evaluation_result *result_out, struct errmsg *err)
{
    switch (trial->evaluation.evaluator) {
    case EVALUATOR_TRAIN:
        return evaluate_train(trial, context, result_out, err);
    case EVALUATOR_TABLE:
        return evaluate_table(trial, context, result_out, err);
    case EVALUATOR_SURROGATE:
        return evaluate_surrogate(trial, context, result_out, err);
    case EVALUATOR_KINDS:
        break;
    }
    return errmsg_set(err, -ENOTSUP, "evaluator %d: this worker does not have it",
                      (int)trial->evaluation.evaluator);
}

bool evaluator_knows_seconds(const struct evaluation *evaluation)
{
    return evaluation->evaluator == EVALUATOR_TABLE && evaluation->table.seconds_column[0];
}

int evaluator_find_data(const struct trial_message *trial, const struct evaluator_context *context,
                        const char **path_out, struct errmsg *err)
{
    const char *name = trial->evaluation.data.name;

    *path_out = context->data_path(context->arg, name);
    if (*path_out)
        return 0;
    return errmsg_set(err, -ENOENT, "data set %s: this worker does not have it; --data %s=PATH",
                      name, name);
}

void evaluator_numerics(enum precision precision, uint32_t threads, char tag[TRIAL_NUMERICS_SIZE])
{
    snprintf(tag, TRIAL_NUMERICS_SIZE, "%s %u thread%s %s", trainer_numerics(precision), threads,
             threads == 1 ? "" : "s", LAYERNAS_VERSION);
}
