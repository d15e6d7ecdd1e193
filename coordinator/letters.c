#include "coordinator/letters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/coordinator.h"

struct said {
    struct route route;
    size_t place; /* in the order of the turn */
    struct bytes frame;
    struct attempt attempt;
    bool hands_out;
};

static int make_room(struct letters *letters)
{
    size_t room = letters->room ? 2 * letters->room : 64;
    struct bytes *frames;
    struct said **said;

    if (letters->n < letters->room)
        return 0;
    said = realloc(letters->said, room * sizeof(struct said *));
    if (!said)
        return -ENOMEM;
    letters->said = said;
    frames = realloc(letters->frames, room * sizeof *frames);
    if (!frames)
        return -ENOMEM;
    letters->frames = frames;
    letters->room = room;
    return 0;
}

int letters_add(struct coordinator *coordinator, const struct route *route, struct bytes frame,
                const struct attempt *attempt)
{
    struct letters *letters = &coordinator->letters;
    struct said *said = malloc(sizeof *said);

    if (!said || make_room(letters) < 0) {
        free(said);
        free(frame.data);
        return -ENOMEM;
    }
    *said = (struct said){ .route = *route, .place = letters->n, .frame = frame };
    if (attempt) {
        said->attempt = *attempt;
        said->hands_out = true;
    }
    letters->said[letters->n++] = said;
    return 0;
}

static int by_route(const struct route *a, const struct route *b)
{
    if (a->size != b->size)
        return a->size < b->size ? -1 : 1;
    return memcmp(a->bytes, b->bytes, a->size);
}

static int by_route_and_place(const void *left, const void *right)
{
    const struct said *a = *(struct said *const *)left, *b = *(struct said *const *)right;
    int order = by_route(&a->route, &b->route);

    return order ? order : (a->place > b->place) - (a->place < b->place);
}

/* What it still runs keeps its lease: it may be reconnecting at this moment. */
static void forget_unreachable(struct coordinator *coordinator, struct worker *worker)
{
    coordinator_remark(coordinator, "worker %s is not connected any more", worker->name);
    worker_roster_remove(coordinator->roster, worker);
}

/* Returns whether the worker left. */
static bool take_back(struct coordinator *coordinator, struct said *const *said, size_t n, int rc)
{
    struct worker *worker = worker_roster_by_route(coordinator->roster, &said[0]->route);
    size_t handed_out = 0;

    for (size_t i = 0; i < n; i++) {
        if (said[i]->hands_out)
            trial_ledger_lose(coordinator->ledger, &said[i]->attempt);
        handed_out += said[i]->hands_out;
    }
    if (!worker)
        return false;
    worker_roster_unsent(coordinator->roster, worker, handed_out);
    if (rc != -EHOSTUNREACH)
        return false;
    forget_unreachable(coordinator, worker);
    return true;
}

/* Moves what goes out to the front, and returns how much that is. */
static size_t leave_out(struct coordinator *coordinator, struct said **said, size_t n)
{
    struct worker *worker;
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!said[i]->hands_out || trial_ledger_is_needed(coordinator->ledger, &said[i]->attempt)) {
            struct said *out = said[i];

            said[i] = said[kept];
            said[kept++] = out;
        }
    worker = kept < n ? worker_roster_by_route(coordinator->roster, &said[0]->route) : NULL;
    if (worker)
        worker_roster_unsent(coordinator->roster, worker, n - kept);
    return kept;
}

/* n for one route. Returns whether there is anything to hand out to others. */
static bool send_letter(struct coordinator *coordinator, struct said **said, size_t n)
{
    struct bytes *frames = coordinator->letters.frames;
    size_t kept = leave_out(coordinator, said, n);
    int rc = 0;

    for (size_t i = 0; i < kept; i++)
        frames[i] = said[i]->frame;
    if (kept > 0)
        rc = router_send(coordinator->worker_socket, &said[0]->route, frames, kept);
    return (rc < 0 && take_back(coordinator, said, kept, rc)) || kept < n;
}

static void free_said(struct letters *letters)
{
    for (size_t i = 0; i < letters->n; i++) {
        free(letters->said[i]->frame.data);
        free(letters->said[i]);
    }
    letters->n = 0;
}

bool letters_send(struct coordinator *coordinator)
{
    struct letters *letters = &coordinator->letters;
    bool again = false;

    if (letters->n == 0)
        return false;
    qsort(letters->said, letters->n, sizeof(struct said *), by_route_and_place);
    for (size_t first = 0, end; first < letters->n; first = end) {
        const struct route *route = &letters->said[first]->route;

        for (end = first + 1; end < letters->n; end++)
            if (by_route(route, &letters->said[end]->route) != 0)
                break;
        again |= send_letter(coordinator, letters->said + first, end - first);
    }
    free_said(letters);
    return again;
}

void letters_clear(struct letters *letters)
{
    free_said(letters);
    free(letters->said);
    free(letters->frames);
    *letters = (struct letters){ 0 };
}
