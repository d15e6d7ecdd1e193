/* letters - what is said to workers in one turn of the loop, put together: all that is for one worker
 * leaves as the frames of one ZeroMQ message, in the order in which it was said.
 *
 * Whether a worker can be reached shows only then. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_LETTERS_H
#define LAYERNAS_COORDINATOR_LETTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/wire.h"

struct coordinator;
struct route;
struct said;

struct letters {
    struct said **said; /* n of them, in order */
    size_t n, room;
    struct bytes *frames; /* of one letter, while it is sent; room for all */
};

/* Takes frame over, whatever comes of it. attempt: the one that it hands out; NULL. 0 or -ENOMEM. */
int letters_add(struct coordinator *coordinator, const struct route *route, struct bytes frame,
                const struct attempt *attempt);

/* Sends all of it, but for trials whose result has come since: those workers are waiting again. What could
 * not be handed out is READY again; whoever is not there any more leaves the roster, and a worker that
 * reads nothing at present keeps its credit. Returns whether there is anything to hand out to others. */
bool letters_send(struct coordinator *coordinator);

void letters_clear(struct letters *letters);

#endif
