/* watch - a running study, again and again, until it is over.
 *
 *     ASK --all answers--> show --pause--> ASK ...         End: final words
 *      |
 *      '--silence--> waiting: asks again as soon as a connection stands
 *
 * On a terminal it is drawn over in place; otherwise one block follows the other. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_WATCH_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_WATCH_H

#include "coordinator/status/show/options.h"

/* The exit status: 0 when the study is over, or somebody asked to stop. */
int watch(const struct options *options);

#endif
