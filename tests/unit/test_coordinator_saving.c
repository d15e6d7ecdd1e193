/* Between a result's receipt and its commit: the coordinator in this process, its loop turned by
 * hand, so that a message comes just when the test wants it to. */
#include "tests/unit/played_worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zmq.h>

#include "coordinator/coordinator.h"
#include "coordinator/hand_out.h"
#include "coordinator/request_handlers.h"
#include "coordinator/steering_command.h"

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
    hand_out_send(&still->coordinator);
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

/* ---- a trial that is proposed while its result is being saved ---- */

/* The last trial that the newest opening will propose, and has not yet. */
static struct to_worker last_of_layer(const struct still *still)
{
    const struct campaign *campaign = still->coordinator.campaign;
    const struct opening *opening = campaign_opening(campaign, campaign_n_openings(campaign) - 1);
    struct to_worker message = { .kind = TO_TRIAL,
                                 .trial = { .study_id = still->live->study->id,
                                            .attempt = { .start = 1, .counter = 1 } } };
    struct trial *trial = &message.trial.trial;
    size_t i;

    for (uint32_t c = 0; c < opening->n_children; c++)
        if (opening->children[c].fate == FATE_TRIAL)
            trial->arch = opening->children[c].candidate;
    study_name_trial(still->live->study, trial);
    assert_int_equal(trial_ledger_find(still->coordinator.ledger, &trial->key, &i), -ENOENT);
    return message;
}

/* Gives good results until the layer with the many trials is open. */
static void work_until_layer(struct still *still, struct played_worker *worker, uint32_t layer)
{
    const struct campaign *campaign = still->coordinator.campaign;

    while (campaign_opening(campaign, campaign_n_openings(campaign) - 1)->layer != layer) {
        struct to_worker trial = played_expect(worker, TO_TRIAL);
        struct from_worker result;

        worker->credit++;
        result = played_result(worker, &trial);
        played_send(worker, &result);
        take_messages(still, 1);
        let_save(still);
        played_verdict(worker, &trial);
        to_worker_clear(&trial);
    }
}

static void test_the_first_result_counts_while_it_is_saved(void **state)
{
    struct still still;
    struct played_worker *worker;
    struct from_worker first, second;
    struct to_worker trial;
    struct ledger_entry entry;
    size_t i;

    begin(&still, *state);
    worker = join(&still, 1);
    work_until_layer(&still, worker, 1);
    trial = last_of_layer(&still);
    first = second = played_result(worker, &trial);
    first.result.result.reward.correct = 31;
    second.result.result.reward.correct = 41;
    played_send(worker, &first);
    take_messages(&still, 1);
    worker->credit += LIVE_TRIALS; /* so that it is proposed */
    settle_down(&still, worker);
    assert_int_equal(trial_ledger_find(still.coordinator.ledger, &trial.trial.trial.key, &i), 0);
    played_send(worker, &second);
    take_messages(&still, 1);
    let_save(&still);
    trial_ledger_entry(still.coordinator.ledger, i, &entry);
    assert_int_equal(entry.state, TRIAL_DONE);
    assert_int_equal(entry.result.reward.correct, 31);
    settle_down(&still, worker);
    check_int_equal("verdicts: the second one asks again", played_count(worker, TO_VERDICT), 1);
    coordinator_close(&still.coordinator);
}

/* ---- what runs on ---- */

/* The anchor's result is there; what comes next waits for it to be durable. */
static void test_what_is_being_saved_runs_no_more(void **state)
{
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    Layernas__Command command = LAYERNAS__COMMAND__INIT;
    const struct route here = { .from_here = true };
    struct steering_outcome outcome = { .changed = false };
    struct still still;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    begin(&still, *state);
    worker = join(&still, 1);
    trial = played_expect(worker, TO_TRIAL);
    worker->credit++;
    result = played_result(worker, &trial);
    played_send(worker, &result);
    take_messages(&still, 1);
    command.what = LAYERNAS__COMMAND__WHAT__PAUSE;
    request.protocol = STATUS_PROTOCOL;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_COMMAND;
    request.command = &command;
    steering_obey(&still.coordinator, &here, &request, &outcome);
    assert_string_equal(outcome.line.text, "paused: nothing is handed out; trials that run on: 0");
    let_save(&still);
    to_worker_clear(&trial);
    coordinator_close(&still.coordinator);
}

/* ---- a stop while the disk is full ---- */

static struct rlimit file_size;

static void fill_disk_and_stop(uv_timer_t *timer)
{
    struct still *still = timer->data;
    const struct rlimit none = { 1, file_size.rlim_max };

    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(store_put_elapsed(still->coordinator.store, 1), 0);
    raise(SIGTERM);
}

static void test_a_stop_does_not_wait_for_a_full_disk(void **state)
{
    static uv_timer_t timer;
    struct still still;
    int status;

    begin(&still, *state);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &file_size), 0);
    uv_timer_init(&still.coordinator.loop, &timer);
    timer.data = &still;
    uv_timer_start(&timer, fill_disk_and_stop, 0, 0);
    alarm(LIVE_WAIT_MS / 1000); /* kills a test that waits */
    status = coordinator_run(&still.coordinator);
    alarm(0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &file_size), 0);
    assert_int_equal(status, 1); /* nor is there room for results */
    assert_int_equal(store_pending(still.coordinator.store), 2);
    coordinator_close(&still.coordinator);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_a_failure_is_acknowledged_when_it_is_durable),
        LIVE_TEST(test_the_first_result_counts_while_it_is_saved),
        LIVE_TEST(test_what_is_being_saved_runs_no_more),
        LIVE_TEST(test_a_stop_does_not_wait_for_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
