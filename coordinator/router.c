#include "coordinator/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/letter.h"

enum {
    QUEUE = 1000,               /* messages to and from each peer */
    BACKLOG = 1024,             /* connections that come at the same time */
    HEARTBEAT_MS = 5000,        /* of ZeroMQ, so that a half-open connection is noticed, */
    HEARTBEAT_LIMIT_MS = 20000, /* after so long a silence */
};

static const char tcp[] = "tcp://";

bool router_is_local(const char *endpoint)
{
    static const char *const hosts[] = { "127.", "localhost:", "[::1]:", "lo:" };

    if (strncmp(endpoint, tcp, sizeof tcp - 1) != 0)
        return strncmp(endpoint, "ipc://", 6) == 0;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (strncmp(endpoint + sizeof tcp - 1, hosts[i], strlen(hosts[i])) == 0)
            return true;
    return false;
}

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) < 0 ? -zmq_errno() : 0;
}

static int set_options(void *socket, const char *endpoint, int max_message)
{
    const struct {
        int option, value;
    } options[] = {
        { ZMQ_ROUTER_MANDATORY, 1 },
        { ZMQ_SNDHWM, QUEUE },
        { ZMQ_RCVHWM, QUEUE },
        { ZMQ_BACKLOG, BACKLOG },
        { ZMQ_LINGER, 0 },
        { ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS },
        { ZMQ_HEARTBEAT_TIMEOUT, HEARTBEAT_LIMIT_MS },
        { ZMQ_IPV6, strchr(endpoint, '[') != NULL },
    };
    int64_t size = max_message;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof options / sizeof *options; i++)
        rc = set(socket, options[i].option, options[i].value);
    if (rc == 0 && zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &size, sizeof size) < 0)
        rc = -zmq_errno();
    return rc;
}

int router_new(void *context, const char *option, const char *endpoint, int max_message,
               void **socket_out, struct errmsg *err)
{
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    int rc;

    if (!socket)
        return errmsg_set(err, -zmq_errno(), "%s: no socket: %s", option,
                          zmq_strerror(zmq_errno()));
    rc = set_options(socket, endpoint, max_message);
    if (rc < 0) {
        zmq_close(socket);
        return errmsg_set(err, rc, "%s: %s", option, zmq_strerror(-rc));
    }
    *socket_out = socket;
    return 0;
}

int router_bind(void *socket, const char *option, const char *endpoint,
                char bound[ROUTER_ENDPOINT_SIZE], struct errmsg *err)
{
    size_t size = ROUTER_ENDPOINT_SIZE;

    if (zmq_bind(socket, endpoint) == 0 &&
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &size) == 0)
        return 0;
    switch (zmq_errno()) {
    case EINVAL:
    case EPROTONOSUPPORT:
        return errmsg_set(err, -EINVAL, "%s: \"%s\" is no endpoint; write tcp://HOST:PORT", option,
                          endpoint);
    case EADDRINUSE:
        return errmsg_set(err, -EADDRINUSE,
                          "%s: %s is in use by another program; choose another port, or 0 for any "
                          "that is free",
                          option, endpoint);
    default:
        return errmsg_set(err, -zmq_errno(), "%s: cannot listen on %s: %s", option, endpoint,
                          zmq_strerror(zmq_errno()));
    }
}

void router_close(void *socket, int linger_ms)
{
    if (!socket)
        return;
    set(socket, ZMQ_LINGER, linger_ms);
    zmq_close(socket);
}

static void drop_rest(void *socket)
{
    zmq_msg_t frame;
    int more = 1;

    while (more) {
        zmq_msg_init(&frame);
        more = zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&frame);
        zmq_msg_close(&frame);
    }
}

static int receive_route(void *socket, struct route *route_out)
{
    zmq_msg_t frame;
    int rc = 0;

    zmq_msg_init(&frame);
    if (zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) < 0) {
        rc = -zmq_errno();
    } else if (!zmq_msg_more(&frame) || zmq_msg_size(&frame) > ROSTER_MAX_ROUTE) {
        if (zmq_msg_more(&frame))
            drop_rest(socket);
        rc = -EBADMSG;
    } else {
        memset(route_out, 0, sizeof *route_out);
        route_out->size = (uint8_t)zmq_msg_size(&frame);
        memcpy(route_out->bytes, zmq_msg_data(&frame), route_out->size);
    }
    zmq_msg_close(&frame);
    return rc;
}

/* ZeroMQ knows of a message whose connection brought it. */
static void note_sender(zmq_msg_t *message, struct route *route)
{
    const char *address = zmq_msg_gets(message, "Peer-Address");
    const char *user = zmq_msg_gets(message, "User-Id");

    route->from_here = address &&
                       (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
                        strncmp(address, "::ffff:127.", 11) == 0);
    snprintf(route->key, sizeof route->key, "%s", user ? user : "");
}

int router_receive_frame(void *socket, struct sender *sender, zmq_msg_t *frame_out)
{
    bool first = !sender->more;
    int rc = first ? receive_route(socket, &sender->route) : 0;

    if (rc < 0)
        return rc;
    zmq_msg_init(frame_out);
    if (zmq_msg_recv(frame_out, socket, ZMQ_DONTWAIT) < 0) {
        rc = -zmq_errno();
        sender->more = false;
        zmq_msg_close(frame_out);
        return rc;
    }
    sender->more = zmq_msg_more(frame_out);
    if (first)
        note_sender(frame_out, &sender->route);
    return 0;
}

int router_receive(void *socket, struct route *route_out, zmq_msg_t *message_out)
{
    struct sender sender = { .more = false };
    int rc = router_receive_frame(socket, &sender, message_out);

    if (rc < 0)
        return rc;
    if (sender.more) {
        zmq_msg_close(message_out);
        drop_rest(socket);
        return -EBADMSG;
    }
    *route_out = sender.route;
    return 0;
}

int router_send(void *socket, const struct route *route, const struct bytes *frames, size_t n)
{
    if (zmq_send(socket, route->bytes, route->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0)
        return -zmq_errno();
    return letter_send_frames(socket, frames, n);
}
