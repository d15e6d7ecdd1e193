/* Workers as PROTOCOL.md has them, without the training. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/sim.h"
#include "tests/unit/campaign_world.h"

enum { TRANSIENT_MOST = LEDGER_MAX_FAILURES - 1, SILENT_BEATS = 3 };

bool sim_outcome(const struct trial *trial, struct reward *reward_out, bool *diverged_out)
{
    *diverged_out = trial->key.bytes[1] % 24 == 0;
    *reward_out = world_reward(trial);
    if (*diverged_out)
        reward_out->correct = 0;
    return trial->key.bytes[0] % 24 != 0;
}

/* ---- coming ---- */

void sim_worker_start(struct sim *sim, int worker, bool keeps_results)
{
    struct sim_worker *w = &sim->workers[worker];
    struct sim_worker fresh = { .knows_data = sim_chance(sim, 3, 2) };

    for (size_t i = 0; i < sizeof fresh.id; i++)
        fresh.id[i] = (uint8_t)rng_below(&sim->rng, 256);
    fresh.slots = 1 + (uint32_t)rng_below(&sim->rng, SIM_SLOTS);
    /* A failure is the affair of the process that was given the attempt. */
    for (size_t i = 0; keeps_results && i < w->n_results; i++)
        if (!w->results[i].failed)
            fresh.results[fresh.n_results++] = w->results[i];
    *w = fresh;
    sim_worker_greet(sim, worker);
}

void sim_worker_greet(struct sim *sim, int worker)
{
    struct sim_worker *w = &sim->workers[worker];
    struct attempt held[SIM_SLOTS + SIM_HELD];
    struct digest keys[SIM_SLOTS + SIM_HELD];
    struct data_set data = { .known = w->knows_data, .digest = { { 1 } } };
    struct from_worker message = {
        .kind = FROM_HELLO,
        .hello = { .protocol_lowest = WIRE_PROTOCOL_LOWEST,
                   .protocol_highest = WIRE_PROTOCOL_HIGHEST,
                   .version = "1",
                   .name = "played",
                   .numerics = "n",
                   .slots = w->slots,
                   .threads = 1,
                   .n_data = 1,
                   .data = &data,
                   .held = held,
                   .held_keys = keys },
    };
    struct hello *hello = &message.hello;

    snprintf(data.name, sizeof data.name, "%s", sim->reference->study->evaluation.data.name);
    if (*sim->reference->study->data_path)
        data.digest = sim->coordinator.data;
    w->credit = hello->credit = w->slots - w->n_running;
    memcpy(hello->worker_id, w->id, sizeof w->id);
    for (size_t i = 0; i < w->n_running; i++, hello->n_held++) {
        held[hello->n_held] = w->running[i].attempt;
        keys[hello->n_held] = w->running[i].trial.key;
    }
    for (size_t i = 0; i < w->n_results; i++, hello->n_held++) {
        held[hello->n_held] = w->results[i].attempt;
        keys[hello->n_held] = w->results[i].trial.key;
    }
    w->welcomed = false;
    w->silent_beats = 0;
    sim_connect(sim, worker);
    sim_send(sim, worker, &message);
}

/* ---- saying ---- */

static void send_result(struct sim *sim, int worker, const struct sim_held *held)
{
    const struct trial *trial = &held->trial;
    struct from_worker message = {
        .kind = FROM_RESULT,
        .result = { .study_id = sim->reference->study->id,
                    .attempt = held->attempt,
                    .result = { .key = trial->key,
                                .stage = trial->stage,
                                .replica = trial->replica,
                                .arch = trial->arch,
                                .madds = trial->costs.madds,
                                .params = trial->costs.params,
                                .numerics = "n" },
                    .credit = sim->workers[worker].credit },
    };
    struct trial_result *result = &message.result.result;

    if (held->failed) {
        result->outcome = OUTCOME_FAILED;
        strcpy(result->reason, "it fails");
    } else {
        sim_outcome(trial, &result->reward, &result->diverged);
        if (trial->stage == STAGE_FINAL && !result->diverged)
            message.result.weights = (struct bytes){ result->key.bytes, sizeof result->key.bytes };
    }
    sim_send(sim, worker, &message);
}

void sim_worker_beat(struct sim *sim, int worker)
{
    struct sim_worker *w = &sim->workers[worker];
    struct running running[SIM_SLOTS] = { 0 };
    struct from_worker message = { .kind = FROM_HEARTBEAT,
                                   .heartbeat = { .credit = w->credit, .running = running } };

    if (w->over)
        return;
    if (!w->welcomed || ++w->silent_beats > SILENT_BEATS) {
        sim_worker_greet(sim, worker);
        return;
    }
    for (size_t i = 0; i < w->n_running; i++)
        running[message.heartbeat.n_running++].attempt = w->running[i].attempt;
    sim_send(sim, worker, &message);
    if (sim_chance(sim, 2, 1))
        for (size_t i = 0; i < w->n_results; i++)
            send_result(sim, worker, &w->results[i]);
}

/* ---- working ---- */

/* An evaluation that fails by chance does so no more often than the ledger bears. */
static bool fails(struct sim *sim, const struct trial *trial)
{
    struct reward reward;
    bool diverged;
    int i = sim_index(sim, &trial->key, "evaluated");

    if (i < 0 || !sim_outcome(trial, &reward, &diverged))
        return true;
    if (sim->transient[i] >= TRANSIENT_MOST || !sim_chance(sim, 100, sim->faults.fail))
        return false;
    sim->transient[i]++;
    return true;
}

static void forget(struct sim_held *list, size_t *n, size_t i)
{
    list[i] = list[--*n];
}

void sim_worker_finish(struct sim *sim, int worker)
{
    struct sim_worker *w = &sim->workers[worker];
    struct sim_held held;
    size_t i;

    if (w->n_running == 0 || w->n_results == SIM_HELD)
        return;
    i = rng_below(&sim->rng, w->n_running);
    held = w->running[i];
    held.failed = fails(sim, &held.trial);
    sim->counts.failed += held.failed;
    forget(w->running, &w->n_running, i);
    w->credit++;
    w->results[w->n_results++] = held;
    if (w->welcomed)
        send_result(sim, worker, &held);
}

void sim_worker_bring(struct sim *sim, int worker)
{
    struct sim_worker *w = &sim->workers[worker];
    struct sim_held held = { .attempt = { .start = UINT64_MAX } };

    if (w->n_results == SIM_HELD)
        return;
    held.trial = sim->reference->trials[rng_below(&sim->rng, sim->reference->n_trials)];
    held.attempt.counter = ++sim->counts.early;
    held.failed = fails(sim, &held.trial);
    w->results[w->n_results++] = held;
    if (w->welcomed)
        send_result(sim, worker, &held);
}

static int find(const struct sim_held *list, size_t n, const struct attempt *attempt)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].attempt.start == attempt->start && list[i].attempt.counter == attempt->counter)
            return (int)i;
    return -1;
}

/* A final training's weights are its key: a test must come with those of the training it tests. */
static void check_weights(struct sim *sim, const struct trial_message *message)
{
    struct trial final = { .stage = STAGE_FINAL,
                           .replica = message->trial.replica,
                           .arch = message->trial.arch };

    study_name_trial(sim->reference->study, &final);
    if (message->weights.size != sizeof final.key ||
        memcmp(message->weights.data, &final.key, sizeof final.key) != 0)
        sim_bad(sim, "a test came with other weights than the winner's");
}

static void take_trial(struct sim *sim, int worker, const struct trial_message *message)
{
    struct sim_worker *w = &sim->workers[worker];
    int done = find(w->results, w->n_results, &message->attempt);

    if (message->trial.stage == STAGE_TEST && message->evaluation.evaluator == EVALUATOR_TRAIN)
        check_weights(sim, message);
    if (done >= 0)
        send_result(sim, worker, &w->results[done]);
    else if (w->welcomed && w->n_running < w->slots &&
             find(w->running, w->n_running, &message->attempt) < 0)
        w->running[w->n_running++] = (struct sim_held){ .trial = message->trial,
                                                        .attempt = message->attempt };
}

static void take_cancel(struct sim_worker *w, const struct attempt *attempt)
{
    int i = find(w->running, w->n_running, attempt);

    if (i < 0)
        return;
    forget(w->running, &w->n_running, (size_t)i);
    w->credit++;
}

static void take_verdict(struct sim_worker *w, const struct verdict_message *verdict)
{
    int i = find(w->results, w->n_results, &verdict->attempt);

    if (i >= 0)
        forget(w->results, &w->n_results, (size_t)i);
}

void sim_worker_receive(struct sim *sim, int worker, const struct to_worker *message)
{
    struct sim_worker *w = &sim->workers[worker];

    w->silent_beats = 0;
    switch (message->kind) {
    case TO_WELCOME:
        if (w->welcomed)
            break;
        w->welcomed = true;
        if (*message->welcome.data) {
            w->knows_data = true;
            sim_worker_greet(sim, worker);
            break;
        }
        for (size_t i = 0; i < w->n_results; i++)
            send_result(sim, worker, &w->results[i]);
        break;
    case TO_TRIAL:
        take_trial(sim, worker, &message->trial);
        break;
    case TO_VERDICT:
        take_verdict(w, &message->verdict);
        break;
    case TO_CANCEL:
        take_cancel(w, &message->cancel.attempt);
        break;
    case TO_HELLO_AGAIN:
        if (w->welcomed)
            sim_worker_greet(sim, worker);
        break;
    case TO_STUDY_OVER:
        w->over = true;
        break;
    default:
        break;
    }
}
