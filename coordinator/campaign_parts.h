/* campaign_parts - what a campaign holds. For campaign.c, which moves it, and campaign_view.c, which
 * looks at it.
 *
 * The ledger is filled by the campaign alone: entries [0, n_search) are the strategy's proposals 1,
 * 2, ... in their order, those after them the final stage's. */
#ifndef LAYERNAS_COORDINATOR_CAMPAIGN_PARTS_H
#define LAYERNAS_COORDINATOR_CAMPAIGN_PARTS_H

#include "coordinator/campaign.h"
#include "coordinator/known_results.h"
#include "coordinator/search/final_stage.h"
#include "coordinator/search/pareto_front.h"

enum { CAMPAIGN_REASON_SIZE = 128, CAMPAIGN_NO_BEST = -1 };

/* An opening taken: what became of it, how many search trials went before its first, and how many
 * when it was decided: more where some of its own went out early. */
struct campaign_layer {
    struct layer_record *record;
    size_t n_before, n_decided;
};

struct campaign {
    const struct study *study;
    struct trial_ledger *ledger;
    enum campaign_state state;
    struct known_results *known;

    struct strategy *strategy;
    size_t n_search, n_search_told;
    long best;                          /* entry of the best so far in the target */
    struct pareto_front front;          /* of all that is told */
    char stopped[CAMPAIGN_REASON_SIZE]; /* by campaign_stop_search; empty: it goes on */
    char reason[CAMPAIGN_REASON_SIZE];  /* why the search is over */

    /* Openings taken so far, then those remembered that the strategy has not come to. */
    struct opening *openings;
    size_t n_openings, n_remembered;
    bool opening_pending;          /* the last one is not durable yet */
    struct campaign_layer *layers; /* n_openings of them */
    size_t layers_room;

    struct final_stage *final_stage; /* NULL: not begun, or none */
    struct candidate *finalists;
    size_t n_finalists;
    struct final_proposal *final_proposals; /* entry n_search + i answers the i-th */
    size_t n_final, n_final_told;
};

/* An entry, or entry i, as a candidate; false unless it is a settled, valid search trial. */
bool campaign_candidate_of(const struct ledger_entry *entry, struct candidate *candidate_out);
bool campaign_candidate(const struct campaign *campaign, size_t i, struct candidate *candidate_out);

#endif
