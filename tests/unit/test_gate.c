#include "coordinator/gate.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "coordinator/router.h"
#include "proto/curve.h"
#include "tests/unit/check.h"
#include "tests/unit/key_folder.h"

enum { WAIT_MS = 30000, NOTHING = -1 };

/* A gate before one socket, and a client. */
struct fixture {
    const char *folder;
    enum gate_door door;
    uv_loop_t loop;
    uv_timer_t late, often;
    void *context, *server, *client_context, *client, *handshakes;
    char endpoint[ROUTER_ENDPOINT_SIZE];
    struct gate *gate;
    int changes;
    /* what the loop waits for */
    uint64_t want_turned_away;
    bool message_came, want_message, want_failure, timed_out;
    struct route route;
    int failure;
    char text[8];
};

static void on_changed(void *arg)
{
    struct fixture *f = arg;

    f->changes++;
}

static void open_gate(struct fixture *f, const char *folder, enum gate_door door)
{
    struct gate_settings settings = { .folder = folder, .changed = on_changed, .arg = f };
    struct errmsg err;

    *f = (struct fixture){ .folder = folder, .door = door, .failure = NOTHING };
    assert_int_equal(uv_loop_init(&f->loop), 0);
    uv_timer_init(&f->loop, &f->late);
    uv_timer_init(&f->loop, &f->often);
    f->late.data = f->often.data = f;
    f->context = zmq_ctx_new();
    settings.loop = &f->loop;
    settings.zmq_context = f->context;
    if (gate_open(&settings, &f->gate, &err) < 0 ||
        router_new(f->context, "--bind", "tcp://127.0.0.1:*", 1000, &f->server, &err) < 0 ||
        gate_guard(f->gate, door, f->server, &err) < 0 ||
        router_bind(f->server, "--bind", "tcp://127.0.0.1:*", f->endpoint, &err) < 0)
        fail_msg("%s", err.text);
}

static void close_client(struct fixture *f)
{
    if (!f->client)
        return;
    handshakes_close(f->client, f->handshakes);
    zmq_close(f->client);
    zmq_ctx_term(f->client_context);
    f->client = NULL;
}

static void close_gate(struct fixture *f)
{
    close_client(f);
    gate_close(f->gate);
    uv_close((uv_handle_t *)&f->late, NULL);
    uv_close((uv_handle_t *)&f->often, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
    router_close(f->server, 0);
    zmq_ctx_term(f->context);
}

static void on_late(uv_timer_t *timer)
{
    struct fixture *f = timer->data;

    f->timed_out = true;
    uv_stop(&f->loop);
}

/* Who hangs up only was quicker to see what is wrong; the next time tells. */
static void on_often(uv_timer_t *timer)
{
    struct fixture *f = timer->data;
    enum handshake failure;
    zmq_msg_t message;

    while (f->client && handshakes_next(f->handshakes, &failure) == 0)
        if (failure != HANDSHAKE_HUNG_UP || f->failure == NOTHING)
            f->failure = (int)failure;
    if (router_receive(f->server, &f->route, &message) == 0) {
        f->message_came = true;
        snprintf(f->text, sizeof f->text, "%.*s", (int)zmq_msg_size(&message),
                 (const char *)zmq_msg_data(&message));
        zmq_msg_close(&message);
    }
    if ((!f->want_message || f->message_came) && (!f->want_failure || f->failure != NOTHING) &&
        gate_turned_away(f->gate) >= f->want_turned_away)
        uv_stop(&f->loop);
}

static void run(struct fixture *f)
{
    uv_timer_start(&f->late, on_late, WAIT_MS, 0);
    uv_timer_start(&f->often, on_often, 1, 1);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&f->late);
    uv_timer_stop(&f->often);
    assert_false(f->timed_out);
}

/* server: the folder whose server.pub it believes in; own: that of its key. NULL: it has none. */
static void connect_client(struct fixture *f, const char *server, const char *own, const char *name)
{
    struct errmsg err;

    close_client(f);
    f->client_context = zmq_ctx_new();
    f->client = zmq_socket(f->client_context, ZMQ_DEALER);
    zmq_setsockopt(f->client, ZMQ_LINGER, &(int){ 0 }, sizeof(int));
    if (server) {
        struct client_keys keys;

        if (key_file_public(server, "server", keys.server, &err) < 0 ||
            key_file_secret(own, name, keys.secret, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(zmq_curve_public(keys.own.text, keys.secret), 0);
        assert_int_equal(curve_connect(f->client, &keys), 0);
    }
    assert_int_equal(handshakes_open(f->client_context, f->client, &f->handshakes), 0);
    assert_int_equal(zmq_connect(f->client, f->endpoint), 0);
    assert_int_equal(zmq_send(f->client, "hi", 2, 0), 2);
}

struct two {
    void *ours, *theirs; /* folders with all pairs each */
};

static int setup(void **state)
{
    static const char *const pairs[] = { "server", "worker", "observer", "control" };
    struct two *two = test_malloc(sizeof *two);

    key_folder_setup(&two->ours);
    key_folder_setup(&two->theirs);
    for (size_t i = 0; i < 4; i++) {
        key_make(two->ours, pairs[i]);
        key_make(two->theirs, pairs[i]);
    }
    *state = two;
    return 0;
}

static int teardown(void **state)
{
    struct two *two = *state;

    key_folder_teardown(&two->ours);
    key_folder_teardown(&two->theirs);
    test_free(two);
    return 0;
}

static void test_who_gets_in(void **state)
{
    const struct two *two = *state;
    const struct {
        const char *name;
        enum gate_door door;
        const char *gate, *server, *own, *pair;
        int failure, other; /* NOTHING: it gets in; other: what it may look like as well */
    } cases[] = {
        { "a worker", GATE_WORKERS, two->ours, two->ours, two->ours, "worker", NOTHING, 0 },
        { "an observer", GATE_STATUS, two->ours, two->ours, two->ours, "observer", NOTHING, 0 },
        { "who steers", GATE_STATUS, two->ours, two->ours, two->ours, "control", NOTHING, 0 },
        { "a worker at the status socket", GATE_STATUS, two->ours, two->ours, two->ours, "worker",
          HANDSHAKE_KEY_REFUSED, HANDSHAKE_KEY_REFUSED },
        { "who steers at the worker socket", GATE_WORKERS, two->ours, two->ours, two->ours,
          "control", HANDSHAKE_KEY_REFUSED, HANDSHAKE_KEY_REFUSED },
        { "the server's own key", GATE_STATUS, two->ours, two->ours, two->ours, "server",
          HANDSHAKE_KEY_REFUSED, HANDSHAKE_KEY_REFUSED },
        { "a stranger", GATE_WORKERS, two->ours, two->ours, two->theirs, "worker",
          HANDSHAKE_KEY_REFUSED, HANDSHAKE_KEY_REFUSED },
        { "who believes in another server", GATE_WORKERS, two->ours, two->theirs, two->ours,
          "worker", HANDSHAKE_HUNG_UP, HANDSHAKE_HUNG_UP },
        { "no keys", GATE_WORKERS, two->ours, NULL, NULL, NULL, HANDSHAKE_ONE_HAS_KEYS,
          HANDSHAKE_HUNG_UP },
        { "keys where none are asked for", GATE_WORKERS, NULL, two->ours, two->ours, "worker",
          HANDSHAKE_ONE_HAS_KEYS, HANDSHAKE_HUNG_UP },
        { "no keys where none are asked for", GATE_WORKERS, NULL, NULL, NULL, NULL, NOTHING, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool gets_in = cases[i].failure == NOTHING;
        struct fixture f;

        open_gate(&f, cases[i].gate, cases[i].door);
        f.want_message = gets_in;
        f.want_failure = !gets_in;
        f.want_turned_away = !gets_in;
        connect_client(&f, cases[i].server, cases[i].own, cases[i].pair);
        run(&f);
        check_int_equal(cases[i].name, f.message_came, gets_in);
        if (gets_in) {
            check_string_equal(cases[i].name, f.text, "hi");
            check_true(cases[i].name, f.route.from_here);
            check_int_equal(cases[i].name, gate_turned_away(f.gate), 0);
            check_true(cases[i].name, gate_admits(f.gate, cases[i].door, &f.route));
        } else if (f.failure != cases[i].failure && f.failure != cases[i].other) {
            fail_msg("%s: failure %d", cases[i].name, f.failure);
        }
        if (gets_in && cases[i].gate)
            check_string_equal(cases[i].name, gate_key(f.gate, cases[i].door, &f.route)->key.name,
                               cases[i].pair);
        close_gate(&f);
    }
}

static void test_a_key_that_goes_and_comes_back(void **state)
{
    const struct two *two = *state;
    struct fixture f;

    open_gate(&f, two->ours, GATE_WORKERS);
    f.want_message = true;
    connect_client(&f, two->ours, two->ours, "worker");
    run(&f);
    key_copy(two->ours, "worker.pub", two->theirs, "kept");
    key_remove(two->ours, "worker.pub");
    gate_refresh(f.gate);
    assert_true(f.changes > 0);
    assert_int_equal(gate_n_keys(f.gate, KEY_WORKER), 0);
    assert_null(gate_key(f.gate, GATE_WORKERS, &f.route));
    assert_false(gate_admits(f.gate, GATE_WORKERS, &f.route)); /* over a connection that stands */
    assert_int_equal(gate_turned_away(f.gate), 1);

    f.message_came = f.want_message = false;
    f.want_failure = true;
    f.want_turned_away = 2;
    connect_client(&f, two->ours, two->ours, "worker");
    run(&f);
    assert_false(f.message_came);
    assert_int_equal(f.failure, HANDSHAKE_KEY_REFUSED);

    key_copy(two->theirs, "kept", two->ours, "worker.pub"); /* seen at the handshake itself */
    f.want_failure = false;
    f.want_message = true;
    connect_client(&f, two->ours, two->ours, "worker");
    run(&f);
    assert_true(gate_admits(f.gate, GATE_WORKERS, &f.route));
    close_gate(&f);
}

/* Another key under the name of one that was allowed: whoever had that is out. */
static void test_a_name_that_gets_another_key(void **state)
{
    const struct two *two = *state;
    struct fixture f;

    open_gate(&f, two->ours, GATE_WORKERS);
    f.want_message = true;
    connect_client(&f, two->ours, two->ours, "worker");
    run(&f);
    key_remove(two->ours, "worker.pub");
    key_copy(two->theirs, "worker.pub", two->ours, "worker.pub");
    gate_refresh(f.gate);
    assert_false(gate_admits(f.gate, GATE_WORKERS, &f.route));
    close_gate(&f);
}

static void test_what_is_no_zeromq_is_counted_and_hurts_nobody(void **state)
{
    static const char *const rubbish[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                           "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" };
    const struct two *two = *state;
    struct sockaddr_in address = { .sin_family = AF_INET };
    struct fixture f;
    unsigned port;

    open_gate(&f, two->ours, GATE_WORKERS);
    assert_int_equal(sscanf(f.endpoint, "tcp://127.0.0.1:%u", &port), 1);
    address.sin_port = htons((uint16_t)port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 200; i++) {
        const char *text = rubbish[i % 2];
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        send(fd, text, strlen(text), MSG_NOSIGNAL);
        close(fd);
    }
    f.want_message = true;
    connect_client(&f, two->ours, two->ours, "worker");
    run(&f);
    assert_string_equal(f.text, "hi");
    close_gate(&f);
}

static void test_gates_that_do_not_open(void **state)
{
    const struct two *two = *state;
    uv_loop_t loop;
    struct gate *gate;
    struct errmsg err;
    struct gate_settings settings = { .loop = &loop,
                                      .zmq_context = zmq_ctx_new(),
                                      .folder = two->ours };

    assert_int_equal(uv_loop_init(&loop), 0);
    key_remove(two->ours, "server.key");
    assert_true(gate_open(&settings, &gate, &err) < 0);
    assert_non_null(strstr(err.text, "server.key"));
    key_copy(two->theirs, "server.key", two->ours, "server.key");
    key_write(two->ours, "control.pub", 0644, "nonsense");
    assert_true(gate_open(&settings, &gate, &err) < 0);
    assert_non_null(strstr(err.text, "control.pub"));
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    zmq_ctx_term(settings.zmq_context);
}

int main(void)
{
#define OF_TWO(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        OF_TWO(test_who_gets_in),
        OF_TWO(test_a_key_that_goes_and_comes_back),
        OF_TWO(test_a_name_that_gets_another_key),
        OF_TWO(test_what_is_no_zeromq_is_counted_and_hurts_nobody),
        OF_TWO(test_gates_that_do_not_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
