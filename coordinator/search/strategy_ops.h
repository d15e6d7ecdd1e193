/* strategy_ops - what a search algorithm implements, behind the face of strategy.h.
 *
 * strategy.c numbers the proposals, keeps them and their verdicts, and holds to the trial cap; so
 * an implementation only says which candidate comes next, and never proposes a known one. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_STRATEGY_OPS_H
#define LAYERNAS_COORDINATOR_SEARCH_STRATEGY_OPS_H

#include "coordinator/search/proposals.h"
#include "coordinator/search/strategy.h"

enum { STOP_REASON_SIZE = 64, SEARCH_STREAM = 1 /* of settings->seed, for rng_init */ };

/* The first member of every implementation's own struct. */
struct strategy {
    const struct strategy_ops *ops;
    const struct search_settings *settings; /* own */
    struct search_settings own;             /* a copy, whose cap can be raised */
    const struct cost_model *model;
    struct proposals proposals;
    char stop_reason[STOP_REASON_SIZE]; /* empty while it goes on */
};

struct strategy_ops {
    const char *name;

    /* A new one; its struct strategy is zero, to be filled by strategy.c. */
    int (*create)(const struct search_settings *settings, const struct cost_model *model,
                  struct strategy **strategy_out);
    void (*destroy)(struct strategy *strategy);

    /* One of enum ask, or -ENOMEM. Fills *candidate_out, a new one, for ASK_TRIAL. Before the first
     * ASK_DONE it sets stop_reason. */
    int (*ask)(struct strategy *strategy, struct arch *candidate_out);

    /* As strategy_opening and strategy_adopt; NULL, both, where there are no openings. */
    const struct opening *(*opening)(const struct strategy *strategy);
    int (*adopt)(struct strategy *strategy, const struct opening *stored);

    /* Whether an opening of trials that went out already is still to come: it is asked for though the
     * cap is reached, and proposes nothing then. NULL: never. */
    bool (*owes_opening)(const struct strategy *strategy);

    /* Whether nothing was decided yet by what became of a proposal; NULL: never. */
    bool (*may_untell)(const struct strategy *strategy, uint64_t number);

    /* Adds what strategy.c does not know: position, dropped, saved, openings, and the bound, which
     * strategy.c then holds to the cap. */
    void (*progress)(const struct strategy *strategy, struct search_progress *progress);

    /* As strategy_trial_bound, but for the cap. */
    uint64_t (*trial_bound)(const struct search_settings *settings, const struct cost_model *model);
};

extern const struct strategy_ops layernas_ops, random_ops, evolution_ops, local_ops, ppo_ops;

/* Whether no more may be proposed. */
bool strategy_at_cap(const struct strategy *strategy);

/* The candidate that arch is a spelling of. -ENOMEM. */
int strategy_candidate(const struct search_settings *settings, const struct cost_model *model,
                       const struct arch *arch, struct arch *candidate_out);

#endif
