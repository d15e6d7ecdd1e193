#include <errno.h>
#include <stdbool.h>

#include "coordinator/status/show/reply.h"

static json_t *message_json(const ProtobufCMessage *message);

static json_t *value_json(ProtobufCType type, const char *value)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return json_string(*(const char *const *)value);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message_json(*(const ProtobufCMessage *const *)value);
    case PROTOBUF_C_TYPE_DOUBLE:
        return json_real(*(const double *)value);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)value);
    case PROTOBUF_C_TYPE_UINT32:
        return json_integer(*(const uint32_t *)value);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        return json_integer(*(const int64_t *)value);
    default:
        return json_null(); /* no status message has another */
    }
}

static json_t *field_json(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    size_t n, stride;
    const char *value = reply_field_values(message, field, &n, &stride);
    json_t *list;

    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return value_json(field->type, value);
    list = json_array();
    for (size_t i = 0; i < n && list; i++, value += stride)
        if (json_array_append_new(list, value_json(field->type, value)) < 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static json_t *percent_json(uint32_t correct, uint32_t total)
{
    return total > 0 ? json_real(100.0 * correct / total) : json_null();
}

/* What the bare fields leave to be computed or guessed. */
static int add_derived(const ProtobufCMessage *message, json_t *object)
{
    const void *any = message;

    if (message->descriptor == &layernas__candidate__descriptor) {
        const Layernas__Candidate *candidate = any;
        return json_object_set_new(object, "reward",
                                   percent_json(candidate->correct, candidate->total));
    }
    if (message->descriptor == &layernas__trial_row__descriptor) {
        const Layernas__TrialRow *row = any;
        return json_object_set_new(object, "reward", percent_json(row->correct, row->total));
    }
    if (message->descriptor == &layernas__best__descriptor) {
        const Layernas__Best *best = any;
        if (!best->winner && json_object_set_new(object, "winner_percent", json_null()) < 0)
            return -1;
        return json_object_set_new(object, "test_top1",
                                   percent_json(best->test_correct, best->test_total));
    }
    if (message->descriptor == &layernas__agreement__descriptor) {
        const Layernas__Agreement *agreement = any;
        if (!agreement->correlated && (json_object_set_new(object, "tau_b", json_null()) < 0 ||
                                       json_object_set_new(object, "spearman", json_null()) < 0))
            return -1;
    }
    if (message->descriptor == &layernas__summary__descriptor) {
        const Layernas__Summary *summary = any;
        if (summary->eta_s < 0)
            return json_object_set_new(object, "eta_s", json_null());
    }
    return 0;
}

/* NULL gives JSON's null. */
static json_t *message_json(const ProtobufCMessage *message)
{
    json_t *object;
    bool whole = true;

    if (!message)
        return json_null();
    object = json_object();
    for (unsigned i = 0; i < message->descriptor->n_fields && object && whole; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];

        whole = json_object_set_new(object, field->name, field_json(message, field)) == 0;
    }
    if (!object || (whole && add_derived(message, object) == 0))
        return object;
    json_decref(object);
    return NULL;
}

json_t *reply_json(const Layernas__StatusReply *reply)
{
    /* All members of the body are pointers to messages, which begin alike. */
    const void *body = reply->summary;
    json_t *object = message_json(body);

    if (object && json_object_set_new(object, "study", json_string(reply->study)) == 0 &&
        json_object_set_new(object, "metric", json_string(reply->metric)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

int reply_print_json(FILE *out, const Layernas__StatusReply *reply)
{
    json_t *json = reply_json(reply);
    int rc = json ? 0 : -ENOMEM;

    if (json && (json_dumpf(json, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) < 0 ||
                 fputc('\n', out) == EOF))
        rc = -EIO;
    json_decref(json);
    return rc;
}
