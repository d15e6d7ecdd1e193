#include <string.h>

#include "coordinator/status/arch_path.h"
#include "coordinator/status/results_best.h"
#include "coordinator/status/snapshot_build.h"
#include "coordinator/status/trial_text.h"

static const char *const outcome_names[PATH_OUTCOMES] = {
    [PATH_KEPT] = "kept",
    [PATH_DISPLACED] = "displaced",
    [PATH_PRUNED] = "pruned",
    [PATH_PASSED_OVER] = "passed over",
    [PATH_SAME_NETWORK] = "same network",
    [PATH_NO_RESULT] = "no result yet",
    [PATH_QUARANTINED] = "quarantined",
    [PATH_NO_PARENT] = "no parent",
};

/* What is asked about. */
struct asked {
    struct arch arch;
    struct candidate candidate; /* reward.total 0: no result */
    struct results_best best;
    struct arch_path path;
};

/* ---- who ---- */

/* Any spelling, with whatever is known of it. */
static Layernas__Candidate *build_spelled(struct build *build, const struct arch *spelled)
{
    const struct coordinator *coordinator = build->coordinator;
    struct candidate candidate = { .arch = *spelled,
                                   .cost = cost_of(coordinator->study->cost_model, spelled) };

    if (study_canonical(coordinator->study, spelled, &candidate.canonical) < 0) {
        build->failed = true;
        return NULL;
    }
    campaign_reward(coordinator->campaign, &candidate.canonical, &candidate.reward);
    return build_candidate(build, &candidate, spelled);
}

/* False with an error in the reply. */
static bool take_question(struct build *build, const char *text, struct asked *asked)
{
    const struct study *study = build->coordinator->study;
    struct errmsg err;

    if (!*text) {
        asked->arch = asked->best.candidate.canonical;
    } else if (arch_parse(text, &asked->arch) < 0) {
        errmsg_set(&err, 0,
                   "\"%.60s\" is no architecture; one option a layer, joined by ':', for %u layers",
                   text, space_n_layers(study->space));
        build->error = build_text(build, err.text);
        return false;
    } else if (space_check_arch(study->space, &asked->arch, &err) < 0) {
        build->error = build_text(build, err.text);
        return false;
    }
    asked->candidate.arch = asked->arch;
    asked->candidate.cost = cost_of(study->cost_model, &asked->arch);
    if (study_canonical(study, &asked->arch, &asked->candidate.canonical) < 0) {
        build->failed = true;
        return false;
    }
    campaign_reward(build->coordinator->campaign, &asked->candidate.canonical,
                    &asked->candidate.reward);
    return true;
}

/* ---- how far ---- */

/* What put one before the other. */
static const char *decided_by(const struct candidate *a, const struct candidate *b)
{
    if (reward_compare(a->reward, b->reward) != 0)
        return "reward";
    return a->cost != b->cost ? "cost" : "option order";
}

static void fill_reasons(struct build *build, const struct opening *opening,
                         const struct path_step *step, const struct record_child *others,
                         Layernas__WhyStep *message)
{
    const struct opening_child *self = &opening->children[step->child];
    struct candidate a = { self->arch, self->candidate, self->cost, step->reward };

    message->by = build_list(build, message->n_others);
    for (size_t i = 0; i < message->n_others; i++) {
        const struct opening_child *child = &opening->children[others[i].child];
        struct candidate b = { child->arch, child->candidate, child->cost, others[i].reward };

        build_list_text(build, message->by, &message->n_by, decided_by(&a, &b));
    }
}

static void fill_bucket(struct build *build, const struct opening *opening,
                        const struct path_step *step, Layernas__WhyStep *message)
{
    const struct record_cell *cell = &step->cell;
    bool kept = step->outcome == PATH_KEPT;
    const struct record_child *others = kept ? cell->displaced : cell->kept;
    uint32_t n = kept ? cell->n_displaced : cell->n_kept;
    struct cost_range edges = bucket_edges(&opening->edges, opening->buckets, cell->bucket);

    message->bucket = cell->bucket;
    message->buckets = opening->buckets;
    message->lowest = edges.lowest;
    message->highest = edges.highest;
    message->contenders = cell->contenders;
    message->results = cell->valid;
    message->displaced = cell->valid - cell->n_kept;
    message->n_others = build_children(build, opening, others,
                                       n < RECORD_MOST_DISPLACED ? n : RECORD_MOST_DISPLACED,
                                       &message->others);
    for (uint32_t k = 0; kept && k < cell->n_kept; k++)
        if (cell->kept[k].child == step->child)
            message->rank = k + 1;
    if (kept || step->outcome == PATH_DISPLACED)
        fill_reasons(build, opening, step, others, message);
}

static Layernas__WhyStep *build_step(struct build *build, const struct path_step *step)
{
    const struct space *space = build->coordinator->study->space;
    const struct opening *opening = campaign_opening(build->coordinator->campaign, step->opening);
    Layernas__WhyStep *message = build_message(build, &layernas__why_step__descriptor);
    char text[ARCH_TEXT_SIZE];

    if (!message)
        return NULL;
    message->layer = opening->layer;
    message->name = build_text(build, space_layer_name(space, opening->layer));
    message->option = build_text(
        build, space_option_name(space, opening->layer, step->arch.option[opening->layer]));
    message->parent = build_text(build, arch_format(&step->parent, text));
    message->candidate = build_spelled(build, &step->arch);
    message->outcome = build_text(build, outcome_names[step->outcome]);
    if (step->outcome != PATH_PRUNED && step->outcome != PATH_NO_PARENT)
        fill_bucket(build, opening, step, message);
    return message;
}

static void fill_path(struct build *build, const struct arch_path *path, Layernas__Why *why)
{
    const struct campaign *campaign = build->coordinator->campaign;
    size_t end = arch_path_pass_end(campaign, path->first_opening);
    const struct opening *first;

    if (path->n == 0)
        return;
    first = campaign_opening(campaign, path->first_opening);
    why->pass = first->pass;
    why->start = build_spelled(build, &first->parents[0]);
    if (end < campaign_n_openings(campaign))
        why->next = build_spelled(build, &campaign_opening(campaign, end)->parents[0]);
    why->steps = build_list(build, path->n);
    for (; why->n_steps < path->n && why->steps; why->n_steps++) {
        why->steps[why->n_steps] = build_step(build, &path->steps[why->n_steps]);
        if (!why->steps[why->n_steps])
            break;
    }
    why->layers = build_list(build, end - path->first_opening);
    for (size_t i = path->first_opening; i < end && why->layers; i++) {
        why->layers[why->n_layers] = build_layer(build, i, false);
        if (!why->layers[why->n_layers])
            break;
        why->n_layers++;
    }
}

/* ---- in a word ---- */

static const char *verdict_of(const struct build *build, const struct asked *asked)
{
    const struct candidate *candidate = &asked->candidate, *best = &asked->best.candidate;
    const struct arch_path *path = &asked->path;
    bool is_best = asked->best.found && arch_equal(&candidate->canonical, &best->canonical);

    if (is_best)
        return asked->best.retrained ? "winner" : "best so far";
    if (candidate->cost < 0)
        return "not in the table";
    if (!campaign_in_target(build->coordinator->campaign, candidate->cost))
        return "outside the target";
    if (candidate->reward.total > 0 && asked->best.found) {
        if (reward_compare(candidate->reward, best->reward) != 0)
            return reward_compare(candidate->reward, best->reward) < 0 ? "less accurate"
                                                                       : "not best when retrained";
        return candidate->cost != best->cost ? "dearer" : "later in option order";
    }
    if (path->n == 0 || path->steps[path->n - 1].outcome == PATH_KEPT)
        return "not reached yet";
    return outcome_names[path->steps[path->n - 1].outcome];
}

static void fill_state(struct build *build, const struct asked *asked, Layernas__Why *why)
{
    const struct coordinator *coordinator = build->coordinator;
    struct ledger_entry entry;
    size_t i;

    if (campaign_trial_of(coordinator->campaign, &asked->candidate.canonical, &i) < 0)
        return;
    trial_ledger_entry(coordinator->ledger, i, &entry);
    why->state = build_text(build, trial_state_name(entry.state));
}

static void fill_origin(struct build *build, const struct arch *candidate, Layernas__Why *why)
{
    static const char *const names[] = { [ORIGIN_NONE] = "",
                                         [ORIGIN_ANCHOR] = "anchor",
                                         [ORIGIN_SAMPLE] = "sample",
                                         [ORIGIN_FORECAST] = "forecast",
                                         [ORIGIN_OPENING] = "layer" };
    const struct campaign *campaign = build->coordinator->campaign;
    size_t i;
    enum trial_origin origin = arch_path_origin(&build->coordinator->study->search, campaign,
                                                candidate, &i);

    why->origin = build_text(build, names[origin]);
    if (origin == ORIGIN_OPENING) {
        const struct opening *opening = campaign_opening(campaign, i);

        why->origin_pass = opening->pass;
        why->origin_layer = build_text(
            build, space_layer_name(build->coordinator->study->space, opening->layer));
    }
}

Layernas__Why *build_why(struct build *build, const char *arch)
{
    struct asked asked = { 0 };
    Layernas__Why *why;
    char text[ARCH_TEXT_SIZE];

    asked.best = results_best(build->coordinator->campaign);
    if (!*arch && !asked.best.found) /* nobody to speak of yet */
        return build_message(build, &layernas__why__descriptor);
    if (!take_question(build, arch, &asked))
        return NULL;
    why = build_message(build, &layernas__why__descriptor);
    if (!why)
        return NULL;
    arch_path_find(build->coordinator->campaign, &asked.arch, &asked.candidate.canonical,
                   &asked.path);
    why->asked = build_text(build, arch_format(&asked.arch, text));
    why->candidate = build_candidate(build, &asked.candidate, &asked.candidate.canonical);
    if (asked.best.found)
        why->best = build_candidate(build, &asked.best.candidate, &asked.best.candidate.canonical);
    why->verdict = build_text(build, verdict_of(build, &asked));
    fill_state(build, &asked, why);
    fill_origin(build, &asked.candidate.canonical, why);
    fill_path(build, &asked.path, why);
    return why;
}
