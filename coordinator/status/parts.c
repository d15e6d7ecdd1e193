#include "coordinator/status/parts.h"

static size_t name_layers(const struct space *space, const struct arch *arch, struct part *parts)
{
    for (uint32_t l = 0; l < arch->n; l++)
        parts[l] = (struct part){
            .name = space_layer_name(space, l),
            .option = space_option_name(space, l, arch->option[l]),
        };
    return arch->n;
}

size_t network_parts(const struct space *space, const struct arch *arch,
                     struct part parts[PARTS_MAX])
{
    struct part *layers = parts + 1, *head;
    uint32_t interface = 0;

    if (!space_has_networks(space))
        return name_layers(space, arch, parts);
    parts[0] = (struct part){ .name = "stem", .option = "", .out = space_interface(space, 0, 0) };
    space_stem(space, &parts[0].costs);
    head = layers + name_layers(space, arch, layers);
    for (uint32_t l = 0; l < arch->n; l++) {
        interface = space_step(space, l, arch->option[l], interface, &layers[l].costs);
        layers[l].out = space_interface(space, l + 1, interface);
    }
    *head = (struct part){
        .name = "head",
        .option = "",
        .out = { (int32_t)space_classes(space), 1, 1 },
    };
    space_head(space, interface, &head->costs);
    return arch->n + 2u;
}
