/* client - questions to a coordinator's status socket, and their answers.
 *
 * One connection, which comes back by itself when the coordinator does. A question goes out only
 * over a connection that stands: nothing piles up while nobody is there. One thread. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_CLIENT_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "proto/layernas.pb-c.h"

struct client;

/* Fields as in Query. */
struct question {
    Layernas__Query__What what;
    uint32_t limit;
    uint64_t first;
    const char *arch; /* NULL: none */
    bool watch;
    const Layernas__Command *command; /* instead of all of the above; NULL: it is a question */
};

/* keys: a folder with server.pub and a control.key or an observer.key, NULL: without. endpoint must
 * outlive it. -EINVAL with a line in err: that is not an endpoint, or the keys are not there. */
int client_open(const char *endpoint, const char *keys, struct client **client_out,
                struct errmsg *err);
void client_close(struct client *client);

/* The checked answer, the caller's to free with layernas__status_reply__free_unpacked(reply, NULL).
 * -ETIMEDOUT: none within timeout_ms; -ECONNREFUSED: it is not let in; otherwise as reply_unpack and
 * reply_check. */
int client_ask(struct client *client, const struct question *question, int timeout_ms,
               Layernas__StatusReply **reply_out, struct errmsg *err);

/* ---- for those who wait for other things too ---- */

/* Milliseconds, monotonic. */
int64_t client_now_ms(void);

/* For zmq_poll: ZMQ_POLLIN. */
void *client_socket(const struct client *client);

/* Why no connection came about since the last message, as a line; "": no reason is known. Connects
 * anew where ZeroMQ has given up: not to be called more often than that may be. */
const char *client_trouble(struct client *client);

/* Never waits. id, from 1 on, comes back with the answer. -EAGAIN: no connection stands. */
int client_send(struct client *client, const struct question *question, uint64_t id);

/* The next message, checked as reply_unpack does; never waits. -EAGAIN: there is none. */
int client_receive(struct client *client, Layernas__StatusReply **reply_out, struct errmsg *err);

#endif
