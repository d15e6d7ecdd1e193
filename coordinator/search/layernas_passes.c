/* layernas_passes - from layer to layer, and from pass to pass. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas_inside.h"
#include "coordinator/search/opening_table.h"

uint32_t layernas_n_layers(const struct layernas *s)
{
    return space_n_layers(cost_model_space(s->base.model));
}

/* So many trials before the next one are not waited for. The first trials are as new as any that there
 * are to decide by, and wait for more of them. */
static uint64_t lag(const struct layernas *s)
{
    const struct search_settings *settings = s->base.settings;
    uint64_t part = proposals_n(&s->base.proposals) * 2 / 3,
             least = UINT64_C(2) * settings->parallel;

    if (part < least)
        part = least;
    return part < settings->layernas.lag ? part : settings->layernas.lag;
}

/* Up to the lag, and all that were heard before; before the next layer those of the current opening; in
 * the beginning so many that there is something to decide by. */
uint64_t layernas_due(const struct layernas *s)
{
    uint64_t n = proposals_n(&s->base.proposals), least = s->place.heard;

    if (!s->base.settings->layernas.guided)
        return s->n_issued;
    if (s->hear_all)
        return n;
    if (s->step == STEP_SETTLE && least < s->n_issued)
        least = s->n_issued;
    if (least < SAMPLE_HEARD)
        least = n < SAMPLE_HEARD ? n : SAMPLE_HEARD;
    return n + 1 > least + lag(s) ? n + 1 - lag(s) : least;
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

int layernas_begin_pass(struct layernas *s, uint32_t pass, uint32_t buckets,
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

struct arch layernas_best_heard(struct layernas *s)
{
    const struct proposals *known = &s->base.proposals;
    const struct cost_range *target = &s->base.settings->target;

    for (; s->n_ranked < s->place.heard; s->n_ranked++)
        if (known->at[s->n_ranked].verdict.valid &&
            proposals_better(known, s->n_ranked + 1, s->best, target))
            s->best = s->n_ranked + 1;
    return s->best ? arch_set_at(&known->archs, s->best - 1) : s->place.default_arch;
}

void layernas_set_opening(struct layernas *s, const struct opening *opening)
{
    opening_clear(&s->opening);
    s->opening = *opening;
    s->next_child = 0;
    memset(s->n_fates, 0, sizeof s->n_fates);
    for (uint32_t i = 0; i < opening->n_children; i++)
        s->n_fates[opening->children[i].fate]++;
    s->trials_left = s->n_fates[FATE_TRIAL];
}

int layernas_make_opening(struct layernas *s)
{
    struct opening opening;
    int rc;

    s->place.number = s->openings;
    rc = layernas_open(s->base.settings, s->base.model, &s->base.proposals, &s->place, &opening);
    if (rc == 0)
        layernas_set_opening(s, &opening);
    return rc;
}

static bool costs_exceed_buckets(const struct opening *opening)
{
    return (__int128)opening->edges.highest - opening->edges.lowest >= opening->buckets;
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

int layernas_settle_layer(struct layernas *s)
{
    struct candidate_table *table;
    struct proposals_among heard = { &s->base.proposals, s->place.heard };
    int rc = opening_table(&s->opening, proposals_reward, &heard, &table);

    if (rc < 0)
        return rc;
    if (candidate_table_displaced(table) && costs_exceed_buckets(&s->opening))
        s->refinable = true;
    if (s->early)
        rc = layernas_early_keep_undisputed(s->early, &s->base.proposals, table);
    if (++s->place.position < layernas_n_layers(s) && rc == 0)
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

    while (rc == 0 && s->place.position < layernas_n_layers(s)) {
        rc = layernas_make_opening(s);
        if (rc == 0 && s->trials_left > 0)
            return 1;
        if (rc == 0)
            rc = layernas_settle_layer(s);
    }
    return rc;
}

/* So many passes in a row find nothing to try before the search may end: in a random order the next
 * one goes another way. */
static uint32_t empty_passes(const struct layernas_settings *settings)
{
    return settings->order == ORDER_RANDOM ? 4 : 1;
}

int layernas_next_pass(struct layernas *s)
{
    const struct layernas_settings *settings = &s->base.settings->layernas;
    struct arch start = layernas_best_heard(s);
    bool had_trials = true;
    uint32_t empty = 0; /* passes since then */

    for (;;) {
        uint32_t buckets = layernas_next_buckets(settings, s->place.buckets, had_trials);
        bool no_finer = empty >= empty_passes(settings) && s->place.reach <= 0 &&
                        (buckets == s->place.buckets || !s->refinable);
        int rc;

        if (settings->passes && s->place.pass >= settings->passes)
            return passes_done(s);
        if (no_finer && s->place.heard < proposals_n(&s->base.proposals)) {
            s->hear_all = true;
            s->step = STEP_SETTLE;
            return 0;
        }
        if (no_finer)
            return stop(s, "nothing left to try");
        rc = layernas_begin_pass(s, s->place.pass + 1, buckets, &start);
        if (rc == 0)
            rc = pass_has_trials(s);
        if (rc == 1)
            return layernas_begin_pass(s, s->place.pass, buckets, &start);
        if (rc < 0)
            return rc;
        had_trials = false;
        empty = s->place.reach > 0 ? 0 : empty + 1;
        s->place.reach = 0;
    }
}
