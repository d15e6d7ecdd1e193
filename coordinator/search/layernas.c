/* LayerNAS (DESIGN, "LayerNAS, exactly"): one layer after the other, the best of each cost bucket
 * go on.
 *
 *    ANCHOR -> OPEN -> OPENED -> ISSUE -> FORECAST -> SETTLE -> OPEN ...           layer after layer
 *         |                                                '----> OPEN ... or end    pass after pass
 *         '--> SAMPLE -> FORECAST -> SETTLE -> OPEN ...   where a guided search looks around first
 *
 * ANCHOR    the first trial
 * SAMPLE    random ones, for the regression to begin with (layernas_sample)
 * OPEN      make the opening; ask says ASK_OPENING
 * OPENED    it can still be replaced by a stored one
 * ISSUE     its trials go out, one at each ask
 * FORECAST  guided: what the regression expects most of goes out (layernas_forecast), each by the results
 *           up to settings->layernas.lag before it: while the layer's trials run, where that is long
 * SETTLE    waits until the layer's trials are told (D_j: everything up to its end, or to the lag), then
 *           the table's candidates are the parents of the next layer; meanwhile, where nothing is guided,
 *           trials of that one go out from buckets that are settled (layernas_early.h)
 *
 * Where no child of a layer has a valid result (all dropped, all quarantined) the pass goes on with
 * the layer's parents as they were.
 *
 * A pass in which nothing is left to try is gone through on known results, unseen from outside. The
 * search goes on without settings->layernas.reach then, and ends after the next such pass (some, where
 * the order of layers is random) if a finer one would keep no more, no bucket wide enough to be divided
 * having displaced anything, and no result is left to hear. That comes: every other pass uses up one of
 * finitely many candidates, and such passes double H at least, until no bucket is wider than one cost
 * or H is at its end. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/layernas_inside.h"
#include "coordinator/search/opening.h"

static const struct layernas *layernas_of_const(const struct strategy *strategy)
{
    return (const struct layernas *)strategy;
}

static struct layernas *layernas_of(struct strategy *strategy)
{
    return (struct layernas *)strategy;
}

static void destroy(struct strategy *strategy)
{
    struct layernas *s = layernas_of(strategy);

    layernas_early_free(s->early);
    draws_clear(&s->draws);
    opening_clear(&s->opening);
    free(s->parents);
    free(s->turns);
    free(s);
}

static int find_anchor(const struct search_settings *settings, const struct cost_model *model,
                       struct arch *candidate_out)
{
    struct arch anchor;
    int rc = strategy_anchor(settings, model, &anchor);

    if (rc == -ENOENT)
        return -ERANGE;
    return rc < 0 ? rc : strategy_candidate(settings, model, &anchor, candidate_out);
}

static int create(const struct search_settings *settings, const struct cost_model *model,
                  struct strategy **strategy_out)
{
    struct layernas *s = calloc(1, sizeof *s);
    int rc = -ENOMEM;

    if (!s)
        return rc;
    layernas_limits_init(settings, model, &s->limits);
    s->place.reach = settings->layernas.reach;
    s->samples_left = settings->layernas.sample;
    s->forecasts_left = settings->layernas.forecasts_first;
    rc = find_anchor(settings, model, &s->anchor);
    if (rc == 0)
        rc = layernas_begin_pass(s, 1, settings->layernas.buckets,
                                 &settings->layernas.default_arch);
    if (rc < 0) {
        destroy(&s->base);
        return rc;
    }
    *strategy_out = &s->base;
    return 0;
}

static void count_opening(struct layernas *s)
{
    s->openings++;
    s->dropped += s->n_fates[FATE_DROPPED];
    s->passed_over += s->n_fates[FATE_PASSED_OVER];
    s->saved += s->n_fates[FATE_KNOWN] + s->n_fates[FATE_DUPLICATE];
}

static bool next_trial(struct layernas *s, struct arch *candidate_out)
{
    while (s->next_child < s->opening.n_children) {
        const struct opening_child *child = &s->opening.children[s->next_child++];

        if (child->fate != FATE_TRIAL)
            continue;
        s->trials_left--;
        if (!proposals_known(&s->base.proposals, &child->candidate)) {
            *candidate_out = child->candidate;
            return true;
        }
    }
    return false;
}

/* False while some of the results that are due are not told. */
static bool hear(struct layernas *s)
{
    uint64_t heard = layernas_due(s);

    if (s->base.proposals.told_up_to < heard)
        return false;
    s->place.heard = heard;
    return true;
}

/* 1 with the next of the sample, 0 when there is none. */
static int next_sample(struct layernas *s, struct arch *candidate_out)
{
    int rc = layernas_draw_sample(s, candidate_out);

    if (rc == 0)
        s->step = STEP_FORECAST;
    return rc;
}

/* 1 with a forecast, 0 when there is none. */
static int next_forecast(struct layernas *s, struct arch *candidate_out)
{
    struct arch best = layernas_best_heard(s);
    int rc = 0;

    if (s->place.heard >= SAMPLE_HEARD)
        rc = layernas_forecast(s->base.settings, s->base.model, &s->base.proposals, s->place.heard,
                               &best, candidate_out);
    s->forecasts_left = rc > 0 ? s->forecasts_left - 1 : 0;
    return rc;
}

/* What was found before the first layer is what it starts from. */
static int end_sample(struct layernas *s)
{
    struct arch best = layernas_best_heard(s);

    s->place.n_before = proposals_n(&s->base.proposals);
    s->step = STEP_OPEN;
    return layernas_begin_pass(s, 1, s->place.buckets, &best);
}

static int settle(struct layernas *s)
{
    int rc = layernas_settle_layer(s);

    layernas_early_free(s->early);
    s->early = NULL;
    s->place.n_before = s->base.settings->layernas.guided ? proposals_n(&s->base.proposals)
                                                          : s->n_issued;
    s->step = STEP_OPEN;
    return rc == 0 && s->place.position == layernas_n_layers(s) ? layernas_next_pass(s) : rc;
}

/* Whether something is left to try after all. */
static int hear_all(struct layernas *s)
{
    s->hear_all = false;
    s->step = STEP_OPEN;
    return layernas_next_pass(s);
}

/* What is heard now is acted upon. */
static int go_on(struct layernas *s)
{
    if (s->openings == 0)
        return end_sample(s);
    return s->hear_all ? hear_all(s) : settle(s);
}

static int end_issue(struct layernas *s)
{
    s->n_issued = proposals_n(&s->base.proposals);
    s->step = STEP_FORECAST;
    return layernas_early_new(s->base.settings, s->base.model, &s->base.proposals, &s->place,
                              &s->opening, &s->early);
}

/* ASK_TRIAL or ASK_WAIT. */
static int ask_early(struct layernas *s, struct arch *candidate_out)
{
    int rc = 0;

    if (s->early && !strategy_at_cap(&s->base))
        rc = layernas_early_next(s->early, &s->base.proposals, candidate_out);
    if (rc < 0)
        return rc;
    return rc ? ASK_TRIAL : ASK_WAIT;
}

static int ask(struct strategy *strategy, struct arch *candidate_out)
{
    struct layernas *s = layernas_of(strategy);

    for (;;) {
        int rc = 0;

        switch (s->step) {
        case STEP_ANCHOR:
            *candidate_out = s->anchor;
            s->place.n_before = 1;
            s->step = STEP_OPEN;
            if (s->samples_left > 0) {
                s->step = STEP_SAMPLE;
                rc = layernas_begin_sample(s);
            }
            return rc < 0 ? rc : ASK_TRIAL;
        case STEP_SAMPLE:
            rc = next_sample(s, candidate_out);
            if (rc != 0)
                return rc < 0 ? rc : ASK_TRIAL;
            break;
        case STEP_OPEN:
            rc = layernas_make_opening(s);
            if (rc < 0)
                return rc;
            s->pass = s->opening.pass;
            s->layer = s->opening.layer;
            s->forecasts_left = s->base.settings->layernas.forecasts;
            s->step = STEP_OPENED;
            return ASK_OPENING;
        case STEP_OPENED:
            count_opening(s);
            s->step = STEP_ISSUE;
            break;
        case STEP_ISSUE:
            if (strategy_at_cap(&s->base)) /* all that it may propose went out early */
                return ASK_DONE;
            if (next_trial(s, candidate_out))
                return ASK_TRIAL;
            rc = end_issue(s);
            if (rc < 0)
                return rc;
            break;
        case STEP_FORECAST:
            if (s->forecasts_left == 0) {
                s->step = STEP_SETTLE;
                break;
            }
            if (!hear(s))
                return ASK_WAIT;
            rc = next_forecast(s, candidate_out);
            if (rc != 0)
                return rc < 0 ? rc : ASK_TRIAL;
            break;
        case STEP_SETTLE:
            if (!hear(s))
                return ask_early(s, candidate_out);
            rc = go_on(s);
            if (rc < 0)
                return rc;
            break;
        case STEP_END:
            return ASK_DONE;
        }
    }
}

static const struct opening *current_opening(const struct strategy *strategy)
{
    return &layernas_of_const(strategy)->opening;
}

static int adopt(struct strategy *strategy, const struct opening *stored)
{
    struct layernas *s = layernas_of(strategy);
    struct opening copy;
    int rc;

    if (s->step != STEP_OPENED || stored->number != s->opening.number ||
        stored->pass != s->opening.pass || stored->layer != s->opening.layer)
        return -EINVAL;
    rc = opening_check(stored, s->base.model);
    if (rc == 0)
        rc = opening_copy(stored, &copy);
    if (rc == 0)
        layernas_set_opening(s, &copy);
    return rc;
}

/* Trials that went out before their opening, and that trials_left and the bounds still count. */
static uint64_t n_early(const struct layernas *s)
{
    if (s->step == STEP_SETTLE)
        return s->early ? proposals_n(&s->base.proposals) - s->n_issued : 0;
    return s->step == STEP_OPENED ? proposals_n(&s->base.proposals) - s->place.n_before : 0;
}

static bool owes_opening(const struct strategy *strategy)
{
    return n_early(layernas_of_const(strategy)) > 0;
}

/* Trials still to go out, of the current opening and of those after it. */
static uint64_t bound_ahead(const struct layernas *s)
{
    const struct search_settings *settings = s->base.settings;
    uint64_t survivors = s->opening.n_children - s->n_fates[FATE_DROPPED], kept;
    uint64_t first = (s->step == STEP_ANCHOR) + (uint64_t)s->samples_left + s->forecasts_left;

    if (s->openings == 0 && s->step != STEP_OPENED)
        return first + layernas_bound_from(settings, s->base.model, &s->limits, &s->place,
                                           s->place.position, s->place.n_parents);
    if (s->step == STEP_OPEN)
        return layernas_bound_from(settings, s->base.model, &s->limits, &s->place,
                                   s->place.position, s->place.n_parents);
    kept = layernas_most_kept(&s->limits, s->opening.layer, s->opening.buckets, survivors);
    if (kept < s->opening.n_parents)
        kept = s->opening.n_parents; /* they go on where nothing is kept */
    return s->trials_left + s->forecasts_left +
           layernas_bound_from(settings, s->base.model, &s->limits, &s->place,
                               s->place.position + 1, kept);
}

static void progress(const struct strategy *strategy, struct search_progress *progress)
{
    const struct layernas *s = layernas_of_const(strategy);

    progress->pass = s->pass;
    progress->layer = s->layer;
    progress->openings = s->openings;
    progress->dropped = s->dropped;
    progress->saved = s->saved;
    progress->passed_over = s->passed_over;
    progress->decided = s->base.settings->layernas.guided ? s->place.heard : s->place.n_before;
    progress->bound = progress->proposed + bound_ahead(s) - n_early(s);
    if (progress->bound > s->limits.candidates)
        progress->bound = s->limits.candidates;
}

/* A layer's trials decide what the next one opens with, or what goes out before that, and nothing
 * else. Where the search is guided, all that is heard has decided something. */
static bool may_untell(const struct strategy *strategy, uint64_t number)
{
    const struct layernas *s = layernas_of_const(strategy);
    struct arch candidate;

    if (s->step == STEP_END || number > proposals_n(&s->base.proposals))
        return false;
    if (s->base.settings->layernas.guided)
        return number > s->place.heard;
    if (s->step < STEP_OPENED || number <= s->place.n_before)
        return false;
    candidate = arch_set_at(&s->base.proposals.archs, number - 1);
    return !s->early || !layernas_early_relied_on(s->early, &candidate);
}

const struct strategy_ops layernas_ops = {
    .name = "layernas",
    .create = create,
    .destroy = destroy,
    .ask = ask,
    .opening = current_opening,
    .adopt = adopt,
    .owes_opening = owes_opening,
    .may_untell = may_untell,
    .progress = progress,
    .trial_bound = layernas_trial_bound,
};
