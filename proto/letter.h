/* letter - messages for one peer that leave together, as the frames of one ZeroMQ message: ZeroMQ wakes
 * up its thread, and that the network, once for all of them. Loop thread only. */
#ifndef LAYERNAS_PROTO_LETTER_H
#define LAYERNAS_PROTO_LETTER_H

#include <stddef.h>

#include "proto/wire.h"

struct letter {
    struct bytes *frames; /* n of them, owned */
    size_t n, room;
};

/* Takes frame over, whatever comes of it. 0 or -ENOMEM. */
int letter_add(struct letter *letter, struct bytes frame);

/* Sends all frames, as one message, and empties the letter in any case; one without frames is not sent.
 * Never blocks. 0 or a negative errno: then nothing of it arrives. */
int letter_send(struct letter *letter, void *socket);

/* Drops what was not sent, and the memory. */
void letter_clear(struct letter *letter);

/* As letter_send, of n frames that stay the caller's. */
int letter_send_frames(void *socket, const struct bytes *frames, size_t n);

#endif
