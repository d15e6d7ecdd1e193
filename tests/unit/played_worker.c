#include "tests/unit/played_worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

/* ---- coming and going ---- */

struct played_worker *played_open(struct live *live, const char *name)
{
    struct played_worker *worker = calloc(1, sizeof *worker);
    int none = 0;

    assert_non_null(worker);
    worker->live = live;
    snprintf(worker->name, sizeof worker->name, "%s", name);
    worker->socket = zmq_socket(live->context, ZMQ_DEALER);
    assert_non_null(worker->socket);
    assert_true(live->n_played < LIVE_MOST_WORKERS);
    live->played[live->n_played++] = worker;
    zmq_setsockopt(worker->socket, ZMQ_LINGER, &none, sizeof none);
    assert_int_equal(zmq_connect(worker->socket, live->workers), 0);
    return worker;
}

void played_close(struct played_worker *worker)
{
    struct live *live = worker->live;
    size_t i = 0;

    while (live->played[i] != worker)
        i++;
    live->played[i] = live->played[--live->n_played];
    while (worker->n_inbox > 0)
        to_worker_clear(&worker->inbox[--worker->n_inbox]);
    zmq_close(worker->socket);
    free(worker);
}

/* ---- sending ---- */

void played_send_frame(struct played_worker *worker, const void *data, size_t size, bool more)
{
    assert_int_equal(zmq_send(worker->socket, data, size, more ? ZMQ_SNDMORE : 0), (int)size);
}

void played_send(struct played_worker *worker, const struct from_worker *message)
{
    struct bytes bytes;

    assert_int_equal(from_worker_pack(message, &bytes), 0);
    played_send_frame(worker, bytes.data, bytes.size, false);
    free(bytes.data);
}

struct from_worker played_hello(struct played_worker *worker, uint64_t credit)
{
    static struct data_set data = { .name = "digits", .known = true, .digest = { { 1 } } };
    struct from_worker message = {
        .kind = FROM_HELLO,
        .hello = { .protocol_lowest = WIRE_PROTOCOL_LOWEST,
                   .protocol_highest = WIRE_PROTOCOL_HIGHEST,
                   .version = "1.0",
                   .slots = 2,
                   .threads = 1,
                   .numerics = "plain-1",
                   .credit = credit,
                   .n_data = 1,
                   .data = &data },
    };

    worker->credit = credit;
    memcpy(message.hello.worker_id, worker->name, sizeof worker->name);
    snprintf(message.hello.name, sizeof message.hello.name, "%s", worker->name);
    return message;
}

static void expect_welcome(struct played_worker *worker)
{
    struct to_worker welcome = played_expect(worker, TO_WELCOME);

    assert_memory_equal(&welcome.welcome.study_id, &worker->live->study->id,
                        sizeof welcome.welcome.study_id);
}

void played_join(struct played_worker *worker, uint64_t credit)
{
    struct from_worker hello = played_hello(worker, credit);

    played_send(worker, &hello);
    expect_welcome(worker);
}

void played_rejoin(struct played_worker *worker, const struct to_worker *held)
{
    struct from_worker hello = played_hello(worker, 0);
    struct attempt attempt = held->trial.attempt;
    struct digest key = held->trial.trial.key;

    hello.hello.n_held = 1;
    hello.hello.held = &attempt;
    hello.hello.held_keys = &key;
    played_send(worker, &hello);
    expect_welcome(worker);
}

void played_heartbeat(struct played_worker *worker, const struct to_worker *running)
{
    struct running listed = { .progress = { .epoch = 1, .epochs = 1, .fraction = 0.5 } };
    struct from_worker message = { .kind = FROM_HEARTBEAT,
                                   .heartbeat = { .credit = worker->credit } };

    if (running) {
        listed.attempt = running->trial.attempt;
        message.heartbeat.n_running = 1;
        message.heartbeat.running = &listed;
    }
    played_send(worker, &message);
}

void played_goodbye(struct played_worker *worker)
{
    played_send(worker, &(struct from_worker){ .kind = FROM_GOODBYE });
}

void played_sync(struct played_worker *worker, const struct to_worker *running)
{
    played_heartbeat(worker, running);
    played_expect(worker, TO_ALIVE);
}

/* ---- results ---- */

struct from_worker played_result(const struct played_worker *worker, const struct to_worker *trial)
{
    static uint8_t weights[PLAYED_WEIGHTS];
    const struct trial *about = &trial->trial.trial;
    struct from_worker message = {
        .kind = FROM_RESULT,
        .result = {
            .study_id = trial->trial.study_id,
            .attempt = trial->trial.attempt,
            .result = {
                .key = about->key,
                .stage = about->stage,
                .replica = about->replica,
                .arch = about->arch,
                .madds = about->costs.madds,
                .params = about->costs.params,
                .reward = { .total = LIVE_VALID },
                .loss = 0.5,
                .seconds = 0.25,
                .numerics = "plain-1",
            },
            .credit = worker->credit,
        },
    };

    message.result.result.reward.correct = 20 + (uint32_t)(about->costs.madds % 17);
    if (about->stage == STAGE_FINAL)
        message.result.weights = (struct bytes){ weights, sizeof weights };
    return message;
}

struct from_worker played_failure(const struct played_worker *worker, const struct to_worker *trial,
                                  const char *reason)
{
    struct from_worker message = played_result(worker, trial);
    struct trial_result *result = &message.result.result;

    result->outcome = OUTCOME_FAILED;
    result->reward = (struct reward){ 0 };
    message.result.weights = (struct bytes){ 0 };
    snprintf(result->reason, sizeof result->reason, "%s", reason);
    return message;
}

/* ---- receiving ---- */

bool played_receive(struct played_worker *worker, int timeout_ms)
{
    zmq_pollitem_t readable = { .socket = worker->socket, .events = ZMQ_POLLIN };
    struct errmsg err;
    zmq_msg_t frame;

    if (zmq_poll(&readable, 1, timeout_ms) <= 0)
        return false;
    zmq_msg_init(&frame);
    assert_true(zmq_msg_recv(&frame, worker->socket, 0) >= 0);
    assert_true(worker->n_inbox < PLAYED_INBOX);
    if (to_worker_unpack(zmq_msg_data(&frame), zmq_msg_size(&frame),
                         &worker->inbox[worker->n_inbox], &err) < 0)
        fail_msg("%s: from the coordinator: %s", worker->name, err.text);
    worker->n_inbox++;
    zmq_msg_close(&frame);
    return true;
}

static bool take(struct played_worker *worker, enum to_worker_kind kind, struct to_worker *to)
{
    for (size_t i = 0; i < worker->n_inbox; i++) {
        if (worker->inbox[i].kind != kind)
            continue;
        *to = worker->inbox[i];
        worker->n_inbox--;
        memmove(&worker->inbox[i], &worker->inbox[i + 1],
                (worker->n_inbox - i) * sizeof *worker->inbox);
        return true;
    }
    return false;
}

struct to_worker played_expect(struct played_worker *worker, enum to_worker_kind kind)
{
    struct to_worker message;

    while (!take(worker, kind, &message))
        if (!played_receive(worker, LIVE_WAIT_MS))
            fail_msg("%s waited in vain for a message of kind %d", worker->name, kind);
    return message;
}

struct to_worker played_next(struct played_worker *worker)
{
    worker->credit++;
    played_heartbeat(worker, NULL);
    return played_expect(worker, TO_TRIAL);
}

void played_check_same(const struct to_worker *a, const struct to_worker *b)
{
    assert_memory_equal(&a->trial.trial.key, &b->trial.trial.key, sizeof a->trial.trial.key);
    assert_memory_not_equal(&a->trial.attempt, &b->trial.attempt, sizeof a->trial.attempt);
}

size_t played_count(const struct played_worker *worker, enum to_worker_kind kind)
{
    size_t n = 0;

    for (size_t i = 0; i < worker->n_inbox; i++)
        n += worker->inbox[i].kind == kind;
    return n;
}

struct verdict_message played_verdict(struct played_worker *worker, const struct to_worker *trial)
{
    struct verdict_message verdict = played_expect(worker, TO_VERDICT).verdict;

    assert_memory_equal(&verdict.key, &trial->trial.trial.key, sizeof verdict.key);
    assert_memory_equal(&verdict.attempt, &trial->trial.attempt, sizeof verdict.attempt);
    return verdict;
}

void played_report(struct played_worker *worker, const struct from_worker *result,
                   const struct to_worker *trial)
{
    struct verdict_message verdict;

    played_send(worker, result);
    verdict = played_verdict(worker, trial);
    if (!verdict.accepted)
        fail_msg("%s: refused: %s", worker->name, verdict.reason);
}

/* ---- the rest of a study ---- */

static void answer(struct played_worker *worker, const struct to_worker *message)
{
    struct from_worker reply;

    switch (message->kind) {
    case TO_TRIAL:
        worker->credit++;
        reply = played_result(worker, message);
        played_send(worker, &reply);
        break;
    case TO_VERDICT:
        assert_true(message->verdict.accepted);
        break;
    case TO_ALIVE:
    case TO_STUDY_OVER:
        break;
    default:
        fail_msg("a message of kind %d to a worker that makes no mistakes", message->kind);
    }
}

/* The next message, with heartbeats until it comes. */
static struct to_worker next_message(struct played_worker *worker)
{
    while (worker->n_inbox == 0 && !played_receive(worker, 500))
        played_heartbeat(worker, NULL);
    return worker->inbox[--worker->n_inbox];
}

static bool work(struct played_worker *worker)
{
    struct to_worker message = next_message(worker);
    bool over = message.kind == TO_STUDY_OVER;

    answer(worker, &message);
    to_worker_clear(&message);
    return !over;
}

struct to_worker played_work_until(struct played_worker *worker, enum stage stage)
{
    struct to_worker message = next_message(worker);

    while (message.kind != TO_TRIAL || message.trial.trial.stage != stage) {
        assert_int_not_equal(message.kind, TO_STUDY_OVER);
        answer(worker, &message);
        to_worker_clear(&message);
        message = next_message(worker);
    }
    return message;
}

void played_finish(struct live *live, size_t n_quarantined)
{
    struct played_worker *worker;

    for (size_t i = 0; i < live->n_played; i++)
        played_goodbye(live->played[i]);
    worker = played_open(live, "good");
    played_join(worker, 2);
    while (work(worker))
        ;
    played_close(worker);
    check_int_equal("exit status", live_wait_exit(live), 0);
    check_int_equal("search", live_rows(live, "search", "done"), LIVE_TRIALS - n_quarantined);
    check_int_equal("search", live_rows(live, "search", "quarantined"), n_quarantined);
    check_int_equal("final", live_rows(live, "final", "done"), LIVE_FINALS);
    check_int_equal("test", live_rows(live, "test", "done"), 1);
}
