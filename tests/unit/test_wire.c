#include "tests/unit/check.h"

#include "common/rng.h"
#include "tests/unit/wire_messages.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

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

static void check_to_worker(const char *name, struct to_worker message)
{
    struct bytes bytes, again;
    struct to_worker back;
    struct errmsg err = { "" };

    check_int_equal(name, to_worker_pack(&message, &bytes), 0);
    if (to_worker_unpack(bytes.data, bytes.size, &back, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    check_int_equal(name, back.kind, message.kind);
    check_int_equal(name, to_worker_pack(&back, &again), 0);
    check_int_equal(name, again.size, bytes.size);
    check_true(name, memcmp(again.data, bytes.data, bytes.size) == 0);
    free(bytes.data);
    free(again.data);
    to_worker_clear(&message);
    to_worker_clear(&back);
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

static void test_messages_to_a_worker_come_through(void **state)
{
    struct to_worker refusal = {
        .kind = TO_REFUSAL,
        .refusal = { .reason = "worker 9.0 speaks protocol 7", .protocol_highest = UINT32_MAX },
    };
    struct to_worker cancel = { .kind = TO_CANCEL,
                                .cancel = { .attempt = { 1, 2 }, .reason = "not needed" } };
    struct to_worker over = { .kind = TO_STUDY_OVER, .study_over = { .reason = "done" } };

    (void)state;
    check_to_worker("welcome", wire_welcome());
    check_to_worker("refusal", refusal);
    check_to_worker("training trial", wire_training_trial());
    check_to_worker("table trial", wire_table_trial());
    check_to_worker("verdict", wire_verdict());
    check_to_worker("cancel", cancel);
    check_to_worker("alive", (struct to_worker){ .kind = TO_ALIVE });
    check_to_worker("hello again", (struct to_worker){ .kind = TO_HELLO_AGAIN });
    check_to_worker("study over", over);
}

/* Equal bytes do not show that a field is in the bytes at all: these are compared themselves. */
static void test_every_field_of_a_trial_comes_through(void **state)
{
    struct to_worker sent = wire_training_trial(), back;
    struct trial_message *a = &sent.trial, *b = &back.trial;
    struct bytes bytes;

    (void)state;
    assert_int_equal(to_worker_pack(&sent, &bytes), 0);
    assert_int_equal(to_worker_unpack(bytes.data, bytes.size, &back, NULL), 0);
    assert_memory_equal(&a->study_id, &b->study_id, sizeof a->study_id);
    assert_memory_equal(&a->attempt, &b->attempt, sizeof a->attempt);
    assert_memory_equal(&a->trial.key, &b->trial.key, sizeof a->trial.key);
    assert_memory_equal(&a->trial.arch, &b->trial.arch, sizeof a->trial.arch);
    assert_memory_equal(&a->trial.costs, &b->trial.costs, sizeof a->trial.costs);
    assert_true(a->trial.number == b->trial.number && a->trial.cost == b->trial.cost &&
                a->trial.seed == b->trial.seed && a->trial.stage == b->trial.stage &&
                a->trial.replica == b->trial.replica);
    assert_string_equal(a->evaluation.data.name, b->evaluation.data.name);
    assert_true(a->evaluation.data.train == b->evaluation.data.train &&
                a->evaluation.data.valid == b->evaluation.data.valid &&
                a->evaluation.data.split_seed == b->evaluation.data.split_seed &&
                a->evaluation.time_limit_s == b->evaluation.time_limit_s);
    assert_memory_equal(&a->evaluation.schedule.optimizer, &b->evaluation.schedule.optimizer,
                        sizeof a->evaluation.schedule.optimizer);
    assert_true(a->evaluation.schedule.epochs == b->evaluation.schedule.epochs &&
                a->evaluation.schedule.batch == b->evaluation.schedule.batch &&
                a->evaluation.schedule.lr == b->evaluation.schedule.lr &&
                a->evaluation.schedule.momentum == b->evaluation.schedule.momentum &&
                a->evaluation.schedule.nesterov == b->evaluation.schedule.nesterov &&
                a->evaluation.schedule.weight_decay == b->evaluation.schedule.weight_decay &&
                a->evaluation.schedule.label_smoothing == b->evaluation.schedule.label_smoothing &&
                a->evaluation.schedule.decay == b->evaluation.schedule.decay &&
                a->evaluation.schedule.warmup == b->evaluation.schedule.warmup &&
                a->evaluation.schedule.crop_pad == b->evaluation.schedule.crop_pad &&
                a->evaluation.schedule.flip == b->evaluation.schedule.flip &&
                a->evaluation.schedule.gamma == b->evaluation.schedule.gamma &&
                a->evaluation.schedule.n_milestones == b->evaluation.schedule.n_milestones &&
                a->evaluation.schedule.alpha == b->evaluation.schedule.alpha &&
                a->evaluation.schedule.epsilon == b->evaluation.schedule.epsilon &&
                a->evaluation.schedule.ema == b->evaluation.schedule.ema);
    assert_memory_equal(a->evaluation.schedule.milestones, b->evaluation.schedule.milestones,
                        sizeof a->evaluation.schedule.milestones);
    assert_int_equal(a->evaluation.data.format, b->evaluation.data.format);
    assert_int_equal(a->network.n_ops, b->network.n_ops);
    for (size_t i = 0; i < a->network.n_ops; i++)
        check_true(op_kind_name(a->network.ops[i].kind),
                   memcmp(&a->network.ops[i], &b->network.ops[i], sizeof(struct op)) == 0);
    assert_true(b->count.dense_bias);
    assert_int_equal(a->weights.size, b->weights.size);
    assert_memory_equal(a->weights.data, b->weights.data, a->weights.size);
    free(bytes.data);
    to_worker_clear(&sent);
    to_worker_clear(&back);
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

static void test_what_a_welcome_says_of_data_comes_through(void **state)
{
    struct to_worker sent = wire_welcome(), back;
    struct bytes bytes;

    (void)state;
    assert_int_equal(to_worker_pack(&sent, &bytes), 0);
    assert_int_equal(to_worker_unpack(bytes.data, bytes.size, &back, NULL), 0);
    assert_string_equal(back.welcome.data, sent.welcome.data);
    assert_string_equal(back.welcome.no_trials, sent.welcome.no_trials);
    free(bytes.data);
    to_worker_clear(&sent);
    to_worker_clear(&back);
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

static void long_hello(struct from_worker *message)
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
        { "", wire_full_hello, long_hello }, /* unspoilt: taken */
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

#define SPOIL_TRIAL(name, statement)                                                               \
    static void name(struct to_worker *message)                                                    \
    {                                                                                              \
        struct trial_message *trial = &message->trial;                                             \
        statement;                                                                                 \
    }

SPOIL_TRIAL(no_number, trial->trial.number = 0)
SPOIL_TRIAL(negative_cost, trial->trial.cost = -1)
SPOIL_TRIAL(negative_activations, trial->trial.costs.activations = -1)
SPOIL_TRIAL(unknown_evaluator, trial->evaluation.evaluator = EVALUATOR_KINDS)
SPOIL_TRIAL(no_data, trial->evaluation.data.name[0] = '\0')
SPOIL_TRIAL(unknown_format, trial->evaluation.data.format = DATA_FORMATS)
SPOIL_TRIAL(no_epochs, trial->evaluation.schedule.epochs = 0)
SPOIL_TRIAL(no_batch, trial->evaluation.schedule.batch = 0)
SPOIL_TRIAL(unknown_optimizer, trial->evaluation.schedule.optimizer = OPTIMIZER_KINDS)
SPOIL_TRIAL(rate_not_a_number, trial->evaluation.schedule.lr = NAN)
SPOIL_TRIAL(too_much_momentum, trial->evaluation.schedule.momentum = 1.5)
SPOIL_TRIAL(unknown_decay, trial->evaluation.schedule.decay = DECAY_KINDS)
SPOIL_TRIAL(too_large_gamma, trial->evaluation.schedule.gamma = 1.1)
SPOIL_TRIAL(milestones_that_fall, trial->evaluation.schedule.milestones[3] = 0.01)
SPOIL_TRIAL(milestone_past_the_end, trial->evaluation.schedule.milestones[15] = 1.01)
SPOIL_TRIAL(too_large_alpha, trial->evaluation.schedule.alpha = 1.1)
SPOIL_TRIAL(no_epsilon, trial->evaluation.schedule.epsilon = 0)
SPOIL_TRIAL(average_of_nothing, trial->evaluation.schedule.ema = NAN)
SPOIL_TRIAL(no_reward_column, trial->evaluation.table.reward_column[0] = '\0')
SPOIL_TRIAL(no_table_key, trial->table_key[0] = '\0')
SPOIL_TRIAL(no_network, network_clear(&trial->network))
SPOIL_TRIAL(one_op, trial->network.n_ops = 1)
SPOIL_TRIAL(op_of_unknown_kind, trial->network.ops[2].kind = OP_KINDS)
SPOIL_TRIAL(op_that_reads_itself, trial->network.ops[2].input[0] = 2)
SPOIL_TRIAL(op_that_reads_before_the_first, trial->network.ops[2].input[0] = -1)
SPOIL_TRIAL(op_of_another_shape, trial->network.ops[2].out.height++)
SPOIL_TRIAL(op_of_no_layer, trial->network.ops[2].layer = ARCH_MAX_LAYERS)
SPOIL_TRIAL(huge_stride, trial->network.ops[1].stride = INT32_MAX)
SPOIL_TRIAL(negative_pad, trial->network.ops[1].pad = -1)
SPOIL_TRIAL(unknown_activation, trial->network.ops[3].activation = ACTIVATION_KINDS)
SPOIL_TRIAL(drops_everything, trial->network.ops[8].drop = DROP_ONE)
SPOIL_TRIAL(drops_nothing, trial->network.ops[8].drop = 0)
SPOIL_TRIAL(convolution_that_drops, trial->network.ops[1].drop = 1)
SPOIL_TRIAL(gate_of_several_pixels, trial->network.ops[7].input[1] = 4)
SPOIL_TRIAL(weights_for_a_search, trial->trial.stage = STAGE_SEARCH)

static void test_malformed_trials_are_refused(void **state)
{
    static const struct {
        const char *name, *field;
        struct to_worker (*make)(void);
        void (*spoil)(struct to_worker *message);
    } cases[] = {
        { "no number", "number", wire_training_trial, no_number },
        { "negative cost", "cost", wire_training_trial, negative_cost },
        { "negative activations", "activations", wire_training_trial, negative_activations },
        { "unknown evaluator", "evaluator", wire_training_trial, unknown_evaluator },
        { "no data", "data name", wire_training_trial, no_data },
        { "unknown format", "data format", wire_training_trial, unknown_format },
        { "no epochs", "epochs", wire_training_trial, no_epochs },
        { "no batch", "batch", wire_training_trial, no_batch },
        { "unknown optimizer", "optimizer", wire_training_trial, unknown_optimizer },
        { "learning rate not a number", "lr", wire_training_trial, rate_not_a_number },
        { "momentum past 1", "momentum", wire_training_trial, too_much_momentum },
        { "unknown decay", "decay", wire_training_trial, unknown_decay },
        { "gamma past 1", "gamma", wire_training_trial, too_large_gamma },
        { "milestones that fall", "milestones", wire_training_trial, milestones_that_fall },
        { "a milestone past the end", "milestones", wire_training_trial, milestone_past_the_end },
        { "alpha past 1", "alpha", wire_training_trial, too_large_alpha },
        { "a root that may be 0", "epsilon", wire_training_trial, no_epsilon },
        { "average not a number", "ema", wire_training_trial, average_of_nothing },
        { "no reward column", "reward_column", wire_table_trial, no_reward_column },
        { "no row", "table_key", wire_table_trial, no_table_key },
        { "training of no network", "network", wire_training_trial, no_network },
        { "network of one op", "network", wire_training_trial, one_op },
        { "op of unknown kind", "op kind", wire_training_trial, op_of_unknown_kind },
        { "op that reads itself", "network", wire_training_trial, op_that_reads_itself },
        { "op that reads before the first", "op input", wire_training_trial,
          op_that_reads_before_the_first },
        { "op of another shape", "network", wire_training_trial, op_of_another_shape },
        { "op of no layer", "op layer", wire_training_trial, op_of_no_layer },
        { "huge stride", "stride", wire_training_trial, huge_stride },
        { "negative padding", "pad", wire_training_trial, negative_pad },
        { "unknown activation", "activation", wire_training_trial, unknown_activation },
        { "dropout of everything", "drop", wire_training_trial, drops_everything },
        { "dropout of nothing", "network: dropout", wire_training_trial, drops_nothing },
        { "convolution that drops", "network: op 1", wire_training_trial, convolution_that_drops },
        { "gate of several pixels", "network: scale", wire_training_trial, gate_of_several_pixels },
        { "weights for a search", "weights", wire_training_trial, weights_for_a_search },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct to_worker message = cases[i].make(), back;
        struct errmsg err = { "" };
        struct bytes bytes;

        cases[i].spoil(&message);
        assert_int_equal(to_worker_pack(&message, &bytes), 0);
        check_int_equal(cases[i].name, to_worker_unpack(bytes.data, bytes.size, &back, &err),
                        -EPROTO);
        if (strncmp(err.text, cases[i].field, strlen(cases[i].field)) != 0)
            fail_msg("%s: \"%s\" does not begin with %s", cases[i].name, err.text, cases[i].field);
        free(bytes.data);
        to_worker_clear(&message);
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

/* ---- bytes that nobody packed ---- */

static void check_all(const uint8_t *data, size_t size)
{
    /* Of the exact size, so that the sanitizer sees a read past the end. */
    uint8_t *exact = malloc(size + (size == 0));
    struct from_worker from;
    struct to_worker to;
    struct slot_report report;

    memcpy(exact, data, size);
    if (from_worker_unpack(exact, size, &from, NULL) == 0)
        from_worker_clear(&from);
    if (to_worker_unpack(exact, size, &to, NULL) == 0)
        to_worker_clear(&to);
    if (slot_report_unpack(exact, size, &report, NULL) == 0)
        slot_report_clear(&report);
    free(exact);
}

static struct bytes pack_trial(void)
{
    struct to_worker message = wire_training_trial();
    struct bytes bytes;

    free(message.trial.weights.data);
    message.trial.weights = (struct bytes){ 0 };
    assert_int_equal(to_worker_pack(&message, &bytes), 0);
    to_worker_clear(&message);
    return bytes;
}

static struct bytes pack_result(void)
{
    struct from_worker message = wire_full_result();
    struct bytes bytes;

    message.result.output.size = message.result.weights.size = 10;
    assert_int_equal(from_worker_pack(&message, &bytes), 0);
    from_worker_clear(&message);
    return bytes;
}

static void test_a_message_cut_short_is_refused(void **state)
{
    struct bytes trial = pack_trial(), result = pack_result();
    struct to_worker to;
    struct from_worker from;

    (void)state;
    for (size_t size = 0; size < trial.size; size++) {
        check_all(trial.data, size);
        assert_int_equal(to_worker_unpack(trial.data, size, &to, NULL), -EPROTO);
    }
    for (size_t size = 0; size < result.size; size++) {
        check_all(result.data, size);
        assert_int_equal(from_worker_unpack(result.data, size, &from, NULL), -EPROTO);
    }
    free(trial.data);
    free(result.data);
}

static void mutate(struct bytes original)
{
    uint8_t *copy = malloc(original.size);
    struct rng rng;

    rng_init(&rng, 1, 0);
    for (int i = 0; i < 5000; i++) {
        memcpy(copy, original.data, original.size);
        for (uint64_t n = 1 + rng_below(&rng, 4); n > 0; n--)
            copy[rng_below(&rng, original.size)] = (uint8_t)rng_u64(&rng);
        check_all(copy, original.size);
    }
    free(copy);
    free(original.data);
}

static void test_random_changes_do_no_harm(void **state)
{
    (void)state;
    mutate(pack_trial());
    mutate(pack_result());
}

/* 16 million empty submessages or unknown fields, two bytes each: unchecked, gigabytes. */
static void test_a_small_message_cannot_claim_much_memory(void **state)
{
    static const struct {
        const char *name;
        uint8_t outer, inner;
    } cases[] = {
        { "held attempts of a hello", 0x0a, 0x5a },
        { "running attempts of a heartbeat", 0x12, 0x12 },
        { "unknown fields", 0x0a, 0x7a },
    };
    enum { N = 1 << 24 };
    uint8_t *data = malloc(2 * N + 5);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const uint8_t length[] = { 0x80, 0x80, 0x80, 0x10 }; /* 2^25 */
        struct from_worker message;
        struct errmsg err = { "" };

        data[0] = cases[i].outer;
        memcpy(data + 1, length, sizeof length);
        for (size_t k = 0; k < N; k++) {
            data[5 + 2 * k] = cases[i].inner;
            data[6 + 2 * k] = 0;
        }
        check_int_equal(cases[i].name, from_worker_unpack(data, 2 * N + 5, &message, &err),
                        -EPROTO);
        check_true(cases[i].name, strstr(err.text, "not a message") != NULL);
    }
    free(data);
}

static void test_texts_are_made_printable(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "plain", "host:1", "host:1" },
        { "newline and escape", "a\nb\x1b[2J", "a?b?[2J" },
        { "UTF-8", "Z\xc3\xbcrich", "Z\xc3\xbcrich" },
        { "cut at a character's border", "1234567\xc3\xbc", "1234567" },
        { "byte that begins nothing", "a\xff", "a?" },
        { "cut in the middle by another", "a\xe2\x82", "a??" },
        { "surrogate", "\xed\xa0\x80", "???" },
        { "past the last character", "\xf4\x90\x80\x80", "????" },
        { "last character", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char to[9];

        check_string_equal(cases[i].name, wire_printable(to, sizeof to, cases[i].text),
                           cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_from_a_worker_come_through),
        cmocka_unit_test(test_messages_to_a_worker_come_through),
        cmocka_unit_test(test_every_field_of_a_trial_comes_through),
        cmocka_unit_test(test_every_field_of_a_result_comes_through),
        cmocka_unit_test(test_data_sets_of_a_hello_come_through),
        cmocka_unit_test(test_what_a_welcome_says_of_data_comes_through),
        cmocka_unit_test(test_slot_reports_come_through),
        cmocka_unit_test(test_malformed_messages_from_a_worker_are_refused),
        cmocka_unit_test(test_malformed_trials_are_refused),
        cmocka_unit_test(test_a_hello_of_another_version_is_read_to_be_refused),
        cmocka_unit_test(test_a_hello_of_this_version_must_be_whole),
        cmocka_unit_test(test_a_message_cut_short_is_refused),
        cmocka_unit_test(test_random_changes_do_no_harm),
        cmocka_unit_test(test_a_small_message_cannot_claim_much_memory),
        cmocka_unit_test(test_texts_are_made_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
