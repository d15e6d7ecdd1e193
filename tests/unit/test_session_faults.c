/* Trials that fail and messages that make no sense: a worker says so, and takes the next trial. */
#include "tests/unit/check.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/unit/session_fixture.h"
#include "tests/unit/wire_messages.h"
#include "worker/worker.h"

static void start_worker(struct session_fixture *f)
{
    session_fixture_start(f, 1);
    session_greet_worker(f);
}

static void check_good(struct session_fixture *f, uint64_t attempt)
{
    struct result_message result;

    session_say_trial(f, attempt, "bench", "k5");
    result = session_await_result(f, attempt);
    assert_string_equal(result.result.reason, "");
    assert_int_equal(result.result.outcome, OUTCOME_OK);
    assert_int_equal(result.result.reward.correct, 550000);
    session_result_clear(&result);
}

static void check_failed(struct session_fixture *f, uint64_t attempt, const char *reason)
{
    struct result_message result = session_await_result(f, attempt);

    check_int_equal(reason, result.result.outcome, OUTCOME_FAILED);
    if (!strstr(result.result.reason, reason))
        fail_msg("reason \"%s\", wanted \"%s\"", result.result.reason, reason);
    session_result_clear(&result);
}

/* ---- trials that fail ---- */

static void test_what_an_evaluator_cannot_do_fails_and_says_why(void **state)
{
    static const struct {
        const char *data, *row, *reason;
    } cases[] = {
        { "bench", "k77", "bench.csv: no row with arch = k77" },
        { "nowhere", "k1", "data set nowhere: this worker does not have it; --data nowhere=PATH" },
        { "corrupt", "k1", "corrupt.csv:3: " },
    };
    struct session_fixture *f = *state;
    uint64_t attempt = 1;

    start_worker(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session_say_trial(f, attempt, cases[i].data, cases[i].row);
        check_failed(f, attempt++, cases[i].reason);
        check_good(f, attempt++);
    }
}

/* corrupt.csv has a number in every cell of its seconds, one of them below 0. */
static void test_a_table_without_what_a_trial_reads(void **state)
{
    static const struct {
        const char *data, *reward, *seconds, *reason;
    } cases[] = {
        { "bench", "top1", "", "bench.csv:1: no column 'top1'; there are arch, acc" },
        { "bench", "acc", "s", "bench.csv:1: no column 's'; there are arch, acc" },
        { "corrupt", "s", "s", "corrupt.csv:4: s: -3; seconds, 0 or more" },
        { "corrupt", "s", "acc", "corrupt.csv:3: acc: 'fifty'; a finite number" },
        { "corrupt", "much", "", "corrupt.csv:3: row 'k1': much: 101; percent, from 0 to 100" },
    };
    struct session_fixture *f = *state;
    uint64_t attempt = 1;

    start_worker(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct to_worker trial = session_table_trial(f, attempt, cases[i].data, "k1");
        struct table_spec *table = &trial.trial.evaluation.table;

        strcpy(table->reward_column, cases[i].reward);
        strcpy(table->seconds_column, cases[i].seconds);
        session_say(f, &trial);
        check_failed(f, attempt++, cases[i].reason);
        check_good(f, attempt++);
    }
}

static void test_a_training_without_its_images_fails(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = wire_training_trial(); /* a network of every kind of operation */

    start_worker(f);
    trial.trial.study_id = f->welcome.welcome.study_id;
    trial.trial.attempt = (struct attempt){ SESSION_START, 1 };
    strcpy(trial.trial.evaluation.data.name, "bench");
    session_say(f, &trial);
    to_worker_clear(&trial);
    check_failed(f, 1, "bench.csv");
    check_good(f, 2);
}

static void write_file(const struct session_fixture *f, const char *name, const void *header,
                       size_t header_size, const void *body, size_t body_size)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(header, 1, header_size, file), header_size);
    assert_int_equal(fwrite(body, 1, body_size, file), body_size);
    assert_int_equal(fclose(file), 0);
}

/* Four images of each of ten classes, eight by eight pixels. */
static void write_images(const struct session_fixture *f)
{
    static const uint8_t images[] = { 0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 8, 0, 0, 0, 8 };
    static const uint8_t labels[] = { 0, 0, 8, 1, 0, 0, 0, 40 };
    uint8_t pixels[40 * 64], classes[40];

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 37);
    for (size_t i = 0; i < sizeof classes; i++)
        classes[i] = (uint8_t)(i % 10);
    write_file(f, "train-images-idx3-ubyte", images, sizeof images, pixels, sizeof pixels);
    write_file(f, "train-labels-idx1-ubyte", labels, sizeof labels, classes, sizeof classes);
}

/* The final training of a network of dense layers of so many units: units * units weights. */
static struct to_worker final_training(const struct session_fixture *f, uint64_t attempt,
                                       int32_t units)
{
    struct to_worker message = session_table_trial(f, attempt, "images", "");
    struct trial_message *trial = &message.trial;
    const int32_t outputs[] = { units, units, 10 };
    struct op op = { .kind = OP_INPUT, .layer = NETWORK_STEM, .out = { 1, 8, 8 } };
    struct errmsg err = { "" };

    trial->trial.stage = STAGE_FINAL;
    trial->evaluation = (struct evaluation){
        .evaluator = EVALUATOR_TRAIN,
        .data = { .name = "images", .format = DATA_IDX, .valid = 10 },
        .schedule = { .epochs = 1, .batch = 30, .lr = 0.01 },
    };
    assert_true(network_append(&trial->network, &op) >= 0);
    op = (struct op){ .kind = OP_POOL,
                      .layer = NETWORK_STEM,
                      .kernel_h = 8,
                      .kernel_w = 8,
                      .stride = 1,
                      .pooling = POOLING_AVERAGE };
    assert_int_equal(op_infer_shape(&trial->network, &op, &err), 0);
    assert_true(network_append(&trial->network, &op) >= 0);
    for (uint16_t i = 0; i < 3; i++) {
        op = (struct op){ .kind = OP_DENSE,
                          .layer = NETWORK_HEAD,
                          .input = { (uint16_t)(i + 1) },
                          .out = { .channels = outputs[i] } };
        if (op_infer_shape(&trial->network, &op, &err) < 0)
            fail_msg("%s", err.text);
        assert_true(network_append(&trial->network, &op) >= 0);
    }
    return message;
}

static void test_weights_that_fit_no_message_fail_and_say_so(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker small = final_training(f, 1, 16), large = final_training(f, 2, 4096);
    struct result_message result;

    write_images(f);
    start_worker(f);
    session_say(f, &small);
    result = session_await_result(f, 1);
    assert_string_equal(result.result.reason, "");
    assert_true(result.weights.size > 4 * 16 * 16);
    session_result_clear(&result);
    session_say(f, &large);
    check_failed(f, 2, "bytes of weights; at most ");
    check_good(f, 3);
    to_worker_clear(&small);
    to_worker_clear(&large);
}

static void test_a_trial_out_of_time_fails(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 1, "gate", "k1");
    pid_t slot;

    trial.trial.evaluation.time_limit_s = 2;
    start_worker(f);
    session_say(f, &trial);
    slot = session_slot(f);
    check_failed(f, 1, "time limit of 2 s");
    session_await_gone(f, slot);
    check_good(f, 2);
}

static void test_a_slot_that_dies_fails_its_trial(void **state)
{
    static const struct {
        int signal;
        const char *reason;
    } cases[] = {
        { SIGKILL, "killed by signal 9 (Killed), perhaps for lack of memory" },
        { SIGABRT, "killed by signal 6 (Aborted)" },
    };
    struct session_fixture *f = *state;
    uint64_t attempt = 1;

    start_worker(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session_say_trial(f, attempt, "gate", "k1");
        session_await_running(f, attempt);
        assert_int_equal(kill(session_slot(f), cases[i].signal), 0);
        check_failed(f, attempt++, cases[i].reason);
        check_good(f, attempt++);
    }
}

static void test_a_slot_that_dies_between_trials_is_nobodys_failure(void **state)
{
    struct session_fixture *f = *state;
    pid_t slot;

    start_worker(f);
    check_good(f, 1);
    slot = session_slot(f);
    assert_int_equal(kill(slot, SIGKILL), 0);
    session_await_gone(f, slot);
    check_good(f, 2);
}

/* Half of the trial is in the pipe, the rest cannot go anywhere any more. */
static void test_a_slot_that_dies_while_it_is_told_its_trial_is_replaced(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 2, "bench", "k2");
    struct result_message result;
    pid_t slot;

    start_worker(f);
    check_good(f, 1);
    slot = session_slot(f);
    assert_int_equal(kill(slot, SIGSTOP), 0);
    trial.trial.trial.stage = STAGE_TEST;
    strcpy(trial.trial.evaluation.table.report_column, "acc");
    trial.trial.weights.size = 8 << 20;
    trial.trial.weights.data = calloc(1, trial.trial.weights.size);
    assert_non_null(trial.trial.weights.data);
    session_say(f, &trial);
    to_worker_clear(&trial);
    session_await_running(f, 2);
    assert_int_equal(kill(slot, SIGKILL), 0);
    result = session_await_result(f, 2);
    assert_string_equal(result.result.reason, "");
    assert_int_equal(result.result.reward.correct, 520000);
    session_result_clear(&result);
    check_good(f, 3);
}

/* ---- messages that make no sense ---- */

static void test_bytes_that_are_no_message_are_ignored(void **state)
{
    static const char *const texts[] = { "", "\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                                         "GET / HTTP/1.1\r\n\r\n", "\x1a\x00" };
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 1, "bench", "k1");
    struct bytes bytes;
    size_t n = 0;

    start_worker(f);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++, n++)
        session_say_bytes(f, texts[i], strlen(texts[i]));
    assert_int_equal(to_worker_pack(&trial, &bytes), 0);
    for (size_t size = 1; size < bytes.size; size++, n++) /* a trial cut short anywhere */
        session_say_bytes(f, bytes.data, size);
    free(bytes.data);
    check_good(f, 2);
    assert_int_equal(f->n_results[1], 0);
    assert_int_equal(session_log_count(f, "ignoring a malformed message"), n);
}

static void test_frames_are_messages_each_by_itself(void **state)
{
    struct session_fixture *f = *state;
    struct to_worker trial = session_table_trial(f, 1, "bench", "k1");
    struct result_message result;
    struct bytes bytes;

    start_worker(f);
    assert_int_equal(to_worker_pack(&trial, &bytes), 0);
    zmq_send(f->router, f->route, f->route_size, ZMQ_SNDMORE);
    zmq_send(f->router, "", 0, ZMQ_SNDMORE);
    zmq_send(f->router, bytes.data, bytes.size, ZMQ_SNDMORE); /* the same attempt twice */
    zmq_send(f->router, bytes.data, bytes.size, ZMQ_SNDMORE);
    zmq_send(f->router, "no message", 10, 0);
    free(bytes.data);
    result = session_await_result(f, 1);
    session_result_clear(&result);
    check_good(f, 2);
    assert_int_equal(f->n_results[1], 1);
    assert_int_equal(session_log_count(f, "ignoring a malformed message"), 2);
}

static void test_a_trial_that_makes_no_sense_fails(void **state)
{
    struct session_fixture *f = *state;

    start_worker(f);
    for (int i = 0; i < 4; i++) {
        struct to_worker trial = wire_training_trial();
        struct op *op = &trial.trial.network.ops[1]; /* the convolution */

        trial.trial.study_id = f->welcome.welcome.study_id;
        trial.trial.attempt = (struct attempt){ SESSION_START, 1 + (uint64_t)i };
        if (i == 0)
            op->stride = 0;
        else if (i == 1)
            op->input[0] = 6; /* after it */
        else if (i == 2)
            op->out.channels = INT32_MAX;
        else
            op->groups = 0;
        session_say(f, &trial);
        check_failed(f, 1 + (uint64_t)i, "the worker cannot read it: ");
        to_worker_clear(&trial);
    }
    check_good(f, 5);
    assert_int_equal(session_log_count(f, "ignoring a malformed message"), 4);
}

/* ZeroMQ drops the connection for good; the worker notices the silence. */
static void test_a_message_too_long_costs_a_connection(void **state)
{
    struct session_fixture *f = *state;
    size_t size = WIRE_MAX_MESSAGE + 1;
    void *bytes = calloc(1, size);

    assert_non_null(bytes);
    f->welcome.welcome.heartbeat_ms = 300;
    start_worker(f);
    session_say_bytes(f, bytes, size);
    free(bytes);
    session_greet_worker(f);
    check_good(f, 1);
}

static void test_a_peer_of_another_protocol_is_borne(void **state)
{
    static const char garbage[] = "220 mail.example.org ESMTP at your service, whoever you are\r\n";
    struct session_fixture *f = *state;
    struct sockaddr_in address = { .sin_family = AF_INET };
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;
    unsigned port;

    assert_int_equal(sscanf(f->endpoint, "tcp://127.0.0.1:%u", &port), 1);
    session_fixture_unbind(f);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    while (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
        session_nap(f, "the port");
    assert_int_equal(listen(listener, 5), 0);
    session_fixture_start(f, 1);
    peer = accept(listener, NULL, NULL);
    assert_int_equal(write(peer, garbage, sizeof garbage), sizeof garbage);
    close(listener);
    close(peer);

    session_fixture_bind(f);
    session_greet_worker(f);
    check_good(f, 1);
}

int main(int argc, char **argv)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, session_fixture_make, session_fixture_remove)
    const struct CMUnitTest tests[] = {
        TEST(test_what_an_evaluator_cannot_do_fails_and_says_why),
        TEST(test_a_table_without_what_a_trial_reads),
        TEST(test_a_training_without_its_images_fails),
        TEST(test_weights_that_fit_no_message_fail_and_say_so),
        TEST(test_a_trial_out_of_time_fails),
        TEST(test_a_slot_that_dies_fails_its_trial),
        TEST(test_a_slot_that_dies_between_trials_is_nobodys_failure),
        TEST(test_a_slot_that_dies_while_it_is_told_its_trial_is_replaced),
        TEST(test_bytes_that_are_no_message_are_ignored),
        TEST(test_frames_are_messages_each_by_itself),
        TEST(test_a_trial_that_makes_no_sense_fails),
        TEST(test_a_message_too_long_costs_a_connection),
        TEST(test_a_peer_of_another_protocol_is_borne),
    };
    if (argc > 1)
        return worker_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
