/* curve - ZeroMQ sockets that encrypt and know who is at the other end; and why a connection did not
 * come about.
 *
 * A server lets nobody in by itself: it asks whoever is bound to inproc://zeromq.zap.01 of its
 * context (ZeroMQ RFC 27), which is the coordinator's gate. */
#ifndef LAYERNAS_PROTO_CURVE_H
#define LAYERNAS_PROTO_CURVE_H

#include "proto/key_file.h"

/* Before bind or connect. Negative errnos. */
int curve_serve(void *socket, const char secret[KEY_TEXT_SIZE], const char *domain);
int curve_connect(void *socket, const struct client_keys *keys);

/* ---- handshakes that failed ---- */

enum handshake {
    HANDSHAKE_KEY_REFUSED,  /* the server does not know, or not want, the client's key */
    HANDSHAKE_ONE_HAS_KEYS, /* one side has keys, the other has not */
    HANDSHAKE_OTHER_SERVER, /* at the server: the client expects another one, */
    HANDSHAKE_HUNG_UP, /* which at the client looks like this; so do a peer that was stopped, and
                             * one that was quicker to see that only one side has keys */
    HANDSHAKE_GARBAGE, /* the peer does not speak ZeroMQ */
};

/* A socket, readable when a handshake of `socket` failed; for zmq_watch. Before bind or connect.
 * Negative errnos. */
int handshakes_open(void *context, void *socket, void **events_out);

/* Before the socket itself is closed. NULL does nothing. */
void handshakes_close(void *socket, void *events);

/* Takes one event. -EAGAIN: none waits. */
int handshakes_next(void *events, enum handshake *failure_out);

/* At the client: what to tell its operator, in one line. own: NULL where it has no keys. */
const char *handshake_explain(enum handshake failure, const struct public_key *own, char *text,
                              size_t size);

#endif
