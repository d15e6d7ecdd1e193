/* status_handler - the status socket: a request in, a snapshot out. */
#ifndef LAYERNAS_COORDINATOR_STATUS_HANDLER_H
#define LAYERNAS_COORDINATOR_STATUS_HANDLER_H

#include <stdbool.h>

/* Takes one request from the status socket and answers it. For zmq_watch; arg is the coordinator. */
bool on_status_request(void *socket, void *arg);

struct coordinator;

/* Tells all who watch that the study is over. */
void status_say_end(struct coordinator *coordinator);

#endif
