#include "worker/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { READ_AT_ONCE = 1 << 16 };

void frame_put_header(uint8_t header[FRAME_HEADER], size_t size)
{
    for (int i = 0; i < FRAME_HEADER; i++)
        header[i] = (uint8_t)(size >> 8 * i);
}

static size_t header_size(const uint8_t header[FRAME_HEADER])
{
    return header[0] | (size_t)header[1] << 8 | (size_t)header[2] << 16 | (size_t)header[3] << 24;
}

static int read_all(int fd, uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = read(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EPIPE;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int frame_read(int fd, struct bytes *bytes_out)
{
    uint8_t header[FRAME_HEADER], *data;
    size_t size;
    int rc = read_all(fd, header, sizeof header);

    if (rc < 0)
        return rc;
    size = header_size(header);
    if (size > WIRE_MAX_MESSAGE)
        return -EPROTO;
    data = malloc(size + 1);
    if (!data)
        return -ENOMEM;
    rc = read_all(fd, data, size);
    if (rc < 0)
        free(data);
    else
        *bytes_out = (struct bytes){ .data = data, .size = size };
    return rc;
}

int frame_write(int fd, const struct bytes *bytes)
{
    uint8_t header[FRAME_HEADER];
    int rc;

    frame_put_header(header, bytes->size);
    rc = write_all(fd, header, sizeof header);
    return rc < 0 ? rc : write_all(fd, bytes->data, bytes->size);
}

void frame_reader_clear(struct frame_reader *reader)
{
    free(reader->data);
    *reader = (struct frame_reader){ 0 };
}

uint8_t *frame_reader_room(struct frame_reader *reader, size_t *size_out)
{
    if (reader->taken > 0) {
        memmove(reader->data, reader->data + reader->taken, reader->used - reader->taken);
        reader->used -= reader->taken;
        reader->taken = 0;
    }
    if (reader->used == reader->room) {
        size_t room = reader->room ? 2 * reader->room : READ_AT_ONCE;
        uint8_t *grown = realloc(reader->data, room);

        if (!grown)
            return NULL;
        reader->data = grown;
        reader->room = room;
    }
    *size_out = reader->room - reader->used;
    return reader->data + reader->used;
}

void frame_reader_came(struct frame_reader *reader, size_t size)
{
    reader->used += size;
}

int frame_reader_next(struct frame_reader *reader, const uint8_t **data_out, size_t *size_out)
{
    const uint8_t *at = reader->data + reader->taken;
    size_t left = reader->used - reader->taken, size;

    if (left < FRAME_HEADER)
        return -EAGAIN;
    size = header_size(at);
    if (size > WIRE_MAX_MESSAGE)
        return -EPROTO;
    if (left - FRAME_HEADER < size)
        return -EAGAIN;
    reader->taken += FRAME_HEADER + size;
    *data_out = at + FRAME_HEADER;
    *size_out = size;
    return 0;
}
