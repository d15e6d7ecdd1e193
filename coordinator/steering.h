/* steering - what people tell a running search to do: commands over the status socket.
 *
 *     RUN ---pause---> PAUSE        nothing is handed out; what runs is waited for and counts
 *      |  <--resume---   |
 *      '----- drain -----'--> DRAIN: the same, and when nothing runs any more the coordinator stops;
 *                             its next start is RUN again
 *
 * What was told is on disk before it is answered, and holds over any restart. Whatever is told twice
 * is true once. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_STEERING_H
#define LAYERNAS_COORDINATOR_STEERING_H

#include "coordinator/coordinator.h"
#include "proto/layernas.pb-c.h"

/* Takes up what an earlier run was told: the trial cap before the search is led through what is known,
 * the rest after it. */
void steering_resume_cap(struct coordinator *coordinator);
void steering_resume(struct coordinator *coordinator);

/* Whether a worker of this name gets nothing: "gpu1" stands for "gpu1:1234" too. */
bool steering_is_aside(const struct coordinator *coordinator, const char *name);

/* Does what a request says, and answers it, now or when it is durable. */
void steering_command(struct coordinator *coordinator, const struct route *route,
                      const Layernas__StatusRequest *request);

/* Stops a coordinator that has drained: once a second. */
void steering_tick(struct coordinator *coordinator);

/* At the end: answers that were not sent. */
void steering_forget(struct coordinator *coordinator);

#endif
