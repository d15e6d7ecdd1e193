/* gate - who gets into the coordinator's sockets.
 *
 *     connection --CURVE handshake--> ZAP request --> is its key among the allowed ones? --> in, or out
 *     message ----------------------> is its key still among them?
 *     folder of keys changed -------> whoever holds a key that is gone is told, and let go
 *
 * Without keys everybody gets in who can connect. Either way handshakes that fail are counted. All on
 * the loop thread: ZeroMQ's thread waits for the answer to a ZAP request, the loop for nothing. */
#ifndef LAYERNAS_COORDINATOR_GATE_H
#define LAYERNAS_COORDINATOR_GATE_H

#include <uv.h>

#include "coordinator/allowed_keys.h"
#include "coordinator/ledger/worker_roster.h"

struct gate;

enum gate_door { GATE_WORKERS, GATE_STATUS, GATE_DOORS };

struct gate_settings {
    uv_loop_t *loop;
    void *zmq_context;
    const char *folder;         /* of keys; NULL: without */
    void (*changed)(void *arg); /* the allowed keys may be others now; NULL: nobody asks */
    void *arg;
};

/* Reads the keys. -EINVAL: they are not as key_file and allowed_keys want them. */
int gate_open(const struct gate_settings *settings, struct gate **gate_out, struct errmsg *err);

/* Puts a socket behind a door, before it is bound. */
int gate_guard(struct gate *gate, enum gate_door door, void *socket, struct errmsg *err);

/* Before the sockets that it guards are closed, and while the loop can still run: handles close. NULL
 * does nothing. */
void gate_close(struct gate *gate);

/* From here on NULL is a gate without keys, where nobody came. */

bool gate_has_keys(const struct gate *gate);

/* Reads the keys again where the folder has changed: once a second. */
void gate_refresh(struct gate *gate);

/* The allowed key that a message came with; NULL: it is not allowed (any more) at that door, or there
 * are no keys. */
const struct allowed_key *gate_key(const struct gate *gate, enum gate_door door,
                                   const struct route *route);

/* Whether a message may be listened to; one that may not is counted. */
bool gate_admits(struct gate *gate, enum gate_door door, const struct route *route);

/* Connections and messages that were turned away. */
uint64_t gate_turned_away(const struct gate *gate);

/* How many allowed keys there are of a role. */
size_t gate_n_keys(const struct gate *gate, enum key_role role);

#endif
