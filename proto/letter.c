#include "proto/letter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zmq.h>

static int make_room(struct letter *letter)
{
    size_t room = letter->room ? 2 * letter->room : 16;
    struct bytes *frames;

    if (letter->n < letter->room)
        return 0;
    frames = realloc(letter->frames, room * sizeof *frames);
    if (!frames)
        return -ENOMEM;
    letter->frames = frames;
    letter->room = room;
    return 0;
}

int letter_add(struct letter *letter, struct bytes frame)
{
    int rc = make_room(letter);

    if (rc < 0)
        free(frame.data);
    else
        letter->frames[letter->n++] = frame;
    return rc;
}

static int send_frame(void *socket, const struct bytes *frame, bool more)
{
    int flags = ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0);

    return zmq_send(socket, frame->data, frame->size, flags) < 0 ? -zmq_errno() : 0;
}

/* When the connection ends in the middle, ZeroMQ drops what it was given, and then everything up to the
 * last frame: that has to come, or the next letter would be taken for the rest of this one. */
int letter_send_frames(void *socket, const struct bytes *frames, size_t n)
{
    int rc = n > 0 ? send_frame(socket, &frames[0], n > 1) : 0;

    if (rc < 0)
        return rc;
    for (size_t i = 1; i < n; i++) {
        int failed = send_frame(socket, &frames[i], i + 1 < n);

        if (failed < 0)
            rc = failed;
    }
    return rc;
}

static void drop_frames(struct letter *letter)
{
    while (letter->n > 0)
        free(letter->frames[--letter->n].data);
}

int letter_send(struct letter *letter, void *socket)
{
    int rc = letter_send_frames(socket, letter->frames, letter->n);

    drop_frames(letter);
    return rc;
}

void letter_clear(struct letter *letter)
{
    drop_frames(letter);
    free(letter->frames);
    *letter = (struct letter){ 0 };
}
