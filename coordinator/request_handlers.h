/* request_handlers - what the coordinator does with a worker's message: a row per kind, as
 * proto/PROTOCOL.md lists them. */
#ifndef LAYERNAS_COORDINATOR_REQUEST_HANDLERS_H
#define LAYERNAS_COORDINATOR_REQUEST_HANDLERS_H

#include "coordinator/coordinator.h"

/* Takes one message from the worker socket. For zmq_watch; arg is the coordinator. */
bool on_worker_message(void *socket, void *arg);

/* A worker is gone, by its own word or by silence: what it ran is lost. Does not remove it. */
void worker_left(struct coordinator *coordinator, const struct worker *worker, const char *why);

/* The allowed keys may have changed: whoever holds one that is gone is refused, and what it ran is
 * lost. For gate_settings; arg is the coordinator. */
void workers_check_keys(void *arg);

#endif
