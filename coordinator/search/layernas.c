/* LayerNAS (DESIGN, "LayerNAS, exactly"): one layer after the other, the best of each cost bucket
 * go on.
 *
 *    ANCHOR -> OPEN -> OPENED -> ISSUE -> SETTLE -> OPEN ...           layer after layer
 *                                            '----> OPEN ... or end    pass after pass
 *
 * ANCHOR  the first trial
 * OPEN    make the opening; ask says ASK_OPENING
 * OPENED  it can still be replaced by a stored one
 * ISSUE   its trials go out, one at each ask
 * SETTLE  waits until all of them are told (D_j: everything before this layer's end), then the
 *         table's candidates are the parents of the next layer; meanwhile, where nothing is guided,
 *         trials of that one go out from buckets that are settled (layernas_early.h)
 *
 * Where no child of a layer has a valid result (all dropped, all quarantined) the pass goes on with
 * the layer's parents as they were.
 *
 * A pass in which nothing is left to try is gone through on known results, unseen from outside. The
 * search goes on without settings->layernas.reach then, and ends after the next such pass (some, where
 * the order of layers is random) if a finer one would keep no more: no bucket wide enough to be
 * divided displaced anything. That comes: every other pass uses up one of finitely many candidates,
 * and such passes double H at least, until no bucket is wider than one cost or H is at its end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"
#include "coordinator/search/layernas_early.h"
#include "coordinator/search/opening.h"
#include "coordinator/search/opening_table.h"
#include "coordinator/search/strategy_ops.h"

enum step { STEP_ANCHOR, STEP_OPEN, STEP_OPENED, STEP_ISSUE, STEP_SETTLE, STEP_END };

struct layernas {
    struct strategy base;
    enum step step;
    struct layernas_limits limits;
    struct arch anchor;           /* its candidate */
    struct layernas_place place;  /* of the next opening, or of the current one */
    struct arch *parents;         /* owned; place.parents */
    uint32_t *turns;              /* owned; place.turns */
    struct opening opening;       /* the current one */
    uint32_t n_fates[FATES];      /* of its children */
    uint32_t next_child;          /* STEP_ISSUE: children before this one have gone out, */
    uint32_t trials_left;         /* and of the others so many are trials */
    struct layernas_early *early; /* STEP_SETTLE; NULL where nothing goes out early */
    uint64_t n_issued;            /* STEP_SETTLE: the last proposal of the current opening */
    bool refinable;               /* in this pass a finer table would have kept more */

    /* For progress: of the last opening that was seen from outside, and over all of these. */
    uint32_t pass, layer, openings;
    uint64_t dropped, saved, passed_over;
};

static const struct layernas *layernas_of_const(const struct strategy *strategy)
{
    return (const struct layernas *)strategy;
}

static struct layernas *layernas_of(struct strategy *strategy)
{
    return (struct layernas *)strategy;
}

/* Takes parents and turns over. */
static void set_parents(struct layernas *s, struct arch *parents, uint32_t n, uint32_t *turns)
{
    free(s->parents);
    free(s->turns);
    s->parents = parents;
    s->turns = turns;
    s->place.parents = parents;
    s->place.n_parents = n;
    s->place.turns = turns;
}

/* A pass starts from its default alone. */
static int begin_pass(struct layernas *s, uint32_t pass, uint32_t buckets,
                      const struct arch *default_arch)
{
    struct arch *parents = malloc(sizeof *parents);

    if (!parents)
        return -ENOMEM;
    *parents = *default_arch;
    set_parents(s, parents, 1, NULL);
    s->place.pass = pass;
    s->place.buckets = buckets;
    s->place.position = 0;
    s->place.default_arch = *default_arch;
    s->refinable = false;
    return 0;
}

static void destroy(struct strategy *strategy)
{
    struct layernas *s = layernas_of(strategy);

    layernas_early_free(s->early);
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
    rc = find_anchor(settings, model, &s->anchor);
    if (rc == 0)
        rc = begin_pass(s, 1, settings->layernas.buckets, &settings->layernas.default_arch);
    if (rc < 0) {
        destroy(&s->base);
        return rc;
    }
    *strategy_out = &s->base;
    return 0;
}

/* Takes opening over. */
static void set_opening(struct layernas *s, const struct opening *opening)
{
    opening_clear(&s->opening);
    s->opening = *opening;
    s->next_child = 0;
    memset(s->n_fates, 0, sizeof s->n_fates);
    for (uint32_t i = 0; i < opening->n_children; i++)
        s->n_fates[opening->children[i].fate]++;
    s->trials_left = s->n_fates[FATE_TRIAL];
}

static int make_opening(struct layernas *s)
{
    struct opening opening;
    int rc;

    s->place.number = s->openings;
    rc = layernas_open(s->base.settings, s->base.model, &s->base.proposals, &s->place, &opening);
    if (rc == 0)
        set_opening(s, &opening);
    return rc;
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

static bool costs_exceed_buckets(const struct opening *opening)
{
    return (__int128)opening->edges.highest - opening->edges.lowest >= opening->buckets;
}

static uint32_t n_layers(const struct layernas *s)
{
    return space_n_layers(cost_model_space(s->base.model));
}

static int take_parents(struct layernas *s, const struct candidate_table *table)
{
    uint32_t layer = layernas_layer(s->base.settings, s->base.model, s->place.pass,
                                    s->place.position);
    uint32_t n_options = space_n_options(cost_model_space(s->base.model), layer);
    struct arch *parents;
    uint32_t *turns = NULL, n;
    int rc = s->early ? layernas_early_turns(s->early, table, &turns) : 0;

    if (rc == 0)
        rc = layernas_parents(table, &s->opening, n_options, &parents, &n);
    if (rc == 0)
        set_parents(s, parents, n, turns);
    else
        free(turns);
    return rc;
}

static int settle_layer(struct layernas *s)
{
    struct candidate_table *table;
    int rc = opening_table(&s->opening, proposals_reward, &s->base.proposals, &table);

    if (rc < 0)
        return rc;
    if (candidate_table_displaced(table) && costs_exceed_buckets(&s->opening))
        s->refinable = true;
    if (++s->place.position < n_layers(s))
        rc = take_parents(s, table);
    candidate_table_free(table);
    return rc;
}

static int stop(struct layernas *s, const char *reason)
{
    snprintf(s->base.stop_reason, sizeof s->base.stop_reason, "%s", reason);
    s->step = STEP_END;
    return 0;
}

static int passes_done(struct layernas *s)
{
    char reason[STOP_REASON_SIZE];

    snprintf(reason, sizeof reason, "%u %s done", s->place.pass,
             s->place.pass == 1 ? "pass" : "passes");
    return stop(s, reason);
}

/* Goes through a pass until a layer has something to try: 1; 0 when it has nothing. Everything that
 * it needs to know is known, as no trial comes between. */
static int pass_has_trials(struct layernas *s)
{
    int rc = 0;

    while (rc == 0 && s->place.position < n_layers(s)) {
        rc = make_opening(s);
        if (rc == 0 && s->trials_left > 0)
            return 1;
        if (rc == 0)
            rc = settle_layer(s);
    }
    return rc;
}

/* So many passes in a row find nothing to try before the search may end: in a random order the next
 * one goes another way. */
static uint32_t empty_passes(const struct layernas_settings *settings)
{
    return settings->order == ORDER_RANDOM ? 4 : 1;
}

static int next_pass(struct layernas *s)
{
    const struct layernas_settings *settings = &s->base.settings->layernas;
    const struct proposals *known = &s->base.proposals;
    struct arch start = known->best ? known->archs.at[known->best - 1] : s->place.default_arch;
    bool had_trials = true;
    uint32_t empty = 0; /* passes since then */

    for (;;) {
        uint32_t buckets = layernas_next_buckets(settings, s->place.buckets, had_trials);
        bool no_finer = empty >= empty_passes(settings) && s->place.reach <= 0 &&
                        (buckets == s->place.buckets || !s->refinable);
        int rc;

        if (settings->passes && s->place.pass >= settings->passes)
            return passes_done(s);
        if (no_finer)
            return stop(s, "nothing left to try");
        rc = begin_pass(s, s->place.pass + 1, buckets, &start);
        if (rc == 0)
            rc = pass_has_trials(s);
        if (rc == 1)
            return begin_pass(s, s->place.pass, buckets, &start);
        if (rc < 0)
            return rc;
        had_trials = false;
        empty = s->place.reach > 0 ? 0 : empty + 1;
        s->place.reach = 0;
    }
}

static int settle(struct layernas *s)
{
    int rc = settle_layer(s);

    layernas_early_free(s->early);
    s->early = NULL;
    s->place.n_before = s->n_issued;
    s->step = STEP_OPEN;
    return rc == 0 && s->place.position == n_layers(s) ? next_pass(s) : rc;
}

static int end_issue(struct layernas *s)
{
    s->n_issued = proposals_n(&s->base.proposals);
    s->step = STEP_SETTLE;
    return layernas_early_new(s->base.settings, s->base.model, &s->place, &s->opening, &s->early);
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
            return ASK_TRIAL;
        case STEP_OPEN:
            rc = make_opening(s);
            if (rc < 0)
                return rc;
            s->pass = s->opening.pass;
            s->layer = s->opening.layer;
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
        case STEP_SETTLE:
            if (s->base.proposals.told_up_to < s->n_issued)
                return ask_early(s, candidate_out);
            rc = settle(s);
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
        set_opening(s, &copy);
    return rc;
}

/* Trials that went out before their opening, and that trials_left and the bounds still count. */
static uint64_t n_early(const struct layernas *s)
{
    if (s->step == STEP_SETTLE)
        return proposals_n(&s->base.proposals) - s->n_issued;
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

    if (s->step == STEP_ANCHOR || s->step == STEP_OPEN)
        return (s->step == STEP_ANCHOR) + layernas_bound_from(settings, s->base.model, &s->limits,
                                                              &s->place, s->place.position,
                                                              s->place.n_parents);
    kept = layernas_most_kept(&s->limits, s->opening.layer, s->opening.buckets, survivors);
    if (kept < s->opening.n_parents)
        kept = s->opening.n_parents; /* they go on where nothing is kept */
    return s->trials_left + layernas_bound_from(settings, s->base.model, &s->limits, &s->place,
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
    progress->bound = progress->proposed + bound_ahead(s) - n_early(s);
    if (progress->bound > s->limits.candidates)
        progress->bound = s->limits.candidates;
}

/* A layer's trials decide what the next one opens with, or what goes out before that, and nothing
 * else. */
static bool may_untell(const struct strategy *strategy, uint64_t number)
{
    const struct layernas *s = layernas_of_const(strategy);

    if (s->step < STEP_OPENED || s->step > STEP_SETTLE || number <= s->place.n_before ||
        number > proposals_n(&s->base.proposals))
        return false;
    return !s->early ||
           !layernas_early_relied_on(s->early, &s->base.proposals.archs.at[number - 1]);
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
