/* The scheduler: what happens next, by the seed. */
#include "tests/chaos/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/hand_out.h"
#include "coordinator/tick.h"

enum {
    STEPS_CALM = 20000, /* more than any schedule takes once nothing goes wrong */
    IDLE_STEPS = 400,   /* of a worker that gets nothing, before its operator starts it again */
    TICK_MS = 1000,
};

uint32_t sim_chance(struct sim *sim, uint32_t of, uint32_t n)
{
    return n > 0 && rng_below(&sim->rng, of) < n;
}

void sim_bad(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (*sim->bad)
        return; /* what follows may be its consequence */
    va_start(args, format);
    vsnprintf(sim->bad, sizeof sim->bad, format, args);
    va_end(args);
}

static int find(const struct sim_reference *reference, const struct digest *key)
{
    for (size_t i = 0; reference && i < reference->n_trials; i++)
        if (digest_equal(&reference->trials[i].key, key))
            return (int)i;
    return -1;
}

int sim_index(struct sim *sim, const struct digest *key, const char *what)
{
    int i = find(sim->reference, key);

    if (i < 0 && find(sim->before, key) < 0)
        sim_bad(sim, "a trial was %s that the undisturbed search does not have", what);
    return i;
}

/* ---- accidents ---- */

/* Each schedule has its own mixture: some kinds not at all, some often. */
static uint32_t draw(struct sim *sim, uint32_t most)
{
    return sim_chance(sim, 2, 1) ? 0 : 1 + (uint32_t)rng_below(&sim->rng, most);
}

static struct sim_faults draw_faults(struct sim *sim)
{
    return (struct sim_faults){
        .crash = draw(sim, 15),
        .kill = draw(sim, 15),
        .cut = draw(sim, 20),
        .trouble = draw(sim, 20),
        .stall = draw(sim, 20),
        .early = draw(sim, 10),
        .drop = draw(sim, 15),
        .repeat = draw(sim, 20),
        .overtake = draw(sim, 30),
        .full = draw(sim, 10),
        .fail = draw(sim, 10),
    };
}

static void crash(struct sim *sim)
{
    sim->counts.crashes++;
    sim_end(sim);
    sim_cut_all(sim);
    if (sim->reference->raised && sim_chance(sim, 2, 1))
        sim_raise_cap(sim);
    sim_begin(sim);
}

static void kill_worker(struct sim *sim, int worker)
{
    sim->counts.kills++;
    if (sim_chance(sim, 3, 1))
        sim_send(sim, worker, &(struct from_worker){ .kind = FROM_GOODBYE });
    sim_worker_start(sim, worker, sim_chance(sim, 2, 1));
}

static bool accident(struct sim *sim)
{
    const struct sim_faults *faults = &sim->faults;
    int worker = (int)rng_below(&sim->rng, SIM_WORKERS);

    if (sim_chance(sim, 1000, faults->crash)) {
        crash(sim);
    } else if (sim_chance(sim, 1000, faults->kill)) {
        kill_worker(sim, worker);
    } else if (sim_chance(sim, 1000, faults->cut)) {
        sim->counts.cuts++;
        sim_worker_greet(sim, worker);
    } else if (sim_chance(sim, 1000, faults->trouble)) {
        sim_store_set_trouble(sim->coordinator.store, true);
    } else if (sim_chance(sim, 1000, faults->stall)) {
        sim->now_ms += rng_below(&sim->rng, 10000);
    } else if (sim_chance(sim, 1000, faults->early)) {
        sim_worker_bring(sim, worker);
    } else {
        return false;
    }
    return true;
}

/* The weather changes: no accidents any more, and what is broken is put right. */
static void calm_down(struct sim *sim)
{
    sim->calm = true;
    sim->faults = (struct sim_faults){ 0 };
    sim_store_set_trouble(sim->coordinator.store, false);
    for (int w = 0; w < SIM_WORKERS; w++)
        sim_worker_greet(sim, w);
}

/* ---- what goes on anyway ---- */

static void end_trouble_sometimes(struct sim *sim)
{
    if (sim_chance(sim, 20, 1))
        sim_store_set_trouble(sim->coordinator.store, false);
}

static void some_worker(struct sim *sim, bool beats)
{
    int worker = (int)rng_below(&sim->rng, SIM_WORKERS);
    struct sim_worker *w = &sim->workers[worker];

    if (beats)
        sim_worker_beat(sim, worker);
    else
        sim_worker_finish(sim, worker);
    w->idle_steps = w->n_running > 0 ? 0 : w->idle_steps + 1;
    if (w->idle_steps > IDLE_STEPS)
        sim_worker_start(sim, worker, false);
}

static void tick_now(struct sim *sim)
{
    sim->coordinator.loop.time = sim->now_ms;
    tick(&sim->coordinator);
}

static void ordinary(struct sim *sim)
{
    uint64_t event = rng_below(&sim->rng, 100);

    if (event < 30)
        sim_deliver_to_coordinator(sim);
    else if (event < 55)
        sim_deliver_to_worker(sim);
    else if (event < 70)
        some_worker(sim, false);
    else if (event < 78)
        some_worker(sim, true);
    else if (event < 87)
        sim_store_commit(sim->coordinator.store, 1 + rng_below(&sim->rng, 6));
    else if (event < 96)
        store_dispatch(sim->coordinator.store);
    else
        tick_now(sim);
}

static void step(struct sim *sim, uint64_t step_ms)
{
    sim->counts.steps++;
    sim->now_ms += rng_below(&sim->rng, step_ms + 1);
    sim->coordinator.loop.time = sim->now_ms;
    if (sim->calm || !accident(sim))
        ordinary(sim);
    hand_out_send(&sim->coordinator);
    end_trouble_sometimes(sim);
}

/* ---- from the first step to the last look ---- */

static void look(struct sim *sim, const char *when)
{
    const struct sim_findings *want = &sim->reference->findings;
    struct sim_findings got;
    size_t stored = 0;

    if (*sim->bad)
        return;
    for (size_t i = 0; i < sim->disk.n_results; i++)
        stored += find(sim->reference, &sim->disk.results[i].result.key) >= 0;
    if (stored != sim->reference->n_trials) {
        sim_bad(sim, "%s: %zu trials of %zu are on the disk", when, stored,
                sim->reference->n_trials);
        return;
    }
    sim_findings_of(&sim->coordinator, &got);
    if (got.n_search != want->n_search || got.n_trials != want->n_trials)
        sim_bad(sim, "%s: %llu search trials and %llu in all, undisturbed %llu and %llu", when,
                (unsigned long long)got.n_search, (unsigned long long)got.n_trials,
                (unsigned long long)want->n_search, (unsigned long long)want->n_trials);
    else if (!digest_equal(&got.trials, &want->trials))
        sim_bad(sim, "%s: trials or results differ", when);
    else if (!digest_equal(&got.tables, &want->tables))
        sim_bad(sim, "%s: the tables differ", when);
    else if (!digest_equal(&got.winner, &want->winner))
        sim_bad(sim, "%s: the winner differs", when);
    else if (strcmp(got.reason, want->reason) != 0)
        sim_bad(sim, "%s: ended by '%s', undisturbed by '%s'", when, got.reason, want->reason);
}

static void run_calmly(struct sim *sim)
{
    uint64_t until = sim->counts.steps + STEPS_CALM;

    if (*sim->bad || sim_is_done(sim))
        return;
    calm_down(sim);
    while (!*sim->bad && !sim_is_done(sim) && sim->counts.steps < until)
        step(sim, 5);
    if (!*sim->bad && !sim_is_done(sim))
        sim_bad(sim, "the study does not end though nothing goes wrong any more");
}

static void run(struct sim *sim)
{
    static const uint64_t paces_ms[] = { 5, 60, 400 };
    uint64_t pace_ms = paces_ms[rng_below(&sim->rng, 3)];
    uint64_t until = rng_below(&sim->rng, 1200);

    while (!*sim->bad && !sim_is_done(sim) && sim->counts.steps < until)
        step(sim, pace_ms);
    run_calmly(sim);
    look(sim, "at the end");
}

static void start_again(struct sim *sim)
{
    bool raised = sim->reference->raised;

    sim_end(sim);
    sim_cut_all(sim);
    if (raised)
        sim_raise_cap(sim);
    sim_begin(sim);
    if (!*sim->bad && !raised && !sim_is_done(sim))
        sim_bad(sim, "started again, a study that was done has more to do");
    run_calmly(sim);
    look(sim, "started again");
}

struct sim *sim_play(const struct sim_reference *reference, uint64_t seed, enum sim_break breaks)
{
    struct sim *sim = calloc(1, sizeof *sim);

    if (!sim)
        abort();
    sim->reference = reference;
    sim->breaks = breaks;
    rng_init(&sim->rng, seed, 0);
    sim->faults = draw_faults(sim);
    sim->now_ms = 1000000;
    for (int w = 0; w < SIM_WORKERS; w++)
        sim->connection_of[w] = -1;
    for (int c = 0; c < SIM_CONNECTIONS; c++)
        sim->connections[c].worker = -1;
    sim_begin(sim);
    for (int w = 0; w < SIM_WORKERS; w++)
        sim_worker_start(sim, w, false);
    run(sim);
    start_again(sim);
    return sim;
}

void sim_free(struct sim *sim)
{
    sim_end(sim);
    sim_network_clear(sim);
    sim_disk_clear(&sim->disk);
    free(sim);
}
