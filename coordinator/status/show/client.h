/* client - one question to a coordinator's status socket, and its answer. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_CLIENT_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_CLIENT_H

#include "common/errmsg.h"
#include "proto/layernas.pb-c.h"

/* The checked answer, the caller's to free with layernas__status_reply__free_unpacked(reply, NULL).
 * limit as in Query. -EINVAL: not an endpoint; -ETIMEDOUT: no answer within timeout_ms; otherwise
 * as reply_read. */
int client_ask(const char *endpoint, Layernas__Query__What what, uint32_t limit, int timeout_ms,
               Layernas__StatusReply **reply_out, struct errmsg *err);

#endif
