#include "proto/wire_parts.h"

#include <errno.h>
#include <stdlib.h>

/* ---- unpacking ---- */

static void read_welcome(struct wire_reader *r, const Layernas__Welcome *from, struct welcome *to)
{
    to->protocol = (uint32_t)wire_read_integer(r, "protocol", from->protocol, WIRE_PROTOCOL_LOWEST,
                                               WIRE_PROTOCOL_HIGHEST);
    wire_read_text(r, "version", from->version, to->version, sizeof to->version);
    wire_read_id(r, "study_id", &from->study_id, &to->study_id, sizeof to->study_id);
    wire_read_name(r, "study_name", from->study_name, to->study_name, sizeof to->study_name);
    to->start = from->start;
    to->lease_ms = (uint32_t)wire_read_integer(r, "lease_ms", from->lease_ms, 1, UINT32_MAX);
    to->heartbeat_ms = (uint32_t)wire_read_integer(r, "heartbeat_ms", from->heartbeat_ms, 1,
                                                   from->lease_ms);
    wire_read_text(r, "data", from->data, to->data, sizeof to->data);
    wire_read_text(r, "no_trials", from->no_trials, to->no_trials, sizeof to->no_trials);
}

static void read_refusal(struct wire_reader *r, const Layernas__Refusal *from, struct refusal *to)
{
    wire_read_text(r, "reason", from->reason, to->reason, sizeof to->reason);
    to->protocol_lowest = from->protocol_lowest;
    to->protocol_highest = from->protocol_highest;
}

static struct costs read_costs(struct wire_reader *r, const Layernas__Costs *from)
{
    if (!from) {
        wire_fault(r, "costs: missing");
        return (struct costs){ 0 };
    }
    return (struct costs){
        .madds = wire_read_cost(r, "madds", from->madds),
        .params = wire_read_cost(r, "params", from->params),
        .activations = wire_read_cost(r, "activations", from->activations),
    };
}

/* What each evaluator cannot do without. */
static void check_means(struct wire_reader *r, const struct trial_message *message)
{
    if (message->evaluation.evaluator != EVALUATOR_TABLE && message->network.n_ops == 0)
        wire_fault(r, "network: missing");
    if (message->evaluation.evaluator == EVALUATOR_TABLE && !message->table_key[0])
        wire_fault(r, "table_key: missing");
}

/* What a result of it says. */
static void read_identity(struct wire_reader *r, const Layernas__Trial *from,
                          struct trial_message *to)
{
    struct trial *trial = &to->trial;

    wire_read_id(r, "study_id", &from->study_id, &to->study_id, sizeof to->study_id);
    to->attempt = wire_read_attempt(r, from->attempt);
    wire_read_id(r, "key", &from->key, &trial->key, sizeof trial->key);
    trial->stage = (enum stage)wire_read_integer(r, "stage", from->stage, 0, STAGES - 1);
    trial->replica = from->replica;
    trial->arch = wire_read_arch(r, from->n_arch, from->arch);
}

static void read_trial(struct wire_reader *r, const Layernas__Trial *from, struct trial_message *to)
{
    struct trial *trial = &to->trial;

    read_identity(r, from, to);
    trial->number = wire_read_integer(r, "number", from->number, 1, UINT64_MAX);
    trial->cost = wire_read_cost(r, "cost", from->cost);
    trial->costs = read_costs(r, from->costs);
    trial->seed = from->seed;
    to->evaluation = wire_read_evaluation(r, from->evaluation);
    to->network = wire_read_network(r, from->n_network, from->network);
    to->count.dense_bias = from->dense_bias;
    wire_read_text(r, "table_key", from->table_key, to->table_key, sizeof to->table_key);
    to->weights = wire_read_bytes(r, "weights", &from->weights,
                                  trial->stage == STAGE_TEST ? WIRE_MAX_MESSAGE : 0);
    check_means(r, to);
}

static void read_verdict(struct wire_reader *r, const Layernas__Verdict *from,
                         struct verdict_message *to)
{
    wire_read_id(r, "key", &from->key, &to->key, sizeof to->key);
    to->attempt = wire_read_attempt(r, from->attempt);
    to->accepted = from->accepted;
    wire_read_text(r, "reason", from->reason, to->reason, sizeof to->reason);
}

static void read_cancel(struct wire_reader *r, const Layernas__Cancel *from, struct cancel *to)
{
    to->attempt = wire_read_attempt(r, from->attempt);
    wire_read_text(r, "reason", from->reason, to->reason, sizeof to->reason);
}

static void read_study_over(struct wire_reader *r, const Layernas__StudyOver *from,
                            struct study_over *to)
{
    wire_read_text(r, "reason", from->reason, to->reason, sizeof to->reason);
}

static void read_message(struct wire_reader *r, const Layernas__ToWorker *from,
                         struct to_worker *to)
{
    switch (from->body_case) {
    case LAYERNAS__TO_WORKER__BODY_WELCOME:
        to->kind = TO_WELCOME;
        read_welcome(r, from->welcome, &to->welcome);
        return;
    case LAYERNAS__TO_WORKER__BODY_REFUSAL:
        to->kind = TO_REFUSAL;
        read_refusal(r, from->refusal, &to->refusal);
        return;
    case LAYERNAS__TO_WORKER__BODY_TRIAL:
        to->kind = TO_TRIAL;
        read_trial(r, from->trial, &to->trial);
        return;
    case LAYERNAS__TO_WORKER__BODY_VERDICT:
        to->kind = TO_VERDICT;
        read_verdict(r, from->verdict, &to->verdict);
        return;
    case LAYERNAS__TO_WORKER__BODY_CANCEL:
        to->kind = TO_CANCEL;
        read_cancel(r, from->cancel, &to->cancel);
        return;
    case LAYERNAS__TO_WORKER__BODY_ALIVE:
        to->kind = TO_ALIVE;
        return;
    case LAYERNAS__TO_WORKER__BODY_HELLO_AGAIN:
        to->kind = TO_HELLO_AGAIN;
        return;
    case LAYERNAS__TO_WORKER__BODY_STUDY_OVER:
        to->kind = TO_STUDY_OVER;
        read_study_over(r, from->study_over, &to->study_over);
        return;
    default:
        wire_fault(r, "a message of a kind this version does not know");
    }
}

/* Of what could not be read; from may be NULL. */
static void name_trial(const Layernas__ToWorker *from, struct to_worker *to)
{
    struct wire_reader r = { 0 };

    *to = (struct to_worker){ .kind = TO_KINDS };
    if (!from || from->body_case != LAYERNAS__TO_WORKER__BODY_TRIAL)
        return;
    read_identity(&r, from->trial, &to->trial);
    if (r.rc == 0)
        to->kind = TO_TRIAL;
}

int to_worker_unpack(const uint8_t *data, size_t size, struct to_worker *message_out,
                     struct errmsg *err)
{
    struct wire_reader r = { .err = err };
    struct to_worker to = { 0 };
    Layernas__ToWorker *from = (void *)wire_decode(&r, &layernas__to_worker__descriptor, data,
                                                   size);

    if (from)
        read_message(&r, from, &to);
    if (r.rc < 0) {
        to_worker_clear(&to);
        name_trial(from, &to);
    }
    wire_free((ProtobufCMessage *)from);
    *message_out = to;
    return r.rc;
}

void to_worker_clear(struct to_worker *message)
{
    if (message->kind == TO_TRIAL) {
        network_clear(&message->trial.network);
        free(message->trial.weights.data);
    }
    *message = (struct to_worker){ 0 };
}

/* ---- packing ---- */

static int pack_welcome(const struct welcome *from, Layernas__ToWorker *message,
                        struct bytes *bytes_out)
{
    Layernas__Welcome welcome = LAYERNAS__WELCOME__INIT;

    welcome.protocol = from->protocol;
    welcome.version = (char *)from->version;
    welcome.study_id = wire_put_bytes(&from->study_id, sizeof from->study_id);
    welcome.study_name = (char *)from->study_name;
    welcome.start = from->start;
    welcome.heartbeat_ms = from->heartbeat_ms;
    welcome.lease_ms = from->lease_ms;
    welcome.data = (char *)from->data;
    welcome.no_trials = (char *)from->no_trials;
    message->body_case = LAYERNAS__TO_WORKER__BODY_WELCOME;
    message->welcome = &welcome;
    return wire_encode(&message->base, bytes_out);
}

static int pack_refusal(const struct refusal *from, Layernas__ToWorker *message,
                        struct bytes *bytes_out)
{
    Layernas__Refusal refusal = LAYERNAS__REFUSAL__INIT;

    refusal.reason = (char *)from->reason;
    refusal.protocol_lowest = from->protocol_lowest;
    refusal.protocol_highest = from->protocol_highest;
    message->body_case = LAYERNAS__TO_WORKER__BODY_REFUSAL;
    message->refusal = &refusal;
    return wire_encode(&message->base, bytes_out);
}

static int pack_trial(const struct trial_message *from, struct bytes *bytes_out)
{
    const struct trial *trial = &from->trial;
    Layernas__Trial to = LAYERNAS__TRIAL__INIT;
    Layernas__Attempt attempt = wire_put_attempt(&from->attempt);
    Layernas__Costs costs = LAYERNAS__COSTS__INIT;
    struct packed_evaluation evaluation;
    uint32_t arch[ARCH_MAX_LAYERS];

    wire_put_evaluation(&from->evaluation, &evaluation);
    costs.madds = trial->costs.madds;
    costs.params = trial->costs.params;
    costs.activations = trial->costs.activations;
    to.study_id = wire_put_bytes(&from->study_id, sizeof from->study_id);
    to.attempt = &attempt;
    to.key = wire_put_bytes(&trial->key, sizeof trial->key);
    to.number = trial->number;
    to.stage = trial->stage;
    to.replica = trial->replica;
    to.n_arch = wire_put_arch(&trial->arch, arch);
    to.arch = arch;
    to.cost = trial->cost;
    to.costs = &costs;
    to.seed = trial->seed;
    to.evaluation = &evaluation.message;
    to.dense_bias = from->count.dense_bias;
    to.table_key = (char *)from->table_key;
    to.weights = wire_put_bytes(from->weights.data, from->weights.size);
    return wire_encode_trial(&to, &from->network, bytes_out);
}

static int pack_verdict(const struct verdict_message *from, Layernas__ToWorker *message,
                        struct bytes *bytes_out)
{
    Layernas__Verdict verdict = LAYERNAS__VERDICT__INIT;
    Layernas__Attempt attempt = wire_put_attempt(&from->attempt);

    verdict.key = wire_put_bytes(&from->key, sizeof from->key);
    verdict.attempt = &attempt;
    verdict.accepted = from->accepted;
    verdict.reason = (char *)from->reason;
    message->body_case = LAYERNAS__TO_WORKER__BODY_VERDICT;
    message->verdict = &verdict;
    return wire_encode(&message->base, bytes_out);
}

static int pack_cancel(const struct cancel *from, Layernas__ToWorker *message,
                       struct bytes *bytes_out)
{
    Layernas__Cancel cancel = LAYERNAS__CANCEL__INIT;
    Layernas__Attempt attempt = wire_put_attempt(&from->attempt);

    cancel.attempt = &attempt;
    cancel.reason = (char *)from->reason;
    message->body_case = LAYERNAS__TO_WORKER__BODY_CANCEL;
    message->cancel = &cancel;
    return wire_encode(&message->base, bytes_out);
}

static int pack_study_over(const struct study_over *from, Layernas__ToWorker *message,
                           struct bytes *bytes_out)
{
    Layernas__StudyOver over = LAYERNAS__STUDY_OVER__INIT;

    over.reason = (char *)from->reason;
    message->body_case = LAYERNAS__TO_WORKER__BODY_STUDY_OVER;
    message->study_over = &over;
    return wire_encode(&message->base, bytes_out);
}

int to_worker_pack(const struct to_worker *from, struct bytes *bytes_out)
{
    Layernas__ToWorker message = LAYERNAS__TO_WORKER__INIT;
    Layernas__Alive alive = LAYERNAS__ALIVE__INIT;
    Layernas__HelloAgain again = LAYERNAS__HELLO_AGAIN__INIT;

    switch (from->kind) {
    case TO_WELCOME:
        return pack_welcome(&from->welcome, &message, bytes_out);
    case TO_REFUSAL:
        return pack_refusal(&from->refusal, &message, bytes_out);
    case TO_TRIAL:
        return pack_trial(&from->trial, bytes_out);
    case TO_VERDICT:
        return pack_verdict(&from->verdict, &message, bytes_out);
    case TO_CANCEL:
        return pack_cancel(&from->cancel, &message, bytes_out);
    case TO_STUDY_OVER:
        return pack_study_over(&from->study_over, &message, bytes_out);
    case TO_ALIVE:
        message.body_case = LAYERNAS__TO_WORKER__BODY_ALIVE;
        message.alive = &alive;
        return wire_encode(&message.base, bytes_out);
    case TO_HELLO_AGAIN:
        message.body_case = LAYERNAS__TO_WORKER__BODY_HELLO_AGAIN;
        message.hello_again = &again;
        return wire_encode(&message.base, bytes_out);
    case TO_KINDS:
        break;
    }
    return -EINVAL;
}
