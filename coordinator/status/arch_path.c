#include "coordinator/status/arch_path.h"

#include <string.h>

#include "coordinator/search/opening.h"

enum { MOST_PASSES = 32 }; /* that one never proposed is looked for in */

size_t arch_path_pass_end(const struct campaign *campaign, size_t first)
{
    size_t n = campaign_n_openings(campaign), end = first;

    while (end < n &&
           campaign_opening(campaign, end)->pass == campaign_opening(campaign, first)->pass)
        end++;
    return end;
}

static size_t pass_begin(const struct campaign *campaign, size_t opening)
{
    while (opening > 0 && campaign_opening(campaign, opening - 1)->pass ==
                              campaign_opening(campaign, opening)->pass)
        opening--;
    return opening;
}

/* ---- one step ---- */

static enum path_outcome unkept_outcome(const struct campaign *campaign,
                                        const struct arch *candidate, struct path_step *step)
{
    struct verdict verdict;

    if (!campaign_verdict(campaign, candidate, &verdict))
        return PATH_NO_RESULT;
    if (!verdict.valid)
        return PATH_QUARANTINED;
    step->reward = verdict.reward;
    return PATH_DISPLACED;
}

static enum path_outcome filed_outcome(const struct campaign *campaign,
                                       const struct opening *opening, struct path_step *step)
{
    const struct arch *candidate = &opening->children[step->child].candidate;

    for (uint32_t k = 0; k < step->cell.n_kept; k++) {
        const struct record_child *kept = &step->cell.kept[k];

        if (!arch_equal(&opening->children[kept->child].candidate, candidate))
            continue;
        step->reward = kept->reward;
        return kept->child == step->child ? PATH_KEPT : PATH_SAME_NETWORK;
    }
    return unkept_outcome(campaign, candidate, step);
}

static void take_step(const struct campaign *campaign, struct path_step *step)
{
    const struct opening *opening = campaign_opening(campaign, step->opening);
    const struct layer_record *record = campaign_record(campaign, step->opening);

    if (layer_record_find(record, &step->arch, &step->child) < 0) {
        step->outcome = PATH_NO_PARENT;
    } else if (opening->children[step->child].fate == FATE_DROPPED) {
        step->outcome = PATH_PRUNED;
    } else {
        step->cell = layer_record_cell_of(record, step->child);
        step->outcome = opening_child_is_filed(&opening->children[step->child])
                            ? filed_outcome(campaign, opening, step)
                            : PATH_PASSED_OVER;
    }
}

/* ---- the way ---- */

static void walk(const struct campaign *campaign, size_t first, const struct arch *arch,
                 struct arch_path *path)
{
    size_t end = arch_path_pass_end(campaign, first);
    struct arch so_far = campaign_opening(campaign, first)->parents[0];

    path->arch = *arch;
    path->first_opening = first;
    path->n = 0;
    for (size_t i = first; i < end && path->n < ARCH_MAX_LAYERS; i++) {
        struct path_step *step = &path->steps[path->n++];
        uint32_t layer = campaign_opening(campaign, i)->layer;

        *step = (struct path_step){ .opening = i, .parent = so_far };
        so_far.option[layer] = arch->option[layer];
        step->arch = so_far;
        take_step(campaign, step);
        if (step->outcome == PATH_PRUNED)
            break;
        if (step->outcome != PATH_NO_PARENT)
            continue; /* who is not kept goes on all the same where nobody is */
        path->n -= path->n > 1 && step[-1].outcome != PATH_KEPT; /* which says it all */
        break;
    }
}

static bool is_further(const struct arch_path *a, const struct arch_path *b)
{
    if (a->n != b->n)
        return a->n > b->n;
    return a->steps[a->n - 1].outcome == PATH_KEPT && b->steps[b->n - 1].outcome != PATH_KEPT;
}

static void walk_furthest(const struct campaign *campaign, const struct arch *arch,
                          struct arch_path *path)
{
    size_t first = pass_begin(campaign, campaign_n_openings(campaign) - 1);
    struct arch_path other;

    walk(campaign, first, arch, path);
    for (int i = 1; i < MOST_PASSES && first > 0; i++) {
        first = pass_begin(campaign, first - 1);
        walk(campaign, first, arch, &other);
        if (is_further(&other, path))
            *path = other;
    }
}

/* Where the search proposed candidate: the opening, and how it spelled it. */
static bool find_birth(const struct campaign *campaign, const struct arch *candidate,
                       size_t *opening_out, struct arch *spelled_out)
{
    size_t i, after;
    uint32_t child;

    if (campaign_trial_of(campaign, candidate, &i) < 0)
        return false;
    after = campaign_first_after(campaign, i);
    if (after == 0 ||
        layer_record_find_candidate(campaign_record(campaign, after - 1), candidate, &child) < 0 ||
        campaign_opening(campaign, after - 1)->children[child].fate != FATE_TRIAL)
        return false;
    *opening_out = after - 1;
    *spelled_out = campaign_opening(campaign, after - 1)->children[child].arch;
    return true;
}

enum trial_origin arch_path_origin(const struct search_settings *search,
                                   const struct campaign *campaign, const struct arch *candidate,
                                   size_t *opening_out)
{
    struct arch spelled;
    size_t i;

    if (strcmp(search->strategy, "layernas") != 0 || campaign_trial_of(campaign, candidate, &i) < 0)
        return ORIGIN_NONE;
    if (i == 0)
        return ORIGIN_ANCHOR;
    if (find_birth(campaign, candidate, opening_out, &spelled))
        return ORIGIN_OPENING;
    if (!search->layernas.guided)
        return ORIGIN_NONE;
    return i <= search->layernas.sample ? ORIGIN_SAMPLE : ORIGIN_FORECAST;
}

void arch_path_find(const struct campaign *campaign, const struct arch *arch,
                    const struct arch *candidate, struct arch_path *path_out)
{
    struct arch spelled;
    size_t birth;

    if (campaign_n_openings(campaign) == 0) {
        path_out->arch = *arch;
        path_out->first_opening = 0;
        path_out->n = 0;
    } else if (find_birth(campaign, candidate, &birth, &spelled)) {
        walk(campaign, pass_begin(campaign, birth), &spelled, path_out);
    } else {
        walk_furthest(campaign, arch, path_out);
    }
}
