#include "coordinator/status_handler.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "coordinator/coordinator.h"
#include "coordinator/status/snapshot.h"

void on_status_request(void *socket, void *arg)
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
        return;
    rc = snapshot_reply(coordinator, zmq_msg_data(&request), zmq_msg_size(&request), &reply,
                        &watches);
    zmq_msg_close(&request);
    if (rc < 0) {
        log_error("a status request is not answered: out of memory");
        return;
    }
    if (watches)
        watchers_add(&coordinator->watchers, &route);
    router_send(socket, &route, reply.data, reply.size); /* who has left needs no answer */
    free(reply.data);
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
        router_send(coordinator->status_socket, &watchers->at[i], end.data, end.size);
    free(end.data);
}
