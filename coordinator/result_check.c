#include "coordinator/result_check.h"

#include <errno.h>
#include <inttypes.h>

static uint32_t n_replicas(const struct study *study, enum stage stage)
{
    if (stage == STAGE_SEARCH)
        return 1;
    return study->final.top > 0 ? study->final.seeds : 0;
}

static bool is_about(const struct trial_result *result, const struct trial *trial)
{
    return digest_equal(&trial->key, &result->key) && trial->stage == result->stage &&
           trial->replica == result->replica && arch_equal(&trial->arch, &result->arch);
}

/* The candidate it is about, under the key that the study gives it. */
static int check_identity(const struct study *study, const struct result_message *message,
                          const struct trial *known, struct trial *trial, struct errmsg *err)
{
    const struct trial_result *result = &message->result;
    struct arch canonical;
    int rc;

    if (!digest_equal(&message->study_id, &study->id))
        return errmsg_set(err, -EINVAL, "of another study");
    if (known && is_about(result, known)) {
        *trial = *known;
        return 0;
    }
    if (space_check_arch(study->space, &result->arch, NULL) < 0)
        return errmsg_set(err, -EINVAL, "an architecture that the space does not have");
    rc = study_canonical(study, &result->arch, &canonical);
    if (rc < 0)
        return errmsg_set(err, rc, "out of memory");
    if (!arch_equal(&canonical, &result->arch))
        return errmsg_set(err, -EINVAL, "an architecture that is not in its canonical form");
    if (result->replica >= n_replicas(study, result->stage))
        return errmsg_set(err, -EINVAL, "replica %" PRIu32 " of a %s trial, the study has %" PRIu32,
                          result->replica, stage_name(result->stage),
                          n_replicas(study, result->stage));
    *trial = (struct trial){ .stage = result->stage,
                             .replica = result->replica,
                             .arch = result->arch };
    study_name_trial(study, trial);
    if (!digest_equal(&trial->key, &result->key))
        return errmsg_set(err, -EINVAL, "a key that is not that of its architecture");
    return 0;
}

static int check_costs(const struct study *study, const struct trial_result *result,
                       const struct trial *trial, struct errmsg *err)
{
    bool builds_none = study_evaluation(study, result->stage)->evaluator == EVALUATOR_TABLE;

    if (builds_none ||
        (result->madds == trial->costs.madds && result->params == trial->costs.params))
        return 0;
    return errmsg_set(err, -EINVAL,
                      "another network: %" PRId64 " madds and %" PRId64
                      " params, it should have %" PRId64 " and %" PRId64,
                      result->madds, result->params, trial->costs.madds, trial->costs.params);
}

static int check_reward(const struct study *study, const struct trial_result *result,
                        struct errmsg *err)
{
    const struct evaluation *evaluation = study_evaluation(study, result->stage);
    uint32_t valid = evaluation->data.valid;

    if (result->reward.total == 0 || result->reward.correct > result->reward.total)
        return errmsg_set(err, -EINVAL, "%" PRIu32 " of %" PRIu32 " correct",
                          result->reward.correct, result->reward.total);
    if (evaluation->evaluator == EVALUATOR_TRAIN && result->stage != STAGE_TEST && valid != 0 &&
        result->reward.total != valid)
        return errmsg_set(err, -EINVAL, "validated on %" PRIu32 " images, the study has %" PRIu32,
                          result->reward.total, valid);
    return 0;
}

/* The winner's are sent out to be tested. */
static int check_weights(const struct study *study, const struct result_message *message,
                         struct errmsg *err)
{
    const struct trial_result *result = &message->result;
    bool brings = result->stage == STAGE_FINAL && !result->diverged &&
                  study_evaluation(study, STAGE_FINAL)->evaluator == EVALUATOR_TRAIN;

    if (brings && message->weights.size == 0)
        return errmsg_set(err, -EINVAL, "a final training without weights");
    if (message->weights.size > WIRE_MAX_WEIGHTS)
        return errmsg_set(err, -EINVAL, "%zu bytes of weights; at most %d fit the test's message",
                          message->weights.size, WIRE_MAX_WEIGHTS);
    return 0;
}

int result_check(const struct study *study, const struct result_message *message,
                 const struct trial *known, struct trial *trial_out, struct errmsg *err)
{
    const struct trial_result *result = &message->result;
    struct trial trial;
    int rc = check_identity(study, message, known, &trial, err);

    if (rc == 0 && result->outcome == OUTCOME_OK)
        rc = check_costs(study, result, &trial, err);
    if (rc == 0 && result->outcome == OUTCOME_OK)
        rc = check_reward(study, result, err);
    if (rc == 0 && result->outcome == OUTCOME_OK)
        rc = check_weights(study, message, err);
    if (rc == 0)
        *trial_out = trial;
    return rc;
}
