/* Guided LayerNAS: of the contenders of a bucket that were never evaluated, only the settings->picks
 * most promising are trials; the others are passed over. */
#include <errno.h>
#include <stdlib.h>

#include "coordinator/search/layernas.h"
#include "coordinator/search/predictor.h"

struct contender {
    struct opening_child *child;
    double worth;
};

/* Cell by cell, the most promising first; where two promise the same, the one that comes first. */
static int compare_contenders(const void *left, const void *right)
{
    const struct contender *a = left, *b = right;

    if (a->child->bucket != b->child->bucket)
        return a->child->bucket < b->child->bucket ? -1 : 1;
    if (a->child->interface != b->child->interface)
        return a->child->interface < b->child->interface ? -1 : 1;
    if (a->worth != b->worth)
        return a->worth > b->worth ? -1 : 1;
    return a->child < b->child ? -1 : a->child > b->child;
}

static bool same_cell(const struct opening_child *a, const struct opening_child *b)
{
    return a->bucket == b->bucket && a->interface == b->interface;
}

static void pass_over(struct contender *contenders, uint32_t n, uint32_t picks)
{
    uint32_t picked = 0;

    qsort(contenders, n, sizeof *contenders, compare_contenders);
    for (uint32_t i = 0; i < n; i++) {
        if (i == 0 || !same_cell(contenders[i - 1].child, contenders[i].child))
            picked = 0;
        if (picked++ >= picks)
            contenders[i].child->fate = FATE_PASSED_OVER;
    }
}

/* A duplicate of what is passed over has no result to stand on either. */
static int pass_over_duplicates(struct opening *opening)
{
    struct arch_set passed = { 0 };
    int rc = 0;

    for (uint32_t i = 0; rc >= 0 && i < opening->n_children; i++)
        if (opening->children[i].fate == FATE_PASSED_OVER)
            rc = arch_set_add(&passed, &opening->children[i].candidate);
    for (uint32_t i = 0; rc >= 0 && i < opening->n_children; i++)
        if (opening->children[i].fate == FATE_DUPLICATE &&
            arch_set_find(&passed, &opening->children[i].candidate) >= 0)
            opening->children[i].fate = FATE_PASSED_OVER;
    arch_set_clear(&passed);
    return rc < 0 ? rc : 0;
}

static int pick(const struct predictor *predictor, uint32_t picks, struct opening *opening)
{
    struct contender *contenders = malloc((opening->n_children + 1) * sizeof *contenders);
    uint32_t n = 0;

    if (!contenders)
        return -ENOMEM;
    for (uint32_t i = 0; i < opening->n_children; i++) {
        struct opening_child *child = &opening->children[i];

        if (child->fate == FATE_TRIAL)
            contenders[n++] = (struct contender){
                child, predictor_worth(predictor, &child->candidate, child->cost)
            };
    }
    pass_over(contenders, n, picks);
    free(contenders);
    return pass_over_duplicates(opening);
}

int layernas_pick(const struct search_settings *settings, const struct cost_model *model,
                  const struct proposals *known, uint64_t heard, struct opening *opening)
{
    struct predictor *predictor = NULL;
    int rc = settings->layernas.guided ? predictor_new(model, known, heard, NULL, &predictor) : 0;

    if (rc == 0 && predictor)
        rc = pick(predictor, settings->layernas.picks, opening);
    predictor_free(predictor);
    return rc;
}
