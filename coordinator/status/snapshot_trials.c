#include <stdlib.h>
#include <string.h>

#include "coordinator/status/snapshot.h"
#include "coordinator/status/snapshot_build.h"
#include "coordinator/status/trial_text.h"

/* How far back running trials are looked for: they are nearly always among the newest, and a
 * snapshot must not take longer the more trials there are. */
enum { MOST_LOOKED_AT = 20000 };

static const char *worker_of(const struct build *build, const struct ledger_entry *entry)
{
    const struct worker *worker;

    if (entry->state != TRIAL_LEASED)
        return entry->result.worker;
    worker = worker_roster_by_id(build->coordinator->roster, entry->worker_id);
    return worker ? worker->name : "";
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
    if (entry->state == TRIAL_LEASED)
        row->progress = build_progress(build, &entry->progress);
    return row;
}

Layernas__Trials *build_trials(struct build *build)
{
    const struct trial_ledger *ledger = build->coordinator->ledger;
    Layernas__Trials *trials = build_message(build, &layernas__trials__descriptor);
    size_t n = trial_ledger_n(ledger), rows = build_rows(build, n);

    if (!trials)
        return NULL;
    trials->total = n;
    trials->rows = build_list(build, rows);
    for (size_t i = n - rows; i < n && trials->rows; i++) {
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

struct running_trial {
    uint8_t worker_id[16];
    size_t i; /* in the ledger */
};

struct running_trials {
    struct running_trial *list;
    size_t n;
};

static int by_worker(const void *left, const void *right)
{
    const struct running_trial *a = left, *b = right;
    int order = memcmp(a->worker_id, b->worker_id, sizeof a->worker_id);

    return order ? order : (a->i > b->i) - (a->i < b->i);
}

static struct running_trials find_running(struct build *build)
{
    const struct trial_ledger *ledger = build->coordinator->ledger;
    size_t room = trial_ledger_counts(ledger).by_state[TRIAL_LEASED], n = trial_ledger_n(ledger);
    struct running_trials running = { 0 };

    if (room > MOST_LOOKED_AT)
        room = MOST_LOOKED_AT;
    running.list = calloc(room ? room : 1, sizeof *running.list);
    if (!running.list) {
        build->failed = true;
        return running;
    }
    for (size_t seen = 0; seen < n && seen < MOST_LOOKED_AT && running.n < room; seen++) {
        struct ledger_entry entry;

        trial_ledger_entry(ledger, n - 1 - seen, &entry);
        if (entry.state != TRIAL_LEASED)
            continue;
        running.list[running.n].i = n - 1 - seen;
        memcpy(running.list[running.n++].worker_id, entry.worker_id, sizeof entry.worker_id);
    }
    qsort(running.list, running.n, sizeof *running.list, by_worker);
    return running;
}

/* The part of the sorted list that is this worker's: its first index, and how many. */
static size_t running_on(const struct running_trials *running, const uint8_t id[16],
                         size_t *first_out)
{
    size_t low = 0, high = running->n, n = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memcmp(running->list[middle].worker_id, id, 16) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    while (low + n < running->n && memcmp(running->list[low + n].worker_id, id, 16) == 0)
        n++;
    *first_out = low;
    return n;
}

static void fill_running(struct build *build, const struct running_trials *running,
                         const struct worker *worker, Layernas__WorkerRow *row)
{
    size_t first, n = running_on(running, worker->id, &first);

    if (n > STATUS_MAX_ROWS)
        n = STATUS_MAX_ROWS;
    row->running = build_list(build, n);
    for (size_t k = 0; k < n && row->running; k++) {
        struct ledger_entry entry;

        trial_ledger_entry(build->coordinator->ledger, running->list[first + k].i, &entry);
        row->running[k] = build_trial_row(build, &entry);
        if (!row->running[k])
            break;
        row->n_running++;
    }
}

static Layernas__WorkerRow *build_worker_row(struct build *build,
                                             const struct running_trials *running,
                                             const struct worker *worker)
{
    Layernas__WorkerRow *row = build_message(build, &layernas__worker_row__descriptor);

    if (!row)
        return NULL;
    row->name = build_text(build, worker->name);
    row->version = build_text(build, worker->version);
    row->slots = worker->slots;
    row->threads = worker->threads;
    row->numerics = build_text(build, worker->numerics);
    row->connected_s = (double)(build->now_ms - worker->connected_ms) / 1000;
    row->silent_s = (double)(build->now_ms - worker->heard_ms) / 1000;
    row->done = worker->done;
    row->failed = worker->failed;
    row->lost = worker->lost;
    row->put_aside = worker->put_aside;
    fill_running(build, running, worker, row);
    return row;
}

Layernas__Workers *build_workers(struct build *build)
{
    const struct worker_roster *roster = build->coordinator->roster;
    Layernas__Workers *workers = build_message(build, &layernas__workers__descriptor);
    size_t n = worker_roster_n(roster), rows = build_rows(build, n);
    struct running_trials running;

    if (!workers)
        return NULL;
    running = find_running(build);
    workers->total = n;
    workers->rows = build_list(build, rows);
    for (size_t i = n - rows; i < n && workers->rows; i++) {
        Layernas__WorkerRow *row = build_worker_row(build, &running, worker_roster_at(roster, i));

        if (!row)
            break;
        workers->rows[workers->n_rows++] = row;
    }
    free(running.list);
    return workers;
}
