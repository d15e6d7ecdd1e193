#include "coordinator/steering_command.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/gate.h"
#include "coordinator/steering.h"

#define say(outcome, ...) errmsg_set(&(outcome)->line, 0, __VA_ARGS__)

static void refuse(struct steering_outcome *outcome)
{
    outcome->refused = true;
}

/* ---- who may ---- */

static bool is_allowed(struct coordinator *coordinator, const struct route *route,
                       struct steering_outcome *outcome)
{
    const struct allowed_key *key = gate_key(coordinator->gate, GATE_STATUS, route);

    if (gate_has_keys(coordinator->gate)) {
        if (key && key->role == KEY_CONTROL)
            return true;
        say(outcome, "a command needs a control key, and this is the key %s",
            key ? key->key.name : "of nobody");
    } else {
        if (route->from_here || router_is_local(coordinator->status_endpoint))
            return true;
        say(outcome, "without keys, commands are taken on the coordinator's own machine only");
    }
    coordinator->counts.refused++;
    coordinator_complain(coordinator, "a command is refused: %s", outcome->line.text);
    return false;
}

/* ---- pause, resume, drain, stop ---- */

/* As the status has it: a trial whose result is being saved has run. */
static uint64_t n_running(const struct coordinator *coordinator)
{
    return trial_ledger_counts(coordinator->ledger).by_state[TRIAL_LEASED];
}

static void set_mode(struct coordinator *coordinator, enum steering_mode mode,
                     struct steering_outcome *outcome)
{
    outcome->changed = coordinator->steering.mode != mode;
    coordinator->steering.mode = mode;
}

static void obey_pause(struct coordinator *coordinator, const Layernas__Command *command,
                       struct steering_outcome *outcome)
{
    (void)command;
    set_mode(coordinator, STEERING_PAUSE, outcome);
    say(outcome, "paused: nothing is handed out; trials that run on: %" PRIu64,
        n_running(coordinator));
}

static void obey_resume(struct coordinator *coordinator, const Layernas__Command *command,
                        struct steering_outcome *outcome)
{
    (void)command;
    set_mode(coordinator, STEERING_RUN, outcome);
    say(outcome, "running: trials are handed out");
}

static void obey_drain(struct coordinator *coordinator, const Layernas__Command *command,
                       struct steering_outcome *outcome)
{
    (void)command;
    set_mode(coordinator, STEERING_DRAIN, outcome);
    say(outcome, "draining: stops once nothing runs; trials that run on: %" PRIu64,
        n_running(coordinator));
}

static void obey_stop(struct coordinator *coordinator, const Layernas__Command *command,
                      struct steering_outcome *outcome)
{
    (void)command;
    outcome->changed = !coordinator->stopping;
    outcome->stops = true;
    say(outcome, "stopping: what has arrived is stored; the same command goes on from there");
}

/* ---- the trial cap ---- */

static void obey_trials(struct coordinator *coordinator, const Layernas__Command *command,
                        struct steering_outcome *outcome)
{
    struct search_progress progress;
    uint64_t cap;

    campaign_progress(coordinator->campaign, &progress);
    cap = progress.cap > coordinator->steering.trials ? progress.cap : coordinator->steering.trials;
    if (command->number < cap || command->number > STUDY_MOST_TRIALS) {
        refuse(outcome);
        say(outcome, "the cap of %" PRIu64 " trials can be raised, to %d at most; not to %" PRIu64,
            cap, STUDY_MOST_TRIALS, command->number);
        return;
    }
    outcome->changed = command->number > cap;
    if (outcome->changed)
        coordinator->steering.trials = (uint32_t)command->number;
    if (campaign_raise_cap(coordinator->campaign, (uint32_t)command->number))
        say(outcome, "the search has at most %" PRIu64 " trials; done %" PRIu64, command->number,
            progress.told);
    else
        say(outcome,
            "the search has at most %" PRIu64
            " trials from the next start on: this time it is over, "
            "with %" PRIu64,
            command->number, progress.told);
}

/* ---- workers ---- */

static bool stands_for(const char *entry, const char *name)
{
    size_t n = strlen(entry);

    return strncmp(entry, name, n) == 0 && (name[n] == '\0' || name[n] == ':');
}

static bool find_entry(const struct steering *steering, const char *name, uint32_t *i_out)
{
    for (uint32_t i = 0; i < steering->n_aside; i++)
        if (strcmp(steering->aside[i], name) == 0) {
            *i_out = i;
            return true;
        }
    return false;
}

bool steering_is_aside(const struct coordinator *coordinator, const char *name)
{
    const struct steering *steering = &coordinator->steering;

    for (uint32_t i = 0; i < steering->n_aside; i++)
        if (stands_for(steering->aside[i], name))
            return true;
    return false;
}

/* Brings workers that name stands for up to date; returns how many there are, and notes if one was
 * not. */
static uint32_t review_workers(struct coordinator *coordinator, const char *name,
                               struct steering_outcome *outcome)
{
    uint32_t n = 0;

    for (size_t i = 0; i < worker_roster_n(coordinator->roster); i++) {
        struct worker *worker = worker_roster_by_id(coordinator->roster,
                                                    worker_roster_at(coordinator->roster, i)->id);
        bool aside = steering_is_aside(coordinator, worker->name);

        if (!stands_for(name, worker->name))
            continue;
        outcome->changed |= worker->set_aside != aside || (!aside && worker->put_aside);
        worker_roster_set_aside(coordinator->roster, worker, aside);
        n++;
    }
    return n;
}

/* A name as a worker can have one. */
static bool take_name(const Layernas__Command *command, char name[TRIAL_WORKER_SIZE],
                      struct steering_outcome *outcome)
{
    wire_printable(name, TRIAL_WORKER_SIZE, command->worker);
    if (*name && strcmp(name, command->worker) == 0)
        return true;
    refuse(outcome);
    say(outcome, "\"%s\" is no name of a worker", name);
    return false;
}

static void obey_put_aside(struct coordinator *coordinator, const Layernas__Command *command,
                           struct steering_outcome *outcome)
{
    struct steering *steering = &coordinator->steering;
    char name[TRIAL_WORKER_SIZE];
    uint32_t i, n;

    if (!take_name(command, name, outcome))
        return;
    if (!find_entry(steering, name, &i)) {
        if (steering->n_aside == STEERING_MAX_ASIDE) {
            refuse(outcome);
            say(outcome, "%d names are put aside already: take some back", STEERING_MAX_ASIDE);
            return;
        }
        strcpy(steering->aside[steering->n_aside++], name);
        outcome->changed = true;
    }
    n = review_workers(coordinator, name, outcome);
    say(outcome, "%s is put aside and gets no trials; workers of that name here: %" PRIu32, name,
        n);
}

static void obey_take_back(struct coordinator *coordinator, const Layernas__Command *command,
                           struct steering_outcome *outcome)
{
    struct steering *steering = &coordinator->steering;
    char name[TRIAL_WORKER_SIZE];
    uint32_t i, n;

    if (!take_name(command, name, outcome))
        return;
    if (find_entry(steering, name, &i)) {
        memmove(steering->aside[i], steering->aside[--steering->n_aside], TRIAL_WORKER_SIZE);
        memset(steering->aside[steering->n_aside], 0, TRIAL_WORKER_SIZE);
        outcome->changed = true;
    } else if (steering_is_aside(coordinator, name)) {
        refuse(outcome);
        say(outcome,
            "%s is put aside by the name of its machine: take back what is before the colon", name);
        return;
    }
    n = review_workers(coordinator, name, outcome);
    say(outcome, "%s gets trials; workers of that name here: %" PRIu32, name, n);
}

/* ---- quarantined trials ---- */

/* What is written here is durable before the answer, whose write comes after it. */
static int retry(struct coordinator *coordinator, size_t i, struct steering_outcome *outcome)
{
    int rc = campaign_retry(coordinator->campaign, i);
    struct ledger_entry entry;

    if (rc < 0)
        return rc;
    trial_ledger_entry(coordinator->ledger, i, &entry);
    if (store_put_retry(coordinator->store, &entry.trial, NULL, NULL) < 0)
        coordinator_fail(coordinator, "out of memory");
    outcome->changed = true;
    outcome->retried++;
    return 0;
}

static void retry_one(struct coordinator *coordinator, uint64_t number,
                      struct steering_outcome *outcome)
{
    if (number > trial_ledger_n(coordinator->ledger)) {
        refuse(outcome);
        say(outcome, "there is no trial %" PRIu64, number);
        return;
    }
    switch (retry(coordinator, number - 1, outcome)) {
    case 0:
        say(outcome, "trial %" PRIu64 " is tried again", number);
        break;
    case -EPERM:
        refuse(outcome);
        say(outcome, "trial %" PRIu64 " stays quarantined: the search has gone on without it",
            number);
        break;
    default:
        say(outcome, "trial %" PRIu64 " is not quarantined", number);
    }
}

static void retry_all(struct coordinator *coordinator, struct steering_outcome *outcome)
{
    uint64_t left;

    for (size_t i = campaign_first_open(coordinator->campaign);
         i < trial_ledger_n(coordinator->ledger); i++)
        retry(coordinator, i, outcome);
    left = trial_ledger_counts(coordinator->ledger).by_state[TRIAL_QUARANTINED];
    say(outcome,
        "quarantined trials that are tried again: %" PRIu64
        "; that the search has gone on without: %" PRIu64,
        outcome->retried, left);
}

static void obey_retry(struct coordinator *coordinator, const Layernas__Command *command,
                       struct steering_outcome *outcome)
{
    if (command->number > 0)
        retry_one(coordinator, command->number, outcome);
    else
        retry_all(coordinator, outcome);
}

/* ---- all ---- */

typedef void obey_fn(struct coordinator *, const Layernas__Command *, struct steering_outcome *);

static obey_fn *find_command(Layernas__Command__What what)
{
    static obey_fn *const commands[] = {
        [LAYERNAS__COMMAND__WHAT__PAUSE] = obey_pause,
        [LAYERNAS__COMMAND__WHAT__RESUME] = obey_resume,
        [LAYERNAS__COMMAND__WHAT__DRAIN] = obey_drain,
        [LAYERNAS__COMMAND__WHAT__STOP] = obey_stop,
        [LAYERNAS__COMMAND__WHAT__TRIALS] = obey_trials,
        [LAYERNAS__COMMAND__WHAT__PUT_ASIDE] = obey_put_aside,
        [LAYERNAS__COMMAND__WHAT__TAKE_BACK] = obey_take_back,
        [LAYERNAS__COMMAND__WHAT__RETRY] = obey_retry,
    };

    return (size_t)what < sizeof commands / sizeof *commands ? commands[what] : NULL;
}

static bool can_be_stored(const struct coordinator *coordinator, struct steering_outcome *outcome)
{
    struct errmsg trouble;

    if (!store_trouble(coordinator->store, &trouble))
        return true;
    say(outcome, "no command can be stored at present: %.300s", trouble.text);
    return false;
}

void steering_obey(struct coordinator *coordinator, const struct route *route,
                   const Layernas__StatusRequest *request, struct steering_outcome *outcome_out)
{
    const Layernas__Command *command = request->command;
    obey_fn *obey = find_command(command->what);

    *outcome_out = (struct steering_outcome){ .refused = true };
    if (request->protocol != STATUS_PROTOCOL)
        say(outcome_out, "status protocol %u; this coordinator speaks %d", request->protocol,
            STATUS_PROTOCOL);
    else if (!obey)
        say(outcome_out, "this coordinator does not know that command");
    else if (is_allowed(coordinator, route, outcome_out) &&
             (command->what == LAYERNAS__COMMAND__WHAT__STOP ||
              can_be_stored(coordinator, outcome_out))) {
        outcome_out->refused = false;
        obey(coordinator, command, outcome_out);
        if (outcome_out->changed && !outcome_out->refused)
            log_info("told by layernas-status: %s", outcome_out->line.text);
    }
}
