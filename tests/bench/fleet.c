#include "tests/bench/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "tests/bench/measure.h"
#include "tests/bench/skim.h"

enum { WAIT_MS = 60000, LINGER_MS = 2000 };

/* ---- sending ---- */

static void send_letter(struct fleet_worker *worker)
{
    int rc = letter_send(&worker->letter, worker->socket);

    if (rc < 0)
        measure_die("send: %s", zmq_strerror(-rc));
}

static void send_message(struct fleet_worker *worker, const struct from_worker *message)
{
    struct bytes frame;

    measure_demand(from_worker_pack(message, &frame), "pack");
    measure_demand(letter_add(&worker->letter, frame), "letter");
    send_letter(worker);
}

static void say_hello(struct fleet *fleet, size_t i)
{
    struct data_set data = { .name = "images", .known = true, .digest = fleet->served->data };
    struct from_worker message = {
        .kind = FROM_HELLO,
        .hello = { .protocol_lowest = WIRE_PROTOCOL_LOWEST,
                   .protocol_highest = WIRE_PROTOCOL_HIGHEST,
                   .version = "1",
                   .slots = 1,
                   .threads = 1,
                   .numerics = "avx512-1t",
                   .credit = fleet->ahead,
                   .n_data = 1,
                   .data = &data },
    };

    memcpy(message.hello.worker_id, &(uint64_t){ i * 0x9e3779b97f4a7c15u + 1 }, sizeof(uint64_t));
    memcpy(message.hello.worker_id + 8, &i, sizeof i);
    snprintf(message.hello.name, sizeof message.hello.name, "node%zu:4711", i);
    fleet->workers[i].credit = fleet->ahead;
    send_message(&fleet->workers[i], &message);
}

static void put_result(struct fleet *fleet, struct fleet_worker *worker, double now)
{
    size_t last = (worker->first_asked + worker->n_asked++) % FLEET_MOST_AHEAD;

    worker->asked_at[last] = now;
    fleet->result_bytes = worker->ready[0].size;
    measure_demand(letter_add(&worker->letter, worker->ready[0]), "letter");
    memmove(worker->ready, worker->ready + 1, --worker->n_ready * sizeof *worker->ready);
    fleet->sent++;
}

/* As a worker does: once a turn of its loop. */
static void send_results(struct fleet *fleet, struct fleet_worker *worker)
{
    double now = measure_now();

    while (worker->n_ready > 0 && fleet->sent < fleet->most)
        put_result(fleet, worker, now);
    send_letter(worker);
}

/* ---- receiving ---- */

static void note_wait(struct fleet *fleet, struct fleet_worker *worker)
{
    if (worker->n_asked == 0)
        return; /* of the Hello's credit */
    if (fleet->waits && fleet->n_waits < fleet->waits_room)
        fleet->waits[fleet->n_waits++] = measure_now() - worker->asked_at[worker->first_asked];
    worker->first_asked = (worker->first_asked + 1) % FLEET_MOST_AHEAD;
    worker->n_asked--;
}

static void take_trial(struct fleet *fleet, struct fleet_worker *worker,
                       const struct trial_message *trial)
{
    struct from_worker message = {
        .kind = FROM_RESULT,
        .result = { .study_id = trial->study_id,
                    .attempt = trial->attempt,
                    .result = served_result(&trial->trial),
                    .credit = ++worker->credit },
    };

    worker->attempt = trial->attempt;
    note_wait(fleet, worker);
    if (worker->n_ready == fleet->ahead)
        measure_die("more trials than a worker has credit for");
    measure_demand(from_worker_pack(&message, &worker->ready[worker->n_ready++]), "pack");
}

/* What comes seldom, read in full. */
static void take_other(struct fleet *fleet, const uint8_t *data, size_t size)
{
    struct to_worker message;
    struct errmsg err;

    if (to_worker_unpack(data, size, &message, &err) < 0)
        measure_die("from the coordinator: %s", err.text);
    if (message.kind == TO_WELCOME && *message.welcome.no_trials)
        measure_die("no trials: %s", message.welcome.no_trials);
    if (message.kind == TO_VERDICT)
        measure_die("a result is refused: %s", message.verdict.reason);
    if (message.kind != TO_ALIVE && message.kind != TO_WELCOME)
        measure_die("a message of kind %d to workers that make no mistakes", message.kind);
    fleet->alive += message.kind == TO_ALIVE;
    to_worker_clear(&message);
}

static void take(struct fleet *fleet, struct fleet_worker *worker, zmq_msg_t *frame)
{
    const uint8_t *data = zmq_msg_data(frame);
    size_t size = zmq_msg_size(frame);
    struct trial_message trial;

    if (skim_trial(data, size, &trial)) {
        fleet->trial_bytes = size;
        take_trial(fleet, worker, &trial);
    } else if (skim_accepted(data, size)) {
        fleet->settled++;
    } else {
        take_other(fleet, data, size);
    }
}

static void receive_all(struct fleet *fleet, struct fleet_worker *worker)
{
    zmq_msg_t frame;

    zmq_msg_init(&frame);
    while (zmq_msg_recv(&frame, worker->socket, ZMQ_DONTWAIT) >= 0)
        take(fleet, worker, &frame);
    zmq_msg_close(&frame);
    send_results(fleet, worker);
}

static void receive(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->n; i++)
        fleet->items[i] = (zmq_pollitem_t){ .socket = fleet->workers[i].socket,
                                            .events = ZMQ_POLLIN };
    if (zmq_poll(fleet->items, (int)fleet->n, WAIT_MS) <= 0)
        measure_die("nothing comes from the coordinator");
    for (size_t i = 0; i < fleet->n; i++)
        if (fleet->items[i].revents)
            receive_all(fleet, &fleet->workers[i]);
}

/* ---- what the workers do ---- */

static void open_worker(struct fleet *fleet, size_t i)
{
    struct fleet_worker *worker = &fleet->workers[i];
    int linger = LINGER_MS;

    worker->socket = zmq_socket(fleet->context, ZMQ_DEALER);
    if (!worker->socket || zmq_setsockopt(worker->socket, ZMQ_LINGER, &linger, sizeof linger) < 0 ||
        zmq_connect(worker->socket, fleet->served->workers) < 0)
        measure_die("a worker's socket: %s", zmq_strerror(zmq_errno()));
    say_hello(fleet, i);
}

void fleet_open(struct fleet *fleet, const struct served *served, size_t n, size_t ahead)
{
    *fleet = (struct fleet){ .context = zmq_ctx_new(), .served = served, .n = n, .ahead = ahead };
    fleet->workers = calloc(n, sizeof *fleet->workers);
    fleet->items = calloc(n, sizeof *fleet->items);
    if (!fleet->context || !fleet->workers || !fleet->items)
        measure_die("out of memory");
    zmq_ctx_set(fleet->context, ZMQ_MAX_SOCKETS, (int)n + 1);
    for (size_t i = 0; i < n; i++)
        open_worker(fleet, i);
}

void fleet_keep_waits(struct fleet *fleet, size_t most)
{
    fleet->waits = calloc(most, sizeof *fleet->waits);
    fleet->waits_room = fleet->waits ? most : 0;
}

static bool is_full(const struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->n; i++)
        if (fleet->workers[i].n_ready < fleet->ahead)
            return false;
    return true;
}

void fleet_fill(struct fleet *fleet)
{
    while (!is_full(fleet))
        receive(fleet);
}

double fleet_work(struct fleet *fleet, uint64_t n)
{
    double start = measure_now();

    fleet->most += n;
    for (size_t i = 0; i < fleet->n; i++)
        send_results(fleet, &fleet->workers[i]);
    while (fleet->settled < fleet->most)
        receive(fleet);
    start = measure_now() - start;
    fleet_fill(fleet);
    return start;
}

void fleet_beat(struct fleet *fleet, size_t first, size_t end)
{
    uint64_t before = fleet->alive;

    for (size_t i = first; i < end; i++) {
        struct fleet_worker *worker = &fleet->workers[i];
        struct running running = { .attempt = worker->attempt,
                                   .progress = { .epoch = 1, .epochs = 9, .fraction = 0.1 } };
        struct from_worker message = { .kind = FROM_HEARTBEAT,
                                       .heartbeat = { .credit = fleet->ahead,
                                                      .n_running = worker->n_ready > 0,
                                                      .running = &running } };

        send_message(worker, &message);
    }
    while (fleet->alive < before + end - first)
        receive(fleet);
}

void fleet_close(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->n; i++) {
        struct fleet_worker *worker = &fleet->workers[i];

        send_message(worker, &(struct from_worker){ .kind = FROM_GOODBYE });
        letter_clear(&worker->letter);
        while (worker->n_ready > 0)
            free(worker->ready[--worker->n_ready].data);
        zmq_close(worker->socket);
    }
    zmq_ctx_term(fleet->context);
    free(fleet->workers);
    free(fleet->items);
    free(fleet->waits);
    *fleet = (struct fleet){ 0 };
}
