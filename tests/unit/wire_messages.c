#include "tests/unit/wire_messages.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

static void fill_text(char *text, size_t size, char c)
{
    memset(text, c, size - 1);
    text[size - 1] = '\0';
}

static struct digest digest_of_byte(uint8_t byte)
{
    struct digest digest;

    memset(&digest, byte, sizeof digest);
    return digest;
}

static struct bytes bytes_of(size_t size)
{
    struct bytes bytes = { .data = malloc(size), .size = size };

    for (size_t i = 0; i < size; i++)
        bytes.data[i] = (uint8_t)(i * 31);
    return bytes;
}

static struct arch longest_arch(void)
{
    struct arch arch = { .n = ARCH_MAX_LAYERS };

    for (size_t i = 0; i < ARCH_MAX_LAYERS; i++)
        arch.option[i] = (uint16_t)(ARCH_MAX_OPTIONS - 1 - i);
    return arch;
}

struct from_worker wire_full_hello(void)
{
    struct from_worker message = { .kind = FROM_HELLO };
    struct hello *hello = &message.hello;

    hello->protocol_lowest = 1;
    hello->protocol_highest = UINT32_MAX;
    fill_text(hello->version, sizeof hello->version, 'v');
    memset(hello->worker_id, 0xff, sizeof hello->worker_id);
    fill_text(hello->name, sizeof hello->name, 'n');
    hello->slots = WIRE_MAX_SLOTS;
    hello->threads = WIRE_MAX_THREADS;
    fill_text(hello->numerics, sizeof hello->numerics, '~');
    hello->credit = WIRE_MAX_HELD;
    hello->n_data = WIRE_MAX_DATA;
    hello->data = calloc(WIRE_MAX_DATA, sizeof *hello->data);
    for (size_t i = 0; i < WIRE_MAX_DATA; i++) {
        fill_text(hello->data[i].name, sizeof hello->data[i].name, (char)('0' + i));
        hello->data[i].known = i % 2;
        if (hello->data[i].known)
            hello->data[i].digest = digest_of_byte((uint8_t)i);
    }
    hello->n_held = WIRE_MAX_HELD;
    hello->held = calloc(WIRE_MAX_HELD, sizeof *hello->held);
    hello->held_keys = calloc(WIRE_MAX_HELD, sizeof *hello->held_keys);
    for (size_t i = 0; i < WIRE_MAX_HELD; i++) {
        hello->held[i] = (struct attempt){ .start = UINT64_MAX, .counter = UINT64_MAX - i };
        hello->held_keys[i] = digest_of_byte((uint8_t)i);
    }
    return message;
}

struct from_worker wire_full_heartbeat(void)
{
    struct from_worker message = { .kind = FROM_HEARTBEAT };
    struct heartbeat *heartbeat = &message.heartbeat;

    heartbeat->credit = UINT64_MAX;
    heartbeat->n_running = WIRE_MAX_HELD;
    heartbeat->running = calloc(WIRE_MAX_HELD, sizeof *heartbeat->running);
    for (size_t i = 0; i < WIRE_MAX_HELD; i++)
        heartbeat->running[i] = (struct running){
            .attempt = { .start = UINT64_MAX, .counter = i },
            .progress = { .epoch = UINT32_MAX,
                          .epochs = UINT32_MAX,
                          .loss = -DBL_MAX,
                          .accuracy = 100,
                          .images_per_second = 1e12,
                          .fraction = 1,
                          .memory = UINT64_MAX },
        };
    return message;
}

struct from_worker wire_full_result(void)
{
    struct from_worker message = {
        .kind = FROM_RESULT,
        .result = {
            .study_id = digest_of_byte(1),
            .attempt = { .start = 7, .counter = 9 },
            .result = {
                .key = digest_of_byte(2),
                .stage = STAGE_FINAL,
                .replica = UINT32_MAX,
                .arch = longest_arch(),
                .madds = INT64_MAX,
                .params = INT64_MAX,
                .outcome = OUTCOME_OK,
                .reward = { .correct = UINT32_MAX, .total = UINT32_MAX },
                .loss = DBL_MAX,
                .seconds = DBL_MIN,
            },
            .output = bytes_of(WIRE_MAX_OUTPUT),
            .weights = bytes_of(100000),
            .credit = UINT64_MAX,
        },
    };

    fill_text(message.result.result.numerics, TRIAL_NUMERICS_SIZE, 'x');
    return message;
}

struct from_worker wire_failed_result(void)
{
    struct from_worker message = wire_full_result();
    struct trial_result *result = &message.result.result;

    free(message.result.weights.data);
    message.result.weights = (struct bytes){ 0 };
    result->stage = STAGE_SEARCH;
    result->outcome = OUTCOME_FAILED;
    result->reward = (struct reward){ 0 };
    result->loss = 0;
    fill_text(result->reason, sizeof result->reason, 'r');
    return message;
}

struct to_worker wire_welcome(void)
{
    struct to_worker message = {
        .kind = TO_WELCOME,
        .welcome = { .protocol = WIRE_PROTOCOL_HIGHEST,
                     .version = "0.1.0",
                     .study_id = digest_of_byte(3),
                     .study_name = "fashion-mobile",
                     .start = UINT64_MAX,
                     .heartbeat_ms = 5000,
                     .lease_ms = UINT32_MAX },
    };

    fill_text(message.welcome.data, sizeof message.welcome.data, 'd');
    fill_text(message.welcome.no_trials, sizeof message.welcome.no_trials, 'w');
    return message;
}

/* Every kind of op, and every field of each. */
static struct network every_op(void)
{
    static const struct op ops[] = {
        { .kind = OP_INPUT, .layer = NETWORK_STEM, .out = { 3, 8, 8 } },
        { .kind = OP_CONV,
          .layer = NETWORK_STEM,
          .input = { 0 },
          .out = { .channels = 6 },
          .kernel_h = 3,
          .kernel_w = 3,
          .stride = 2,
          .pad = 1,
          .groups = 3,
          .bias = true },
        { .kind = OP_NORM, .layer = 0, .input = { 1 } },
        { .kind = OP_ACTIVATION, .layer = 0, .input = { 2 }, .activation = ACTIVATION_RELU6 },
        { .kind = OP_ADD, .layer = ARCH_MAX_LAYERS - 1, .input = { 3, 1 } },
        { .kind = OP_POOL,
          .layer = NETWORK_HEAD,
          .input = { 4 },
          .kernel_h = 4,
          .kernel_w = 4,
          .stride = 1,
          .pooling = POOLING_MAX },
        { .kind = OP_ACTIVATION, .input = { 5 }, .activation = ACTIVATION_SIGMOID },
        { .kind = OP_SCALE, .layer = NETWORK_HEAD, .input = { 4, 6 } },
        { .kind = OP_DROPOUT, .layer = NETWORK_HEAD, .input = { 7 }, .drop = DROP_ONE - 1 },
        { .kind = OP_DENSE,
          .layer = NETWORK_HEAD,
          .input = { 8 },
          .out = { .channels = 10 },
          .bias = true },
    };
    struct network network = { 0 };
    struct errmsg err;

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct op op = ops[i];
        int rc = op_infer_shape(&network, &op, &err);

        assert(rc == 0);
        rc = network_append(&network, &op);
        assert(rc >= 0);
    }
    return network;
}

static struct to_worker trial(void)
{
    return (struct to_worker){
        .kind = TO_TRIAL,
        .trial = {
            .study_id = digest_of_byte(4),
            .attempt = { .start = 1, .counter = UINT64_MAX },
            .trial = {
                .number = UINT64_MAX,
                .key = digest_of_byte(5),
                .stage = STAGE_TEST,
                .replica = 3,
                .arch = longest_arch(),
                .cost = INT64_MAX,
                .costs = { .madds = 1, .params = INT64_MAX, .activations = 2 },
                .seed = UINT64_MAX,
            },
            .evaluation = {
                .data = { .name = "fashion-mnist",
                          .train = UINT32_MAX,
                          .valid = UINT32_MAX,
                          .split_seed = UINT64_MAX },
                .time_limit_s = UINT32_MAX,
            },
        },
    };
}

struct to_worker wire_training_trial(void)
{
    struct to_worker message = trial();

    message.trial.evaluation.evaluator = EVALUATOR_TRAIN;
    message.trial.evaluation.data.format = DATA_CIFAR100;
    message.trial.evaluation.schedule = (struct schedule){
        .epochs = 100000,
        .batch = 65536,
        .optimizer = OPTIMIZER_RMSPROP,
        .lr = DBL_MIN,
        .momentum = 1,
        .nesterov = true,
        .weight_decay = 5e-4,
        .label_smoothing = 0.1,
        .decay = DECAY_EXPONENTIAL,
        .warmup = 0.5,
        .crop_pad = NETWORK_MAX_SIDE,
        .flip = true,
        .gamma = 0.98,
        .n_milestones = SCHEDULE_MAX_MILESTONES,
        .alpha = 0.9,
        .epsilon = 1e-3,
        .ema = 0.999,
        .memory = UINT64_MAX,
        .precision = PRECISION_BF16,
    };
    for (int i = 0; i < SCHEDULE_MAX_MILESTONES; i++)
        message.trial.evaluation.schedule.milestones[i] = (i + 1.) / (SCHEDULE_MAX_MILESTONES + 1);
    message.trial.network = every_op();
    message.trial.count.dense_bias = true;
    message.trial.weights = bytes_of(100000);
    return message;
}

struct to_worker wire_table_trial(void)
{
    struct to_worker message = trial();
    struct table_spec *table = &message.trial.evaluation.table;

    message.trial.evaluation.evaluator = EVALUATOR_TABLE;
    message.trial.evaluation.data.format = DATA_CSV;
    fill_text(table->arch_columns, sizeof table->arch_columns, 'a');
    fill_text(table->reward_column, sizeof table->reward_column, 'b');
    fill_text(table->report_column, sizeof table->report_column, 'c');
    fill_text(table->seconds_column, sizeof table->seconds_column, 's');
    fill_text(message.trial.table_key, sizeof message.trial.table_key, 'k');
    return message;
}

struct to_worker wire_surrogate_trial(void)
{
    struct to_worker message = trial();

    message.trial.evaluation.evaluator = EVALUATOR_SURROGATE;
    message.trial.evaluation.data.format = DATA_FLOAT32;
    message.trial.evaluation.surrogate.model = SURROGATE_OFA_MOBILENET_V3;
    message.trial.network = every_op();
    return message;
}

struct to_worker wire_verdict(void)
{
    struct to_worker message = { .kind = TO_VERDICT,
                                 .verdict = { .key = digest_of_byte(6),
                                              .attempt = { .start = 1, .counter = 2 },
                                              .accepted = true } };

    fill_text(message.verdict.reason, sizeof message.verdict.reason, '.');
    return message;
}
