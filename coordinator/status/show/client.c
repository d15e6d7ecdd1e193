#include "coordinator/status/show/client.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

#include "coordinator/status/show/reply.h"
#include "coordinator/status/snapshot.h"

enum {
    HEARTBEAT_MS = 2000, /* so that a machine that fell silent is noticed, */
    SILENCE_MS = 6000,   /* after so long */
    RECONNECT_MS = 500,  /* at most, between attempts */
};

struct client {
    const char *endpoint;
    void *context, *socket;
    uint64_t last_id;
};

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static void set_options(void *socket)
{
    int64_t most = STATUS_MAX_REPLY;

    set(socket, ZMQ_LINGER, 0);
    set(socket, ZMQ_IMMEDIATE, 1);
    set(socket, ZMQ_RECONNECT_IVL_MAX, RECONNECT_MS);
    set(socket, ZMQ_HEARTBEAT_IVL, HEARTBEAT_MS);
    set(socket, ZMQ_HEARTBEAT_TIMEOUT, SILENCE_MS);
    zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
}

int client_open(const char *endpoint, struct client **client_out, struct errmsg *err)
{
    struct client *client = calloc(1, sizeof *client);

    if (!client)
        return errmsg_set(err, -ENOMEM, "out of memory");
    client->endpoint = endpoint;
    client->context = zmq_ctx_new();
    client->socket = client->context ? zmq_socket(client->context, ZMQ_DEALER) : NULL;
    if (!client->socket) {
        int rc = errmsg_set(err, -ENOMEM, "ZeroMQ: %s", zmq_strerror(errno));

        client_close(client);
        return rc;
    }
    set_options(client->socket);
    if (zmq_connect(client->socket, endpoint) < 0) {
        errmsg_set(err, -EINVAL, "--connect: \"%s\" is not an endpoint (%s); tcp://HOST:PORT",
                   endpoint, zmq_strerror(errno));
        client_close(client);
        return -EINVAL;
    }
    *client_out = client;
    return 0;
}

void client_close(struct client *client)
{
    if (!client)
        return;
    if (client->socket)
        zmq_close(client->socket);
    if (client->context)
        zmq_ctx_term(client->context);
    free(client);
}

void *client_socket(const struct client *client)
{
    return client->socket;
}

int client_send(struct client *client, const struct question *question, uint64_t id)
{
    Layernas__Query query = LAYERNAS__QUERY__INIT;
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    uint8_t *packed;
    size_t size;
    int rc;

    query.what = question->what;
    query.limit = question->limit;
    query.first = question->first;
    query.watch = question->watch;
    if (question->arch)
        query.arch = (char *)question->arch;
    request.protocol = STATUS_PROTOCOL;
    request.id = id;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_QUERY;
    request.query = &query;
    packed = malloc(layernas__status_request__get_packed_size(&request));
    if (!packed)
        return -ENOMEM;
    size = layernas__status_request__pack(&request, packed);
    rc = zmq_send(client->socket, packed, size, ZMQ_DONTWAIT) < 0 ? -errno : 0;
    free(packed);
    return rc;
}

int client_receive(struct client *client, Layernas__StatusReply **reply_out, struct errmsg *err)
{
    zmq_msg_t message;
    int rc;

    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) < 0) {
        rc = errmsg_set(err, -errno, "the answer cannot be received: %s", zmq_strerror(errno));
    } else if (zmq_msg_more(&message)) {
        while (zmq_msg_more(&message) && zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) >= 0)
            ;
        rc = errmsg_set(err, -EPROTO, "an answer in several frames; this is no coordinator");
    } else {
        rc = reply_unpack(zmq_msg_data(&message), zmq_msg_size(&message), reply_out, err);
    }
    zmq_msg_close(&message);
    return rc;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Waits for events until the deadline; -ETIMEDOUT. */
static int wait_for(struct client *client, short events, int64_t deadline_ms)
{
    zmq_pollitem_t item = { .socket = client->socket, .events = events };
    int64_t left;

    while ((left = deadline_ms - now_ms()) > 0)
        if (zmq_poll(&item, 1, left) > 0)
            return 0;
    return -ETIMEDOUT;
}

static int exchange(struct client *client, const struct question *question, int64_t deadline_ms,
                    Layernas__StatusReply **reply_out, struct errmsg *err)
{
    Layernas__StatusReply *reply;
    int rc = wait_for(client, ZMQ_POLLOUT, deadline_ms);

    if (rc == 0)
        rc = client_send(client, question, ++client->last_id);
    while (rc == 0) {
        rc = wait_for(client, ZMQ_POLLIN, deadline_ms);
        if (rc == 0)
            rc = client_receive(client, &reply, err);
        if (rc == 0 && reply->id >= client->last_id) {
            rc = reply_check(reply, client->last_id, question->what, err);
            if (rc == 0)
                *reply_out = reply;
            else
                layernas__status_reply__free_unpacked(reply, NULL);
            return rc;
        }
        if (rc == 0) /* to an earlier question, too late */
            layernas__status_reply__free_unpacked(reply, NULL);
    }
    return rc;
}

int client_ask(struct client *client, const struct question *question, int timeout_ms,
               Layernas__StatusReply **reply_out, struct errmsg *err)
{
    int rc = exchange(client, question, now_ms() + timeout_ms, reply_out, err);

    if (rc == -ETIMEDOUT || rc == -EAGAIN)
        return errmsg_set(err, -ETIMEDOUT,
                          "no coordinator answered at %s within %g s; is one running there, with "
                          "this --status endpoint?",
                          client->endpoint, timeout_ms / 1000.0);
    return rc;
}
