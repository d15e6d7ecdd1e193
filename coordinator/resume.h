/* resume - takes up a study where an earlier run left it: what the store knows goes to the ledger
 * and the campaign. */
#ifndef LAYERNAS_COORDINATOR_RESUME_H
#define LAYERNAS_COORDINATOR_RESUME_H

#include "coordinator/coordinator.h"

/* Before the first campaign_advance. -EUCLEAN and the like with a line in err. */
int resume(struct coordinator *coordinator, struct errmsg *err);

#endif
