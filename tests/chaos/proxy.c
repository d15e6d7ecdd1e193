/* proxy - a bad network between workers and a coordinator, message by message.
 *
 *     proxy LISTEN CONNECT SEED SECONDS
 *
 * Messages are late, lost, doubled and overtaken. Connections are cut: all at once on the workers'
 * side, or one on the coordinator's side so that its worker talks to nobody, or one that stays open
 * towards the coordinator though its worker has left. How often what happens, the seed says; after so
 * many seconds all is cut once more and then nothing goes wrong any more.
 *
 * Bytes of a TCP stream lost or doubled would only make ZeroMQ close the connection: so this works
 * one level up. Prints the endpoint that it listens on; at SIGTERM what it did, on standard error. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "common/rng.h"

enum { PEERS = 64, WAITING = 4096, IDENTITY = 255, GIVE_UP_MS = 10000 };

struct peer {
    bool used, deaf; /* deaf: what comes for it is swallowed */
    uint8_t identity[IDENTITY];
    size_t identity_size;
    void *back; /* its own connection to the coordinator; NULL: cut */
};

struct message {
    uint64_t due_ms;
    size_t peer;
    bool to_coordinator;
    zmq_msg_t frame;
};

static volatile sig_atomic_t stopped;
static void *context, *front;
static char listen_on[256];
static const char *connect_to;
static struct peer peers[PEERS];
static struct message waiting[WAITING];
static size_t n_waiting;
static struct rng rng;
static bool calm;
static uint64_t begun_ms, next_cut_ms;
static uint32_t drop, repeat, overtake, latest_ms, cut_every_ms; /* of 1000 messages */
static unsigned long n_messages, n_dropped, n_repeated, n_late, n_cuts;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "proxy: %s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static bool chance(uint32_t per_mille)
{
    return !calm && rng_below(&rng, 1000) < per_mille;
}

/* ---- sockets ---- */

static void *open_socket(int kind)
{
    void *socket = zmq_socket(context, kind);
    int none = 0;

    check(socket, "socket");
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    return socket;
}

static void open_front(void)
{
    uint64_t until = now_ms() + GIVE_UP_MS;

    front = open_socket(ZMQ_ROUTER);
    while (zmq_bind(front, listen_on) < 0) {
        check(zmq_errno() == EADDRINUSE && now_ms() < until, listen_on);
        usleep(1000); /* the one before is still being closed */
    }
}

static void close_back(struct peer *peer)
{
    if (peer->back)
        zmq_close(peer->back);
    peer->back = NULL;
}

static size_t place_of(const void *identity, size_t size)
{
    size_t place = 0;

    for (size_t i = 0; i < PEERS; i++)
        if (peers[i].used && peers[i].identity_size == size &&
            memcmp(peers[i].identity, identity, size) == 0)
            return i;
    while (place < PEERS && peers[place].used)
        place++;
    if (place == PEERS) {
        place = rng_below(&rng, PEERS);
        close_back(&peers[place]);
    }
    peers[place] = (struct peer){ .used = true, .identity_size = size };
    memcpy(peers[place].identity, identity, size);
    peers[place].back = open_socket(ZMQ_DEALER);
    check(zmq_connect(peers[place].back, connect_to) == 0, connect_to);
    return place;
}

/* ---- cuts ---- */

/* Workers connect again by themselves, under other identities. */
static void cut_front(void)
{
    zmq_close(front);
    for (size_t i = 0; i < PEERS; i++) {
        if (!peers[i].used)
            continue;
        peers[i].deaf = true;
        if (calm || rng_below(&rng, 2) == 0) /* else half-open */
            close_back(&peers[i]);
    }
    open_front();
}

static void cut_one_back(void)
{
    size_t i = rng_below(&rng, PEERS);

    if (peers[i].used)
        close_back(&peers[i]);
}

static void cut_sometimes(uint64_t now)
{
    if (calm || now < next_cut_ms)
        return;
    n_cuts++;
    next_cut_ms = now + 1 + rng_below(&rng, 2 * cut_every_ms);
    if (rng_below(&rng, 2) == 0)
        cut_front();
    else
        for (int i = 0; i < 8; i++)
            cut_one_back();
}

/* ---- messages ---- */

static void add(zmq_msg_t *frame, size_t peer, bool to_coordinator, uint64_t now)
{
    struct message *message = &waiting[n_waiting];

    if (n_waiting == WAITING)
        return;
    message->peer = peer;
    message->to_coordinator = to_coordinator;
    message->due_ms = now + (latest_ms && !calm ? latest_ms / 4 : 0);
    if (chance(overtake)) {
        message->due_ms += rng_below(&rng, latest_ms + 1);
        n_late++;
    }
    zmq_msg_init(&message->frame);
    zmq_msg_copy(&message->frame, frame);
    n_waiting++;
}

static void take(zmq_msg_t *frame, size_t peer, bool to_coordinator)
{
    uint64_t now = now_ms();

    n_messages++;
    if (chance(drop)) {
        n_dropped++;
    } else {
        add(frame, peer, to_coordinator, now);
        if (chance(repeat)) {
            n_repeated++;
            add(frame, peer, to_coordinator, now);
            waiting[n_waiting - 1].due_ms += rng_below(&rng, 1000);
        }
    }
    zmq_msg_close(frame);
}

static void pass_on(struct message *message)
{
    struct peer *peer = &peers[message->peer];

    if (message->to_coordinator && peer->back)
        zmq_msg_send(&message->frame, peer->back, ZMQ_DONTWAIT);
    else if (!message->to_coordinator && !peer->deaf &&
             zmq_send(front, peer->identity, peer->identity_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_msg_send(&message->frame, front, ZMQ_DONTWAIT);
    zmq_msg_close(&message->frame);
}

/* In the order they came, where they are due at the same time. Returns when the next one is due. */
static uint64_t pass_on_due(uint64_t now)
{
    uint64_t next = now + 100;
    size_t kept = 0, n = n_waiting;

    for (size_t i = 0; i < n; i++) {
        if (waiting[i].due_ms <= now) {
            pass_on(&waiting[i]);
            continue;
        }
        if (waiting[i].due_ms < next)
            next = waiting[i].due_ms;
        if (kept != i) {
            waiting[kept] = waiting[i];
            zmq_msg_init(&waiting[kept].frame);
            zmq_msg_move(&waiting[kept].frame, &waiting[i].frame);
            zmq_msg_close(&waiting[i].frame);
        }
        kept++;
    }
    n_waiting = kept;
    return next;
}

/* Each frame is a message, on its way by itself. */
static void take_frames(size_t peer)
{
    int more = 1;

    while (more) {
        zmq_msg_t frame;

        zmq_msg_init(&frame);
        zmq_msg_recv(&frame, front, 0);
        more = zmq_msg_more(&frame);
        take(&frame, peer, true);
    }
}

static void take_from_front(void)
{
    for (;;) {
        zmq_msg_t identity;
        size_t peer;

        zmq_msg_init(&identity);
        if (zmq_msg_recv(&identity, front, ZMQ_DONTWAIT) < 0)
            return;
        peer = place_of(zmq_msg_data(&identity), zmq_msg_size(&identity));
        zmq_msg_close(&identity);
        take_frames(peer);
    }
}

static void take_from_back(size_t peer)
{
    for (;;) {
        zmq_msg_t frame;

        zmq_msg_init(&frame);
        if (!peers[peer].back || zmq_msg_recv(&frame, peers[peer].back, ZMQ_DONTWAIT) < 0)
            return;
        take(&frame, peer, false);
    }
}

static void wait_for_messages(uint64_t timeout_ms)
{
    zmq_pollitem_t items[PEERS + 1] = { { .socket = front, .events = ZMQ_POLLIN } };
    size_t place[PEERS + 1];
    int n = 1;

    for (size_t i = 0; i < PEERS; i++)
        if (peers[i].back) {
            place[n] = i;
            items[n++] = (zmq_pollitem_t){ .socket = peers[i].back, .events = ZMQ_POLLIN };
        }
    if (zmq_poll(items, n, (long)timeout_ms) <= 0)
        return;
    for (int i = 1; i < n; i++)
        if (items[i].revents)
            take_from_back(place[i]);
    if (items[0].revents)
        take_from_front();
}

/* ---- */

static void draw(void)
{
    drop = rng_below(&rng, 2) ? (uint32_t)rng_below(&rng, 80) : 0;
    repeat = rng_below(&rng, 2) ? (uint32_t)rng_below(&rng, 200) : 0;
    overtake = rng_below(&rng, 2) ? (uint32_t)rng_below(&rng, 400) : 0;
    latest_ms = 20 + (uint32_t)rng_below(&rng, 400);
    cut_every_ms = 300 + (uint32_t)rng_below(&rng, 3000);
}

static void choose_port(void)
{
    size_t size = sizeof listen_on;

    open_front();
    check(zmq_getsockopt(front, ZMQ_LAST_ENDPOINT, listen_on, &size) == 0, "endpoint");
    printf("%s\n", listen_on);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    uint64_t calm_ms;

    if (argc != 5) {
        fprintf(stderr, "usage: proxy LISTEN CONNECT SEED SECONDS\n");
        return 2;
    }
    signal(SIGTERM, on_signal);
    context = zmq_ctx_new();
    snprintf(listen_on, sizeof listen_on, "%s", argv[1]);
    connect_to = argv[2];
    rng_init(&rng, strtoull(argv[3], NULL, 10), 0);
    draw();
    choose_port();
    begun_ms = now_ms();
    next_cut_ms = begun_ms + cut_every_ms;
    calm_ms = begun_ms + strtoull(argv[4], NULL, 10) * 1000;
    while (!stopped) {
        uint64_t now = now_ms();

        if (!calm && now >= calm_ms) {
            calm = true;
            cut_front();
        }
        cut_sometimes(now);
        wait_for_messages(pass_on_due(now) - now);
    }
    fprintf(stderr, "%lu messages, %lu dropped, %lu repeated, %lu late, %lu cuts\n", n_messages,
            n_dropped, n_repeated, n_late, n_cuts);
    return 0;
}
