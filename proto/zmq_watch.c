#include "proto/zmq_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

enum { MESSAGES_PER_TURN = 64 };

struct zmq_watch {
    void *socket; /* NULL once freed */
    zmq_watch_fn *on_readable;
    zmq_watch_sleep_fn *before_sleeping; /* NULL: nothing to do */
    void *arg;
    uv_poll_t wake_up;
    uv_prepare_t before_sleep;
    uv_check_t after_sleep;
    uv_idle_t stay_awake;
    bool look; /* a message may have come */
    int open_handles;
};

bool zmq_watch_pending(const struct zmq_watch *watch)
{
    int events = 0;
    size_t size = sizeof events;

    return zmq_getsockopt(watch->socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

static void on_wake_up(uv_poll_t *handle, int status, int events)
{
    struct zmq_watch *watch = handle->data;

    (void)status;
    (void)events;
    watch->look = true;
}

static void on_idle(uv_idle_t *handle)
{
    (void)handle;
}

static void on_before_sleep(uv_prepare_t *handle)
{
    struct zmq_watch *watch = handle->data;

    if (watch->before_sleeping)
        watch->before_sleeping(watch->arg);
    watch->look = zmq_watch_pending(watch);
    if (watch->look)
        uv_idle_start(&watch->stay_awake, on_idle); /* makes this turn poll without waiting */
}

static void on_after_sleep(uv_check_t *handle)
{
    struct zmq_watch *watch = handle->data;

    uv_idle_stop(&watch->stay_awake);
    if (!watch->look || !zmq_watch_pending(watch))
        return;
    for (int i = 0; i < MESSAGES_PER_TURN && watch->socket; i++)
        if (!watch->on_readable(watch->socket, watch->arg))
            return;
}

static void on_closed(uv_handle_t *handle)
{
    struct zmq_watch *watch = handle->data;

    if (--watch->open_handles == 0)
        free(watch);
}

int zmq_watch_new(uv_loop_t *loop, void *socket, zmq_watch_fn *on_readable, void *arg,
                  struct zmq_watch **watch_out)
{
    struct zmq_watch *watch = calloc(1, sizeof *watch);
    size_t size = sizeof(int);
    int fd, rc;

    if (!watch)
        return -ENOMEM;
    *watch = (struct zmq_watch){
        .socket = socket, .on_readable = on_readable, .arg = arg, .open_handles = 4
    };
    watch->wake_up.data = watch->before_sleep.data = watch;
    watch->after_sleep.data = watch->stay_awake.data = watch;
    rc = zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0 ? uv_poll_init(loop, &watch->wake_up, fd)
                                                         : -zmq_errno();
    if (rc < 0) {
        free(watch);
        return rc;
    }
    uv_prepare_init(loop, &watch->before_sleep);
    uv_check_init(loop, &watch->after_sleep);
    uv_idle_init(loop, &watch->stay_awake);
    uv_prepare_start(&watch->before_sleep, on_before_sleep);
    uv_check_start(&watch->after_sleep, on_after_sleep);
    rc = uv_poll_start(&watch->wake_up, UV_READABLE, on_wake_up);
    if (rc < 0)
        zmq_watch_free(watch);
    else
        *watch_out = watch;
    return rc;
}

void zmq_watch_before_sleep(struct zmq_watch *watch, zmq_watch_sleep_fn *fn)
{
    watch->before_sleeping = fn;
}

void zmq_watch_free(struct zmq_watch *watch)
{
    if (!watch)
        return;
    watch->socket = NULL;
    uv_close((uv_handle_t *)&watch->wake_up, on_closed);
    uv_close((uv_handle_t *)&watch->before_sleep, on_closed);
    uv_close((uv_handle_t *)&watch->after_sleep, on_closed);
    uv_close((uv_handle_t *)&watch->stay_awake, on_closed);
}
