#include "tests/bench/echo.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/bench/measure.h"

enum { MOST_CLIENTS = 64, MOST_BYTES = 1 << 20, WAIT_MS = 60000 };

/* A request begins with the size of the answer that it wants. */
static void answer_forever(void *socket)
{
    static char reply[MOST_BYTES];

    for (;;) {
        uint32_t size;
        zmq_msg_t route, request;

        zmq_msg_init(&route);
        zmq_msg_init(&request);
        if (zmq_msg_recv(&route, socket, 0) < 0 || zmq_msg_recv(&request, socket, 0) < 0)
            return;
        memcpy(&size, zmq_msg_data(&request), sizeof size);
        zmq_msg_send(&route, socket, ZMQ_SNDMORE);
        zmq_send(socket, reply, size, 0);
        zmq_msg_close(&request);
    }
}

static void serve(int to_parent)
{
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    char endpoint[sizeof((struct echo *)0)->endpoint] = "";
    size_t size = sizeof endpoint;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (zmq_bind(socket, "tcp://127.0.0.1:*") < 0 ||
        zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) < 0 ||
        write(to_parent, endpoint, sizeof endpoint) < 0)
        _exit(1);
    answer_forever(socket);
    _exit(0);
}

void echo_begin(struct echo *echo)
{
    int ends[2];

    measure_demand(pipe(ends), "pipe");
    echo->pid = measure_demand(fork(), "fork");
    if (echo->pid == 0)
        serve(ends[1]);
    close(ends[1]);
    if (read(ends[0], echo->endpoint, sizeof echo->endpoint) != (ssize_t)sizeof echo->endpoint)
        measure_die("the echo does not start");
    close(ends[0]);
}

void echo_end(struct echo *echo)
{
    kill(echo->pid, SIGKILL);
    waitpid(echo->pid, NULL, 0);
}

/* ---- clients ---- */

struct clients {
    void *sockets[MOST_CLIENTS];
    zmq_pollitem_t items[MOST_CLIENTS];
    size_t n, request_bytes;
    uint32_t reply_bytes;
    uint64_t sent, received, most;
};

static void request(struct clients *clients, size_t i)
{
    static char message[MOST_BYTES];

    if (clients->sent == clients->most)
        return;
    memcpy(message, &clients->reply_bytes, sizeof clients->reply_bytes);
    zmq_send(clients->sockets[i], message, clients->request_bytes, 0);
    clients->sent++;
}

static void receive_all(struct clients *clients, size_t i)
{
    zmq_msg_t reply;

    zmq_msg_init(&reply);
    while (zmq_msg_recv(&reply, clients->sockets[i], ZMQ_DONTWAIT) >= 0) {
        clients->received++;
        request(clients, i);
    }
    zmq_msg_close(&reply);
}

static void receive(struct clients *clients)
{
    if (zmq_poll(clients->items, (int)clients->n, WAIT_MS) <= 0)
        measure_die("nothing comes from the echo");
    for (size_t i = 0; i < clients->n; i++)
        if (clients->items[i].revents)
            receive_all(clients, i);
}

static double work(struct clients *clients, size_t ahead, uint64_t n)
{
    double start = measure_now();

    clients->most += n;
    for (size_t i = 0; i < clients->n; i++)
        for (size_t a = 0; a < ahead; a++)
            request(clients, i);
    while (clients->received < clients->most)
        receive(clients);
    return (double)n / (measure_now() - start);
}

double echo_rate(const struct echo *echo, size_t n_clients, size_t ahead, size_t request_bytes,
                 size_t reply_bytes, uint64_t n)
{
    struct clients clients = { .n = n_clients,
                               .request_bytes = request_bytes,
                               .reply_bytes = (uint32_t)reply_bytes };
    void *context = zmq_ctx_new();
    double rate;

    for (size_t i = 0; i < n_clients; i++) {
        clients.sockets[i] = zmq_socket(context, ZMQ_DEALER);
        clients.items[i] = (zmq_pollitem_t){ .socket = clients.sockets[i], .events = ZMQ_POLLIN };
        if (zmq_connect(clients.sockets[i], echo->endpoint) < 0)
            measure_die("echo: %s", zmq_strerror(zmq_errno()));
    }
    work(&clients, 1, 10 * n_clients); /* all are connected */
    rate = work(&clients, ahead, n);
    for (size_t i = 0; i < n_clients; i++)
        zmq_close(clients.sockets[i]);
    zmq_ctx_term(context);
    return rate;
}
