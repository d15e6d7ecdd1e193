/* The large parts of a Trial and of a Result. */
#include "proto/wire_parts.h"

#include <errno.h>
#include <float.h>
#include <stdlib.h>

/* Far above what a study file may ask for; what makes no sense at all is refused here. */
enum { MAX_EPOCHS = 1 << 24, MAX_BATCH = 1 << 24 };

/* ---- evaluation ---- */

static struct dataset_spec read_data(struct wire_reader *r, const Layernas__Data *from)
{
    struct dataset_spec to = { 0 };

    if (!from) {
        wire_fault(r, "data: missing");
        return to;
    }
    wire_read_name(r, "data name", from->name, to.name, sizeof to.name);
    to.format = (enum data_format)wire_read_integer(r, "data format", from->format, 0,
                                                    DATA_FORMATS - 1);
    to.train = from->train;
    to.valid = from->valid;
    to.split_seed = from->split_seed;
    return to;
}

static void read_milestones(struct wire_reader *r, const Layernas__Schedule *from,
                            struct schedule *to)
{
    double before = 0;

    to->n_milestones = (uint32_t)wire_read_integer(r, "milestones", from->n_milestones, 0,
                                                   SCHEDULE_MAX_MILESTONES);
    for (uint32_t i = 0; i < to->n_milestones; i++)
        before = to->milestones[i] = wire_read_real(r, "milestones", from->milestones[i], before,
                                                    1);
}

static struct schedule read_schedule(struct wire_reader *r, const Layernas__Schedule *from)
{
    struct schedule to;

    if (!from) {
        wire_fault(r, "schedule: missing");
        return (struct schedule){ 0 };
    }
    to = (struct schedule){
        .epochs = (uint32_t)wire_read_integer(r, "epochs", from->epochs, 1, MAX_EPOCHS),
        .batch = (uint32_t)wire_read_integer(r, "batch", from->batch, 1, MAX_BATCH),
        .optimizer = (enum optimizer)wire_read_integer(r, "optimizer", from->optimizer, 0,
                                                       OPTIMIZER_KINDS - 1),
        .lr = wire_read_real(r, "lr", from->lr, 0, DBL_MAX),
        .momentum = wire_read_real(r, "momentum", from->momentum, 0, 1),
        .nesterov = from->nesterov,
        .weight_decay = wire_read_real(r, "weight_decay", from->weight_decay, 0, DBL_MAX),
        .label_smoothing = wire_read_real(r, "label_smoothing", from->label_smoothing, 0, 1),
        .decay = (enum decay)wire_read_integer(r, "decay", from->decay, 0, DECAY_KINDS - 1),
        .warmup = wire_read_real(r, "warmup", from->warmup, 0, MAX_EPOCHS),
        .crop_pad = (uint32_t)wire_read_integer(r, "crop_pad", from->crop_pad, 0, NETWORK_MAX_SIDE),
        .flip = from->flip,
        .gamma = wire_read_real(r, "gamma", from->gamma, 0, 1),
        .alpha = wire_read_real(r, "alpha", from->alpha, 0, 1),
        .epsilon = wire_read_real(r, "epsilon", from->epsilon,
                                  from->optimizer == OPTIMIZER_RMSPROP ? DBL_MIN : 0, DBL_MAX),
        .ema = wire_read_real(r, "ema", from->ema, 0, 1),
        .memory = from->memory,
        .precision = (enum precision)wire_read_integer(r, "precision", from->precision, 0,
                                                       PRECISIONS - 1),
    };
    read_milestones(r, from, &to);
    return to;
}

static struct table_spec read_table(struct wire_reader *r, const Layernas__Table *from)
{
    struct table_spec to = { 0 };

    if (!from) {
        wire_fault(r, "table: missing");
        return to;
    }
    wire_read_name(r, "arch_columns", from->arch_columns, to.arch_columns, sizeof to.arch_columns);
    wire_read_name(r, "reward_column", from->reward_column, to.reward_column,
                   sizeof to.reward_column);
    wire_read_text(r, "report_column", from->report_column, to.report_column,
                   sizeof to.report_column);
    wire_read_text(r, "seconds_column", from->seconds_column, to.seconds_column,
                   sizeof to.seconds_column);
    return to;
}

static struct surrogate_spec read_surrogate(struct wire_reader *r, const Layernas__Surrogate *from)
{
    struct surrogate_spec to = { 0 };

    if (!from)
        wire_fault(r, "surrogate: missing");
    else
        to.model = (enum surrogate_model)wire_read_integer(r, "surrogate model", from->model, 0,
                                                           SURROGATE_MODELS - 1);
    return to;
}

struct evaluation wire_read_evaluation(struct wire_reader *r, const Layernas__Evaluation *from)
{
    struct evaluation to = { 0 };

    if (!from) {
        wire_fault(r, "evaluation: missing");
        return to;
    }
    to.evaluator = (enum evaluator)wire_read_integer(r, "evaluator", from->evaluator, 0,
                                                     EVALUATOR_KINDS - 1);
    to.data = read_data(r, from->data);
    to.time_limit_s = from->time_limit_s;
    if (to.evaluator == EVALUATOR_TRAIN)
        to.schedule = read_schedule(r, from->schedule);
    else if (to.evaluator == EVALUATOR_TABLE)
        to.table = read_table(r, from->table);
    else
        to.surrogate = read_surrogate(r, from->surrogate);
    return to;
}

void wire_put_evaluation(const struct evaluation *from, struct packed_evaluation *to)
{
    const struct schedule *schedule = &from->schedule;

    *to = (struct packed_evaluation){
        .message = LAYERNAS__EVALUATION__INIT,
        .data = LAYERNAS__DATA__INIT,
        .schedule = LAYERNAS__SCHEDULE__INIT,
        .table = LAYERNAS__TABLE__INIT,
        .surrogate = LAYERNAS__SURROGATE__INIT,
    };
    to->message.evaluator = from->evaluator;
    to->message.time_limit_s = from->time_limit_s;
    to->message.data = &to->data;
    to->data.name = (char *)from->data.name;
    to->data.format = from->data.format;
    to->data.train = from->data.train;
    to->data.valid = from->data.valid;
    to->data.split_seed = from->data.split_seed;
    if (from->evaluator == EVALUATOR_TRAIN) {
        to->message.schedule = &to->schedule;
        to->schedule.epochs = schedule->epochs;
        to->schedule.batch = schedule->batch;
        to->schedule.optimizer = schedule->optimizer;
        to->schedule.lr = schedule->lr;
        to->schedule.momentum = schedule->momentum;
        to->schedule.nesterov = schedule->nesterov;
        to->schedule.weight_decay = schedule->weight_decay;
        to->schedule.label_smoothing = schedule->label_smoothing;
        to->schedule.decay = schedule->decay;
        to->schedule.warmup = schedule->warmup;
        to->schedule.crop_pad = schedule->crop_pad;
        to->schedule.flip = schedule->flip;
        to->schedule.gamma = schedule->gamma;
        to->schedule.n_milestones = schedule->n_milestones;
        to->schedule.milestones = (double *)schedule->milestones; /* only read from */
        to->schedule.alpha = schedule->alpha;
        to->schedule.epsilon = schedule->epsilon;
        to->schedule.ema = schedule->ema;
        to->schedule.memory = schedule->memory;
        to->schedule.precision = schedule->precision;
    } else if (from->evaluator == EVALUATOR_TABLE) {
        to->message.table = &to->table;
        to->table.arch_columns = (char *)from->table.arch_columns;
        to->table.reward_column = (char *)from->table.reward_column;
        to->table.report_column = (char *)from->table.report_column;
        to->table.seconds_column = (char *)from->table.seconds_column;
    } else {
        to->message.surrogate = &to->surrogate;
        to->surrogate.model = from->surrogate.model;
    }
}

/* ---- network ---- */

/* Small enough that sums and products of two stay within 32 bits, for network_check to judge. */
static int32_t read_small(struct wire_reader *r, const char *field, uint32_t value)
{
    return (int32_t)wire_read_integer(r, field, value, 0, NETWORK_MAX_CHANNELS);
}

static struct op read_op(struct wire_reader *r, const Layernas__Op *from)
{
    struct op op = {
        .kind = (enum op_kind)wire_read_integer(r, "op kind", from->kind, 0, OP_KINDS - 1),
        .layer = from->layer,
        .out = { read_small(r, "channels", from->channels), read_small(r, "height", from->height),
                 read_small(r, "width", from->width) },
        .kernel_h = read_small(r, "kernel_h", from->kernel_h),
        .kernel_w = read_small(r, "kernel_w", from->kernel_w),
        .stride = read_small(r, "stride", from->stride),
        .pad = read_small(r, "pad", from->pad),
        .groups = read_small(r, "groups", from->groups),
        .bias = from->bias,
        .activation = (enum activation)wire_read_integer(r, "activation", from->activation, 0,
                                                         ACTIVATION_KINDS - 1),
        .pooling = (enum pooling)wire_read_integer(r, "pooling", from->pooling, 0,
                                                   POOLING_KINDS - 1),
        .drop = (int32_t)wire_read_integer(r, "drop", from->drop, 0, DROP_ONE - 1),
    };

    if (from->layer < NETWORK_HEAD || from->layer >= ARCH_MAX_LAYERS)
        wire_fault(r, "op layer: %d; from %d to %d", from->layer, NETWORK_HEAD,
                   ARCH_MAX_LAYERS - 1);
    if (from->n_input != (size_t)op_inputs(op.kind))
        wire_fault(r, "op input: %zu of them; %d for %s", from->n_input, op_inputs(op.kind),
                   op_kind_name(op.kind));
    for (size_t i = 0; r->rc == 0 && i < from->n_input; i++)
        op.input[i] = read_small(r, "op input", from->input[i]);
    return op;
}

struct network wire_read_network(struct wire_reader *r, size_t n, Layernas__Op *const *ops)
{
    struct network network = { 0 };
    struct errmsg why;

    network.ops = wire_read_array(r, "network", n, NETWORK_MAX_OPS, sizeof *network.ops);
    if (!network.ops)
        return network;
    network.n_ops = n;
    for (size_t i = 0; i < n; i++)
        network.ops[i] = read_op(r, ops[i]);
    if (r->rc == 0 && network_check(&network, &why) < 0)
        wire_fault(r, "network: %s", why.text);
    return network;
}

int wire_put_network(const struct network *from, struct packed_network *to)
{
    struct packed_op {
        Layernas__Op message;
        uint32_t input[2];
    } * packed;

    *to = (struct packed_network){ .n = from->n_ops };
    if (from->n_ops == 0)
        return 0;
    /* One block: the pointers, and behind them what they point to. */
    to->list = malloc(from->n_ops * (sizeof *to->list + sizeof *packed));
    if (!to->list)
        return -ENOMEM;
    packed = (struct packed_op *)(to->list + from->n_ops);
    for (size_t i = 0; i < from->n_ops; i++) {
        const struct op *op = &from->ops[i];
        Layernas__Op *message = &packed[i].message;

        to->list[i] = message;
        layernas__op__init(message);
        message->kind = op->kind;
        message->layer = op->layer;
        message->n_input = (size_t)op_inputs(op->kind);
        message->input = packed[i].input;
        packed[i].input[0] = (uint32_t)op->input[0];
        packed[i].input[1] = (uint32_t)op->input[1];
        message->channels = (uint32_t)op->out.channels;
        message->height = (uint32_t)op->out.height;
        message->width = (uint32_t)op->out.width;
        message->kernel_h = (uint32_t)op->kernel_h;
        message->kernel_w = (uint32_t)op->kernel_w;
        message->stride = (uint32_t)op->stride;
        message->pad = (uint32_t)op->pad;
        message->groups = (uint32_t)op->groups;
        message->bias = op->bias;
        message->activation = op->activation;
        message->pooling = op->pooling;
        message->drop = (uint32_t)op->drop;
    }
    return 0;
}

void packed_network_clear(struct packed_network *network)
{
    free(network->list);
    *network = (struct packed_network){ 0 };
}
