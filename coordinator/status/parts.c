#include "coordinator/status/parts.h"

size_t network_parts(const struct space *space, const struct arch *arch,
                     struct part parts[PARTS_MAX])
{
    bool networks = space_has_networks(space);
    struct shape shape = { 0 };
    size_t n = 0;

    if (networks) {
        parts[n] = (struct part){ .name = "stem", .option = "" };
        shape = parts[n].out = space_stem(space, &parts[n].costs);
        n++;
    }
    for (uint32_t l = 0; l < arch->n; l++) {
        parts[n] = (struct part){
            .name = space_layer_name(space, l),
            .option = space_option_name(space, l, arch->option[l]),
        };
        if (networks)
            shape = parts[n].out = space_apply(space, l, arch->option[l], &shape, &parts[n].costs);
        n++;
    }
    if (networks) {
        parts[n] = (struct part){
            .name = "head",
            .option = "",
            .out = { (int32_t)space_classes(space), 1, 1 },
        };
        space_head(space, &shape, &parts[n].costs);
        n++;
    }
    return n;
}
