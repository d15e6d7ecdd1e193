/* slot_main - what a slot's process does: `layernas-worker --slot`, started by a session. */
#ifndef LAYERNAS_WORKER_SLOT_MAIN_H
#define LAYERNAS_WORKER_SLOT_MAIN_H

#include "worker/options.h"

/* Evaluates the trials that come on standard input, one after the other, and reports on descriptor 3,
 * until the input ends. Returns the exit code. */
int slot_main(const struct worker_options *options);

#endif
