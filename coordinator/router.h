/* router - a ZeroMQ ROUTER socket that strangers talk to: bounded, and taken frame by frame.
 *
 * A message is one or more frames, after the route that ROUTER itself puts before them. ZeroMQ's error
 * codes become negative errnos here. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_ROUTER_H
#define LAYERNAS_COORDINATOR_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "common/errmsg.h"
#include "coordinator/ledger/worker_roster.h"

enum { ROUTER_ENDPOINT_SIZE = 256 };

/* Whether only this machine can reach endpoint. */
bool router_is_local(const char *endpoint);

/* A socket for endpoint, not bound yet. Messages from a peer may have max_message bytes. Errors come
 * with a line in err that begins with option. */
int router_new(void *context, const char *option, const char *endpoint, int max_message,
               void **socket_out, struct errmsg *err);

/* Binds endpoint (port 0 or *: any that is free) and writes what it became to bound. -EADDRINUSE,
 * -EINVAL for what is no endpoint, and the like. */
int router_bind(void *socket, const char *option, const char *endpoint,
                char bound[ROUTER_ENDPOINT_SIZE], struct errmsg *err);

/* Sends what is queued for at most linger_ms more. NULL does nothing. */
void router_close(void *socket, int linger_ms);

/* Takes a message of one frame, for zmq_msg_close. -EAGAIN: none waits; -EBADMSG: one of none or
 * several was taken and dropped. */
int router_receive(void *socket, struct route *route_out, zmq_msg_t *message_out);

/* Whose message is being taken, from one frame of it to the next. */
struct sender {
    struct route route;
    bool more; /* frames of it are left */
};

/* Takes the next frame of sender's message, or the first of another's. -EAGAIN: none waits; -EBADMSG: a
 * message without one was taken and dropped. */
int router_receive_frame(void *socket, struct sender *sender, zmq_msg_t *frame_out);

/* Sends n frames as one message. Never blocks. -EHOSTUNREACH: nobody is at that route any more;
 * -EAGAIN: it takes nothing more at present. */
int router_send(void *socket, const struct route *route, const struct bytes *frames, size_t n);

#endif
