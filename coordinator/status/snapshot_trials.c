#include <string.h>

#include "coordinator/status/snapshot.h"
#include "coordinator/status/snapshot_build.h"
#include "coordinator/status/trial_text.h"

static const char *worker_of(const struct build *build, const struct ledger_entry *entry)
{
    const struct worker *worker;

    if (entry->state != TRIAL_LEASED)
        return entry->result.worker;
    worker = worker_roster_by_id(build->coordinator->roster, entry->worker_id);
    return worker ? worker->name : "";
}

/* Leases are counted on a clock that may lag behind the loop's (listening_clock). */
static double seconds_since(const struct build *build, uint64_t at_ms)
{
    return build->now_ms > at_ms ? (double)(build->now_ms - at_ms) / 1000 : 0;
}

static Layernas__Progress *build_progress(struct build *build, const struct progress *progress)
{
    Layernas__Progress *message = build_message(build, &layernas__progress__descriptor);

    if (!message)
        return NULL;
    message->epoch = progress->epoch;
    message->epochs = progress->epochs;
    message->loss = progress->loss;
    message->accuracy = progress->accuracy;
    message->images_per_second = progress->images_per_second;
    message->fraction = progress->fraction;
    message->memory = progress->memory;
    return message;
}

static Layernas__TrialRow *build_trial_row(struct build *build, const struct ledger_entry *entry)
{
    const struct trial *trial = &entry->trial;
    Layernas__TrialRow *row = build_message(build, &layernas__trial_row__descriptor);
    char text[ARCH_TEXT_SIZE];

    if (!row)
        return NULL;
    row->number = trial->number;
    row->stage = build_text(build, stage_name(trial->stage));
    row->replica = trial->replica;
    row->state = build_text(build, trial_state_name(entry->state));
    row->arch = build_text(build, arch_format(&trial->arch, text));
    row->cost = trial->cost;
    row->madds = trial->costs.madds;
    row->params = trial->costs.params;
    if (trial_has_result(entry)) {
        row->correct = entry->result.reward.correct;
        row->total = entry->result.reward.total;
        row->seconds = entry->result.seconds;
    }
    row->worker = build_text(build, worker_of(build, entry));
    row->failures = entry->failures;
    row->reason = build_text(build, entry->last_reason);
    row->attempts = entry->n_attempts;
    if (entry->state == TRIAL_LEASED) {
        row->progress = build_progress(build, &entry->progress);
        row->running_s = seconds_since(build, entry->leased_at_ms);
    }
    return row;
}

Layernas__Trials *build_trials(struct build *build)
{
    const struct trial_ledger *ledger = build->coordinator->ledger;
    Layernas__Trials *trials = build_message(build, &layernas__trials__descriptor);
    size_t n = trial_ledger_n(ledger);
    struct rows rows = build_rows(build, n);

    if (!trials)
        return NULL;
    trials->total = n;
    trials->rows = build_list(build, rows.n);
    for (size_t i = rows.first; i < rows.first + rows.n && trials->rows; i++) {
        struct ledger_entry entry;
        Layernas__TrialRow *row;

        trial_ledger_entry(ledger, i, &entry);
        row = build_trial_row(build, &entry);
        if (!row)
            break;
        trials->rows[trials->n_rows++] = row;
    }
    return trials;
}

/* ---- workers ---- */

enum { MOST_RUNNING = 64 }; /* of one worker */

/* Of an attempt its own progress, where its trial runs elsewhere too. */
static Layernas__TrialRow *build_running(struct build *build, const struct worker *worker,
                                         const struct running_attempt *running)
{
    struct ledger_entry entry;
    Layernas__TrialRow *row;

    trial_ledger_entry(build->coordinator->ledger, running->i, &entry);
    memcpy(entry.worker_id, worker->id, sizeof entry.worker_id);
    entry.progress = running->progress;
    entry.leased_at_ms = running->leased_at_ms;
    row = build_trial_row(build, &entry);
    if (row)
        row->second = running->second;
    return row;
}

static void fill_running(struct build *build, const struct worker *worker, Layernas__WorkerRow *row)
{
    struct running_attempt running[MOST_RUNNING];
    size_t n = trial_ledger_running_on(build->coordinator->ledger, worker->id, running,
                                       MOST_RUNNING);

    if (n > MOST_RUNNING)
        n = MOST_RUNNING;
    row->running = build_list(build, n);
    while (row->running && row->n_running < n) { /* the oldest first */
        row->running[row->n_running] = build_running(build, worker,
                                                     &running[n - 1 - row->n_running]);
        if (!row->running[row->n_running])
            break;
        row->n_running++;
    }
}

static Layernas__WorkerRow *build_worker_row(struct build *build, const struct worker *worker)
{
    Layernas__WorkerRow *row = build_message(build, &layernas__worker_row__descriptor);

    if (!row)
        return NULL;
    row->name = build_text(build, worker->name);
    row->version = build_text(build, worker->version);
    row->slots = worker->slots;
    row->threads = worker->threads;
    row->numerics = build_text(build, worker->numerics);
    row->connected_s = seconds_since(build, worker->connected_ms);
    row->silent_s = seconds_since(build, worker->heard_ms);
    row->done = worker->done;
    row->failed = worker->failed;
    row->lost = worker->lost;
    row->put_aside = worker->put_aside || worker->set_aside || worker->unfit;
    fill_running(build, worker, row);
    return row;
}

Layernas__Workers *build_workers(struct build *build)
{
    const struct worker_roster *roster = build->coordinator->roster;
    Layernas__Workers *workers = build_message(build, &layernas__workers__descriptor);
    size_t n = worker_roster_n(roster), running = 0;
    struct rows rows = build_rows(build, n);

    if (!workers)
        return NULL;
    workers->total = n;
    workers->rows = build_list(build, rows.n);
    for (size_t i = 0; i < rows.n && running < STATUS_MAX_ROWS && workers->rows; i++) {
        Layernas__WorkerRow *row = build_worker_row(build,
                                                    worker_roster_at(roster, rows.first + i));

        if (!row)
            break;
        workers->rows[workers->n_rows++] = row;
        running += row->n_running;
    }
    return workers;
}
