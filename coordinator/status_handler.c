#include "coordinator/status_handler.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "coordinator/coordinator.h"
#include "coordinator/gate.h"
#include "coordinator/status/snapshot.h"
#include "coordinator/steering.h"

/* An answer to a request that is not even looked at, but for its id. */
static int refuse(zmq_msg_t *request, const char *reason, struct bytes *reply_out)
{
    Layernas__StatusReply reply = LAYERNAS__STATUS_REPLY__INIT;
    Layernas__StatusRequest *asked = layernas__status_request__unpack(NULL, zmq_msg_size(request),
                                                                      zmq_msg_data(request));

    reply.protocol = STATUS_PROTOCOL;
    reply.id = asked ? asked->id : 0;
    reply.error = (char *)(uintptr_t)reason;
    layernas__status_request__free_unpacked(asked, NULL);
    reply_out->size = layernas__status_reply__get_packed_size(&reply);
    reply_out->data = malloc(reply_out->size);
    if (!reply_out->data)
        return -ENOMEM;
    layernas__status_reply__pack(&reply, reply_out->data);
    return 0;
}

static int answer(struct coordinator *coordinator, const struct route *route, zmq_msg_t *request,
                  struct bytes *reply_out, bool *watches_out)
{
    *watches_out = false;
    if (!gate_admits(coordinator->gate, GATE_STATUS, route))
        return refuse(request, "the key of this connection is not allowed any more", reply_out);
    return snapshot_reply(coordinator, zmq_msg_data(request), zmq_msg_size(request), reply_out,
                          watches_out);
}

/* Whether it is a command, which is answered then and there, or later. */
static bool obey(struct coordinator *coordinator, const struct route *route, zmq_msg_t *request)
{
    Layernas__StatusRequest *asked = NULL;
    bool is_command;

    if (zmq_msg_size(request) <= STATUS_MAX_REQUEST)
        asked = layernas__status_request__unpack(NULL, zmq_msg_size(request),
                                                 zmq_msg_data(request));
    is_command = asked && asked->body_case == LAYERNAS__STATUS_REQUEST__BODY_COMMAND &&
                 (!gate_has_keys(coordinator->gate) ||
                  gate_key(coordinator->gate, GATE_STATUS, route));
    if (is_command) {
        zmq_msg_close(request);
        steering_command(coordinator, route, asked);
    }
    layernas__status_request__free_unpacked(asked, NULL);
    return is_command;
}

bool on_status_request(void *socket, void *arg)
{
    struct coordinator *coordinator = arg;
    struct bytes reply;
    struct route route;
    zmq_msg_t request;
    bool watches;
    int rc = router_receive(socket, &route, &request);

    if (rc == -EBADMSG) {
        coordinator->counts.malformed++;
        coordinator_complain(coordinator, "a status request of more than one frame is ignored");
    }
    if (rc < 0)
        return rc == -EBADMSG;
    if (obey(coordinator, &route, &request))
        return true;
    rc = answer(coordinator, &route, &request, &reply, &watches);
    zmq_msg_close(&request);
    if (rc < 0) {
        log_error("a status request is not answered: out of memory");
        return true;
    }
    if (watches)
        watchers_add(&coordinator->watchers, &route);
    router_send(socket, &route, &reply, 1); /* who has left needs no answer */
    free(reply.data);
    return true;
}

void status_say_end(struct coordinator *coordinator)
{
    const struct watchers *watchers = &coordinator->watchers;
    struct bytes end;

    if (watchers->n == 0)
        return;
    if (snapshot_end(coordinator, &end) < 0) {
        log_error("who watches is not told of the end: out of memory");
        return;
    }
    for (size_t i = 0; i < watchers->n; i++)
        if (gate_admits(coordinator->gate, GATE_STATUS, &watchers->at[i]))
            router_send(coordinator->status_socket, &watchers->at[i], &end, 1);
    free(end.data);
}
