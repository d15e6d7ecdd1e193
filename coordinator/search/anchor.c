#include "coordinator/search/strategy.h"

#include <errno.h>

#include "common/target.h"

/* Moves layer to the option whose cost is nearest to the present one among those nearer to the
 * target. False when there is none. */
static bool step_layer(const struct cost_model *model, const struct cost_range *target,
                       uint32_t layer, struct arch *arch, int64_t *cost)
{
    uint32_t n_options = space_n_options(cost_model_space(model), layer);
    struct cost_range here = { *cost, *cost };
    struct arch trial = *arch;
    uint64_t shortest = UINT64_MAX;

    for (uint32_t option = 0; option < n_options; option++) {
        int64_t found;
        uint64_t way;

        trial.option[layer] = (uint16_t)option;
        found = cost_of(model, &trial);
        if (found < 0 || target_distance(target, found) >= target_distance(target, here.lowest))
            continue;
        way = target_distance(&here, found);
        if (way < shortest) {
            shortest = way;
            arch->option[layer] = (uint16_t)option;
            *cost = found;
        }
    }
    return shortest < UINT64_MAX;
}

/* Each step comes nearer to the target, so this ends. */
static bool walk_to_target(const struct cost_model *model, const struct cost_range *target,
                           struct arch *arch)
{
    uint32_t n_layers = space_n_layers(cost_model_space(model));
    int64_t cost = cost_of(model, arch);
    bool moved = cost >= 0;

    while (moved && !target_holds(target, cost)) {
        moved = false;
        for (uint32_t l = 0; l < n_layers && !target_holds(target, cost); l++)
            moved |= step_layer(model, target, l, arch, &cost);
    }
    return cost >= 0 && target_holds(target, cost);
}

/* Depth first over prefixes whose completions straddle the target. With one end of the target open
 * an end of the first range lies inside it; only narrow targets among costs with gaps need more, and
 * the number of steps left keeps an unlucky one from taking for ever. */
static bool find_in_target(const struct cost_model *model, const struct cost_range *target,
                           uint32_t layer, uint32_t *steps_left, struct arch *arch)
{
    const struct space *space = cost_model_space(model);
    uint64_t fixed = layer < ARCH_MAX_LAYERS ? (UINT64_C(1) << layer) - 1 : UINT64_MAX;
    struct cost_range range = cost_completions(model, arch, fixed);

    if (!target_meets(target, &range) || *steps_left == 0)
        return false;
    (*steps_left)--;
    if (target_holds(target, range.lowest)) {
        *arch = cost_cheapest(model, arch, fixed);
        return true;
    }
    if (target_holds(target, range.highest)) {
        *arch = cost_dearest(model, arch, fixed);
        return true;
    }
    for (uint32_t option = 0; option < space_n_options(space, layer); option++) {
        arch->option[layer] = (uint16_t)option;
        if (find_in_target(model, target, layer + 1, steps_left, arch))
            return true;
    }
    return false;
}

int strategy_anchor(const struct search_settings *settings, const struct cost_model *model,
                    struct arch *anchor_out)
{
    struct arch arch = settings->layernas.default_arch;
    uint32_t steps_left = 1 << 16;

    if (!walk_to_target(model, &settings->target, &arch)) {
        arch = settings->layernas.default_arch;
        if (!find_in_target(model, &settings->target, 0, &steps_left, &arch))
            return -ENOENT;
    }
    *anchor_out = arch;
    return 0;
}
