/* agreement - whether the search's short training orders the finalists as the final stage's full one
 * does. */
#ifndef LAYERNAS_COORDINATOR_STATUS_AGREEMENT_H
#define LAYERNAS_COORDINATOR_STATUS_AGREEMENT_H

#include "common/rank_correlation.h"
#include "coordinator/coordinator.h"

struct finalist {
    struct candidate candidate; /* reward: of the search */
    uint32_t seeds;             /* final trainings with a result */
    double searched, retrained; /* percent; the mean of the seeds, one without a result as 0 */
    double search_place, final_place; /* from 1, halves where equal */
};

struct agreement {
    struct finalist *finalists; /* owned; of which all trainings are over, best retrained first */
    size_t n;
    struct rank_correlation correlation; /* of searched and retrained */
};

/* Of what is done so far. -ENOMEM. */
int agreement_find(const struct coordinator *coordinator, struct agreement *agreement_out);
void agreement_clear(struct agreement *agreement);

#endif
