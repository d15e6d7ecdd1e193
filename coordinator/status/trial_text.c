#include "coordinator/status/trial_text.h"

const char *trial_state_name(enum trial_state state)
{
    static const char *const names[TRIAL_STATES] = {
        [TRIAL_READY] = "ready", [TRIAL_LEASED] = "running",          [TRIAL_SAVING] = "saving",
        [TRIAL_DONE] = "done",   [TRIAL_QUARANTINED] = "quarantined",
    };
    return names[state];
}

bool trial_has_result(const struct ledger_entry *entry)
{
    return entry->state == TRIAL_DONE || (entry->state == TRIAL_SAVING && !entry->quarantined);
}
