/* parts - a network as people speak of it: stem, one option per layer, head. */
#ifndef LAYERNAS_COORDINATOR_STATUS_PARTS_H
#define LAYERNAS_COORDINATOR_STATUS_PARTS_H

#include <stddef.h>

#include "common/space.h"

enum { PARTS_MAX = ARCH_MAX_LAYERS + 2 };

struct part {
    const char *name;   /* of the layer, "stem" or "head"; these belong to the space */
    const char *option; /* empty for stem and head */
    struct shape out;   /* what it gives to the next part */
    struct costs costs; /* its own */
};

/* The parts of arch, which the space must have. Returns how many. A space that is mere names has
 * neither stem nor head, and its parts have zero shapes and costs. */
size_t network_parts(const struct space *space, const struct arch *arch,
                     struct part parts[PARTS_MAX]);

#endif
