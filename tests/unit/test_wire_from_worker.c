/* What workers say: every field comes through, whatever is out of range is refused. */
#include "tests/unit/wire_messages.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/check.h"

/* ---- round trips ---- */

/* Packing is a function of the fields: equal bytes again mean that every field came through. */
static void check_from_worker(const char *name, struct from_worker message)
{
    struct bytes bytes, again;
    struct from_worker back;
    struct errmsg err = { "" };

    check_int_equal(name, from_worker_pack(&message, &bytes), 0);
    if (from_worker_unpack(bytes.data, bytes.size, &back, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    check_int_equal(name, back.kind, message.kind);
    check_int_equal(name, from_worker_pack(&back, &again), 0);
    check_int_equal(name, again.size, bytes.size);
    check_true(name, memcmp(again.data, bytes.data, bytes.size) == 0);
    free(bytes.data);
    free(again.data);
    from_worker_clear(&message);
    from_worker_clear(&back);
}

static void test_messages_from_a_worker_come_through(void **state)
{
    struct from_worker empty_heartbeat = { .kind = FROM_HEARTBEAT };
    struct from_worker goodbye = { .kind = FROM_GOODBYE };

    (void)state;
    check_from_worker("hello", wire_full_hello());
    check_from_worker("heartbeat", wire_full_heartbeat());
    check_from_worker("heartbeat of an idle worker", empty_heartbeat);
    check_from_worker("result", wire_full_result());
    check_from_worker("failed result", wire_failed_result());
    check_from_worker("goodbye", goodbye);
}

static void test_every_field_of_a_result_comes_through(void **state)
{
    struct from_worker sent = wire_full_result(), back;
    struct result_message *a = &sent.result, *b = &back.result;
    struct bytes bytes;

    (void)state;
    assert_int_equal(from_worker_pack(&sent, &bytes), 0);
    assert_int_equal(from_worker_unpack(bytes.data, bytes.size, &back, NULL), 0);
    assert_memory_equal(&a->study_id, &b->study_id, sizeof a->study_id);
    assert_memory_equal(&a->attempt, &b->attempt, sizeof a->attempt);
    assert_memory_equal(&a->result.key, &b->result.key, sizeof a->result.key);
    assert_memory_equal(&a->result.arch, &b->result.arch, sizeof a->result.arch);
    assert_true(a->result.stage == b->result.stage && a->result.replica == b->result.replica &&
                a->result.madds == b->result.madds && a->result.params == b->result.params &&
                a->result.reward.correct == b->result.reward.correct &&
                a->result.reward.total == b->result.reward.total &&
                a->result.loss == b->result.loss && a->result.seconds == b->result.seconds &&
                a->credit == b->credit);
    assert_string_equal(a->result.numerics, b->result.numerics);
    assert_int_equal(a->output.size, b->output.size);
    assert_memory_equal(a->output.data, b->output.data, a->output.size);
    assert_memory_equal(a->weights.data, b->weights.data, a->weights.size);
    free(bytes.data);
    from_worker_clear(&sent);
    from_worker_clear(&back);
}

static void test_data_sets_of_a_hello_come_through(void **state)
{
    struct from_worker sent = wire_full_hello(), back;
    struct bytes bytes;

    (void)state;
    assert_int_equal(from_worker_pack(&sent, &bytes), 0);
    assert_int_equal(from_worker_unpack(bytes.data, bytes.size, &back, NULL), 0);
    assert_int_equal(back.hello.n_data, WIRE_MAX_DATA);
    for (size_t i = 0; i < WIRE_MAX_DATA; i++) {
        const struct data_set *a = &sent.hello.data[i], *b = &back.hello.data[i];

        assert_string_equal(b->name, a->name);
        assert_int_equal(b->known, i % 2);
        assert_true(digest_equal(&b->digest, &a->digest)); /* zeros where it is not known */
    }
    free(bytes.data);
    from_worker_clear(&sent);
    from_worker_clear(&back);
}

static void test_slot_reports_come_through(void **state)
{
    struct from_worker result = wire_full_result();
    struct slot_report reports[] = {
        { .kind = SLOT_PROGRESS, .progress = { .epoch = 1, .epochs = 2, .fraction = 0.5 } },
        { .kind = SLOT_RESULT, .result = result.result },
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct slot_report back;
        struct bytes bytes, again;

        assert_int_equal(slot_report_pack(&reports[i], &bytes), 0);
        assert_int_equal(slot_report_unpack(bytes.data, bytes.size, &back, NULL), 0);
        assert_int_equal(back.kind, reports[i].kind);
        assert_int_equal(slot_report_pack(&back, &again), 0);
        assert_int_equal(again.size, bytes.size);
        assert_memory_equal(again.data, bytes.data, bytes.size);
        free(bytes.data);
        free(again.data);
        slot_report_clear(&back);
    }
    from_worker_clear(&result);
}

/* ---- what is refused ---- */

static void unspoilt(struct from_worker *message)
{
    (void)message;
}

#define SPOIL_HELLO(name, statement)                                                               \
    static void name(struct from_worker *message)                                                  \
    {                                                                                              \
        struct hello *hello = &message->hello;                                                     \
        statement;                                                                                 \
    }
#define SPOIL_HEARTBEAT(name, statement)                                                           \
    static void name(struct from_worker *message)                                                  \
    {                                                                                              \
        struct running *running = message->heartbeat.running;                                      \
        statement;                                                                                 \
    }
#define SPOIL_RESULT(name, statement)                                                              \
    static void name(struct from_worker *message)                                                  \
    {                                                                                              \
        struct trial_result *result = &message->result.result;                                     \
        statement;                                                                                 \
    }

SPOIL_HELLO(no_version, hello->protocol_lowest = 0)
SPOIL_HELLO(crossed_versions, hello->protocol_lowest = 2; hello->protocol_highest = 1)
SPOIL_HELLO(no_name, hello->name[0] = '\0')
SPOIL_HELLO(bell_in_name, hello->name[3] = '\a')
SPOIL_HELLO(half_a_character, hello->name[62] = '\xc3')
SPOIL_HELLO(escape_in_c1, memcpy(hello->name, "\xc2\x9b", 2))
SPOIL_HELLO(overlong_character, memcpy(hello->name, "\xc0\xaf", 2))
SPOIL_HELLO(no_slots, hello->slots = 0)
SPOIL_HELLO(too_many_slots, hello->slots = WIRE_MAX_SLOTS + 1)
SPOIL_HELLO(no_threads, hello->threads = 0)
SPOIL_HELLO(endless_credit, hello->credit = WIRE_MAX_HELD + 1)
SPOIL_HELLO(nameless_data, hello->data[5].name[0] = '\0')
SPOIL_HEARTBEAT(loss_not_a_number, running[9].progress.loss = NAN)
SPOIL_HEARTBEAT(endless_loss, running[9].progress.loss = INFINITY)
SPOIL_HEARTBEAT(accuracy_past_100, running[0].progress.accuracy = 100.5)
SPOIL_HEARTBEAT(negative_speed, running[0].progress.images_per_second = -1)
SPOIL_HEARTBEAT(fraction_past_1, running[0].progress.fraction = 1.1)
SPOIL_HEARTBEAT(epoch_past_the_last, running[0].progress.epochs = 1)
SPOIL_RESULT(unknown_stage, result->stage = STAGES)
SPOIL_RESULT(unknown_outcome, result->outcome = OUTCOMES)
SPOIL_RESULT(no_layers, result->arch.n = 0)
SPOIL_RESULT(option_too_large, result->arch.option[7] = ARCH_MAX_OPTIONS)
SPOIL_RESULT(negative_madds, result->madds = -1)
SPOIL_RESULT(negative_params, result->params = INT64_MIN)
SPOIL_RESULT(more_correct_than_there_are, result->reward.total = 1)
SPOIL_RESULT(nothing_evaluated, result->reward = (struct reward){ 0 })
SPOIL_RESULT(diverged_and_right, result->diverged = true)
SPOIL_RESULT(result_loss_not_a_number, result->loss = NAN)
SPOIL_RESULT(negative_time, result->seconds = -0.5)
SPOIL_RESULT(endless_time, result->seconds = INFINITY)
SPOIL_RESULT(failed_without_reason, result->outcome = OUTCOME_FAILED)
SPOIL_RESULT(weights_of_a_search, result->stage = STAGE_SEARCH)
SPOIL_RESULT(newline_in_numerics, result->numerics[0] = '\n')

static void test_malformed_messages_from_a_worker_are_refused(void **state)
{
    static const struct {
        const char *field; /* that the line names */
        struct from_worker (*make)(void);
        void (*spoil)(struct from_worker *message);
    } cases[] = {
        { "", wire_full_hello, unspoilt }, /* is taken */
        { "protocol_lowest", wire_full_hello, no_version },
        { "protocol_lowest", wire_full_hello, crossed_versions },
        { "name", wire_full_hello, no_name },
        { "name", wire_full_hello, bell_in_name },
        { "name", wire_full_hello, half_a_character },
        { "name", wire_full_hello, escape_in_c1 },
        { "name", wire_full_hello, overlong_character },
        { "slots", wire_full_hello, no_slots },
        { "slots", wire_full_hello, too_many_slots },
        { "threads", wire_full_hello, no_threads },
        { "credit", wire_full_hello, endless_credit },
        { "data", wire_full_hello, nameless_data },
        { "loss", wire_full_heartbeat, loss_not_a_number },
        { "loss", wire_full_heartbeat, endless_loss },
        { "accuracy", wire_full_heartbeat, accuracy_past_100 },
        { "images_per_second", wire_full_heartbeat, negative_speed },
        { "fraction", wire_full_heartbeat, fraction_past_1 },
        { "epoch", wire_full_heartbeat, epoch_past_the_last },
        { "stage", wire_full_result, unknown_stage },
        { "outcome", wire_full_result, unknown_outcome },
        { "arch", wire_full_result, no_layers },
        { "arch", wire_full_result, option_too_large },
        { "madds", wire_full_result, negative_madds },
        { "params", wire_full_result, negative_params },
        { "correct", wire_full_result, more_correct_than_there_are },
        { "total", wire_full_result, nothing_evaluated },
        { "correct", wire_full_result, diverged_and_right },
        { "loss", wire_full_result, result_loss_not_a_number },
        { "seconds", wire_full_result, negative_time },
        { "seconds", wire_full_result, endless_time },
        { "reason", wire_full_result, failed_without_reason },
        { "weights", wire_full_result, weights_of_a_search },
        { "numerics", wire_full_result, newline_in_numerics },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct from_worker message = cases[i].make(), back;
        struct errmsg err = { "" };
        struct bytes bytes;
        int rc;

        cases[i].spoil(&message);
        assert_int_equal(from_worker_pack(&message, &bytes), 0);
        rc = from_worker_unpack(bytes.data, bytes.size, &back, &err);
        if (rc == 0)
            from_worker_clear(&back);
        check_int_equal(cases[i].field, rc, cases[i].field[0] ? -EPROTO : 0);
        if (strncmp(err.text, cases[i].field, strlen(cases[i].field)) != 0)
            fail_msg("case %zu: \"%s\" does not begin with %s", i, err.text, cases[i].field);
        free(bytes.data);
        from_worker_clear(&message);
    }
}

/* ---- versions ---- */

/* Field numbers and wire types as layernas.proto has them, written by hand: a Hello of protocol 7 to
 * 9, version "9.0", whose field 4 became a number and which has a field 200. */
static void test_a_hello_of_another_version_is_read_to_be_refused(void **state)
{
    static const uint8_t bytes[] = { 0x0a, 14,  0x08, 7,    0x10, 9,    0x1a, 3,
                                     '9',  '.', '0',  0x20, 5,    0xc0, 0x0c, 1 };
    struct from_worker message;
    struct errmsg err = { "" };

    (void)state;
    if (from_worker_unpack(bytes, sizeof bytes, &message, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(message.kind, FROM_HELLO);
    assert_int_equal(message.hello.protocol_lowest, 7);
    assert_int_equal(message.hello.protocol_highest, 9);
    assert_string_equal(message.hello.version, "9.0");
    from_worker_clear(&message);
}

/* The same for 1 to 9: this version is among them, so the rest must be as this version has it. */
static void test_a_hello_of_this_version_must_be_whole(void **state)
{
    static const uint8_t bytes[] = { 0x0a, 14,  0x08, 1,    0x10, 9,    0x1a, 3,
                                     '9',  '.', '0',  0x20, 5,    0xc0, 0x0c, 1 };
    struct from_worker message;

    (void)state;
    assert_int_equal(from_worker_unpack(bytes, sizeof bytes, &message, NULL), -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_from_a_worker_come_through),
        cmocka_unit_test(test_every_field_of_a_result_comes_through),
        cmocka_unit_test(test_data_sets_of_a_hello_come_through),
        cmocka_unit_test(test_slot_reports_come_through),
        cmocka_unit_test(test_malformed_messages_from_a_worker_are_refused),
        cmocka_unit_test(test_a_hello_of_another_version_is_read_to_be_refused),
        cmocka_unit_test(test_a_hello_of_this_version_must_be_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
