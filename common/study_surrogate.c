#include "common/study_parts.h"

#include <errno.h>

#include "common/surrogate.h"

static int check_network(const struct space *space, const struct arch *arch, struct errmsg *why)
{
    struct network network;
    uint8_t x[SURROGATE_INPUTS];
    int rc = space_resolve(space, arch, &network);

    if (rc < 0)
        return errmsg_set(why, rc, "no memory for a network");
    rc = surrogate_encode(&network, x, why);
    network_clear(&network);
    return rc;
}

/* base, with each option of each layer in turn. */
static int check_options(const struct space *space, const struct arch *base, struct errmsg *why)
{
    int rc = check_network(space, base, why);

    for (uint32_t layer = 0; layer < base->n && rc == 0; layer++) {
        struct arch arch = *base;

        for (uint32_t option = 0; option < space_n_options(space, layer) && rc == 0; option++) {
            arch.option[layer] = (uint16_t)option;
            rc = check_network(space, &arch, why);
        }
    }
    return rc;
}

/* From the first options, and from the last, which leave out all that can be left out. */
int study_check_once_for_all(const struct space *space, struct errmsg *why)
{
    struct arch first = { .n = (uint16_t)space_n_layers(space) }, last = first;
    int rc;

    for (uint32_t layer = 0; layer < last.n; layer++)
        last.option[layer] = (uint16_t)(space_n_options(space, layer) - 1);
    rc = check_options(space, &first, why);
    return rc < 0 ? rc : check_options(space, &last, why);
}

int study_read_surrogate(const struct section *evaluate, struct study *study)
{
    static const char *const allowed[] = { "model", NULL };
    struct section section = section_open(evaluate, "surrogate", allowed);
    unsigned model = SURROGATE_OFA_MOBILENET_V3;
    struct errmsg why;

    section_require(&section, "model");
    section_choice(&section, "model", surrogate_model_names, &model);
    study->evaluation.surrogate.model = model;
    if (section.rc == 0 && study_check_once_for_all(study->space, &why) < 0)
        section_fault(&section, "model", "%s, but the space has other networks: %s",
                      surrogate_model_names[model], why.text);
    return section.rc;
}

int study_check_surrogate(const struct study *study, struct errmsg *err)
{
    struct surrogate *surrogate;
    int rc = surrogate_load(study->data_path, &surrogate, err);

    if (rc == 0)
        surrogate_free(surrogate);
    return rc;
}
