/* zmq_watch - a ZeroMQ socket on a libuv loop: a callback per message that waits.
 *
 * A ZeroMQ socket's descriptor signals edges only, and any call on the socket may take the edge
 * away. So before each sleep of the loop the socket itself is asked, and the loop stays awake while
 * a message waits. Whatever comes after the asking does signal. A busy socket yields after some messages, so that timers get their turn.
 * Loop thread only. */
#ifndef LAYERNAS_PROTO_ZMQ_WATCH_H
#define LAYERNAS_PROTO_ZMQ_WATCH_H

#include <stdbool.h>
#include <uv.h>

struct zmq_watch;

/* Takes one message from socket, with ZMQ_DONTWAIT. True: it took one, and can be called again without
 * knowing that there is another, which spares two system calls; false: not before the loop has gone
 * round. May free the watch. */
typedef bool zmq_watch_fn(void *socket, void *arg);

/* 0 or a negative errno. The socket stays the caller's. */
int zmq_watch_new(uv_loop_t *loop, void *socket, zmq_watch_fn *on_readable, void *arg,
                  struct zmq_watch **watch_out);

/* fn, with the watch's arg, is called in each turn of the loop before it may sleep, and before the socket
 * is asked: whatever is sent on the socket there takes no edge away unseen. */
typedef void zmq_watch_sleep_fn(void *arg);
void zmq_watch_before_sleep(struct zmq_watch *watch, zmq_watch_sleep_fn *fn);

/* No callback comes any more, and the socket may be closed at once. The memory goes when the loop has
 * run its close callbacks. NULL does nothing. */
void zmq_watch_free(struct zmq_watch *watch);

/* A message waits: after a stall of this process, deadlines that it may have met are not over yet. */
bool zmq_watch_pending(const struct zmq_watch *watch);

#endif
