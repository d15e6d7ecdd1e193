/* sim - a whole cluster in one thread: the coordinator's own code between a disk, a network and
 * workers that are played, in an order and with accidents that a seed decides.
 *
 *     scheduler  --> deliver, drop, double or overtake a message       sim_network.c
 *       (sim.c)  --> a worker finishes, fails, beats, dies, reconnects sim_worker.c
 *                --> a batch becomes durable, or cannot                sim_store.c
 *                --> the coordinator ticks, or is killed               sim_life.c
 *
 * sim_store.c and sim_network.c take the places of coordinator/ledger/store*.c and
 * coordinator/router.c, sim_life.c that of coordinator.c; handlers, ledger, roster, strategy and
 * messages are those that ship. A killed coordinator begins again from what the disk holds.
 *
 * What must hold is looked at as it happens (sim_bad) and at the end against a reference: the
 * strategy asked and told by a loop of ten lines, with nothing in between (sim_reference.c). */
#ifndef LAYERNAS_TESTS_SIM_H
#define LAYERNAS_TESTS_SIM_H

#include "common/rng.h"
#include "coordinator/coordinator.h"

enum {
    SIM_WORKERS = 4,
    SIM_SLOTS = 3,
    SIM_CONNECTIONS = 24,
    SIM_QUEUE = 128, /* messages on their way, each direction of a connection */
    SIM_HELD = 64,   /* results that a worker keeps */
    SIM_ROWS = 256,
    SIM_TEXT = 400,
};

/* How often what goes wrong; of 1000 steps unless said otherwise. */
struct sim_faults {
    uint32_t crash, kill, cut, trouble, stall, early;
    uint32_t drop, repeat, overtake; /* of 100 messages delivered */
    uint32_t full;                   /* of 100 letters: their worker takes nothing at present */
    uint32_t fail;                   /* of 100 evaluations, at most twice a trial */
};

/* Guarantees that the disk can be told to break, to see that it is noticed. */
enum sim_break {
    SIM_WHOLE,
    SIM_DONE_EARLY,   /* says durable before it is */
    SIM_LOSES_ROW,    /* one result of a batch is not written */
    SIM_WRITES_TWICE, /* one result of a batch is written twice */
    SIM_FORGETS_OPENING,
    SIM_FLIPS_REWARD,
    SIM_BREAKS
};

/* ---- the disk: what outlives the coordinator ---- */

struct sim_disk {
    struct stored_result results[SIM_ROWS];
    struct digest weights[SIM_ROWS]; /* of results[i]; zero: none */
    struct stored_failure failures[SIM_ROWS];
    struct opening openings[SIM_ROWS]; /* owned */
    size_t n_results, n_failures, n_openings;
    struct digest data;
    bool has_data;
};

void sim_disk_clear(struct sim_disk *disk);
bool sim_disk_has(const struct sim_disk *disk, const struct digest *key);

struct sim;
struct store *sim_store_new(struct sim *sim);
size_t sim_store_waiting(const struct store *store); /* not durable */
size_t sim_store_untold(const struct store *store);  /* durable, done not called */
void sim_store_commit(struct store *store, size_t n);
void sim_store_set_trouble(struct store *store, bool trouble);

/* ---- the network ---- */

struct sim_queue {
    struct bytes at[SIM_QUEUE]; /* owned */
    size_t n;
};

struct sim_connection {
    uint32_t id;    /* its route; 0: this place is free */
    int worker;     /* -1: the worker has left it */
    bool half_open; /* the coordinator has not noticed that */
    struct sim_queue to_coordinator, to_worker;
};

/* Opens one for worker; what it had before is left behind, in part still on its way. */
void sim_connect(struct sim *sim, int worker);
void sim_send(struct sim *sim, int worker, const struct from_worker *message);
void sim_cut_all(struct sim *sim); /* the coordinator is gone, another will come */
bool sim_deliver_to_coordinator(struct sim *sim);
bool sim_deliver_to_worker(struct sim *sim);
void sim_network_clear(struct sim *sim);

/* ---- the workers ---- */

struct sim_held {
    struct trial trial;
    struct attempt attempt;
    bool failed;
};

struct sim_worker {
    bool welcomed, knows_data, over;
    uint8_t id[16];
    uint32_t slots, silent_beats, idle_steps;
    uint64_t credit;
    struct sim_held running[SIM_SLOTS], results[SIM_HELD];
    size_t n_running, n_results;
};

void sim_worker_start(struct sim *sim, int worker, bool keeps_results);
void sim_worker_greet(struct sim *sim, int worker); /* a new connection, and Hello */
void sim_worker_receive(struct sim *sim, int worker, const struct to_worker *message);
void sim_worker_finish(struct sim *sim, int worker);
void sim_worker_beat(struct sim *sim, int worker);

/* It has a result of a trial that may not have been proposed yet, from another coordinator of the
 * same study. */
void sim_worker_bring(struct sim *sim, int worker);

/* What an evaluation comes to, wherever it is done. False: it always fails. */
bool sim_outcome(const struct trial *trial, struct reward *reward_out, bool *diverged_out);

/* ---- what came of it ---- */

struct sim_findings {
    uint64_t n_search, n_trials;
    struct digest trials, tables, winner;
    char reason[128];
};

struct sim_reference {
    const struct study *study;
    struct trial trials[SIM_ROWS]; /* all there are, in order of issue */
    size_t n_trials;
    struct sim_findings findings;
    const struct sim_reference *raised; /* the same study with a higher cap; NULL: none */
};

void sim_reference_make(struct sim_reference *reference, const struct study *study);
void sim_findings_of(const struct coordinator *coordinator, struct sim_findings *findings_out);

/* ---- one schedule ---- */

struct sim_counts {
    uint64_t steps, messages, commits, crashes, kills, cuts, failed, early, stragglers;
};

struct sim {
    const struct sim_reference *reference,
        *before; /* before: of the study until its cap was raised */
    struct rng rng;
    struct sim_faults faults;
    enum sim_break breaks;
    bool calm; /* nothing goes wrong any more */
    uint64_t now_ms, lives;
    struct sim_disk disk;
    struct coordinator coordinator; /* of this life */
    struct sim_connection connections[SIM_CONNECTIONS];
    int connection_of[SIM_WORKERS];
    uint32_t last_connection;
    struct sim_worker workers[SIM_WORKERS];
    uint8_t transient[SIM_ROWS]; /* failures that trial i of the reference had by chance */
    bool handed_out[SIM_ROWS];
    bool told[SIM_ROWS];          /* the coordinator knows it to be durable */
    const struct bytes *incoming; /* while the coordinator takes it */
    uint32_t incoming_route;
    struct sim_counts counts;
    /* The first thing that must not be, "" while there is none. "lost: " and "doubled: " begin the
     * worst of them. */
    char bad[SIM_TEXT];
};

/* Plays one schedule to its end: the study done, looked at, and looked at once more after another
 * start. sim->bad is "" if all was as it must be. Free what it holds with sim_free. */
struct sim *sim_play(const struct sim_reference *reference, uint64_t seed, enum sim_break breaks);
void sim_free(struct sim *sim);

uint32_t sim_chance(struct sim *sim, uint32_t of, uint32_t n); /* n of so many times */
void sim_bad(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Index of a trial in the reference; -1 where it is of the study before its cap was raised. A trial
 * of neither is bad. */
int sim_index(struct sim *sim, const struct digest *key, const char *what);

/* A coordinator, begun from the disk; the same ended as by SIGKILL. sim_life.c */
void sim_begin(struct sim *sim);
void sim_raise_cap(struct sim *sim); /* between two lives */
void sim_end(struct sim *sim);
bool sim_is_done(const struct sim *sim);

/* The last lines that the coordinator logged, for a schedule that went wrong. */
void sim_show_log(void);

#endif
