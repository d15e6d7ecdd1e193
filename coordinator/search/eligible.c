#include "coordinator/search/eligible.h"

#include <errno.h>
#include <stdlib.h>

#include "common/target.h"
#include "coordinator/search/strategy_ops.h"

enum { MOST_LISTED = 1 << 22, DRAWS_BY_CHANCE = 20000, DRAWS_BY_LAYER = 1000 };

static bool may_be(const struct search_settings *settings, int64_t cost)
{
    return cost >= 0 && (!settings->feasible || target_holds(&settings->target, cost));
}

int eligible(const struct search_settings *settings, const struct cost_model *model,
             const struct proposals *known, const struct arch *arch, struct arch *candidate_out)
{
    int rc;

    if (!may_be(settings, cost_of(model, arch)))
        return 0;
    rc = strategy_candidate(settings, model, arch, candidate_out);
    return rc < 0 ? rc : !proposals_known(known, candidate_out);
}

/* The index-th architecture, the last layer fastest. */
static struct arch arch_at(const struct space *space, uint32_t index)
{
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };

    for (uint32_t l = arch.n; l-- > 0;) {
        arch.option[l] = (uint16_t)(index % space_n_options(space, l));
        index /= space_n_options(space, l);
    }
    return arch;
}

int draws_init(struct draws *draws, const struct search_settings *settings,
               const struct cost_model *model)
{
    const struct space *space = cost_model_space(model);
    double size = space_size(space);

    *draws = (struct draws){ .settings = settings, .model = model };
    if (size > MOST_LISTED)
        return 0;
    draws->left = malloc((size_t)size * sizeof *draws->left);
    if (!draws->left)
        return -ENOMEM;
    for (uint32_t i = 0; i < (uint32_t)size; i++) {
        struct arch arch = arch_at(space, i);

        if (may_be(settings, cost_of(model, &arch)))
            draws->left[draws->n_left++] = i;
    }
    return 0;
}

void draws_clear(struct draws *draws)
{
    free(draws->left);
    draws->left = NULL;
}

/* Uniform over candidates, so a spelling counts only where it is the candidate itself. */
static int take_representative(const struct draws *draws, const struct proposals *known,
                               const struct arch *arch, struct arch *candidate_out)
{
    int rc = eligible(draws->settings, draws->model, known, arch, candidate_out);

    return rc == 1 ? arch_equal(arch, candidate_out) : rc;
}

static int draw_listed(struct draws *draws, struct rng *rng, const struct proposals *known,
                       struct arch *candidate_out)
{
    int rc = 0;

    while (rc == 0 && draws->n_left > 0) {
        size_t i = rng_below(rng, draws->n_left);
        struct arch arch = arch_at(cost_model_space(draws->model), draws->left[i]);

        draws->left[i] = draws->left[--draws->n_left];
        rc = take_representative(draws, known, &arch, candidate_out);
    }
    return rc;
}

static struct arch any_arch(const struct space *space, struct rng *rng)
{
    struct arch arch = { .n = (uint16_t)space_n_layers(space) };

    for (uint32_t l = 0; l < arch.n; l++)
        arch.option[l] = (uint16_t)rng_below(rng, space_n_options(space, l));
    return arch;
}

/* One of the options of layer that leave a way into the target; none: leaves arch as it is. */
static void choose_option(const struct draws *draws, struct rng *rng, uint32_t layer,
                          uint64_t fixed, struct arch *arch)
{
    uint32_t n_options = space_n_options(cost_model_space(draws->model), layer), n = 0;
    struct arch chosen = *arch;

    for (uint32_t o = 0; o < n_options; o++) {
        struct cost_range range;

        arch->option[layer] = (uint16_t)o;
        range = cost_completions(draws->model, arch, fixed);
        if (target_meets(&draws->settings->target, &range) && rng_below(rng, ++n) == 0)
            chosen = *arch;
    }
    *arch = chosen;
}

/* Layers in a random order, so that none is always the one that pays for the others. */
static struct arch arch_into_target(const struct draws *draws, struct rng *rng)
{
    struct arch arch = any_arch(cost_model_space(draws->model), rng);
    uint32_t order[ARCH_MAX_LAYERS];
    uint64_t fixed = 0;

    for (uint32_t l = 0; l < arch.n; l++)
        order[l] = l;
    rng_shuffle(rng, order, arch.n);
    for (uint32_t i = 0; i < arch.n; i++) {
        fixed |= UINT64_C(1) << order[i];
        choose_option(draws, rng, order[i], fixed, &arch);
    }
    return arch;
}

static int draw_by_chance(const struct draws *draws, struct rng *rng, const struct proposals *known,
                          struct arch *candidate_out)
{
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < DRAWS_BY_CHANCE; i++) {
        struct arch arch = any_arch(cost_model_space(draws->model), rng);

        rc = take_representative(draws, known, &arch, candidate_out);
    }
    for (uint32_t i = 0; rc == 0 && i < DRAWS_BY_LAYER; i++) {
        struct arch arch = arch_into_target(draws, rng);

        rc = eligible(draws->settings, draws->model, known, &arch, candidate_out);
    }
    return rc;
}

int draws_next(struct draws *draws, struct rng *rng, const struct proposals *known,
               struct arch *candidate_out)
{
    return draws->left ? draw_listed(draws, rng, known, candidate_out)
                       : draw_by_chance(draws, rng, known, candidate_out);
}
