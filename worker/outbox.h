/* outbox - results that the coordinator has not acknowledged yet. Each is sent until there is a
 * verdict on it; some are on disk besides (spool.h). */
#ifndef LAYERNAS_WORKER_OUTBOX_H
#define LAYERNAS_WORKER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

struct outbox {
    struct outgoing_result {
        struct result_message message;
        struct digest data; /* of the data set that it was got from; zeros: not known */
        uint64_t came_ms;
        uint64_t sent_ms; /* 0: not sent on this connection */
        int lock;         /* of its file in the spool, owned; -1: it is not there */
    } * results;
    size_t n, room;
};

void outbox_clear(struct outbox *outbox);

/* Takes *message and the lock over. -ENOMEM: then they are cleared. */
int outbox_add(struct outbox *outbox, struct result_message *message, const struct digest *data,
               uint64_t now_ms, int lock);

/* NULL: none is about that attempt. */
struct outgoing_result *outbox_find(const struct outbox *outbox, const struct attempt *attempt);
void outbox_remove(struct outbox *outbox, struct outgoing_result *result);

/* Forgets results of any study but this one. Returns how many. */
size_t outbox_keep_study(struct outbox *outbox, const struct digest *study_id);

bool attempt_equal(const struct attempt *a, const struct attempt *b);

#endif
