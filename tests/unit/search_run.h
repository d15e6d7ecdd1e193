/* search_run - plays coordinator and workers to a strategy, and writes down all that it does. */
#ifndef LAYERNAS_TESTS_SEARCH_RUN_H
#define LAYERNAS_TESTS_SEARCH_RUN_H

#include <stdlib.h>

#include "common/rng.h"
#include "coordinator/search/opening_table.h"
#include "coordinator/search/proposals.h"
#include "coordinator/search/strategy.h"
#include "tests/unit/check.h"

typedef struct verdict judge_fn(void *arg, const struct arch *candidate);

enum { RUN_MAX_TRIALS = 4096, RUN_MAX_OPENINGS = 1024 };

struct search_run {
    const struct search_settings *settings;
    const struct cost_model *model;
    judge_fn *judge;
    void *judge_arg;
    uint32_t workers;

    uint32_t n_proposals, n_openings;
    struct proposal proposals[RUN_MAX_TRIALS];
    struct verdict verdicts[RUN_MAX_TRIALS];
    bool told[RUN_MAX_TRIALS];
    struct opening openings[RUN_MAX_OPENINGS]; /* as stored */
    struct search_progress progress;           /* at the end */
    char stop_reason[64];
    uint64_t least_bound;
};

struct run_state {
    struct strategy *strategy;
    uint32_t asked, opened; /* so far, of proposals and openings */
    uint32_t running[RUN_MAX_TRIALS];
    uint32_t n_running;
};

/* A copy through what a store would keep. */
static inline struct opening run_store(const struct opening *from)
{
    struct opening copy = *from;

    copy.parents = malloc((copy.n_parents + 1) * sizeof *copy.parents);
    copy.children = malloc((copy.n_children + 1) * sizeof *copy.children);
    assert_non_null(copy.parents);
    assert_non_null(copy.children);
    memcpy(copy.parents, from->parents, copy.n_parents * sizeof *copy.parents);
    memcpy(copy.children, from->children, copy.n_children * sizeof *copy.children);
    return copy;
}

static inline void run_clear(struct search_run *run)
{
    for (uint32_t i = 0; i < run->n_openings; i++)
        opening_clear(&run->openings[i]);
    run->n_openings = run->n_proposals = 0;
}

static inline void run_opening(struct search_run *run, struct run_state *state)
{
    if (state->opened < run->n_openings) {
        assert_int_equal(strategy_adopt(state->strategy, &run->openings[state->opened]), 0);
    } else {
        assert_in_range(run->n_openings, 0, RUN_MAX_OPENINGS - 1);
        run->openings[run->n_openings++] = run_store(strategy_opening(state->strategy));
    }
    state->opened++;
}

static inline void run_tell(struct search_run *run, struct run_state *state, uint32_t i)
{
    assert_int_equal(strategy_tell(state->strategy, i + 1, &run->verdicts[i]), 0);
    run->told[i] = true;
}

/* A trial already told in an earlier life is told at once, others start running. */
static inline void run_trial(struct search_run *run, struct run_state *state,
                             const struct proposal *proposal)
{
    uint32_t i = state->asked++;

    assert_in_range(i, 0, RUN_MAX_TRIALS - 1);
    assert_int_equal(proposal->number, i + 1);
    if (i < run->n_proposals) { /* a restart asks for the same again */
        assert_memory_equal(&run->proposals[i].arch, &proposal->arch, sizeof proposal->arch);
        if (run->told[i]) {
            run_tell(run, state, i);
            return;
        }
    } else {
        run->proposals[run->n_proposals++] = *proposal;
        run->verdicts[i] = run->judge(run->judge_arg, &proposal->arch);
        run->told[i] = false;
    }
    state->running[state->n_running++] = i;
}

static inline void run_finish_one(struct search_run *run, struct run_state *state, struct rng *rng)
{
    uint32_t r = (uint32_t)rng_below(rng, state->n_running), i = state->running[r];

    state->running[r] = state->running[--state->n_running];
    run_tell(run, state, i);
}

static inline void run_note_progress(struct search_run *run, struct run_state *state)
{
    strategy_progress(state->strategy, &run->progress);
    if (run->progress.bound < run->least_bound)
        run->least_bound = run->progress.bound;
}

/* Runs on to the end, or until `tells` results have come in. Results arrive in an order by rng, and
 * asks and tells interleave by it. Starts from what run holds, as a restarted coordinator does. */
static inline void run_until(struct search_run *run, struct rng *rng, uint32_t tells)
{
    struct run_state *state = calloc(1, sizeof *state);
    int rc = ASK_WAIT;

    assert_non_null(state);
    assert_int_equal(strategy_new(run->settings, run->model, &state->strategy), 0);
    run->least_bound = UINT64_MAX;
    while (tells > 0 && (rc != ASK_DONE || state->n_running > 0)) {
        struct proposal proposal;
        bool full = state->n_running == run->workers;

        if (state->n_running && (full || rc == ASK_DONE || rng_below(rng, 3) == 0)) {
            run_finish_one(run, state, rng);
            tells--;
        }
        if (full || rc == ASK_DONE)
            continue;
        rc = strategy_ask(state->strategy, &proposal);
        assert_in_range(rc, ASK_TRIAL, ASK_DONE);
        if (rc == ASK_TRIAL)
            run_trial(run, state, &proposal);
        else if (rc == ASK_OPENING)
            run_opening(run, state);
        else if (rc == ASK_WAIT)
            assert_true(state->n_running > 0);
        run_note_progress(run, state);
    }
    run_note_progress(run, state);
    if (rc == ASK_DONE)
        snprintf(run->stop_reason, sizeof run->stop_reason, "%s",
                 strategy_stop_reason(state->strategy));
    strategy_free(state->strategy);
    free(state);
}

static inline bool run_reward(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    const struct search_run *run = arg;

    for (uint32_t i = 0; i < run->n_proposals; i++)
        if (arch_equal(&run->proposals[i].arch, candidate)) {
            *reward_out = run->verdicts[i].reward;
            return run->verdicts[i].valid;
        }
    return false;
}

/* The number of the best proposal inside the target; 0 when there is none. */
static inline uint32_t run_best(const struct search_run *run)
{
    uint32_t best = 0;

    for (uint32_t i = 0; i < run->n_proposals; i++)
        if (run->verdicts[i].valid && run->proposals[i].cost >= run->settings->target.lowest &&
            run->proposals[i].cost <= run->settings->target.highest &&
            (!best || reward_compare(run->verdicts[i].reward, run->verdicts[best - 1].reward) > 0))
            best = i + 1;
    return best;
}

/* A name for all that a run did: proposals in order, openings, and every opening's table. */
static inline struct digest run_digest(struct search_run *run)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "run");
    for (uint32_t i = 0; i < run->n_proposals; i++)
        digest_bytes(&state, &run->proposals[i].arch, sizeof run->proposals[i].arch);
    for (uint32_t i = 0; i < run->n_openings; i++) {
        const struct opening *o = &run->openings[i];
        struct candidate_table *table;
        struct digest content;

        assert_int_equal(opening_table(o, run_reward, run, &table), 0);
        content = candidate_table_digest(table);
        candidate_table_free(table);
        digest_bytes(&state, &content, sizeof content);
        digest_bytes(&state, o->parents, o->n_parents * sizeof *o->parents);
        for (uint32_t c = 0; c < o->n_children; c++) {
            digest_bytes(&state, &o->children[c].arch, sizeof o->children[c].arch);
            digest_integer(&state, o->children[c].fate);
            digest_integer(&state, o->children[c].bucket);
        }
    }
    digest_end(&state, &digest);
    return digest;
}

#endif
