/* opening_table - a layer's candidate table, from its opening and the results known so far.
 *
 * What the strategy keeps when a layer is done; and what the status and the results files show,
 * for a layer that is still running too. Pure. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_OPENING_TABLE_H
#define LAYERNAS_COORDINATOR_SEARCH_OPENING_TABLE_H

#include <stdbool.h>

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/strategy.h"

/* Looks the reward of a candidate (canonical form) up; false while there is none. */
typedef bool reward_lookup_fn(void *arg, const struct arch *candidate, struct reward *reward_out);

/* The caller's to free. -ENOMEM. */
int opening_table(const struct opening *opening, reward_lookup_fn *lookup, void *arg,
                  struct candidate_table **table_out);

#endif
