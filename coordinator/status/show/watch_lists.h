/* watch_lists - the lists of watch_screen: who trains what, the current layer, the Pareto front. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_WATCH_LISTS_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_WATCH_LISTS_H

#include "coordinator/status/show/watch_screen.h"

/* In at most rows lines (0: no bound), each list after an empty line. What does not fit is left out.
 * -ENOMEM. */
int watch_lists(FILE *out, const struct watch_view *view, size_t columns, size_t rows);

#endif
