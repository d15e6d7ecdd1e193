#include "coordinator/reply.h"

#include <stdio.h>

int reply_send(struct coordinator *coordinator, const struct route *route,
               const struct to_worker *message)
{
    const struct attempt *attempt = message->kind == TO_TRIAL ? &message->trial.attempt : NULL;
    struct bytes frame;
    int rc = to_worker_pack(message, &frame);

    return rc < 0 ? rc : letters_add(coordinator, route, frame, attempt);
}

void reply_plain(struct coordinator *coordinator, const struct route *route,
                 enum to_worker_kind kind)
{
    struct to_worker message = { .kind = kind };

    reply_send(coordinator, route, &message);
}

void reply_refusal(struct coordinator *coordinator, const struct route *route, const char *reason)
{
    struct to_worker message = {
        .kind = TO_REFUSAL,
        .refusal = { .protocol_lowest = WIRE_PROTOCOL_LOWEST,
                     .protocol_highest = WIRE_PROTOCOL_HIGHEST },
    };

    wire_printable(message.refusal.reason, sizeof message.refusal.reason, reason);
    reply_send(coordinator, route, &message);
}

void reply_verdict(struct coordinator *coordinator, const struct route *route,
                   const struct digest *key, const struct attempt *attempt, bool accepted,
                   const char *reason)
{
    struct to_worker message = {
        .kind = TO_VERDICT,
        .verdict = { .key = *key, .attempt = *attempt, .accepted = accepted },
    };

    wire_printable(message.verdict.reason, sizeof message.verdict.reason, reason);
    reply_send(coordinator, route, &message);
}

void reply_cancel(struct coordinator *coordinator, const struct route *route,
                  const struct attempt *attempt, const char *reason)
{
    struct to_worker message = { .kind = TO_CANCEL, .cancel = { .attempt = *attempt } };

    wire_printable(message.cancel.reason, sizeof message.cancel.reason, reason);
    reply_send(coordinator, route, &message);
}

void reply_study_over(struct coordinator *coordinator, const char *reason)
{
    struct to_worker message = { .kind = TO_STUDY_OVER };

    wire_printable(message.study_over.reason, sizeof message.study_over.reason, reason);
    for (size_t i = 0; i < worker_roster_n(coordinator->roster); i++)
        reply_send(coordinator, &worker_roster_at(coordinator->roster, i)->route, &message);
}
