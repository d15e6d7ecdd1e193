#include "coordinator/status/watchers.h"

#include <string.h>

static bool same_route(const struct route *a, const struct route *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

void watchers_add(struct watchers *watchers, const struct route *route)
{
    for (size_t i = 0; i < watchers->n; i++)
        if (same_route(&watchers->at[i], route))
            return;
    if (watchers->n < WATCHERS_MAX) {
        watchers->at[watchers->n++] = *route;
        return;
    }
    watchers->at[watchers->next] = *route;
    watchers->next = (watchers->next + 1) % WATCHERS_MAX;
}
