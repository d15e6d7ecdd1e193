/* evaluator - turns a trial into a result. One implementation per enum evaluator.
 *
 * Runs in a slot's process, one trial after another; may keep what it loaded for the next. Anything
 * it prints goes to the trial's log. A crash is the slot's concern, not its own. */
#ifndef LAYERNAS_WORKER_EVALUATE_EVALUATOR_H
#define LAYERNAS_WORKER_EVALUATE_EVALUATOR_H

#include <stdbool.h>

#include "common/errmsg.h"
#include "proto/wire.h"

/* Tells how far a trial is; false: it is not wanted any more, give up with -ECANCELED. */
typedef bool progress_fn(void *arg, const struct progress *progress);

/* Where a data set of that name lies on this worker: the text is good until the process ends.
 * NULL: this worker does not have it. */
typedef const char *data_path_fn(void *arg, const char *name);

struct evaluator_context {
    progress_fn *progress;
    data_path_fn *data_path;
    void *arg;
    uint32_t threads;
};

/* What an evaluator finds out; the slot adds the trial's identity. */
struct evaluation_result {
    struct reward reward;
    double loss, seconds; /* seconds: of the training, read only where evaluator_knows_seconds() */
    bool diverged;
    int64_t madds, params; /* of the network it built; 0, 0 where it builds none */
    char numerics[TRIAL_NUMERICS_SIZE];
    struct bytes weights; /* STAGE_FINAL of a training: owned */
};

/* Evaluates trial by its evaluation->evaluator. 0, or a negative errno with a line in err, which is
 * the trial's failure reason. */
int evaluate(const struct trial_message *trial, const struct evaluator_context *context,
             struct evaluation_result *result_out, struct errmsg *err);

/* The implementations. */
int evaluate_train(const struct trial_message *trial, const struct evaluator_context *context,
                   struct evaluation_result *result_out, struct errmsg *err);
int evaluate_table(const struct trial_message *trial, const struct evaluator_context *context,
                   struct evaluation_result *result_out, struct errmsg *err);
int evaluate_surrogate(const struct trial_message *trial, const struct evaluator_context *context,
                       struct evaluation_result *result_out, struct errmsg *err);

/* Whether a good result of it brings seconds of its own, in place of the trial's wall time. */
bool evaluator_knows_seconds(const struct evaluation *evaluation);

/* For the implementations: where the trial's data set lies. -ENOENT where this worker has none. */
int evaluator_find_data(const struct trial_message *trial, const struct evaluator_context *context,
                        const char **path_out, struct errmsg *err);

/* The numerics tag of trainings on this worker. */
void evaluator_numerics(enum precision precision, uint32_t threads, char tag[TRIAL_NUMERICS_SIZE]);

#endif
