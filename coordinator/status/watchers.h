/* watchers - status clients that wait for the end of the study. */
#ifndef LAYERNAS_COORDINATOR_STATUS_WATCHERS_H
#define LAYERNAS_COORDINATOR_STATUS_WATCHERS_H

#include <stddef.h>

#include "coordinator/ledger/worker_roster.h"

enum { WATCHERS_MAX = 256 }; /* of more, those that asked last */

/* Empty when all zero. at[0 .. n): in no order. */
struct watchers {
    struct route at[WATCHERS_MAX];
    size_t n, next; /* next: whose place is taken when all are */
};

/* Enters a route, once however often it asks. */
void watchers_add(struct watchers *watchers, const struct route *route);

#endif
