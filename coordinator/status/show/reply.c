#include "coordinator/status/show/reply.h"

#include <errno.h>
#include <math.h>

#include "coordinator/status/snapshot.h"

static size_t value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(double);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return sizeof(uint64_t);
    default:
        return sizeof(uint32_t);
    }
}

const char *reply_field_values(const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field, size_t *n_out,
                               size_t *stride_out)
{
    const char *start = (const char *)message, *member = start + field->offset;

    *stride_out = value_size(field->type);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *n_out = *(const size_t *)(start + field->quantifier_offset);
        return *(const char *const *)member;
    }
    *n_out = 1;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *n_out = *(const uint32_t *)(start + field->quantifier_offset) == field->id;
    return member;
}

static void make_printable(char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            *text = '?';
}

static int check_message(const ProtobufCMessage *message, struct errmsg *err);

static int check_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       struct errmsg *err)
{
    size_t n, stride;
    const char *value = reply_field_values(message, field, &n, &stride);
    int rc = 0;

    if (n > STATUS_MAX_ROWS)
        return errmsg_set(err, -EPROTO, "malformed answer: %zu %s; at most %d", n, field->name,
                          STATUS_MAX_ROWS);
    for (size_t i = 0; i < n && rc == 0; i++, value += stride) {
        if (field->type == PROTOBUF_C_TYPE_STRING)
            make_printable(*(char *const *)value);
        else if (field->type == PROTOBUF_C_TYPE_DOUBLE && !isfinite(*(const double *)value))
            rc = errmsg_set(err, -EPROTO, "malformed answer: %s is not a number", field->name);
        else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            rc = check_message(*(ProtobufCMessage *const *)value, err);
    }
    return rc;
}

static bool is_within(double value, double lowest, double highest)
{
    return value >= lowest && value <= highest;
}

/* Shares above one, and the like: no coordinator says that. */
static bool is_impossible(const ProtobufCMessage *message)
{
    const void *any = message;

    if (message->descriptor == &layernas__candidate__descriptor) {
        const Layernas__Candidate *candidate = any;
        return candidate->correct > candidate->total;
    }
    if (message->descriptor == &layernas__trial_row__descriptor) {
        const Layernas__TrialRow *row = any;
        return row->correct > row->total;
    }
    if (message->descriptor == &layernas__best__descriptor) {
        const Layernas__Best *best = any;
        return best->test_correct > best->test_total || !is_within(best->winner_percent, 0, 100);
    }
    if (message->descriptor == &layernas__progress__descriptor) {
        const Layernas__Progress *progress = any;
        return !is_within(progress->fraction, 0, 1) || !is_within(progress->accuracy, 0, 100);
    }
    if (message->descriptor == &layernas__agreement__descriptor) {
        const Layernas__Agreement *agreement = any;
        return !is_within(agreement->tau_b, -1, 1) || !is_within(agreement->spearman, -1, 1) ||
               !is_within(agreement->chance, 0, 1);
    }
    if (message->descriptor == &layernas__finalist__descriptor) {
        const Layernas__Finalist *finalist = any;
        return !is_within(finalist->final_percent, 0, 100);
    }
    if (message->descriptor == &layernas__layer_diagnosis__descriptor) {
        const Layernas__LayerDiagnosis *layer = any;
        return layer->filled > layer->used || layer->used > layer->buckets ||
               layer->descend > layer->reached || layer->reached > layer->compared ||
               !is_within(layer->lost, 0, 100);
    }
    return false;
}

static int check_message(const ProtobufCMessage *message, struct errmsg *err)
{
    int rc = 0;

    if (!message)
        return 0;
    if (is_impossible(message))
        return errmsg_set(err, -EPROTO, "malformed answer: more than all in %s",
                          message->descriptor->short_name);
    for (unsigned i = 0; i < message->descriptor->n_fields && rc == 0; i++)
        rc = check_field(message, &message->descriptor->fields[i], err);
    return rc;
}

static int check_answers(const Layernas__StatusReply *reply, uint64_t id,
                         Layernas__StatusReply__BodyCase wanted, struct errmsg *err)
{
    if (reply->error[0]) /* first: a coordinator of another protocol says so in it */
        return errmsg_set(err, -EREMOTEIO, "the coordinator answered: %s", reply->error);
    if (reply->protocol != STATUS_PROTOCOL)
        return errmsg_set(err, -EPROTO, "an answer in status protocol %u; this program speaks %d",
                          reply->protocol, STATUS_PROTOCOL);
    if (reply->id != id || reply->body_case != wanted)
        return errmsg_set(err, -EPROTO, "malformed answer: it answers another question");
    return 0;
}

int reply_check_commanded(const Layernas__StatusReply *reply, uint64_t id, struct errmsg *err)
{
    return check_answers(reply, id, LAYERNAS__STATUS_REPLY__BODY_COMMANDED, err);
}

int reply_check(const Layernas__StatusReply *reply, uint64_t id, Layernas__Query__What what,
                struct errmsg *err)
{
    static const Layernas__StatusReply__BodyCase wanted[] = {
        [LAYERNAS__QUERY__WHAT__SUMMARY] = LAYERNAS__STATUS_REPLY__BODY_SUMMARY,
        [LAYERNAS__QUERY__WHAT__LAYERS] = LAYERNAS__STATUS_REPLY__BODY_LAYERS,
        [LAYERNAS__QUERY__WHAT__TRIALS] = LAYERNAS__STATUS_REPLY__BODY_TRIALS,
        [LAYERNAS__QUERY__WHAT__WORKERS] = LAYERNAS__STATUS_REPLY__BODY_WORKERS,
        [LAYERNAS__QUERY__WHAT__PARETO] = LAYERNAS__STATUS_REPLY__BODY_PARETO,
        [LAYERNAS__QUERY__WHAT__BEST] = LAYERNAS__STATUS_REPLY__BODY_BEST,
        [LAYERNAS__QUERY__WHAT__WHY] = LAYERNAS__STATUS_REPLY__BODY_WHY,
        [LAYERNAS__QUERY__WHAT__DIAGNOSIS] = LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS,
    };

    return check_answers(reply, id, wanted[what], err);
}

int reply_unpack(const uint8_t *data, size_t size, Layernas__StatusReply **reply_out,
                 struct errmsg *err)
{
    Layernas__StatusReply *reply = layernas__status_reply__unpack(NULL, size, data);
    int rc;

    if (!reply)
        return errmsg_set(err, -EPROTO, "malformed answer; this is no coordinator");
    rc = check_message(&reply->base, err);
    if (rc < 0) {
        layernas__status_reply__free_unpacked(reply, NULL);
        return rc;
    }
    *reply_out = reply;
    return 0;
}
