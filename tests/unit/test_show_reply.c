#include "tests/unit/check.h"
#include "tests/unit/show_fixture.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <zmq.h>

#include "coordinator/status/show/client.h"
#include "coordinator/status/show/reply.h"

/* The answer to a question of id 1, as a client takes it. */
static int take(const uint8_t *data, size_t size, Layernas__Query__What what,
                Layernas__StatusReply **reply_out, struct errmsg *err)
{
    Layernas__StatusReply *reply;
    int rc = reply_unpack(data, size, &reply, err);

    if (rc < 0)
        return rc;
    rc = reply_check(reply, 1, what, err);
    if (rc == 0)
        *reply_out = reply;
    else
        layernas__status_reply__free_unpacked(reply, NULL);
    return rc;
}

static int read_back(const Layernas__StatusReply *reply, Layernas__Query__What what,
                     Layernas__StatusReply **reply_out, struct errmsg *err)
{
    size_t size = layernas__status_reply__get_packed_size(reply);
    uint8_t *data = malloc(size);
    int rc;

    layernas__status_reply__pack(reply, data);
    rc = take(data, size, what, reply_out, err);
    free(data);
    return rc;
}

/* Spoils an answer in one way. */
enum fault {
    SOUND,
    OTHER_PROTOCOL,
    OTHER_ID,
    OTHER_QUESTION,
    NO_BODY,
    ERROR_LINE,
    NOT_A_NUMBER,
    MORE_THAN_ALL,
};

static void spoil(enum fault fault, Layernas__StatusReply *reply, Layernas__Summary *summary,
                  Layernas__Candidate *best)
{
    switch (fault) {
    case SOUND:
    case OTHER_QUESTION:
        break;
    case OTHER_PROTOCOL:
        reply->protocol = 2;
        break;
    case OTHER_ID:
        reply->id = 2;
        break;
    case NO_BODY:
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY__NOT_SET;
        break;
    case ERROR_LINE:
        reply->protocol = 2;
        reply->error = "status protocol 1\nthis coordinator speaks 2";
        break;
    case NOT_A_NUMBER:
        summary->elapsed_s = NAN;
        break;
    case MORE_THAN_ALL:
        best->correct = best->total + 1;
        break;
    }
}

static void test_answers_are_checked(void **state)
{
    static const struct {
        const char *name;
        enum fault fault;
        int want;
        const char *error;
    } cases[] = {
        { "sound", SOUND, 0, "" },
        { "another protocol", OTHER_PROTOCOL, -EPROTO,
          "an answer in status protocol 2; this program speaks 1" },
        { "another request's", OTHER_ID, -EPROTO, "malformed answer: it answers another question" },
        { "another body", OTHER_QUESTION, -EPROTO,
          "malformed answer: it answers another question" },
        { "no body", NO_BODY, -EPROTO, "malformed answer: it answers another question" },
        { "an error, of another protocol too", ERROR_LINE, -EREMOTEIO,
          "the coordinator answered: status protocol 1?this coordinator speaks 2" },
        { "not a number", NOT_A_NUMBER, -EPROTO, "malformed answer: elapsed_s is not a number" },
        { "more correct than there were", MORE_THAN_ALL, -EPROTO,
          "malformed answer: more than all in Candidate" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Layernas__Candidate best = candidate_of("1:4:1:2", 987088, 3720);
        Layernas__Summary summary = summary_of(&best);
        Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary);
        Layernas__StatusReply *back = NULL;
        struct errmsg err = { "" };

        spoil(cases[i].fault, &reply, &summary, &best);
        check_int_equal(cases[i].name,
                        read_back(&reply,
                                  cases[i].fault == OTHER_QUESTION ? LAYERNAS__QUERY__WHAT__BEST
                                                                   : LAYERNAS__QUERY__WHAT__SUMMARY,
                                  &back, &err),
                        cases[i].want);
        check_string_equal(cases[i].name, err.text, cases[i].error);
        check_int_equal(cases[i].name, back != NULL, cases[i].want == 0);
        layernas__status_reply__free_unpacked(back, NULL);
    }
}

static void test_lists_are_bounded(void **state)
{
    static Layernas__Candidate *front[STATUS_MAX_ROWS + 1];
    Layernas__Candidate candidate = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Pareto pareto = LAYERNAS__PARETO__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_PARETO, &pareto), *back;
    struct errmsg err = { "" };

    (void)state;
    for (size_t i = 0; i <= STATUS_MAX_ROWS; i++)
        front[i] = &candidate;
    pareto.candidates = front;
    pareto.n_candidates = STATUS_MAX_ROWS;
    assert_int_equal(read_back(&reply, LAYERNAS__QUERY__WHAT__PARETO, &back, &err), 0);
    layernas__status_reply__free_unpacked(back, NULL);
    pareto.n_candidates++;
    assert_int_equal(read_back(&reply, LAYERNAS__QUERY__WHAT__PARETO, &back, &err), -EPROTO);
    assert_string_equal(err.text, "malformed answer: 1001 candidates; at most 1000");
}

static void test_texts_become_printable(void **state)
{
    Layernas__TrialRow row = row_of(1, "done", "n\x1b[31m\xc3\xa4", "1:2\n"), *rows[] = { &row };
    Layernas__Trials trials = LAYERNAS__TRIALS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_TRIALS, &trials), *back;
    struct errmsg err = { "" };

    (void)state;
    trials.n_rows = 1;
    trials.rows = rows;
    assert_int_equal(read_back(&reply, LAYERNAS__QUERY__WHAT__TRIALS, &back, &err), 0);
    check_string_equal("worker", back->trials->rows[0]->worker, "n?[31m??");
    check_string_equal("arch", back->trials->rows[0]->arch, "1:2?");
    layernas__status_reply__free_unpacked(back, NULL);
}

/* Every prefix of an answer, and the answer with each byte changed, is taken or refused; the
 * sanitizers watch. */
static void test_damaged_bytes(void **state)
{
    Layernas__Candidate best = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Summary summary = summary_of(&best);
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary), *back;
    size_t size = layernas__status_reply__get_packed_size(&reply);
    uint8_t *data = malloc(size);
    struct errmsg err;

    (void)state;
    layernas__status_reply__pack(&reply, data);
    for (size_t cut = 0; cut < size; cut++)
        if (take(data, cut, LAYERNAS__QUERY__WHAT__SUMMARY, &back, &err) == 0)
            layernas__status_reply__free_unpacked(back, NULL);
    for (size_t i = 0; i < 8 * size; i++) {
        data[i / 8] ^= (uint8_t)(1 << i % 8);
        if (take(data, size, LAYERNAS__QUERY__WHAT__SUMMARY, &back, &err) == 0) {
            shown(back);
            json_decref(reply_json(back));
            layernas__status_reply__free_unpacked(back, NULL);
        }
        data[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(data);
}

/* ---- JSON ---- */

static void test_json(void **state)
{
    Layernas__Candidate best = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Summary summary = summary_of(&best);
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary);
    json_t *json = reply_json(&reply), *object = json_object_get(json, "best");

    (void)state;
    check_string_equal("study", json_string_value(json_object_get(json, "study")),
                       "fashion-mobile");
    check_int_equal("done", json_integer_value(json_object_get(json, "done")), 1234);
    check_true("zero is told too", json_is_integer(json_object_get(json, "lost_attempts")));
    check_true("time", json_real_value(json_object_get(json, "eta_s")) == 754);
    check_int_equal("cost", json_integer_value(json_object_get(object, "cost")), 987088);
    check_true("percent", json_real_value(json_object_get(object, "reward")) == 93);
    check_true("truth", json_is_true(json_object_get(object, "in_target")));
    json_decref(json);

    summary.best = NULL;
    summary.eta_s = -1;
    json = reply_json(&reply);
    check_true("no best", json_is_null(json_object_get(json, "best")));
    check_true("no estimate", json_is_null(json_object_get(json, "eta_s")));
    check_int_equal("empty list", json_array_size(json_object_get(json, "numerics")), 0);
    json_decref(json);
}

static void test_json_of_lists(void **state)
{
    Layernas__TrialRow rows[] = { row_of(1, "done", "n", "1:2"), row_of(2, "ready", "", "1:3") };
    Layernas__TrialRow *list[] = { &rows[0], &rows[1] };
    Layernas__Trials trials = LAYERNAS__TRIALS__INIT;
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_TRIALS, &trials);
    json_t *json, *got;

    (void)state;
    rows[0].correct = 1;
    rows[0].total = 3;
    trials.n_rows = 2;
    trials.rows = list;
    json = reply_json(&reply);
    got = json_object_get(json, "rows");
    check_int_equal("both", json_array_size(got), 2);
    check_true("percent", fabs(json_real_value(json_object_get(json_array_get(got, 0), "reward")) -
                               100.0 / 3) < 1e-9);
    check_true("no result", json_is_null(json_object_get(json_array_get(got, 1), "reward")));
    check_true("not running", json_is_null(json_object_get(json_array_get(got, 1), "progress")));
    json_decref(json);
}

/* ---- over a socket ---- */

struct peer {
    void *socket;
    const char *frames[2]; /* NULL: the answer to a summary, packed */
    int n_frames;
};

static void *answer_once(void *arg)
{
    const struct peer *peer = arg;
    Layernas__Summary summary = summary_of(NULL);
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary);
    uint8_t route[256], request[256], packed[512];
    int size = zmq_recv(peer->socket, route, sizeof route, 0);

    zmq_recv(peer->socket, request, sizeof request, 0);
    zmq_send(peer->socket, route, (size_t)size, ZMQ_SNDMORE);
    for (int i = 0; i < peer->n_frames; i++) {
        int more = i + 1 < peer->n_frames ? ZMQ_SNDMORE : 0;

        if (peer->frames[i])
            zmq_send(peer->socket, peer->frames[i], strlen(peer->frames[i]), more);
        else
            zmq_send(peer->socket, packed, layernas__status_reply__pack(&reply, packed), more);
    }
    return NULL;
}

static int ask_once(const char *endpoint, int timeout_ms, Layernas__StatusReply **reply_out,
                    struct errmsg *err)
{
    const struct question question = { .what = LAYERNAS__QUERY__WHAT__SUMMARY, .limit = 20 };
    struct client *client;
    int rc = client_open(endpoint, NULL, &client, err);

    if (rc < 0)
        return rc;
    rc = client_ask(client, &question, timeout_ms, reply_out, err);
    client_close(client);
    return rc;
}

static void test_client(void **state)
{
    static const struct {
        const char *name;
        const char *frames[2];
        int n_frames, want;
        const char *error;
    } cases[] = {
        { "an answer", { NULL }, 1, 0, "" },
        { "noise", { "noise" }, 1, -EPROTO, "malformed answer; this is no coordinator" },
        { "two frames",
          { NULL, NULL },
          2,
          -EPROTO,
          "an answer in several frames; this is no coordinator" },
    };
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    char endpoint[256];
    size_t size = sizeof endpoint;

    (void)state;
    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct peer peer = { socket,
                             { cases[i].frames[0], cases[i].frames[1] },
                             cases[i].n_frames };
        Layernas__StatusReply *reply = NULL;
        struct errmsg err = { "" };
        pthread_t thread;

        assert_int_equal(pthread_create(&thread, NULL, answer_once, &peer), 0);
        check_int_equal(cases[i].name, ask_once(endpoint, 60000, &reply, &err), cases[i].want);
        pthread_join(thread, NULL);
        check_string_equal(cases[i].name, err.text, cases[i].error);
        layernas__status_reply__free_unpacked(reply, NULL);
    }
    zmq_close(socket);
    zmq_ctx_term(context);
}

static void test_client_without_a_coordinator(void **state)
{
    void *context = zmq_ctx_new(), *socket = zmq_socket(context, ZMQ_ROUTER);
    char endpoint[256], wanted[512];
    size_t size = sizeof endpoint;
    Layernas__StatusReply *reply = NULL;
    struct errmsg err = { "" };

    (void)state;
    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0); /* listens, and says nothing */
    assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    check_int_equal("silence", ask_once(endpoint, 50, &reply, &err), -ETIMEDOUT);
    snprintf(wanted, sizeof wanted,
             "no coordinator answered at %s within 0.05 s; is one running there, with this "
             "--status endpoint?",
             endpoint);
    check_string_equal("silence", err.text, wanted);
    check_int_equal("no endpoint", ask_once("5556", 50, &reply, &err), -EINVAL);
    zmq_close(socket);
    zmq_ctx_term(context);
}

static void test_json_that_cannot_be_written(void **state)
{
    Layernas__Candidate best = candidate_of("1:4:1:2", 987088, 3720);
    Layernas__Summary summary = summary_of(&best);
    Layernas__StatusReply reply = reply_of(LAYERNAS__STATUS_REPLY__BODY_SUMMARY, &summary);
    FILE *full = fopen("/dev/full", "w");

    (void)state;
    assert_non_null(full);
    setvbuf(full, NULL, _IONBF, 0);
    assert_int_equal(reply_print_json(full, &reply), -EIO);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_are_checked),
        cmocka_unit_test(test_lists_are_bounded),
        cmocka_unit_test(test_texts_become_printable),
        cmocka_unit_test(test_damaged_bytes),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_of_lists),
        cmocka_unit_test(test_json_that_cannot_be_written),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_client_without_a_coordinator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
