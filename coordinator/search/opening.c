#include "coordinator/search/opening.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/candidate_table.h"

void opening_clear(struct opening *opening)
{
    if (!opening)
        return;
    free(opening->parents);
    free(opening->children);
    *opening = (struct opening){ 0 };
}

static void *copy_array(const void *array, size_t n, size_t size)
{
    void *copy = malloc(n ? n * size : 1);

    if (copy && n)
        memcpy(copy, array, n * size);
    return copy;
}

int opening_copy(const struct opening *opening, struct opening *copy_out)
{
    struct opening copy = *opening;

    copy.parents = copy_array(opening->parents, opening->n_parents, sizeof *copy.parents);
    copy.children = copy_array(opening->children, opening->n_children, sizeof *copy.children);
    if (!copy.parents || !copy.children) {
        opening_clear(&copy);
        return -ENOMEM;
    }
    *copy_out = copy;
    return 0;
}

static bool child_is_sane(const struct opening *opening, const struct opening_child *child,
                          const struct cost_model *model)
{
    const struct space *space = cost_model_space(model);

    if ((unsigned)child->fate >= FATES || child->parent >= opening->n_parents ||
        space_check_arch(space, &child->arch, NULL) < 0 ||
        space_check_arch(space, &child->candidate, NULL) < 0)
        return false;
    return child->fate == FATE_DROPPED ||
           (child->bucket < opening->buckets && child->cost == cost_of(model, &child->arch));
}

int opening_check(const struct opening *opening, const struct cost_model *model)
{
    const struct space *space = cost_model_space(model);

    if (opening->buckets < 1 || opening->buckets > BUCKETS_MAX || opening->keep < 1)
        return -EINVAL;
    for (uint32_t i = 0; i < opening->n_parents; i++)
        if (space_check_arch(space, &opening->parents[i], NULL) < 0)
            return -EINVAL;
    for (uint32_t i = 0; i < opening->n_children; i++)
        if (!child_is_sane(opening, &opening->children[i], model))
            return -EINVAL;
    return 0;
}
