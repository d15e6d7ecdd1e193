/* router.h between the coordinator and workers that are played: messages are late, lost, doubled and
 * overtaken, connections end on one side only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/campaign_parts.h"
#include "coordinator/gate.h"
#include "coordinator/request_handlers.h"
#include "proto/zmq_watch.h"
#include "tests/chaos/sim.h"

/* ---- queues ---- */

static void push(struct sim_queue *queue, struct bytes bytes)
{
    if (queue->n == SIM_QUEUE) { /* as past a high-water mark: the newest is dropped */
        free(bytes.data);
        return;
    }
    queue->at[queue->n++] = bytes;
}

static struct bytes take(struct sim_queue *queue, size_t i)
{
    struct bytes bytes = queue->at[i];

    memmove(&queue->at[i], &queue->at[i + 1], (--queue->n - i) * sizeof *queue->at);
    return bytes;
}

static struct bytes copy(const struct bytes *bytes)
{
    struct bytes twin = { .data = malloc(bytes->size + 1), .size = bytes->size };

    if (!twin.data)
        abort();
    memcpy(twin.data, bytes->data, bytes->size);
    return twin;
}

/* The messages from i on never arrive. */
static void cut_queue(struct sim_queue *queue, size_t i)
{
    while (queue->n > i)
        free(queue->at[--queue->n].data);
}

static void cut_somewhere(struct sim *sim, struct sim_queue *queue)
{
    cut_queue(queue, rng_below(&sim->rng, queue->n + 1));
}

/* The next message, as the network has it: the caller's to free. False: none, or lost. */
static bool next(struct sim *sim, struct sim_queue *queue, struct bytes *bytes_out)
{
    size_t i = 0;

    if (queue->n == 0)
        return false;
    if (sim_chance(sim, 100, sim->faults.overtake))
        i = rng_below(&sim->rng, queue->n);
    sim->counts.messages++;
    if (sim_chance(sim, 100, sim->faults.repeat)) {
        *bytes_out = copy(&queue->at[i]);
        return true;
    }
    *bytes_out = take(queue, i);
    if (!sim_chance(sim, 100, sim->faults.drop))
        return true;
    free(bytes_out->data);
    return false;
}

/* ---- connections ---- */

static int place_of(const struct sim *sim, uint32_t id)
{
    for (int c = 0; c < SIM_CONNECTIONS; c++)
        if (sim->connections[c].id == id)
            return c;
    return -1;
}

static void free_connection(struct sim_connection *connection)
{
    cut_queue(&connection->to_coordinator, 0);
    cut_queue(&connection->to_worker, 0);
    connection->id = 0;
    connection->worker = -1;
}

/* A free place; the oldest that its worker has left, where there is none. */
static int find_place(struct sim *sim)
{
    int oldest = -1;

    for (int c = 0; c < SIM_CONNECTIONS; c++) {
        const struct sim_connection *connection = &sim->connections[c];

        if (connection->id == 0)
            return c;
        if (connection->worker < 0 && (oldest < 0 || connection->id < sim->connections[oldest].id))
            oldest = c;
    }
    free_connection(&sim->connections[oldest]);
    return oldest;
}

static void leave(struct sim *sim, struct sim_connection *connection)
{
    connection->worker = -1;
    connection->half_open = sim_chance(sim, 2, 1);
    cut_queue(&connection->to_worker, 0);
    cut_somewhere(sim, &connection->to_coordinator);
}

void sim_connect(struct sim *sim, int worker)
{
    int old = sim->connection_of[worker], c;

    if (old >= 0)
        leave(sim, &sim->connections[old]);
    c = find_place(sim);
    sim->connections[c] = (struct sim_connection){ .id = ++sim->last_connection, .worker = worker };
    sim->connection_of[worker] = c;
}

/* ZeroMQ connects again by itself, under another route, and what had not left goes out then. */
void sim_cut_all(struct sim *sim)
{
    for (int c = 0; c < SIM_CONNECTIONS; c++) {
        struct sim_connection *connection = &sim->connections[c];

        if (connection->id == 0)
            continue;
        if (connection->worker < 0) {
            free_connection(connection);
            continue;
        }
        connection->id = ++sim->last_connection;
        cut_somewhere(sim, &connection->to_worker);
        cut_somewhere(sim, &connection->to_coordinator);
    }
}

void sim_network_clear(struct sim *sim)
{
    for (int c = 0; c < SIM_CONNECTIONS; c++)
        free_connection(&sim->connections[c]);
}

/* ---- to the coordinator ---- */

void sim_send(struct sim *sim, int worker, const struct from_worker *message)
{
    struct bytes bytes;

    if (from_worker_pack(message, &bytes) < 0)
        abort();
    push(&sim->connections[sim->connection_of[worker]].to_coordinator, bytes);
}

/* A connection with something in the queue at offset; -1: none. */
static int pick(struct sim *sim, size_t offset)
{
    size_t first = rng_below(&sim->rng, SIM_CONNECTIONS);

    for (size_t i = 0; i < SIM_CONNECTIONS; i++) {
        size_t c = (first + i) % SIM_CONNECTIONS;
        const char *connection = (const char *)&sim->connections[c];

        if (sim->connections[c].id && ((const struct sim_queue *)(connection + offset))->n > 0)
            return (int)c;
    }
    return -1;
}

bool sim_deliver_to_coordinator(struct sim *sim)
{
    int c = pick(sim, offsetof(struct sim_connection, to_coordinator));
    struct bytes bytes;

    if (c < 0)
        return false;
    if (!next(sim, &sim->connections[c].to_coordinator, &bytes))
        return true;
    sim->incoming = &bytes;
    sim->incoming_route = sim->connections[c].id;
    on_worker_message(sim, &sim->coordinator);
    sim->incoming = NULL;
    free(bytes.data);
    return true;
}

bool router_is_local(const char *endpoint)
{
    (void)endpoint;
    return true;
}

int router_receive_frame(void *socket, struct sender *sender, zmq_msg_t *frame_out)
{
    const struct sim *sim = socket;

    if (!sim->incoming)
        return -EAGAIN;
    sender->route = (struct route){ .size = sizeof sim->incoming_route };
    memcpy(sender->route.bytes, &sim->incoming_route, sizeof sim->incoming_route);
    zmq_msg_init_size(frame_out, sim->incoming->size);
    memcpy(zmq_msg_data(frame_out), sim->incoming->data, sim->incoming->size);
    return 0;
}

bool zmq_watch_pending(const struct zmq_watch *watch)
{
    struct sim *sim = (struct sim *)(uintptr_t)watch;

    for (int c = 0; c < SIM_CONNECTIONS; c++)
        if (sim->connections[c].id && sim->connections[c].to_coordinator.n > 0)
            return sim_chance(sim, 2, 1);
    return false;
}

/* ---- in place of the gate: everybody gets in ---- */

void gate_refresh(struct gate *gate)
{
    (void)gate;
}

bool gate_admits(struct gate *gate, enum gate_door door, const struct route *route)
{
    (void)gate;
    (void)door;
    (void)route;
    return true;
}

bool gate_has_keys(const struct gate *gate)
{
    (void)gate;
    return false;
}

size_t gate_n_keys(const struct gate *gate, enum key_role role)
{
    (void)gate;
    (void)role;
    return 0;
}

uint64_t gate_turned_away(const struct gate *gate)
{
    (void)gate;
    return 0;
}

const struct allowed_key *gate_key(const struct gate *gate, enum gate_door door,
                                   const struct route *route)
{
    (void)gate;
    (void)door;
    (void)route;
    return NULL;
}

/* ---- from the coordinator ---- */

/* An acknowledgement is a promise: the row is on the disk, now. */
static void check_verdict(struct sim *sim, const struct verdict_message *verdict)
{
    if (!verdict->accepted) {
        sim_bad(sim, "an honest result was refused: %s", verdict->reason);
        return;
    }
    for (size_t i = 0; i < sim->disk.n_failures; i++)
        if (digest_equal(&sim->disk.failures[i].key, &verdict->key))
            return;
    if (!sim_disk_has(&sim->disk, &verdict->key))
        sim_bad(sim, "lost: a result was acknowledged that is not on the disk");
}

static size_t count_search(const struct sim *sim)
{
    size_t n = 0;

    for (size_t i = 0; i < sim->reference->findings.n_search; i++)
        n += sim->handed_out[i];
    return n;
}

/* Openings that were decided before search trial i was proposed. */
static size_t openings_before(const struct campaign *campaign, size_t i)
{
    size_t n = 0;

    while (n < campaign->n_openings && campaign->layers[n].n_decided <= i)
        n++;
    return n;
}

static void check_trial(struct sim *sim, const struct trial *trial)
{
    int i = sim_index(sim, &trial->key, "handed out");

    if (i < 0) {
        sim_bad(sim, "a trial was handed out that the study with its new cap does not have");
        return;
    }
    if (sim->told[i])
        sim_bad(sim, "doubled: trial %d was handed out again though it is stored", i + 1);
    if (trial->number != (uint64_t)i + 1)
        sim_bad(sim, "trial %d was handed out as number %llu", i + 1,
                (unsigned long long)trial->number);
    if (trial->stage == STAGE_SEARCH &&
        openings_before(sim->coordinator.campaign, (size_t)i) > sim->disk.n_openings)
        sim_bad(sim, "trial %d was handed out before its opening was stored", i + 1);
    sim->handed_out[i] = true;
    if (count_search(sim) > sim->reference->study->search.trials)
        sim_bad(sim, "more search trials than the cap");
}

/* Of a trial that has more than one running attempt, this is the newest: a straggler's double. */
static void check_double(struct sim *sim, const struct trial_message *message, int worker)
{
    struct trial_runner runners[LEDGER_MAX_ATTEMPTS];
    size_t n = trial_ledger_runners(sim->coordinator.ledger, &message->trial.key, runners);

    if (n < 2)
        return;
    sim->counts.stragglers++;
    if (n > 2)
        sim_bad(sim, "a second attempt of a trial that has several");
    if (message->trial.stage == STAGE_TEST)
        sim_bad(sim, "a second attempt of the only test");
    for (size_t i = 0; i < n && worker >= 0; i++)
        if (memcmp(runners[i].worker_id, sim->workers[worker].id, 16) == 0 &&
            memcmp(&runners[i].attempt, &message->attempt, sizeof message->attempt) != 0)
            sim_bad(sim, "a second attempt for the worker that has the first");
}

/* worker: who is to get it; -1: nobody is there. */
static void check_frame(struct sim *sim, const struct bytes *frame, int worker)
{
    struct to_worker message;
    struct errmsg err;

    if (to_worker_unpack(frame->data, frame->size, &message, &err) < 0) {
        sim_bad(sim, "the coordinator sends what no worker can read: %s", err.text);
        return;
    }
    if (message.kind == TO_TRIAL) {
        check_trial(sim, &message.trial.trial);
        check_double(sim, &message.trial, worker);
    }
    if (message.kind == TO_VERDICT)
        check_verdict(sim, &message.verdict);
    to_worker_clear(&message);
}

/* Frames are late and lost each by itself: more may go wrong here than with ZeroMQ. */
int router_send(void *socket, const struct route *route, const struct bytes *frames, size_t n)
{
    struct sim *sim = socket;
    uint32_t id;
    int c;

    memcpy(&id, route->bytes, sizeof id);
    c = place_of(sim, id);
    for (size_t i = 0; i < n; i++)
        check_frame(sim, &frames[i], c < 0 ? -1 : sim->connections[c].worker);
    if (c < 0)
        return -EHOSTUNREACH;
    if (sim->connections[c].worker < 0)
        return sim->connections[c].half_open ? 0 : -EHOSTUNREACH;
    if (sim_chance(sim, 100, sim->faults.full))
        return -EAGAIN;
    for (size_t i = 0; i < n; i++)
        push(&sim->connections[c].to_worker, copy(&frames[i]));
    return 0;
}

bool sim_deliver_to_worker(struct sim *sim)
{
    int c = pick(sim, offsetof(struct sim_connection, to_worker));
    struct to_worker message;
    struct errmsg err;
    struct bytes bytes;

    if (c < 0)
        return false;
    if (!next(sim, &sim->connections[c].to_worker, &bytes))
        return true;
    if (to_worker_unpack(bytes.data, bytes.size, &message, &err) == 0) {
        sim_worker_receive(sim, sim->connections[c].worker, &message);
        to_worker_clear(&message);
    }
    free(bytes.data);
    return true;
}
