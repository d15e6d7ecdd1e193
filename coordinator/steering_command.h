/* steering_command - what each command does; for steering.c, which makes it durable and answers. */
#ifndef LAYERNAS_COORDINATOR_STEERING_COMMAND_H
#define LAYERNAS_COORDINATOR_STEERING_COMMAND_H

#include "coordinator/coordinator.h"
#include "coordinator/status/snapshot.h"
#include "proto/layernas.pb-c.h"

struct steering_outcome {
    bool refused, changed, stops;
    uint64_t retried;
    struct errmsg line; /* what is true now, or why it is refused */
};

/* Does it, if this connection may: with keys it needs one of control, without it has to come from
 * this machine. */
void steering_obey(struct coordinator *coordinator, const struct route *route,
                   const Layernas__StatusRequest *request, struct steering_outcome *outcome_out);

#endif
