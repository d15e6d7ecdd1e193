/* frame - messages on the pipes between a session and a slot's process: four bytes, little-endian,
 * that say how long it is, then the message, of at most WIRE_MAX_MESSAGE bytes. */
#ifndef LAYERNAS_WORKER_FRAME_H
#define LAYERNAS_WORKER_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

enum { FRAME_HEADER = 4 };

void frame_put_header(uint8_t header[FRAME_HEADER], size_t size);

/* ---- blocking: the slot's side. 0 or a negative errno ---- */

/* -EPIPE: the other side is gone, between two frames or within one. The bytes are the caller's. */
int frame_read(int fd, struct bytes *bytes_out);
int frame_write(int fd, const struct bytes *bytes);

/* ---- as the bytes come: the session's side ---- */

struct frame_reader {
    uint8_t *data;
    size_t used, room, taken; /* taken: bytes of frames that were given out */
};

void frame_reader_clear(struct frame_reader *reader);

/* Room for at least one more byte; NULL when memory runs out. Memory grows with what came, not with
 * what a header claims. Frames given out are no longer good. */
uint8_t *frame_reader_room(struct frame_reader *reader, size_t *size_out);
void frame_reader_came(struct frame_reader *reader, size_t size);

/* The next whole frame, inside the reader. -EAGAIN: not here yet; -EPROTO: too long. */
int frame_reader_next(struct frame_reader *reader, const uint8_t **data_out, size_t *size_out);

#endif
