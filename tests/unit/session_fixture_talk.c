/* The fixture as the coordinator: what it says and hears. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zmq.h>

#include "tests/unit/check.h"
#include "tests/unit/session_fixture.h"

enum { NAP_MS = 5 };

/* ---- the coordinator's socket ---- */

void session_fixture_bind(struct session_fixture *f)
{
    size_t size = sizeof f->endpoint;

    f->router = zmq_socket(f->context, ZMQ_ROUTER);
    assert_non_null(f->router);
    assert_int_equal(zmq_setsockopt(f->router, ZMQ_LINGER, &(int){ 0 }, sizeof(int)), 0);
    while (zmq_bind(f->router, f->endpoint) < 0) { /* the one before is still closing its port */
        assert_int_equal(zmq_errno(), EADDRINUSE);
        session_check_patience(f, "the port");
        nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000 }, NULL);
    }
    assert_int_equal(zmq_getsockopt(f->router, ZMQ_LAST_ENDPOINT, f->endpoint, &size), 0);
    f->knows_worker = false;
}

void session_fixture_unbind(struct session_fixture *f)
{
    zmq_close(f->router);
    f->router = NULL;
}

void session_say_bytes(struct session_fixture *f, const void *data, size_t size)
{
    int rc = zmq_send(f->router, f->route, f->route_size, ZMQ_SNDMORE);

    assert_int_equal(rc, (int)f->route_size);
    assert_int_equal(zmq_send(f->router, data, size, 0), (int)size);
}

void session_say(struct session_fixture *f, const struct to_worker *message)
{
    struct bytes bytes;

    assert_int_equal(to_worker_pack(message, &bytes), 0);
    session_say_bytes(f, bytes.data, bytes.size);
    free(bytes.data);
    f->knows_worker |= message->kind == TO_WELCOME;
}

void session_say_kind(struct session_fixture *f, enum to_worker_kind kind)
{
    session_say(f, &(struct to_worker){ .kind = kind });
}

void session_say_cancel(struct session_fixture *f, uint64_t attempt)
{
    session_say(f, &(struct to_worker){ .kind = TO_CANCEL,
                                        .cancel = { .attempt = { SESSION_START, attempt },
                                                    .reason = "not needed" } });
}

struct to_worker session_table_trial(const struct session_fixture *f, uint64_t attempt,
                                     const char *data, const char *row)
{
    struct to_worker message = {
        .kind = TO_TRIAL,
        .trial = {
            .study_id = f->welcome.welcome.study_id,
            .attempt = { SESSION_START, attempt },
            .trial = { .number = attempt, .arch = { .n = 1, .option = { 3 } } },
            .evaluation = { .evaluator = EVALUATOR_TABLE,
                            .data = { .format = DATA_CSV },
                            .table = { .arch_columns = "arch", .reward_column = "acc" } },
        },
    };

    memcpy(&message.trial.trial.key, &attempt, sizeof attempt);
    snprintf(message.trial.evaluation.data.name, EVALUATION_NAME_SIZE, "%s", data);
    snprintf(message.trial.table_key, WIRE_TABLE_KEY_SIZE, "%s", row);
    return message;
}

void session_say_trial(struct session_fixture *f, uint64_t attempt, const char *data,
                       const char *row)
{
    struct to_worker message = session_table_trial(f, attempt, data, row);

    session_say(f, &message);
}

/* ---- what the worker says ---- */

static bool hear(struct session_fixture *f, struct from_worker *message_out)
{
    struct errmsg err = { "" };
    zmq_msg_t frame;
    int rc = 0;

    if (!f->more) {
        rc = zmq_recv(f->router, f->route, sizeof f->route, ZMQ_DONTWAIT);
        if (rc < 0)
            return false;
        f->route_size = (size_t)rc;
    }
    zmq_msg_init(&frame);
    assert_int_not_equal(zmq_msg_recv(&frame, f->router, 0), -1);
    f->more = zmq_msg_more(&frame);
    rc = from_worker_unpack(zmq_msg_data(&frame), zmq_msg_size(&frame), message_out, &err);
    zmq_msg_close(&frame);
    if (rc < 0)
        fail_msg("the worker says nonsense: %s", err.text);
    f->n_heartbeats += message_out->kind == FROM_HEARTBEAT;
    if (message_out->kind == FROM_RESULT && message_out->result.attempt.counter < SESSION_ATTEMPTS)
        f->n_results[message_out->result.attempt.counter]++;
    return true;
}

void session_acknowledge(struct session_fixture *f, const struct result_message *result)
{
    session_say(f, &(struct to_worker){ .kind = TO_VERDICT,
                                        .verdict = { .key = result->result.key,
                                                     .attempt = result->attempt,
                                                     .accepted = true } });
}

static void answer(struct session_fixture *f, const struct from_worker *message)
{
    if (f->deaf)
        return;
    if (message->kind == FROM_HELLO)
        session_say(f, &f->welcome);
    else if (!f->knows_worker)
        session_say_kind(f, TO_HELLO_AGAIN);
    else if (message->kind == FROM_HEARTBEAT)
        session_say_kind(f, TO_ALIVE);
    else if (message->kind == FROM_RESULT)
        session_acknowledge(f, &message->result);
}

void session_nap(struct session_fixture *f, const char *what)
{
    struct from_worker message;

    session_check_patience(f, what);
    while (f->router && hear(f, &message)) {
        answer(f, &message);
        from_worker_clear(&message);
    }
    nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000 }, NULL);
}

struct from_worker session_await(struct session_fixture *f, enum from_worker_kind kind)
{
    static const char *const names[] = { "a Hello", "a heartbeat", "a result", "a Goodbye" };
    struct from_worker message;
    bool wanted;

    for (;;) {
        session_check_patience(f, names[kind]);
        if (!hear(f, &message)) {
            zmq_poll(&(zmq_pollitem_t){ .socket = f->router, .events = ZMQ_POLLIN }, 1, 100);
            continue;
        }
        wanted = message.kind == kind && (f->knows_worker || kind == FROM_HELLO);
        if (!wanted || kind == FROM_HEARTBEAT)
            answer(f, &message);
        if (wanted)
            return message;
        from_worker_clear(&message);
    }
}

struct result_message session_await_result(struct session_fixture *f, uint64_t attempt)
{
    for (;;) {
        struct from_worker message = session_await(f, FROM_RESULT);

        session_acknowledge(f, &message.result);
        if (message.result.attempt.counter == attempt)
            return message.result;
        from_worker_clear(&message);
    }
}

void session_greet_worker(struct session_fixture *f)
{
    struct from_worker hello = session_await(f, FROM_HELLO);

    from_worker_clear(&hello);
    session_say(f, &f->welcome);
}

struct progress session_await_running(struct session_fixture *f, uint64_t attempt)
{
    for (;;) {
        struct from_worker message = session_await(f, FROM_HEARTBEAT);
        struct progress progress = { 0 };
        bool listed = false;

        for (uint32_t i = 0; i < message.heartbeat.n_running && !listed; i++) {
            listed = message.heartbeat.running[i].attempt.counter == attempt;
            progress = message.heartbeat.running[i].progress;
        }
        from_worker_clear(&message);
        if (listed)
            return progress;
    }
}

void session_result_clear(struct result_message *result)
{
    struct from_worker message = { .kind = FROM_RESULT, .result = *result };

    from_worker_clear(&message);
    *result = (struct result_message){ 0 };
}
