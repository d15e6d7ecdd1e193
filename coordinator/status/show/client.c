#include "coordinator/status/show/client.h"

#include <errno.h>
#include <stdbool.h>
#include <zmq.h>

#include "coordinator/status/show/reply.h"
#include "coordinator/status/snapshot.h"

enum { REQUEST_ID = 1 }; /* one question on each connection */

static int send_request(void *socket, Layernas__Query__What what, uint32_t limit)
{
    Layernas__Query query = LAYERNAS__QUERY__INIT;
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    uint8_t packed[64];
    size_t size;

    query.what = what;
    query.limit = limit;
    request.protocol = STATUS_PROTOCOL;
    request.id = REQUEST_ID;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_QUERY;
    request.query = &query;
    size = layernas__status_request__pack(&request, packed);
    return zmq_send(socket, packed, size, 0) < 0 ? -errno : 0;
}

static int receive_reply(void *socket, Layernas__Query__What what,
                         Layernas__StatusReply **reply_out, struct errmsg *err)
{
    zmq_msg_t message;
    int rc;

    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, socket, 0) < 0)
        rc = errmsg_set(err, -errno, "the answer cannot be received: %s", zmq_strerror(errno));
    else if (zmq_msg_more(&message))
        rc = errmsg_set(err, -EPROTO, "an answer in several frames; this is no coordinator");
    else
        rc = reply_read(zmq_msg_data(&message), zmq_msg_size(&message), REQUEST_ID, what, reply_out,
                        err);
    zmq_msg_close(&message);
    return rc;
}

static int exchange(void *socket, const char *endpoint, Layernas__Query__What what, uint32_t limit,
                    int timeout_ms, Layernas__StatusReply **reply_out, struct errmsg *err)
{
    zmq_pollitem_t readable = { .socket = socket, .events = ZMQ_POLLIN };
    int rc;

    if (zmq_connect(socket, endpoint) < 0)
        return errmsg_set(err, -EINVAL,
                          "--connect: \"%s\" is not an endpoint (%s); tcp://HOST:PORT", endpoint,
                          zmq_strerror(errno));
    rc = send_request(socket, what, limit);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: %s", endpoint, zmq_strerror(-rc));
    if (zmq_poll(&readable, 1, timeout_ms) <= 0)
        return errmsg_set(err, -ETIMEDOUT,
                          "no coordinator answered at %s within %g s; is one running there, with "
                          "this --status endpoint?",
                          endpoint, timeout_ms / 1000.0);
    return receive_reply(socket, what, reply_out, err);
}

int client_ask(const char *endpoint, Layernas__Query__What what, uint32_t limit, int timeout_ms,
               Layernas__StatusReply **reply_out, struct errmsg *err)
{
    void *context = zmq_ctx_new();
    void *socket = context ? zmq_socket(context, ZMQ_DEALER) : NULL;
    int64_t most = STATUS_MAX_REPLY;
    int none = 0, rc;

    if (socket) {
        zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most, sizeof most);
        rc = exchange(socket, endpoint, what, limit, timeout_ms, reply_out, err);
        zmq_close(socket);
    } else {
        rc = errmsg_set(err, -errno, "ZeroMQ: %s", zmq_strerror(errno));
    }
    if (context)
        zmq_ctx_term(context);
    return rc;
}
