/* What the coordinator says: every field comes through, whatever is out of range is refused. */
#include "tests/unit/wire_messages.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tests/unit/check.h"

/* ---- round trips ---- */

/* Packing is a function of the fields: equal bytes again mean that every field came through. */
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
    check_to_worker("surrogate trial", wire_surrogate_trial());
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
                a->evaluation.schedule.ema == b->evaluation.schedule.ema &&
                a->evaluation.schedule.memory == b->evaluation.schedule.memory &&
                a->evaluation.schedule.precision == b->evaluation.schedule.precision);
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

/* ---- what is refused ---- */

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
SPOIL_TRIAL(unknown_precision, trial->evaluation.schedule.precision = PRECISIONS)
SPOIL_TRIAL(no_reward_column, trial->evaluation.table.reward_column[0] = '\0')
SPOIL_TRIAL(no_table_key, trial->table_key[0] = '\0')
SPOIL_TRIAL(unknown_model, trial->evaluation.surrogate.model = SURROGATE_MODELS)
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
        { "unknown precision", "precision", wire_training_trial, unknown_precision },
        { "no reward column", "reward_column", wire_table_trial, no_reward_column },
        { "no row", "table_key", wire_table_trial, no_table_key },
        { "training of no network", "network", wire_training_trial, no_network },
        { "prediction of no network", "network", wire_surrogate_trial, no_network },
        { "unknown model", "surrogate model", wire_surrogate_trial, unknown_model },
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
        /* A failure can be told of it all the same. */
        check_int_equal(cases[i].name, back.kind, TO_TRIAL);
        check_true(cases[i].name,
                   digest_equal(&back.trial.trial.key, &message.trial.trial.key) &&
                       arch_equal(&back.trial.trial.arch, &message.trial.trial.arch) &&
                       back.trial.attempt.counter == message.trial.attempt.counter);
        check_true(cases[i].name, !back.trial.network.ops && !back.trial.weights.data);
        free(bytes.data);
        to_worker_clear(&message);
    }
}

/* ---- texts ---- */

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
        cmocka_unit_test(test_messages_to_a_worker_come_through),
        cmocka_unit_test(test_every_field_of_a_trial_comes_through),
        cmocka_unit_test(test_what_a_welcome_says_of_data_comes_through),
        cmocka_unit_test(test_malformed_trials_are_refused),
        cmocka_unit_test(test_texts_are_made_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
