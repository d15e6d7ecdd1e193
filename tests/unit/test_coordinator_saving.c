/* Between a result's receipt and its commit: the coordinator in this process, its loop turned by
 * hand, so that a message comes just when the test wants it to. */
#include "tests/unit/played_worker.h"

#include <poll.h>
#include <stdlib.h>
#include <zmq.h>

#include "coordinator/coordinator.h"
#include "coordinator/request_handlers.h"

enum { PAUSE_MS = 10 };

struct still {
    struct live *live;
    struct coordinator coordinator;
};

/* Takes n messages from workers. */
static void take_messages(struct still *still, int n)
{
    zmq_pollitem_t readable = { .socket = still->coordinator.worker_socket, .events = ZMQ_POLLIN };

    for (; n > 0; n--) {
        assert_int_equal(zmq_poll(&readable, 1, LIVE_WAIT_MS), 1);
        on_worker_message(still->coordinator.worker_socket, &still->coordinator);
    }
}

/* Until everything that was to be stored is durable, and what follows from it. */
static void let_save(struct still *still)
{
    struct store *store = still->coordinator.store;
    struct pollfd readable = { .fd = store_fd(store), .events = POLLIN };
    bool idle = false;

    for (int left = LIVE_WAIT_MS; !idle; left -= PAUSE_MS) {
        assert_true(left > 0);
        poll(&readable, 1, PAUSE_MS);
        idle = store_pending(store) == 0; /* before: of what is durable, something may be untold */
        store_dispatch(store);
        idle = idle && store_pending(store) == 0;
    }
    assert_false(still->coordinator.failed);
}

static void begin(struct still *still, struct live *live)
{
    static char state[sizeof live->folder + 8];
    struct coordinator_options options = { .state_directory = state,
                                           .worker_endpoint = "tcp://127.0.0.1:*",
                                           .status_endpoint = "tcp://127.0.0.1:*" };
    struct errmsg err;

    live_write(live, LIVE_LONG_LEASE);
    snprintf(state, sizeof state, "%s/state", live->folder);
    still->live = live;
    if (coordinator_open(&still->coordinator, &options, live->study, &err) < 0)
        fail_msg("%s", err.text);
    snprintf(live->workers, sizeof live->workers, "%s", still->coordinator.worker_endpoint);
    live->context = zmq_ctx_new();
    let_save(still);
}

static struct played_worker *join(struct still *still, uint64_t credit)
{
    struct played_worker *worker = played_open(still->live, "quick");
    struct from_worker hello = played_hello(worker, credit);

    played_send(worker, &hello);
    take_messages(still, 1);
    played_expect(worker, TO_WELCOME);
    return worker;
}

/* Everything that was sent to the worker is in its inbox then. */
static void settle_down(struct still *still, struct played_worker *worker)
{
    played_heartbeat(worker, NULL);
    take_messages(still, 1);
    played_expect(worker, TO_ALIVE);
}

static void test_a_failure_is_acknowledged_when_it_is_durable(void **state)
{
    struct still still;
    struct played_worker *worker;
    struct from_worker failure;
    struct to_worker trial;

    begin(&still, *state);
    worker = join(&still, 1);
    trial = played_expect(worker, TO_TRIAL);
    failure = played_failure(worker, &trial, "out of memory");
    for (int i = 0; i < 3; i++)
        played_send(worker, &failure);
    take_messages(&still, 3);
    settle_down(&still, worker);
    check_int_equal("before it is stored", played_count(worker, TO_VERDICT), 0);
    let_save(&still);
    settle_down(&still, worker);
    check_int_equal("once it is", played_count(worker, TO_VERDICT), 1);
    played_verdict(worker, &trial);
    played_send(worker, &failure);
    take_messages(&still, 1);
    assert_true(played_verdict(worker, &trial).accepted);
    to_worker_clear(&trial);
    coordinator_close(&still.coordinator);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_a_failure_is_acknowledged_when_it_is_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
