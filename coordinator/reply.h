/* reply - messages to workers: packed, and put into their letters. */
#ifndef LAYERNAS_COORDINATOR_REPLY_H
#define LAYERNAS_COORDINATOR_REPLY_H

#include "coordinator/coordinator.h"
#include "proto/wire.h"

/* -ENOMEM, -EMSGSIZE. A reply that is lost is asked for again by whoever misses it. */
int reply_send(struct coordinator *coordinator, const struct route *route,
               const struct to_worker *message);

void reply_plain(struct coordinator *coordinator, const struct route *route,
                 enum to_worker_kind kind);
void reply_refusal(struct coordinator *coordinator, const struct route *route, const char *reason);
void reply_verdict(struct coordinator *coordinator, const struct route *route,
                   const struct digest *key, const struct attempt *attempt, bool accepted,
                   const char *reason);
void reply_cancel(struct coordinator *coordinator, const struct route *route,
                  const struct attempt *attempt, const char *reason);

/* Tells every worker that the study is over. */
void reply_study_over(struct coordinator *coordinator, const char *reason);

#endif
