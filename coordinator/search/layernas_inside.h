/* layernas_inside - what the files of the LayerNAS strategy share: where a search stands. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_INSIDE_H
#define LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_INSIDE_H

#include "coordinator/search/eligible.h"
#include "coordinator/search/layernas.h"
#include "coordinator/search/layernas_early.h"
#include "coordinator/search/strategy_ops.h"

enum step {
    STEP_ANCHOR,
    STEP_SAMPLE,
    STEP_OPEN,
    STEP_OPENED,
    STEP_ISSUE,
    STEP_FORECAST,
    STEP_SETTLE,
    STEP_END
};

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
    uint32_t samples_left;        /* STEP_SAMPLE: so many are still to be drawn, */
    struct draws draws;           /* from these, */
    struct rng rng;               /* by this */
    uint32_t forecasts_left;      /* before the next opening */
    struct layernas_early *early; /* STEP_SETTLE; NULL where nothing goes out early */
    uint64_t n_issued;       /* STEP_FORECAST, SETTLE: the last proposal of the current opening */
    uint64_t best, n_ranked; /* the best of the first so many proposals; 0: none */
    bool hear_all;           /* STEP_SETTLE: nothing seemed left to try, by what was heard */
    bool refinable;          /* in this pass a finer table would have kept more */

    /* For progress: of the last opening that was seen from outside, and over all of these. */
    uint32_t pass, layer, openings;
    uint64_t dropped, saved, passed_over;
};

/* Results that guided search begins to forecast by. */
enum { SAMPLE_HEARD = 16 };

/* ---- layernas_sample.c ---- */

/* -ENOMEM. */
int layernas_begin_sample(struct layernas *s);

/* 1 with the next of the sample, 0 when there is none; -ENOMEM. */
int layernas_draw_sample(struct layernas *s, struct arch *candidate_out);

/* ---- layernas_passes.c; int functions give -ENOMEM ---- */

uint32_t layernas_n_layers(const struct layernas *s);

/* What is decided next is decided by the results up to here. */
uint64_t layernas_due(const struct layernas *s);

/* A pass starts from its default alone. */
int layernas_begin_pass(struct layernas *s, uint32_t pass, uint32_t buckets,
                        const struct arch *default_arch);

/* The best of the results that are heard, or else the default of the pass. */
struct arch layernas_best_heard(struct layernas *s);

/* The opening at s->place. */
int layernas_make_opening(struct layernas *s);

/* Takes opening over. */
void layernas_set_opening(struct layernas *s, const struct opening *opening);

/* Goes on to the next layer, whose parents are what the current opening's table keeps. */
int layernas_settle_layer(struct layernas *s);

/* Goes on to the next pass that has something to try, or to STEP_END. */
int layernas_next_pass(struct layernas *s);

#endif
