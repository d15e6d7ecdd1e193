/* hand_out - READY trials to parked workers; and the campaign moved on, so that there are some. */
#ifndef LAYERNAS_COORDINATOR_HAND_OUT_H
#define LAYERNAS_COORDINATOR_HAND_OUT_H

#include "coordinator/coordinator.h"

/* Puts what is READY for it into the letter of every waiting worker, asking the campaign for more as long as workers
 * wait; nothing while the store cannot write, people want it so, or the run is being stopped. Ends the run when the
 * campaign is done. Called after anything that may have made a worker or a trial free. */
void hand_out(struct coordinator *coordinator);

/* Where workers wait all the same: second attempts of stragglers (trial_ledger_double). */
void hand_out_doubles(struct coordinator *coordinator);

/* Has the campaign add one trial more, if it has one now. */
bool hand_out_propose(struct coordinator *coordinator);

uint64_t hand_out_n_ready(const struct coordinator *coordinator);

/* Sends the letters. What does not reach its worker is handed out to others. */
void hand_out_send(struct coordinator *coordinator);

#endif
