#include "proto/letter.h"

#include <errno.h>
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

int letter_send_frames(void *socket, const struct bytes *frames, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (zmq_send(socket, frames[i].data, frames[i].size,
                     ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0)) < 0)
            return -zmq_errno();
    return 0;
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
