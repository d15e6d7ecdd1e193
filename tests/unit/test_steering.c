/* Commands as they come over the wire: what is obeyed, what is refused, and that nothing else harms. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zmq.h>

#include "coordinator/ledger/store.h"
#include "coordinator/status/snapshot.h"
#include "tests/unit/live_coordinator.h"
#include "tests/unit/played_worker.h"

struct said {
    char error[512], now[512], mode[16];
    bool changed;
    uint64_t cap;
};

static Layernas__StatusReply *exchange(const struct live *live,
                                       const Layernas__StatusRequest *request)
{
    void *socket = zmq_socket(live->context, ZMQ_DEALER);
    uint8_t *packed = test_malloc(layernas__status_request__get_packed_size(request));
    size_t size = layernas__status_request__pack(request, packed);
    Layernas__StatusReply *reply;
    zmq_msg_t message;

    zmq_setsockopt(socket, ZMQ_LINGER, &(int){ 0 }, sizeof(int));
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &(int){ LIVE_WAIT_MS }, sizeof(int));
    assert_int_equal(zmq_connect(socket, live->status), 0);
    assert_int_equal(zmq_send(socket, packed, size, 0), size);
    test_free(packed);
    zmq_msg_init(&message);
    assert_true(zmq_msg_recv(&message, socket, 0) >= 0);
    reply = layernas__status_reply__unpack(NULL, zmq_msg_size(&message), zmq_msg_data(&message));
    zmq_msg_close(&message);
    zmq_close(socket);
    assert_non_null(reply);
    assert_int_equal(reply->id, request->id);
    return reply;
}

static struct said tell(const struct live *live, uint32_t protocol, int what, uint64_t number,
                        const char *worker)
{
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    Layernas__Command command = LAYERNAS__COMMAND__INIT;
    struct said said = { .cap = 0 };
    Layernas__StatusReply *reply;

    command.what = (Layernas__Command__What)what;
    command.number = number;
    if (worker)
        command.worker = (char *)worker;
    request.protocol = protocol;
    request.id = 77;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_COMMAND;
    request.command = &command;
    reply = exchange(live, &request);
    snprintf(said.error, sizeof said.error, "%s", reply->error);
    if (reply->body_case == LAYERNAS__STATUS_REPLY__BODY_COMMANDED) {
        snprintf(said.now, sizeof said.now, "%s", reply->commanded->now);
        snprintf(said.mode, sizeof said.mode, "%s", reply->commanded->mode);
        said.changed = reply->commanded->changed;
        said.cap = reply->commanded->cap;
    }
    layernas__status_reply__free_unpacked(reply, NULL);
    return said;
}

enum { PAUSE, RESUME, DRAIN, STOP, TRIALS, PUT_ASIDE, TAKE_BACK, RETRY };

static void test_what_is_said(void **state)
{
    static const char too_long[] =
        "0123456789012345678901234567890123456789012345678901234567890123";
    static const struct {
        const char *name;
        int what;
        uint64_t number;
        const char *worker, *error, *now, *mode;
        bool changed;
    } cases[] = {
        { "pause", PAUSE, 0, NULL, "", "paused: ", "paused", true },
        { "pause again", PAUSE, 0, NULL, "", "paused: ", "paused", false },
        { "drain out of it", DRAIN, 0, NULL, "", "draining: ", "draining", true },
        { "resume", RESUME, 0, NULL, "", "running: ", "running", true },
        { "resume again", RESUME, 0, NULL, "", "running: ", "running", false },
        { "the cap as it is", TRIALS, 10, NULL, "", "at most 10 trials", "running", false },
        { "raised", TRIALS, 12, NULL, "", "at most 12 trials", "running", true },
        { "again", TRIALS, 12, NULL, "", "at most 12 trials", "running", false },
        { "lowered", TRIALS, 11, NULL, "cap of 12 trials can be raised", "", "", false },
        { "none", TRIALS, 0, NULL, "can be raised", "", "", false },
        { "too high", TRIALS, UINT64_MAX, NULL, "100000000 at most", "", "", false },
        { "somebody not here", PUT_ASIDE, 0, "a", "", "a is put aside", "running", true },
        { "again", PUT_ASIDE, 0, "a", "", "a is put aside", "running", false },
        { "one of it", TAKE_BACK, 0, "a:1", "by the name of its machine", "", "", false },
        { "taken back", TAKE_BACK, 0, "a", "", "a gets trials", "running", true },
        { "again", TAKE_BACK, 0, "a", "", "a gets trials", "running", false },
        { "nobody", PUT_ASIDE, 0, "", "no name of a worker", "", "", false },
        { "a name in two lines", PUT_ASIDE, 0, "a\nb", "no name of a worker", "", "", false },
        { "a name too long", PUT_ASIDE, 0, too_long, "no name of a worker", "", "", false },
        { "a trial that is well", RETRY, 1, NULL, "", "trial 1 is not quarantined", "running",
          false },
        { "one that is none", RETRY, 1000, NULL, "there is no trial 1000", "", "", false },
        { "all of none", RETRY, 0, NULL, "", "tried again: 0; ", "running", false },
        { "a command to come", 99, 0, NULL, "does not know that command", "", "", false },
        { "a command that is none", -1, 0, NULL, "does not know that command", "", "", false },
    };
    struct live *live = *state;
    struct played_worker *worker;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "w"); /* what it runs keeps drain from coming to its end */
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    to_worker_clear(&trial);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct said said = tell(live, STATUS_PROTOCOL, cases[i].what, cases[i].number,
                                cases[i].worker);

        if (!strstr(said.error, cases[i].error) || (!*cases[i].error && *said.error))
            fail_msg("%s: error \"%s\"", cases[i].name, said.error);
        if (!strstr(said.now, cases[i].now))
            fail_msg("%s: \"%s\"", cases[i].name, said.now);
        check_string_equal(cases[i].name, said.mode, cases[i].mode);
        check_int_equal(cases[i].name, said.changed, cases[i].changed);
    }
    assert_non_null(strstr(tell(live, 2, PAUSE, 0, NULL).error, "status protocol 2"));
}

static void test_no_more_names_than_there_is_room_for(void **state)
{
    struct live *live = *state;
    char name[16];

    live_start(live, LIVE_LONG_LEASE);
    for (int i = 0; i < STEERING_MAX_ASIDE; i++) {
        snprintf(name, sizeof name, "w%d", i);
        check_string_equal(name, tell(live, STATUS_PROTOCOL, PUT_ASIDE, 0, name).error, "");
    }
    assert_non_null(
        strstr(tell(live, STATUS_PROTOCOL, PUT_ASIDE, 0, "one more").error, "take some back"));
    assert_string_equal(tell(live, STATUS_PROTOCOL, PUT_ASIDE, 0, "w7").error, "");
    assert_string_equal(tell(live, STATUS_PROTOCOL, TAKE_BACK, 0, "w7").error, "");
    assert_string_equal(tell(live, STATUS_PROTOCOL, PUT_ASIDE, 0, "one more").error, "");
}

static void test_a_pause_hands_nothing_out_and_takes_what_comes(void **state)
{
    struct live *live = *state;
    struct played_worker *first, *second;
    struct to_worker trial;
    struct from_worker result;

    live_start(live, LIVE_LONG_LEASE);
    first = played_open(live, "first");
    played_join(first, 1);
    trial = played_expect(first, TO_TRIAL);
    tell(live, STATUS_PROTOCOL, PAUSE, 0, NULL);
    second = played_open(live, "second");
    played_join(second, 1);
    first->credit++;
    result = played_result(first, &trial);
    played_report(first, &result, &trial);
    played_sync(first, NULL);
    played_sync(second, NULL);
    live_check("a result counts", live, done, 1);
    assert_int_equal(played_count(first, TO_TRIAL), 0);
    assert_int_equal(played_count(second, TO_TRIAL), 0);
    to_worker_clear(&trial);
    tell(live, STATUS_PROTOCOL, RESUME, 0, NULL);
    trial = played_expect(second, TO_TRIAL);
    to_worker_clear(&trial);
    trial = played_expect(first, TO_TRIAL);
    to_worker_clear(&trial);
}

/* Its trial failed on the only other worker: whoever is left gets it. */
static void test_a_failed_trial_does_not_wait_for_a_worker_put_aside(void **state)
{
    struct live *live = *state;
    struct played_worker *first, *second;
    struct to_worker trial, again;
    struct from_worker failure;

    live_start(live, LIVE_LONG_LEASE);
    tell(live, STATUS_PROTOCOL, PUT_ASIDE, 0, "second");
    first = played_open(live, "first");
    second = played_open(live, "second");
    played_join(second, 1);
    played_join(first, 1);
    trial = played_expect(first, TO_TRIAL);
    first->credit++;
    failure = played_failure(first, &trial, "boom");
    played_report(first, &failure, &trial);
    again = played_expect(first, TO_TRIAL);
    assert_int_equal(again.trial.trial.number, trial.trial.trial.number);
    to_worker_clear(&again);
    to_worker_clear(&trial);
    assert_int_equal(played_count(second, TO_TRIAL), 0);
    tell(live, STATUS_PROTOCOL, TAKE_BACK, 0, "second");
}

static void fail_until_quarantined(struct live *live, struct played_worker *worker,
                                   struct to_worker *trial)
{
    for (int i = 0; i < 3; i++) {
        struct from_worker failure = played_failure(worker, trial, "boom");

        played_report(worker, &failure, trial);
        if (i == 2)
            break;
        to_worker_clear(trial);
        worker->credit++;
        played_sync(worker, NULL);
        *trial = played_expect(worker, TO_TRIAL);
    }
    live_check("three failures", live, quarantined, 1);
}

/* Another trial of its layer holds the search up meanwhile. After a kill too it has three tries. */
static void test_a_quarantined_trial_is_tried_again(void **state)
{
    struct live *live = *state;
    struct played_worker *holder, *worker;
    struct to_worker held, trial;
    struct from_worker result;
    uint64_t number;
    struct said said;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "w");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL); /* the anchor, which every opening builds on */
    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    to_worker_clear(&trial);
    holder = played_open(live, "h");
    played_join(holder, 1);
    held = played_expect(holder, TO_TRIAL);
    tell(live, STATUS_PROTOCOL, PUT_ASIDE, 0, "h"); /* so that failures on one worker will do */
    worker->credit++;
    played_sync(worker, NULL);
    trial = played_expect(worker, TO_TRIAL);
    number = trial.trial.trial.number;
    fail_until_quarantined(live, worker, &trial);
    to_worker_clear(&trial);

    said = tell(live, STATUS_PROTOCOL, RETRY, number, NULL);
    assert_string_equal(said.error, "");
    assert_non_null(strstr(said.now, "is tried again"));
    assert_true(said.changed);
    assert_false(tell(live, STATUS_PROTOCOL, RETRY, number, NULL).changed);
    live_check("retried", live, quarantined, 0);
    tell(live, STATUS_PROTOCOL, TAKE_BACK, 0, "w"); /* else its fifth failure puts it aside */
    worker->credit++;
    played_sync(worker, NULL);
    trial = played_expect(worker, TO_TRIAL);
    assert_int_equal(trial.trial.trial.number, number);
    fail_until_quarantined(live, worker, &trial);
    to_worker_clear(&trial);
    said = tell(live, STATUS_PROTOCOL, RETRY, 0, NULL);
    assert_non_null(strstr(said.now, "tried again: 1; that the search has gone on without: 0"));
    result = played_result(holder, &held);
    played_report(holder, &result, &held);
    to_worker_clear(&held);
    tell(live, STATUS_PROTOCOL, TAKE_BACK, 0, "w");
    tell(live, STATUS_PROTOCOL, TAKE_BACK, 0, "h");
    played_finish(live, 0);
}

/* Its three failures from before are forgotten, also by a coordinator that reads them again. */
static void test_a_retry_outlasts_a_kill(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct to_worker trial, failing;
    struct from_worker result;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "w");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    to_worker_clear(&trial);
    worker->credit += 2;
    played_sync(worker, NULL);
    trial = played_expect(worker, TO_TRIAL);
    failing = played_expect(worker, TO_TRIAL);
    fail_until_quarantined(live, worker, &failing);
    tell(live, STATUS_PROTOCOL, RETRY, failing.trial.trial.number, NULL);
    to_worker_clear(&failing);
    to_worker_clear(&trial);

    live_kill_and_restart(live);
    live_check("after the kill", live, quarantined, 0);
    worker = played_open(live, "x");
    played_join(worker, 2);
    trial = played_expect(worker, TO_TRIAL);
    failing = played_expect(worker, TO_TRIAL);
    for (int i = 0; i < 2; i++) {
        struct from_worker failure = played_failure(worker, &failing, "boom");

        played_report(worker, &failure, &failing);
        live_check("two more failures", live, quarantined, 0);
        to_worker_clear(&failing);
        worker->credit++;
        played_sync(worker, NULL);
        failing = played_expect(worker, TO_TRIAL);
    }
    to_worker_clear(&failing);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

static void test_stop_ends_it(void **state)
{
    struct live *live = *state;

    live_start(live, LIVE_LONG_LEASE);
    assert_string_equal(tell(live, STATUS_PROTOCOL, STOP, 0, NULL).mode, "stopping");
    assert_int_equal(live_wait_exit(live), 3);
}

static void test_drain_ends_when_nothing_runs(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct to_worker trial;
    struct from_worker result;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "w");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    tell(live, STATUS_PROTOCOL, DRAIN, 0, NULL);
    live_check("its trial runs on", live, running, 1);
    result = played_result(worker, &trial);
    played_send(worker, &result);
    assert_int_equal(live_wait_exit(live), 3);
    to_worker_clear(&trial);
}

int main(void)
{
#define LIVE(test) cmocka_unit_test_setup_teardown(test, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE(test_what_is_said),
        LIVE(test_no_more_names_than_there_is_room_for),
        LIVE(test_a_pause_hands_nothing_out_and_takes_what_comes),
        LIVE(test_a_failed_trial_does_not_wait_for_a_worker_put_aside),
        LIVE(test_a_quarantined_trial_is_tried_again),
        LIVE(test_a_retry_outlasts_a_kill),
        LIVE(test_stop_ends_it),
        LIVE(test_drain_ends_when_nothing_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
