#include "proto/wire_parts.h"

#include <float.h>
#include <stdlib.h>

/* total and correct are looked at in a result that has a reward, reason in one that has none. */
static void read_outcome(struct wire_reader *r, const Layernas__Result *from,
                         struct trial_result *to)
{
    to->outcome = (enum outcome)wire_read_integer(r, "outcome", from->outcome, 0, OUTCOMES - 1);
    if (to->outcome == OUTCOME_FAILED) {
        wire_read_name(r, "reason", from->reason, to->reason, sizeof to->reason);
        return;
    }
    to->diverged = from->diverged;
    to->reward.total = (uint32_t)wire_read_integer(r, "total", from->total, 1, UINT32_MAX);
    to->reward.correct = (uint32_t)wire_read_integer(r, "correct", from->correct, 0,
                                                     to->diverged ? 0 : to->reward.total);
    to->loss = wire_read_real(r, "loss", from->loss, -DBL_MAX, DBL_MAX);
}

void wire_read_result(struct wire_reader *r, const Layernas__Result *from,
                      struct result_message *to)
{
    struct trial_result *result = &to->result;

    wire_read_id(r, "study_id", &from->study_id, &to->study_id, sizeof to->study_id);
    to->attempt = wire_read_attempt(r, from->attempt);
    wire_read_id(r, "key", &from->key, &result->key, sizeof result->key);
    result->stage = (enum stage)wire_read_integer(r, "stage", from->stage, 0, STAGES - 1);
    result->replica = from->replica;
    result->arch = wire_read_arch(r, from->n_arch, from->arch);
    result->madds = wire_read_cost(r, "madds", from->madds);
    result->params = wire_read_cost(r, "params", from->params);
    result->seconds = wire_read_real(r, "seconds", from->seconds, 0, DBL_MAX);
    wire_read_text(r, "numerics", from->numerics, result->numerics, sizeof result->numerics);
    read_outcome(r, from, result);
    to->output = wire_read_bytes(r, "output", &from->output, WIRE_MAX_OUTPUT);
    to->weights = wire_read_bytes(r, "weights", &from->weights,
                                  result->stage == STAGE_FINAL ? WIRE_MAX_MESSAGE : 0);
    to->credit = from->credit;
}

void result_message_clear(struct result_message *message)
{
    free(message->output.data);
    free(message->weights.data);
    *message = (struct result_message){ 0 };
}

void wire_put_result(const struct result_message *from, struct packed_result *to)
{
    const struct trial_result *result = &from->result;
    Layernas__Result *message = &to->message;

    layernas__result__init(message);
    to->attempt = wire_put_attempt(&from->attempt);
    message->study_id = wire_put_bytes(&from->study_id, sizeof from->study_id);
    message->attempt = &to->attempt;
    message->key = wire_put_bytes(&result->key, sizeof result->key);
    message->stage = result->stage;
    message->replica = result->replica;
    message->n_arch = wire_put_arch(&result->arch, to->arch);
    message->arch = to->arch;
    message->madds = result->madds;
    message->params = result->params;
    message->outcome = result->outcome;
    message->correct = result->reward.correct;
    message->total = result->reward.total;
    message->loss = result->loss;
    message->seconds = result->seconds;
    message->diverged = result->diverged;
    message->numerics = (char *)result->numerics;
    message->reason = (char *)result->reason;
    message->output = wire_put_bytes(from->output.data, from->output.size);
    message->weights = wire_put_bytes(from->weights.data, from->weights.size);
    message->credit = from->credit;
}

struct result_message result_message_about(const struct digest *study_id,
                                           const struct attempt *attempt, const struct trial *trial)
{
    return (struct result_message){ .study_id = *study_id,
                                    .attempt = *attempt,
                                    .result = { .key = trial->key,
                                                .stage = trial->stage,
                                                .replica = trial->replica,
                                                .arch = trial->arch } };
}
