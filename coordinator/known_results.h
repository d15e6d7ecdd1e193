/* known_results - what is known of trials that are not proposed yet, by key.
 *
 * After a restart the search proposes its trials again, in their order; what an earlier run stored
 * of each waits here until then, a hundred bytes each. So does a result that comes for a trial the
 * search has not come to. Pure. */
#ifndef LAYERNAS_COORDINATOR_KNOWN_RESULTS_H
#define LAYERNAS_COORDINATOR_KNOWN_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include "coordinator/ledger/store.h"

struct known_results;

struct known_results *known_results_new(void);
void known_results_free(struct known_results *results);

/* Keeps a copy of all but the architecture, which the key names, and of when it came. The first result
 * of a key counts, a later one is -EALREADY. -ENOMEM. */
int known_results_keep(struct known_results *results, const struct stored_result *stored);

bool known_results_has(const struct known_results *results, const struct digest *key);

/* False: there is none. */
bool known_results_find(const struct known_results *results, const struct digest *key,
                        struct stored_result *stored_out);

/* The same, and it is not there any more. */
bool known_results_take(struct known_results *results, const struct digest *key,
                        struct stored_result *stored_out);

/* Forgets what is known of key, if anything. */
void known_results_drop(struct known_results *results, const struct digest *key);

/* How many results of search trials wait. */
size_t known_results_n_search(const struct known_results *results);

#endif
