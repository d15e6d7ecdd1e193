/* trial_text - how the state of a trial is told, in replies and in files alike. */
#ifndef LAYERNAS_COORDINATOR_STATUS_TRIAL_TEXT_H
#define LAYERNAS_COORDINATOR_STATUS_TRIAL_TEXT_H

#include <stdbool.h>

#include "coordinator/ledger/trial_ledger.h"

/* "ready", "running", "saving", "done", "quarantined" */
const char *trial_state_name(enum trial_state state);

/* Whether entry.result means something. */
bool trial_has_result(const struct ledger_entry *entry);

#endif
