/* tick - what has to be looked after as time goes by, once a second. */
#ifndef LAYERNAS_COORDINATOR_TICK_H
#define LAYERNAS_COORDINATOR_TICK_H

#include "coordinator/coordinator.h"

/* Once: leases, silent workers, keys, disk trouble, draining, wall clock, time taken so far, progress
 * line. */
void tick(struct coordinator *coordinator);

/* Starts coordinator->tick_timer, which does it every second. */
void tick_start(struct coordinator *coordinator);

/* Ends the search if the study has used up its wall clock. */
void tick_check_wall_clock(struct coordinator *coordinator);

#endif
