#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "coordinator/gate.h"
#include "coordinator/status/results.h"
#include "coordinator/status/snapshot_build.h"

enum { MOST_NUMERICS = 8 }; /* more kinds of machine than one line can name */

void build_state(struct build *build, char **state_out, char **note_out)
{
    static const char *const names[] = {
        [CAMPAIGN_SEARCH] = "searching",
        [CAMPAIGN_FINAL] = "final training",
        [CAMPAIGN_TEST] = "testing",
        [CAMPAIGN_DONE] = "done",
    };
    const struct coordinator *coordinator = build->coordinator;
    const char *reason = campaign_stop_reason(coordinator->campaign);
    struct errmsg trouble;

    if (store_trouble(coordinator->store, &trouble)) {
        *state_out = build_text(build, "waiting for disk");
        *note_out = build_text(build, trouble.text);
        return;
    }
    if (coordinator->steering.mode != STEERING_RUN && !coordinator->stopping) {
        bool paused = coordinator->steering.mode == STEERING_PAUSE;

        *state_out = build_text(build, paused ? "paused" : "draining");
        *note_out = build_text(build, paused ? "nothing is handed out"
                                             : "nothing is handed out; stops once nothing runs");
        return;
    }
    *state_out = build_text(
        build, coordinator->stopping ? "stopping" : names[campaign_state(coordinator->campaign)]);
    *note_out = build_text(build, reason ? reason : "");
}

static void fill_search(struct build *build, Layernas__Summary *summary)
{
    const struct coordinator *coordinator = build->coordinator;
    const struct study *study = coordinator->study;
    size_t n_openings = campaign_n_openings(coordinator->campaign);
    struct search_progress progress;

    campaign_progress(coordinator->campaign, &progress);
    summary->n_layers = space_n_layers(study->space);
    summary->done = progress.told;
    summary->cap = progress.cap;
    summary->bound = progress.bound;
    summary->dropped = progress.dropped;
    summary->saved = progress.saved;
    summary->passed_over = progress.passed_over;
    if (n_openings > 0) {
        const struct opening *now = campaign_opening(coordinator->campaign, n_openings - 1);
        struct record_counts counts = layer_record_counts(
            campaign_record(coordinator->campaign, n_openings - 1));

        summary->pass = now->pass;
        summary->layer = now->layer;
        summary->layer_name = build_text(build, space_layer_name(study->space, now->layer));
        summary->layer_trials = counts.by_fate[FATE_TRIAL];
        summary->layer_done = counts.settled;
    }
    summary->final_done = campaign_final_done(coordinator->campaign);
    summary->final_total = campaign_final_total(coordinator->campaign);
}

static void fill_ledger(struct build *build, Layernas__Summary *summary)
{
    const struct coordinator *coordinator = build->coordinator;
    struct ledger_counts counts = trial_ledger_counts(coordinator->ledger);

    summary->ready = counts.by_state[TRIAL_READY];
    summary->running = counts.by_state[TRIAL_LEASED];
    summary->failed_attempts = counts.failures;
    summary->lost_attempts = counts.losses;
    summary->doubled_attempts = counts.doubled;
    summary->running_twice = counts.attempts_running - counts.by_state[TRIAL_LEASED];
    summary->quarantined = counts.by_state[TRIAL_QUARANTINED];
    summary->refused = coordinator->counts.refused + coordinator->counts.malformed;
}

/* Whether others than holders of keys get in from other machines. */
static bool is_open_to_all(const struct coordinator *coordinator)
{
    return coordinator->options.insecure && !(router_is_local(coordinator->worker_endpoint) &&
                                              router_is_local(coordinator->status_endpoint));
}

static void fill_gate(struct build *build, Layernas__Summary *summary)
{
    const struct coordinator *coordinator = build->coordinator;
    const struct gate *gate = coordinator->gate;
    char text[128];

    if (gate_has_keys(gate))
        snprintf(text, sizeof text, "holders of keys: workers %zu, observers %zu, control %zu",
                 gate_n_keys(gate, KEY_WORKER), gate_n_keys(gate, KEY_OBSERVER),
                 gate_n_keys(gate, KEY_CONTROL));
    else
        snprintf(text, sizeof text, "%s",
                 is_open_to_all(coordinator) ? "anybody (--insecure)" : "programs of this machine");
    summary->open_to = build_text(build, text);
    summary->turned_away = gate_turned_away(gate);
}

static bool has_text(char *const *list, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static void fill_workers(struct build *build, Layernas__Summary *summary)
{
    const struct worker_roster *roster = build->coordinator->roster;
    size_t n = worker_roster_n(roster);

    summary->workers = (uint32_t)n;
    summary->slots = worker_roster_slots(roster);
    summary->numerics = build_list(build, MOST_NUMERICS);
    for (size_t i = 0; i < n && summary->numerics && summary->n_numerics < MOST_NUMERICS; i++) {
        const char *numerics = worker_roster_at(roster, i)->numerics;

        if (!has_text(summary->numerics, summary->n_numerics, numerics))
            build_list_text(build, summary->numerics, &summary->n_numerics, numerics);
    }
}

/* How the search has gone so far is how it goes on. Of final trainings, which take longer each, it
 * says nothing. */
static void fill_pace(struct build *build, Layernas__Summary *summary)
{
    const struct coordinator *coordinator = build->coordinator;
    bool searching = campaign_state(coordinator->campaign) == CAMPAIGN_SEARCH;
    double done = (double)summary->done;

    summary->elapsed_s = coordinator_elapsed(coordinator);
    summary->eta_s = -1;
    if (!searching || done == 0 || summary->elapsed_s <= 0)
        return;
    summary->trials_per_hour = done * 3600 / summary->elapsed_s;
    if (summary->bound >= summary->done)
        summary->eta_s = (double)(summary->bound - summary->done) * summary->elapsed_s / done;
}

Layernas__Summary *build_summary(struct build *build)
{
    const struct coordinator *coordinator = build->coordinator;
    const struct study *study = coordinator->study;
    Layernas__Summary *summary = build_message(build, &layernas__summary__descriptor);
    char directory[RESULTS_PATH_SIZE];
    struct candidate best;

    if (!summary)
        return NULL;
    summary->study = build_text(build, study->name);
    summary->version = build_text(build, LAYERNAS_VERSION);
    summary->metric = build_text(build, cost_metric_name(study->metric));
    summary->target_lowest = study->search.target.lowest;
    summary->target_highest = study->search.target.highest;
    summary->results = build_text(build, results_directory(coordinator, directory));
    build_state(build, &summary->state, &summary->note);
    fill_search(build, summary);
    fill_ledger(build, summary);
    fill_workers(build, summary);
    fill_gate(build, summary);
    fill_pace(build, summary);
    if (campaign_best(coordinator->campaign, &best, 1) > 0)
        summary->best = build_candidate(build, &best, &best.canonical);
    return summary;
}
