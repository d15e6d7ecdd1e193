/* worker_roster - the workers that said Hello and are still here.
 *
 * A worker is known by its worker_id; route is where the socket reaches it now, and changes when it
 * reconnects. It is gone when it has been silent for a lease, or said Goodbye. Waiting workers are
 * parked: the roster knows who has credit left, in the order they began to wait.
 * Pure, loop thread only. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_WORKER_ROSTER_H
#define LAYERNAS_COORDINATOR_LEDGER_WORKER_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/key_file.h"
#include "proto/wire.h"

/* A worker all of whose last so many attempts failed, with none that went well, is put aside: it
 * gets no more trials until it says Hello anew, from a new process. */
enum { ROSTER_FAILURES_ASIDE = 5, ROSTER_MAX_WORKERS = 10000, ROSTER_MAX_ROUTE = 255 };

struct route {
    uint8_t size;
    uint8_t bytes[ROSTER_MAX_ROUTE];
    bool from_here; /* from this machine */
    char key
        [KEY_TEXT_SIZE]; /* public, that it proved to hold the secret of; "": none was asked for */
};

struct worker {
    uint8_t id[16];
    struct route route;
    char name[TRIAL_WORKER_SIZE], version[32], numerics[TRIAL_NUMERICS_SIZE];
    uint32_t slots, threads;
    uint64_t credit, sent; /* trials it may have been sent since its Hello, and was */
    uint64_t connected_ms, heard_ms;
    uint64_t done, failed, lost;
    uint32_t failures_in_a_row;
    bool put_aside;
    bool set_aside; /* the same, by people: until they take it back */
    bool unfit;     /* for this study, by its data; until its next Hello */
    bool asked;     /* what its data is: it gets no trials before that next Hello either */
};

struct worker_roster;

struct worker_roster *worker_roster_new(void);
void worker_roster_free(struct worker_roster *roster);

/* Enters a worker, or gives a known one its new route and credit with nothing sent. A route belongs
 * to who used it last: another worker that had it is reached no more, and gets no trials, until it
 * says Hello or is expired. The pointer is good until the worker leaves. -ENOSPC, -ENOMEM. */
int worker_roster_hello(struct worker_roster *roster, const struct hello *hello,
                        const struct route *route, uint64_t now_ms, struct worker **worker_out);

/* The worker reached by route, its heard_ms set to now_ms; NULL when none is. */
struct worker *worker_roster_heard(struct worker_roster *roster, const struct route *route,
                                   uint64_t now_ms);
struct worker *worker_roster_by_route(struct worker_roster *roster, const struct route *route);
struct worker *worker_roster_by_id(struct worker_roster *roster, const uint8_t id[16]);

/* Raises its credit (never lowers it: messages may come late), to at most WIRE_MAX_HELD more trials
 * than it was sent: no worker draws the whole search to itself. */
void worker_roster_credit(struct worker_roster *roster, struct worker *worker, uint64_t credit);

/* It gets no trials until it says Hello again: unfit, or merely asked. */
void worker_roster_unfit(struct worker_roster *roster, struct worker *worker, bool asked);

/* As people say; taken back, it is as good as one that never failed. */
void worker_roster_set_aside(struct worker_roster *roster, struct worker *worker, bool aside);

/* One trial was sent to it. With credit left it waits anew, behind the others. */
void worker_roster_sent(struct worker_roster *roster, struct worker *worker);

/* n of those did not get through. */
void worker_roster_unsent(struct worker_roster *roster, struct worker *worker, size_t n);

/* The worker that has waited longest with credit left and is fit; NULL. The
 * next one after `after`, which must be such a worker itself, when that is not NULL. */
struct worker *worker_roster_waiting(const struct worker_roster *roster,
                                     const struct worker *after);

void worker_roster_succeeded(struct worker_roster *roster, struct worker *worker);
void worker_roster_failed(struct worker_roster *roster, struct worker *worker);
/* n attempts that it was given are LOST. */
void worker_roster_lost(struct worker_roster *roster, struct worker *worker, size_t n);

void worker_roster_remove(struct worker_roster *roster, struct worker *worker);

/* Calls gone for every worker silent since now_ms - silence_ms, then removes it. gone may look but
 * not touch. */
typedef void worker_gone_fn(void *arg, const struct worker *worker);
void worker_roster_expire(struct worker_roster *roster, uint64_t now_ms, uint64_t silence_ms,
                          worker_gone_fn *gone, void *arg);

/* How many are fit for trials, neither put or set aside nor unfit: a trial that one of them failed is
 * for another. */
size_t worker_roster_n_fit(const struct worker_roster *roster);

/* In no particular order. */
size_t worker_roster_n(const struct worker_roster *roster);
uint32_t worker_roster_slots(const struct worker_roster *roster);
const struct worker *worker_roster_at(const struct worker_roster *roster, size_t i);

#endif
