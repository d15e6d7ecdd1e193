/* results_best - the network that a study comes to. */
#ifndef LAYERNAS_COORDINATOR_STATUS_RESULTS_BEST_H
#define LAYERNAS_COORDINATOR_STATUS_RESULTS_BEST_H

#include "coordinator/campaign.h"

/* The winner, or before there is one the best of the search. */
struct results_best {
    bool found, retrained;
    struct candidate candidate;    /* if found */
    struct campaign_winner winner; /* if retrained */
};

struct results_best results_best(const struct campaign *campaign);

#endif
