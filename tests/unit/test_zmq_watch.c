#include "tests/unit/check.h"

#include "proto/zmq_watch.h"

#include <errno.h>
#include <stdio.h>
#include <zmq.h>

struct fixture {
    uv_loop_t loop;
    void *context, *sender, *receiver;
    struct zmq_watch *watch;
    int received, wanted, turns;
    bool stop_at_first, one_a_turn;
};

static void set_up(struct fixture *f)
{
    char endpoint[128];
    size_t size = sizeof endpoint;

    *f = (struct fixture){ 0 };
    f->context = zmq_ctx_new();
    f->receiver = zmq_socket(f->context, ZMQ_PULL);
    f->sender = zmq_socket(f->context, ZMQ_PUSH);
    assert_int_equal(zmq_setsockopt(f->receiver, ZMQ_RCVHWM, &(int){ 0 }, sizeof(int)), 0);
    assert_int_equal(zmq_setsockopt(f->sender, ZMQ_SNDHWM, &(int){ 0 }, sizeof(int)), 0);
    assert_int_equal(zmq_bind(f->receiver, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(f->receiver, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    assert_int_equal(zmq_connect(f->sender, endpoint), 0);
    assert_int_equal(uv_loop_init(&f->loop), 0);
}

static void tear_down(struct fixture *f)
{
    zmq_watch_free(f->watch);
    zmq_close(f->receiver);
    zmq_close(f->sender);
    zmq_ctx_term(f->context);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

static bool take_one(void *socket, void *arg)
{
    struct fixture *f = arg;
    char byte;

    if (zmq_recv(socket, &byte, 1, ZMQ_DONTWAIT) < 0) {
        assert_int_equal(zmq_errno(), EAGAIN);
        assert_false(f->one_a_turn); /* it is not called in vain */
        return false;
    }
    f->received++;
    if (f->stop_at_first) {
        zmq_watch_free(f->watch);
        f->watch = NULL;
    }
    if (f->received == f->wanted)
        uv_stop(&f->loop);
    return !f->one_a_turn;
}

static void on_turn(uv_prepare_t *handle)
{
    struct fixture *f = handle->data;

    f->turns++;
}

static void send_some(struct fixture *f, int n)
{
    for (int i = 0; i < n; i++)
        assert_int_equal(zmq_send(f->sender, "x", 1, 0), 1);
}

/* The edge of the descriptor comes once for all of them, and may come before the watch begins. */
static void check_burst(bool one_a_turn)
{
    struct fixture f;

    set_up(&f);
    f.one_a_turn = one_a_turn;
    f.wanted = 10000;
    send_some(&f, f.wanted / 2);
    assert_int_equal(zmq_watch_new(&f.loop, f.receiver, take_one, &f, &f.watch), 0);
    send_some(&f, f.wanted - f.wanted / 2);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_int_equal(f.received, f.wanted);
    assert_false(zmq_watch_pending(f.watch));
    tear_down(&f);
}

static void test_every_message_of_a_burst_arrives(void **state)
{
    (void)state;
    check_burst(false);
    check_burst(true);
}

static void test_the_loop_goes_round_during_a_burst(void **state)
{
    struct fixture f;
    uv_prepare_t turn = { .data = &f };

    (void)state;
    set_up(&f);
    f.wanted = 10000;
    send_some(&f, f.wanted);
    assert_int_equal(zmq_watch_new(&f.loop, f.receiver, take_one, &f, &f.watch), 0);
    uv_prepare_init(&f.loop, &turn);
    uv_prepare_start(&turn, on_turn);
    uv_run(&f.loop, UV_RUN_DEFAULT);
    assert_int_equal(f.received, f.wanted);
    assert_in_range(f.turns, 10, INT32_MAX);
    uv_close((uv_handle_t *)&turn, NULL);
    tear_down(&f);
}

static void test_a_callback_may_free_the_watch(void **state)
{
    struct fixture f;

    (void)state;
    set_up(&f);
    f.stop_at_first = true;
    send_some(&f, 10);
    assert_int_equal(zmq_watch_new(&f.loop, f.receiver, take_one, &f, &f.watch), 0);
    uv_run(&f.loop, UV_RUN_DEFAULT); /* ends: nothing is left open */
    assert_int_equal(f.received, 1);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_of_a_burst_arrives),
        cmocka_unit_test(test_the_loop_goes_round_during_a_burst),
        cmocka_unit_test(test_a_callback_may_free_the_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
