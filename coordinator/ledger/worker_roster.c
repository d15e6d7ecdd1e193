#include "coordinator/ledger/worker_roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/digest_map.h"

struct member {
    struct worker worker; /* first, so that callers' pointers lead back here */
    struct digest id, route;
    size_t place; /* in members */
    bool waiting;
    TAILQ_ENTRY(member) in_wait;
};

struct worker_roster {
    struct member **members;
    size_t n, room, n_unfit;
    uint32_t slots;
    struct digest_map by_id, by_route; /* -> struct member */
    TAILQ_HEAD(, member) waiting;
};

static struct member *member_of(const struct worker *worker)
{
    return (struct member *)(uintptr_t)worker;
}

static const struct digest *id_of(const void *owner, uint64_t value)
{
    (void)owner;
    return &((const struct member *)(uintptr_t)value)->id;
}

static const struct digest *route_of(const void *owner, uint64_t value)
{
    (void)owner;
    return &((const struct member *)(uintptr_t)value)->route;
}

static struct member *find(const struct digest_map *map, const struct digest *digest)
{
    uint64_t value;

    return digest_map_find(map, digest, &value) ? (void *)(uintptr_t)value : NULL;
}

static struct digest digest_of_id(const uint8_t id[16])
{
    struct digest digest;

    memcpy(digest.bytes, id, sizeof digest.bytes);
    return digest;
}

/* Of each message. ZeroMQ's own routes are five bytes: those are their own digest, with their size at
 * its end. */
static struct digest digest_of_route(const struct route *route)
{
    struct digest_state state;
    struct digest digest = { { 0 } };

    if (route->size < sizeof digest.bytes) {
        memcpy(digest.bytes, route->bytes, route->size);
        digest.bytes[sizeof digest.bytes - 1] = route->size;
        return digest;
    }
    digest_begin(&state, "route");
    digest_bytes(&state, route->bytes, route->size);
    digest_end(&state, &digest);
    return digest;
}

struct worker_roster *worker_roster_new(void)
{
    struct worker_roster *roster = calloc(1, sizeof *roster);

    if (!roster)
        return NULL;
    roster->by_id.digest_of = id_of;
    roster->by_route.digest_of = route_of;
    TAILQ_INIT(&roster->waiting);
    return roster;
}

void worker_roster_free(struct worker_roster *roster)
{
    if (!roster)
        return;
    for (size_t i = 0; i < roster->n; i++)
        free(roster->members[i]);
    free(roster->members);
    digest_map_clear(&roster->by_id);
    digest_map_clear(&roster->by_route);
    free(roster);
}

/* ---- waiting ---- */

static void stop_waiting(struct worker_roster *roster, struct member *member)
{
    if (member->waiting)
        TAILQ_REMOVE(&roster->waiting, member, in_wait);
    member->waiting = false;
}

static bool is_fit(const struct worker *worker)
{
    return !worker->unfit && !worker->asked && !worker->put_aside && !worker->set_aside;
}

/* Waits, or waits no more, as its credit and standing say; keeps its place where it goes on. */
static void review(struct worker_roster *roster, struct member *member)
{
    const struct worker *worker = &member->worker;

    if (worker->credit <= worker->sent || !is_fit(worker) || worker->route.size == 0) {
        stop_waiting(roster, member);
    } else if (!member->waiting) {
        TAILQ_INSERT_TAIL(&roster->waiting, member, in_wait);
        member->waiting = true;
    }
}

void worker_roster_credit(struct worker_roster *roster, struct worker *worker, uint64_t credit)
{
    uint64_t most = worker->sent + WIRE_MAX_HELD;

    if (credit > most)
        credit = most;
    if (credit > worker->credit)
        worker->credit = credit;
    review(roster, member_of(worker));
}

/* Sets one of its flags. */
static void stand(struct worker_roster *roster, struct worker *worker, bool *flag, bool value)
{
    bool was_fit = is_fit(worker);

    *flag = value;
    roster->n_unfit += (size_t)was_fit - (size_t)is_fit(worker);
    review(roster, member_of(worker));
}

static void make_fit(struct worker_roster *roster, struct worker *worker)
{
    stand(roster, worker, &worker->unfit, false);
    stand(roster, worker, &worker->asked, false);
}

void worker_roster_unfit(struct worker_roster *roster, struct worker *worker, bool asked)
{
    stand(roster, worker, &worker->unfit, !asked);
    stand(roster, worker, &worker->asked, asked);
}

void worker_roster_set_aside(struct worker_roster *roster, struct worker *worker, bool aside)
{
    if (!aside) {
        worker->failures_in_a_row = 0;
        stand(roster, worker, &worker->put_aside, false);
    }
    stand(roster, worker, &worker->set_aside, aside);
}

void worker_roster_sent(struct worker_roster *roster, struct worker *worker)
{
    worker->sent++;
    stop_waiting(roster, member_of(worker));
    review(roster, member_of(worker));
}

/* It may have said Hello since, with nothing sent. */
void worker_roster_unsent(struct worker_roster *roster, struct worker *worker, size_t n)
{
    worker->sent -= n < worker->sent ? n : worker->sent;
    review(roster, member_of(worker));
}

struct worker *worker_roster_waiting(const struct worker_roster *roster, const struct worker *after)
{
    const struct member *member = after ? member_of(after) : NULL;
    struct member *next = member ? NULL : TAILQ_FIRST(&roster->waiting);

    if (member && member->waiting)
        next = TAILQ_NEXT(member, in_wait);
    return next ? &next->worker : NULL;
}

void worker_roster_succeeded(struct worker_roster *roster, struct worker *worker)
{
    (void)roster;
    worker->done++;
    worker->failures_in_a_row = 0;
}

void worker_roster_failed(struct worker_roster *roster, struct worker *worker)
{
    worker->failed++;
    worker->failures_in_a_row++;
    if (worker->failures_in_a_row >= ROSTER_FAILURES_ASIDE)
        stand(roster, worker, &worker->put_aside, true);
}

void worker_roster_lost(struct worker_roster *roster, struct worker *worker, size_t n)
{
    (void)roster;
    worker->lost += n;
}

/* ---- coming and going ---- */

static int make_room(struct worker_roster *roster)
{
    size_t room = roster->room ? 2 * roster->room : 16;
    struct member **members;

    if (roster->n < roster->room)
        return 0;
    members = realloc(roster->members, room * sizeof *members);
    if (!members)
        return -ENOMEM;
    roster->members = members;
    roster->room = room;
    return 0;
}

static int enter(struct worker_roster *roster, const uint8_t id[16], struct member **member_out)
{
    struct member *member;
    int rc = roster->n < ROSTER_MAX_WORKERS ? make_room(roster) : -ENOSPC;

    if (rc < 0)
        return rc;
    member = calloc(1, sizeof *member);
    if (!member)
        return -ENOMEM;
    memcpy(member->worker.id, id, sizeof member->worker.id);
    member->id = digest_of_id(id);
    rc = digest_map_add(&roster->by_id, (uintptr_t)member);
    if (rc < 0) {
        free(member);
        return rc;
    }
    member->place = roster->n;
    roster->members[roster->n++] = member;
    *member_out = member;
    return 0;
}

static void drop_route(struct worker_roster *roster, struct member *member)
{
    if (member->worker.route.size)
        digest_map_remove(&roster->by_route, &member->route);
    member->worker.route.size = 0;
    review(roster, member);
}

/* by_route has room. */
static void take_route(struct worker_roster *roster, struct member *member,
                       const struct route *route)
{
    struct digest digest = digest_of_route(route);
    struct member *holder = find(&roster->by_route, &digest);

    if (holder)
        drop_route(roster, holder);
    drop_route(roster, member);
    member->route = digest;
    member->worker.route = *route;
    digest_map_add(&roster->by_route, (uintptr_t)member);
}

static void introduce(struct worker *worker, const struct hello *hello, uint64_t now_ms)
{
    snprintf(worker->name, sizeof worker->name, "%s", hello->name);
    snprintf(worker->version, sizeof worker->version, "%s", hello->version);
    snprintf(worker->numerics, sizeof worker->numerics, "%s", hello->numerics);
    worker->slots = hello->slots;
    worker->threads = hello->threads;
    worker->credit = hello->credit;
    worker->sent = 0;
    worker->connected_ms = worker->heard_ms = now_ms;
}

int worker_roster_hello(struct worker_roster *roster, const struct hello *hello,
                        const struct route *route, uint64_t now_ms, struct worker **worker_out)
{
    struct digest id = digest_of_id(hello->worker_id);
    struct member *member = find(&roster->by_id, &id);
    int rc = digest_map_reserve(&roster->by_route);

    if (rc == 0 && !member)
        rc = enter(roster, hello->worker_id, &member);
    if (rc < 0)
        return rc;
    roster->slots += hello->slots - member->worker.slots;
    introduce(&member->worker, hello, now_ms);
    make_fit(roster, &member->worker);
    take_route(roster, member, route);
    review(roster, member);
    *worker_out = &member->worker;
    return 0;
}

void worker_roster_remove(struct worker_roster *roster, struct worker *worker)
{
    struct member *member = member_of(worker), *last = roster->members[--roster->n];

    roster->n_unfit -= !is_fit(worker);
    drop_route(roster, member);
    digest_map_remove(&roster->by_id, &member->id);
    roster->slots -= worker->slots;
    roster->members[member->place] = last;
    last->place = member->place;
    free(member);
}

/* Backwards: removal moves the last member into the gap, and that one has been looked at. */
void worker_roster_expire(struct worker_roster *roster, uint64_t now_ms, uint64_t silence_ms,
                          worker_gone_fn *gone, void *arg)
{
    for (size_t i = roster->n; i-- > 0;) {
        struct worker *worker = &roster->members[i]->worker;

        if (worker->heard_ms + silence_ms > now_ms)
            continue;
        gone(arg, worker);
        worker_roster_remove(roster, worker);
    }
}

/* ---- looking ---- */

struct worker *worker_roster_by_route(struct worker_roster *roster, const struct route *route)
{
    struct digest digest = digest_of_route(route);
    struct member *member = find(&roster->by_route, &digest);

    return member ? &member->worker : NULL;
}

struct worker *worker_roster_heard(struct worker_roster *roster, const struct route *route,
                                   uint64_t now_ms)
{
    struct worker *worker = worker_roster_by_route(roster, route);

    if (worker)
        worker->heard_ms = now_ms;
    return worker;
}

struct worker *worker_roster_by_id(struct worker_roster *roster, const uint8_t id[16])
{
    struct digest digest = digest_of_id(id);
    struct member *member = find(&roster->by_id, &digest);

    return member ? &member->worker : NULL;
}

size_t worker_roster_n_fit(const struct worker_roster *roster)
{
    return roster->n - roster->n_unfit;
}

size_t worker_roster_n(const struct worker_roster *roster)
{
    return roster->n;
}

uint32_t worker_roster_slots(const struct worker_roster *roster)
{
    return roster->slots;
}

const struct worker *worker_roster_at(const struct worker_roster *roster, size_t i)
{
    return &roster->members[i]->worker;
}
