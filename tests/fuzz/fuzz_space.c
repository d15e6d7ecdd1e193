#include <stdlib.h>

#include "common/cost.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A fixed arch of a space: large where the input is. */
static struct arch some_arch(const struct space *space, size_t salt)
{
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };

    for (uint32_t l = 0; l < arch.n; l++)
        arch.option[l] = (uint16_t)((salt + l) % space_n_options(space, l));
    return arch;
}

/* What holds of every space that loads. */
static void check(const struct space *space, const struct arch *arch)
{
    struct arch canonical;
    struct cost_model *model;
    struct cost_range range;
    struct network network;
    int64_t cost;

    if (cost_model_new(space, COST_MADDS, &model) < 0)
        return;
    cost = cost_of(model, arch);
    range = cost_completions(model, arch, 0x5555555555555555u);
    if (cost < range.lowest || cost > range.highest)
        abort();
    if (space_canonical(space, arch, &canonical) < 0 || cost_of(model, &canonical) != cost)
        abort();
    if (space_resolve(space, arch, &network) == 0) {
        if (network_check(&network, NULL) < 0)
            abort();
        network_clear(&network);
    }
    cost_model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct space *space;
    struct errmsg err;

    if (space_parse((const char *)data, size, "fuzz.yaml", &space, &err) == 0) {
        struct arch arch = some_arch(space, size);

        check(space, &arch);
        space_digest(space);
        space_free(space);
    }
    return 0;
}
