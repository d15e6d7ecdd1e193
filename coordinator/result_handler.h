/* result_handler - a result's way: checked, received, made durable, told to the campaign, and only
 * then acknowledged. */
#ifndef LAYERNAS_COORDINATOR_RESULT_HANDLER_H
#define LAYERNAS_COORDINATOR_RESULT_HANDLER_H

#include "coordinator/coordinator.h"
#include "proto/wire.h"

void result_handle(struct coordinator *coordinator, struct worker *worker,
                   const struct result_message *message);

/* Forgets what was on its way to the disk, when the store is closed. */
void result_forget_saves(struct coordinator *coordinator);

#endif
