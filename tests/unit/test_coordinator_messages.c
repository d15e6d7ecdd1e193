/* What a coordinator does with messages that it cannot use: it counts them and goes on. After each
 * test the study is done by a worker that makes no mistakes, with exactly its trials. */
#include "tests/unit/played_worker.h"

#include <math.h>
#include <stdlib.h>
#include <zmq.h>

#include "coordinator/status/snapshot.h"

static void test_a_study_from_beginning_to_end(void **state)
{
    live_start(*state, LIVE_LONG_LEASE);
    played_finish(*state, 0);
}

/* ---- versions ---- */

static void test_other_versions_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint32_t lowest, highest;
        const char *range; /* in the refusal; NULL: welcome */
    } cases[] = {
        { "99 only", 99, 99, "99 to 99" },
        { "the next to 99", WIRE_PROTOCOL_HIGHEST + 1, 99, " to 99" },
        { "1 to 99", 1, 99, NULL },
    };
    struct live *live = *state;
    char ours[64];

    snprintf(ours, sizeof ours, "%d to %d", WIRE_PROTOCOL_LOWEST, WIRE_PROTOCOL_HIGHEST);
    live_start(live, LIVE_LONG_LEASE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t refused = live_counts(live).refused;
        struct played_worker *worker;
        struct from_worker hello;

        worker = played_open(live, "other");
        hello = played_hello(worker, 0);
        hello.hello.protocol_lowest = cases[i].lowest;
        hello.hello.protocol_highest = cases[i].highest;
        played_send(worker, &hello);
        if (cases[i].range) {
            struct refusal refusal = played_expect(worker, TO_REFUSAL).refusal;

            check_true(cases[i].name, strstr(refusal.reason, cases[i].range) != NULL);
            check_true(cases[i].name, strstr(refusal.reason, ours) != NULL);
            check_int_equal(cases[i].name, refusal.protocol_lowest, WIRE_PROTOCOL_LOWEST);
            check_int_equal(cases[i].name, refusal.protocol_highest, WIRE_PROTOCOL_HIGHEST);
        } else {
            check_int_equal(cases[i].name, played_expect(worker, TO_WELCOME).welcome.protocol,
                            WIRE_PROTOCOL_HIGHEST);
        }
        live_check(cases[i].name, live, refused, refused + (cases[i].range != NULL));
        live_check(cases[i].name, live, workers, cases[i].range == NULL);
        played_close(worker);
    }
    played_finish(live, 0);
}

/* ---- bytes ---- */

static void test_malformed_messages_are_counted(void **state)
{
    static const uint8_t zeros[1000], heartbeat[] = { 0x12, 0 };
    static const struct {
        const char *name;
        size_t n, n_good; /* frames; each is taken by itself */
        struct {
            const void *data;
            size_t size;
        } frames[3];
    } cases[] = {
        { "no bytes", 1, 0, { { "", 0 } } },
        { "a text", 1, 0, { { "GET / HTTP/1.1\r\n\r\n", 18 } } },
        { "zeros", 1, 0, { { zeros, sizeof zeros } } },
        { "a body of no known kind", 1, 0, { { "\x7a\0", 2 } } },
        { "a length past the end", 1, 0, { { "\x0a\xff\xff\xff\x7f", 5 } } },
        { "two empty frames", 2, 0, { { "", 0 }, { "", 0 } } },
        { "an empty frame first, as REQ sends", 2, 1, { { "", 0 }, { heartbeat, 2 } } },
        { "an empty frame last", 2, 1, { { heartbeat, 2 }, { "", 0 } } },
        { "three frames, one good", 3, 1, { { "a", 1 }, { heartbeat, 2 }, { "c", 1 } } },
    };
    struct live *live = *state;
    struct played_worker *worker;
    uint64_t refused = 0;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "garbage");
    played_join(worker, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t f = 0; f < cases[i].n; f++)
            played_send_frame(worker, cases[i].frames[f].data, cases[i].frames[f].size,
                              f + 1 < cases[i].n);
        played_sync(worker, NULL);
        refused += cases[i].n - cases[i].n_good;
        for (size_t good = 0; good < cases[i].n_good; good++)
            played_expect(worker, TO_ALIVE);
        check_int_equal(cases[i].name, worker->n_inbox, 0);
        live_check(cases[i].name, live, refused, refused);
        live_check(cases[i].name, live, workers, 1);
    }
    played_finish(live, 0);
}

static void send_in_one(struct played_worker *worker, const struct from_worker *messages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bytes frame;

        assert_int_equal(from_worker_pack(&messages[i], &frame), 0);
        played_send_frame(worker, frame.data, frame.size, i + 1 < n);
        free(frame.data);
    }
}

/* All that is said to a worker in a turn of the loop comes as one message. */
static void expect_in_one(struct played_worker *worker, const enum to_worker_kind *kinds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int more = 0;
        size_t size = sizeof more;

        assert_true(played_receive(worker, LIVE_WAIT_MS));
        assert_int_equal(worker->inbox[0].kind, kinds[i]);
        to_worker_clear(&worker->inbox[--worker->n_inbox]);
        assert_int_equal(zmq_getsockopt(worker->socket, ZMQ_RCVMORE, &more, &size), 0);
        assert_int_equal(more, i + 1 < n);
    }
}

static void test_an_answer_of_many_frames(void **state)
{
    static const enum to_worker_kind kinds[] = { TO_WELCOME, TO_CANCEL, TO_CANCEL };
    struct attempt held[] = { { 1, 1 }, { 1, 2 } };
    struct digest keys[] = { { { 1 } }, { { 2 } } };
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker hello;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "holds");
    hello = played_hello(worker, 0);
    hello.hello.n_held = 2;
    hello.hello.held = held;
    hello.hello.held_keys = keys;
    played_send(worker, &hello);
    expect_in_one(worker, kinds, sizeof kinds / sizeof *kinds);
    played_finish(live, 0);
}

static void test_results_in_one_message(void **state)
{
    enum { N = 2 };
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker results[N];
    struct to_worker trials[N];

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "many");
    played_join(worker, 0);
    for (size_t i = 0; i < N; i++) {
        trials[i] = played_next(worker);
        results[i] = played_result(worker, &trials[i]);
    }
    send_in_one(worker, results, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(played_verdict(worker, &trials[i]).accepted);
        to_worker_clear(&trials[i]);
    }
    played_finish(live, 0);
}

static void test_a_message_cut_short_is_counted(void **state)
{
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker hello;
    struct bytes bytes;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "short");
    hello = played_hello(worker, 0);
    assert_int_equal(from_worker_pack(&hello, &bytes), 0);
    for (size_t size = 0; size < bytes.size; size++)
        played_send_frame(worker, bytes.data, size, false);
    played_heartbeat(worker, NULL); /* from somebody who has not said a whole Hello */
    played_expect(worker, TO_HELLO_AGAIN);
    assert_int_equal(worker->n_inbox, 0);
    live_check("each beginning of a Hello", live, refused, bytes.size);
    free(bytes.data);
    played_finish(live, 0);
}

static void test_a_frame_too_large_ends_its_connection(void **state)
{
    enum { SIZE = WIRE_MAX_MESSAGE + 1 };
    uint8_t *data = calloc(1, SIZE);
    struct live *live = *state;
    struct played_worker *large, *other;

    assert_non_null(data);
    live_start(live, LIVE_LONG_LEASE);
    other = played_open(live, "other");
    played_join(other, 0);
    large = played_open(live, "large");
    played_send_frame(large, data, SIZE, false);
    free(data);
    /* On a new connection, which ZeroMQ makes by itself, it is heard as anybody else is. */
    while (played_count(large, TO_HELLO_AGAIN) == 0) {
        played_heartbeat(large, NULL);
        played_receive(large, 100);
    }
    played_sync(other, NULL);
    played_close(large);
    played_finish(live, 0);
}

/* Of a trial that it was given, by a worker that is known: no answer, and the trial is its own. */
static void not_a_number(struct trial_result *result)
{
    result->loss = NAN;
}

static void endless_time(struct trial_result *result)
{
    result->seconds = INFINITY;
}

static void time_before_the_start(struct trial_result *result)
{
    result->seconds = -1;
}

static void more_correct_than_there_are(struct trial_result *result)
{
    result->reward.correct = result->reward.total + 1;
}

static void nothing_evaluated(struct trial_result *result)
{
    result->reward = (struct reward){ 0 };
}

static void test_results_out_of_range_are_counted(void **state)
{
    static const struct {
        const char *name;
        void (*spoil)(struct trial_result *result);
    } cases[] = {
        { "a loss that is not a number", not_a_number },
        { "a time without end", endless_time },
        { "a time before the start", time_before_the_start },
        { "more correct than there are", more_correct_than_there_are },
        { "nothing evaluated", nothing_evaluated },
    };
    struct live *live = *state;
    struct played_worker *worker;
    struct from_worker result;
    struct to_worker trial;

    live_start(live, LIVE_LONG_LEASE);
    worker = played_open(live, "wrong");
    played_join(worker, 1);
    trial = played_expect(worker, TO_TRIAL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        result = played_result(worker, &trial);
        cases[i].spoil(&result.result.result);
        played_send(worker, &result);
        played_sync(worker, &trial);
        check_int_equal(cases[i].name, worker->n_inbox, 0);
        live_check(cases[i].name, live, refused, i + 1);
        live_check(cases[i].name, live, running, 1);
    }
    result = played_result(worker, &trial);
    played_report(worker, &result, &trial);
    live_check("its trial was its own all the while", live, failed, 0);
    to_worker_clear(&trial);
    played_finish(live, 0);
}

/* ---- the status socket ---- */

static void *open_client(const struct live *live)
{
    void *client = zmq_socket(live->context, ZMQ_DEALER);
    int none = 0;

    assert_non_null(client);
    zmq_setsockopt(client, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(zmq_connect(client, live->status), 0);
    return client;
}

static Layernas__StatusReply *receive_reply(void *client)
{
    zmq_pollitem_t readable = { .socket = client, .events = ZMQ_POLLIN };
    Layernas__StatusReply *reply;
    zmq_msg_t frame;

    assert_int_equal(zmq_poll(&readable, 1, LIVE_WAIT_MS), 1);
    zmq_msg_init(&frame);
    assert_true(zmq_msg_recv(&frame, client, 0) >= 0);
    reply = layernas__status_reply__unpack(NULL, zmq_msg_size(&frame), zmq_msg_data(&frame));
    zmq_msg_close(&frame);
    assert_non_null(reply);
    return reply;
}

static void test_a_wrong_question_gets_a_line(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[8];
        size_t size;
        const char *error;
        uint64_t id;
    } cases[] = {
        { "no bytes", "", 0, "status protocol 0; this coordinator speaks 1", 0 },
        { "garbage", "\xff\xff\xff", 3, "malformed request", 0 },
        { "a query longer than its message", { 8, 1, 0x1a, 9, 8, 0 }, 6, "malformed request", 0 },
        { "another protocol",
          { 8, 9, 16, 7 },
          4,
          "status protocol 9; this coordinator speaks 1",
          7 },
        { "no query", { 8, 1, 16, 7 }, 4, "a request that asks for nothing", 7 },
        { "an unknown query",
          { 8, 1, 16, 7, 0x1a, 2, 8, 99 },
          8,
          "this coordinator does not know what was asked for",
          7 },
    };
    struct live *live = *state;
    void *client;

    live_start(live, LIVE_LONG_LEASE);
    client = open_client(live);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__StatusReply *reply;

        assert_true(zmq_send(client, cases[i].bytes, cases[i].size, 0) >= 0);
        reply = receive_reply(client);
        check_string_equal(cases[i].name, reply->error, cases[i].error);
        check_int_equal(cases[i].name, reply->id, cases[i].id);
        check_int_equal(cases[i].name, reply->protocol, STATUS_PROTOCOL);
        check_int_equal(cases[i].name, reply->body_case, LAYERNAS__STATUS_REPLY__BODY__NOT_SET);
        layernas__status_reply__free_unpacked(reply, NULL);
        live_check(cases[i].name, live, refused, 0); /* and the next question is answered */
    }
    zmq_close(client);
    played_finish(live, 0);
}

static void test_a_question_in_several_frames_is_not_answered(void **state)
{
    static const uint8_t frame[] = { 8, 1, 16, 7 };
    struct live *live = *state;
    Layernas__StatusReply *reply;
    void *client;

    live_start(live, LIVE_LONG_LEASE);
    client = open_client(live);
    zmq_send(client, frame, sizeof frame, ZMQ_SNDMORE);
    zmq_send(client, frame, sizeof frame, 0);
    zmq_send(client, "\x08\x01\x10\x05", 4, 0);
    reply = receive_reply(client);
    assert_int_equal(reply->id, 5);
    layernas__status_reply__free_unpacked(reply, NULL);
    live_check("it is counted", live, refused, 1);
    zmq_close(client);
    played_finish(live, 0);
}

static void test_a_question_too_large_ends_its_connection(void **state)
{
    static const uint8_t large[STATUS_MAX_REQUEST + 1];
    struct live *live = *state;
    void *client;

    live_start(live, LIVE_LONG_LEASE);
    client = open_client(live);
    zmq_send(client, large, sizeof large, 0);
    live_check("the next question is answered", live, refused, 0);
    zmq_close(client);
    played_finish(live, 0);
}

int main(void)
{
#define LIVE_TEST(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
    const struct CMUnitTest tests[] = {
        LIVE_TEST(test_a_study_from_beginning_to_end),
        LIVE_TEST(test_other_versions_are_refused),
        LIVE_TEST(test_malformed_messages_are_counted),
        LIVE_TEST(test_an_answer_of_many_frames),
        LIVE_TEST(test_results_in_one_message),
        LIVE_TEST(test_a_message_cut_short_is_counted),
        LIVE_TEST(test_a_frame_too_large_ends_its_connection),
        LIVE_TEST(test_results_out_of_range_are_counted),
        LIVE_TEST(test_a_wrong_question_gets_a_line),
        LIVE_TEST(test_a_question_in_several_frames_is_not_answered),
        LIVE_TEST(test_a_question_too_large_ends_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
