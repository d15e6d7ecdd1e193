/* tables - the candidate tables of a study, from the results so far. */
#ifndef LAYERNAS_COORDINATOR_STATUS_TABLES_H
#define LAYERNAS_COORDINATOR_STATUS_TABLES_H

#include "coordinator/campaign.h"

/* That of one opening, the caller's to free. -ENOMEM. */
int table_so_far(struct campaign *campaign, const struct opening *opening,
                 struct candidate_table **table_out);

/* A name for all of them in their order: equal searches, equal digests. -ENOMEM. */
int tables_digest(struct campaign *campaign, struct digest *digest_out);

#endif
