#include "coordinator/status/results_best.h"

struct results_best results_best(const struct campaign *campaign)
{
    struct results_best best = { 0 };

    best.found = campaign_best(campaign, &best.candidate, 1) > 0;
    best.retrained = campaign_winner(campaign, &best.winner);
    if (best.retrained) {
        best.found = true;
        best.candidate = best.winner.candidate;
    }
    return best;
}
