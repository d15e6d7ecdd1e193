/* trial - one evaluation of one candidate at one fidelity with one replica seed, and its result.
 * Plain values. */
#ifndef LAYERNAS_COMMON_TRIAL_H
#define LAYERNAS_COMMON_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/arch.h"
#include "common/digest.h"
#include "common/network.h"

enum stage {
    STAGE_SEARCH, /* on the study's schedule and split */
    STAGE_FINAL,  /* one of the best, retrained with the full schedule; weights come back */
    STAGE_TEST,   /* the winner's weights on the test images, once */
    STAGES
};

/* A trial is named by its key: a hash of study, canonical form, evaluation, stage and replica.
 * Numbers are for people. The training seed comes from the same ingredients. */
struct trial {
    uint64_t number; /* from 1, in order of issue */
    struct digest key;
    enum stage stage;
    uint32_t replica;
    struct arch arch; /* canonical form */
    int64_t cost;     /* by the study's metric */
    struct costs costs;
    uint64_t seed;
};

/* top-1 = correct / total, compared exactly. */
struct reward {
    uint32_t correct, total;
};

/* Negative, zero or positive as a is worse than, equal to or better than b. Both have total > 0. */
int reward_compare(struct reward a, struct reward b);
double reward_percent(struct reward reward);

enum outcome {
    OUTCOME_OK,     /* reward holds (a diverged training too: reward 0) */
    OUTCOME_FAILED, /* an evaluator reported an error, crashed, or ran out of time */
    OUTCOMES
};

enum { TRIAL_REASON_SIZE = 256, TRIAL_NUMERICS_SIZE = 64, TRIAL_WORKER_SIZE = 64 };

/* What an attempt came to, as a worker reports it. */
struct trial_result {
    struct digest key;
    enum stage stage;
    uint32_t replica;
    struct arch arch;
    int64_t madds, params; /* what the worker built; 0, 0 from a table without networks */
    enum outcome outcome;
    struct reward reward;
    double loss;    /* mean cross-entropy of the evaluation; 0 where there is none */
    double seconds; /* wall time of the attempt; of the training, where a table tells it */
    bool diverged;
    char numerics[TRIAL_NUMERICS_SIZE]; /* equal tags reproduce each other bit for bit */
    char worker[TRIAL_WORKER_SIZE];     /* for people: host and process */
    char reason[TRIAL_REASON_SIZE];     /* of a failure: one line */
};

const char *stage_name(enum stage stage);

#endif
