/* strategy - proposes trials, learns from results. The face of every search algorithm.
 *
 *     ask  -> ASK_TRIAL     train this next
 *          -> ASK_OPENING   a decision to be made durable; then ask again
 *          -> ASK_WAIT      nothing until more results are told
 *          -> ASK_DONE      no trial will follow; strategy_stop_reason says why
 *     tell <- a result, once for each proposal, in any order
 *
 * Proposal j is a function of the settings (the seed among them) and of the results of a fixed set
 * D_j of earlier proposals: ask says ASK_WAIT until D_j is complete. So the same results give the
 * same proposals, whoever finished first, and a restart is the same calls again.
 *
 * Pure code: no sockets, clock, SQL, BLAS or logging; floating point in a fixed order; randomness
 * from rng.h. One thread. int functions give a negative errno on failure (-ENOMEM), after which
 * the strategy can only be freed. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_STRATEGY_H
#define LAYERNAS_COORDINATOR_SEARCH_STRATEGY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cost.h"
#include "common/study.h"
#include "common/trial.h"

struct strategy;

enum ask { ASK_TRIAL, ASK_OPENING, ASK_WAIT, ASK_DONE };

/* A candidate in its canonical form, never proposed before. Numbers count from 1. */
struct proposal {
    uint64_t number;
    struct arch arch;
    int64_t cost;
};

/* What became of a proposal. Not valid: quarantined, the search goes on without it. */
struct verdict {
    bool valid;
    struct reward reward;
};

/* Why a child of an opening is, or is not, a trial. */
enum fate {
    FATE_TRIAL,       /* a contender of its bucket, to be evaluated */
    FATE_KNOWN,       /* a contender whose candidate was proposed before: costs nothing */
    FATE_DUPLICATE,   /* the same candidate as an earlier child of this opening */
    FATE_DROPPED,     /* no completion by the layers still to come meets the target, or reaches
                     * settings->layernas.reach of its upper end */
    FATE_PASSED_OVER, /* guided: others of its bucket promise more; not evaluated for it */
    FATES
};

struct opening_child {
    struct arch arch;      /* parent with one layer set; later layers at default */
    struct arch candidate; /* its canonical form */
    uint32_t parent;       /* index into opening.parents */
    uint32_t bucket;       /* meaningless where dropped */
    uint32_t interface;    /* 0 unless buckets keep interfaces apart */
    int64_t cost;
    enum fate fate;
};

/* A layer's opening: all that is decided when the search comes to a layer. Made durable before the
 * first of its trials goes out, so that a restart decides nothing anew. */
struct opening {
    uint32_t number;        /* 0, 1, ... within the study */
    uint32_t pass, layer;   /* pass counts from 1; layer is an index into the space */
    uint32_t buckets, keep; /* H and K */
    struct cost_range
        edges; /* bucket(cost) = floor((cost - lowest) x H / (highest - lowest + 1)); empty
                * where every child was dropped */
    uint32_t n_parents, n_children;
    struct arch *parents; /* owned, as spelled */
    struct opening_child *children;
};

void opening_clear(struct opening *opening);

/* For people: how far the search is. */
struct search_progress {
    uint32_t pass, layer;         /* of the current opening; pass 0 before the first */
    uint64_t proposed, told, cap; /* search trials */
    uint64_t bound;               /* no more trials than this will be proposed in all */
    uint64_t dropped, saved;      /* children that pruning, and that known results, spared */
    uint64_t passed_over;         /* and those that others promised more than */
    uint64_t openings;
    uint64_t decided; /* proposals 1 .. decided cannot be untold any more */
    bool done;
};

/* The strategy named settings->strategy. settings and model must outlive it. -ENOENT for an unknown
 * name, -ERANGE when no architecture meets the target, -ENOMEM. */
int strategy_new(const struct search_settings *settings, const struct cost_model *model,
                 struct strategy **strategy_out);
void strategy_free(struct strategy *strategy);

/* One of enum ask, or a negative errno. Fills *proposal_out for ASK_TRIAL only. */
int strategy_ask(struct strategy *strategy, struct proposal *proposal_out);

/* After ASK_OPENING: the decision to store. Valid until the next call. */
const struct opening *strategy_opening(const struct strategy *strategy);

/* After ASK_OPENING, instead of storing it: takes over what an earlier run decided at this place, a
 * copy. -EINVAL if stored is not an opening of this pass and layer, or names an architecture that
 * the space does not have. */
int strategy_adopt(struct strategy *strategy, const struct opening *stored);

/* The verdict on proposal number. Telling one twice, one never proposed, or a reward of 0 out of 0,
 * is -EINVAL and changes nothing. */
int strategy_tell(struct strategy *strategy, uint64_t number, const struct verdict *verdict);

/* Takes a verdict that was not valid back, to be told another one. -EINVAL if there was no such;
 * -EPERM: something was decided by it already, and would not come about again after a restart. */
int strategy_untell(struct strategy *strategy, uint64_t number);

void strategy_progress(const struct strategy *strategy, struct search_progress *progress_out);

/* "trial cap reached", "nothing left to try", "2 passes done"; NULL while it goes on. */
const char *strategy_stop_reason(const struct strategy *strategy);

/* The trial cap, not lower than it was. A search that the cap ended goes on, as if it had always been
 * this one: no proposal depends on it. */
void strategy_raise_cap(struct strategy *strategy, uint32_t trials);

/* A true upper bound on the trials of a search with these settings, before the first one. */
uint64_t strategy_trial_bound(const struct search_settings *settings,
                              const struct cost_model *model);

/* The first trial: settings->layernas.default_arch brought, one layer after the other in turn, to
 * the nearest option that moves its cost toward the target, until it meets it. Falls back to an
 * architecture of the target found through cost_completions. -ENOENT if none meets it (or none was
 * found in 65,536 steps, which takes a target narrower than the gaps between costs). */
int strategy_anchor(const struct search_settings *settings, const struct cost_model *model,
                    struct arch *anchor_out);

#endif
