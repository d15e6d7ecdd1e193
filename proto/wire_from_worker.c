#include "proto/wire_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- unpacking ---- */

static bool speaks_our_version(uint32_t lowest, uint32_t highest)
{
    return lowest <= WIRE_PROTOCOL_HIGHEST && highest >= WIRE_PROTOCOL_LOWEST;
}

/* The fields of a Hello that every version has. */
static void read_versions(struct wire_reader *r, uint32_t lowest, uint32_t highest,
                          const char *version, struct hello *to)
{
    to->protocol_highest = highest;
    to->protocol_lowest = (uint32_t)wire_read_integer(r, "protocol_lowest", lowest, 1, highest);
    wire_read_text(r, "version", version, to->version, sizeof to->version);
}

static void read_data(struct wire_reader *r, const Layernas__Hello *from, struct hello *to)
{
    to->data = wire_read_array(r, "data", from->n_data, WIRE_MAX_DATA, sizeof *to->data);
    if (!to->data)
        return;
    to->n_data = (uint32_t)from->n_data;
    for (size_t i = 0; i < from->n_data; i++) {
        struct data_set *set = &to->data[i];

        wire_read_name(r, "data", from->data[i]->name, set->name, sizeof set->name);
        set->known = from->data[i]->digest.len > 0;
        if (set->known)
            wire_read_id(r, "data digest", &from->data[i]->digest, &set->digest,
                         sizeof set->digest);
    }
}

static void read_held(struct wire_reader *r, const Layernas__Hello *from, struct hello *to)
{
    to->held = wire_read_array(r, "held", from->n_held, WIRE_MAX_HELD, sizeof *to->held);
    to->held_keys = wire_read_array(r, "held", from->n_held, WIRE_MAX_HELD, sizeof *to->held_keys);
    if (!to->held || !to->held_keys)
        return;
    to->n_held = (uint32_t)from->n_held;
    for (size_t i = 0; i < from->n_held; i++) {
        to->held[i] = wire_read_attempt(r, from->held[i]->attempt);
        wire_read_id(r, "held key", &from->held[i]->key, &to->held_keys[i],
                     sizeof to->held_keys[i]);
    }
}

static void read_hello(struct wire_reader *r, const Layernas__Hello *from, struct hello *to)
{
    read_versions(r, from->protocol_lowest, from->protocol_highest, from->version, to);
    if (!speaks_our_version(from->protocol_lowest, from->protocol_highest))
        return;
    wire_read_id(r, "worker_id", &from->worker_id, to->worker_id, sizeof to->worker_id);
    wire_read_name(r, "name", from->name, to->name, sizeof to->name);
    to->slots = (uint32_t)wire_read_integer(r, "slots", from->slots, 1, WIRE_MAX_SLOTS);
    to->threads = (uint32_t)wire_read_integer(r, "threads", from->threads, 1, WIRE_MAX_THREADS);
    wire_read_text(r, "numerics", from->numerics, to->numerics, sizeof to->numerics);
    to->credit = wire_read_integer(r, "credit", from->credit, 0, WIRE_MAX_HELD);
    read_data(r, from, to);
    read_held(r, from, to);
}

static void read_heartbeat(struct wire_reader *r, const Layernas__Heartbeat *from,
                           struct heartbeat *to)
{
    to->credit = from->credit;
    to->running = wire_read_array(r, "running", from->n_running, WIRE_MAX_HELD,
                                  sizeof *to->running);
    if (!to->running)
        return;
    to->n_running = (uint32_t)from->n_running;
    for (size_t i = 0; i < from->n_running; i++) {
        to->running[i].attempt = wire_read_attempt(r, from->running[i]->attempt);
        to->running[i].progress = wire_read_progress(r, from->running[i]->progress);
    }
}

static void read_message(struct wire_reader *r, const Layernas__FromWorker *from,
                         struct from_worker *to)
{
    switch (from->body_case) {
    case LAYERNAS__FROM_WORKER__BODY_HELLO:
        to->kind = FROM_HELLO;
        read_hello(r, from->hello, &to->hello);
        return;
    case LAYERNAS__FROM_WORKER__BODY_HEARTBEAT:
        to->kind = FROM_HEARTBEAT;
        read_heartbeat(r, from->heartbeat, &to->heartbeat);
        return;
    case LAYERNAS__FROM_WORKER__BODY_RESULT:
        to->kind = FROM_RESULT;
        wire_read_result(r, from->result, &to->result);
        return;
    case LAYERNAS__FROM_WORKER__BODY_GOODBYE:
        to->kind = FROM_GOODBYE;
        return;
    default:
        wire_fault(r, "a message of a kind this version does not know");
    }
}

/* A Hello of another version may have anything behind the fields that all versions share. True if
 * that is what data holds. */
static bool read_foreign_hello(const uint8_t *data, size_t size, struct from_worker *to)
{
    struct wire_reader r = { 0 };
    Layernas__FromAnyWorker *any = (void *)wire_decode(&r, &layernas__from_any_worker__descriptor,
                                                       data, size);
    bool foreign = any && any->hello &&
                   !speaks_our_version(any->hello->protocol_lowest, any->hello->protocol_highest);

    if (foreign) {
        to->kind = FROM_HELLO;
        read_versions(&r, any->hello->protocol_lowest, any->hello->protocol_highest,
                      any->hello->version, &to->hello);
    }
    wire_free((ProtobufCMessage *)any);
    return foreign && r.rc == 0;
}

int from_worker_unpack(const uint8_t *data, size_t size, struct from_worker *message_out,
                       struct errmsg *err)
{
    struct wire_reader r = { .err = err };
    struct from_worker to = { 0 };
    Layernas__FromWorker *from = (void *)wire_decode(&r, &layernas__from_worker__descriptor, data,
                                                     size);

    if (from)
        read_message(&r, from, &to);
    else if (read_foreign_hello(data, size, &to))
        r.rc = 0;
    wire_free((ProtobufCMessage *)from);
    if (r.rc < 0)
        from_worker_clear(&to);
    else
        *message_out = to;
    return r.rc;
}

void from_worker_clear(struct from_worker *message)
{
    switch (message->kind) {
    case FROM_HELLO:
        free(message->hello.data);
        free(message->hello.held);
        free(message->hello.held_keys);
        break;
    case FROM_HEARTBEAT:
        free(message->heartbeat.running);
        break;
    case FROM_RESULT:
        result_message_clear(&message->result);
        break;
    case FROM_GOODBYE:
    case FROM_KINDS:
        break;
    }
    *message = (struct from_worker){ 0 };
}

/* ---- packing ---- */

static int pack_hello(const struct hello *from, struct bytes *bytes_out)
{
    struct packed_held {
        Layernas__Held message;
        Layernas__Attempt attempt;
    } *held = calloc(from->n_held + 1, sizeof *held);
    Layernas__Held **held_list = calloc(from->n_held + 1, sizeof *held_list);
    Layernas__DataSet *data = calloc(from->n_data + 1, sizeof *data);
    Layernas__DataSet **data_list = calloc(from->n_data + 1, sizeof *data_list);
    Layernas__FromWorker message = LAYERNAS__FROM_WORKER__INIT;
    Layernas__Hello hello = LAYERNAS__HELLO__INIT;
    int rc = -ENOMEM;

    if (!held || !held_list || !data || !data_list)
        goto out;
    for (size_t i = 0; i < from->n_held; i++) {
        layernas__held__init(&held[i].message);
        held[i].attempt = wire_put_attempt(&from->held[i]);
        held[i].message.attempt = &held[i].attempt;
        held[i].message.key = wire_put_bytes(&from->held_keys[i], sizeof from->held_keys[i]);
        held_list[i] = &held[i].message;
    }
    for (size_t i = 0; i < from->n_data; i++) {
        layernas__data_set__init(&data[i]);
        data[i].name = from->data[i].name;
        if (from->data[i].known)
            data[i].digest = wire_put_bytes(&from->data[i].digest, sizeof from->data[i].digest);
        data_list[i] = &data[i];
    }
    hello.protocol_lowest = from->protocol_lowest;
    hello.protocol_highest = from->protocol_highest;
    hello.version = (char *)from->version;
    hello.worker_id = wire_put_bytes(from->worker_id, sizeof from->worker_id);
    hello.name = (char *)from->name;
    hello.slots = from->slots;
    hello.threads = from->threads;
    hello.numerics = (char *)from->numerics;
    hello.credit = from->credit;
    hello.n_data = from->n_data;
    hello.data = data_list;
    hello.n_held = from->n_held;
    hello.held = held_list;
    message.body_case = LAYERNAS__FROM_WORKER__BODY_HELLO;
    message.hello = &hello;
    rc = wire_encode(&message.base, bytes_out);
out:
    free(data_list);
    free(data);
    free(held_list);
    free(held);
    return rc;
}

static int pack_heartbeat(const struct heartbeat *from, struct bytes *bytes_out)
{
    struct packed_running {
        Layernas__Running message;
        Layernas__Attempt attempt;
        Layernas__Progress progress;
    } *running = calloc(from->n_running + 1, sizeof *running);
    Layernas__Running **list = calloc(from->n_running + 1, sizeof *list);
    Layernas__FromWorker message = LAYERNAS__FROM_WORKER__INIT;
    Layernas__Heartbeat heartbeat = LAYERNAS__HEARTBEAT__INIT;
    int rc = -ENOMEM;

    if (!running || !list)
        goto out;
    for (size_t i = 0; i < from->n_running; i++) {
        layernas__running__init(&running[i].message);
        running[i].attempt = wire_put_attempt(&from->running[i].attempt);
        running[i].progress = wire_put_progress(&from->running[i].progress);
        running[i].message.attempt = &running[i].attempt;
        running[i].message.progress = &running[i].progress;
        list[i] = &running[i].message;
    }
    heartbeat.credit = from->credit;
    heartbeat.n_running = from->n_running;
    heartbeat.running = list;
    message.body_case = LAYERNAS__FROM_WORKER__BODY_HEARTBEAT;
    message.heartbeat = &heartbeat;
    rc = wire_encode(&message.base, bytes_out);
out:
    free(list);
    free(running);
    return rc;
}

static int pack_result(const struct result_message *from, struct bytes *bytes_out)
{
    Layernas__FromWorker message = LAYERNAS__FROM_WORKER__INIT;
    struct packed_result result;

    wire_put_result(from, &result);
    message.body_case = LAYERNAS__FROM_WORKER__BODY_RESULT;
    message.result = &result.message;
    return wire_encode(&message.base, bytes_out);
}

static int pack_goodbye(struct bytes *bytes_out)
{
    Layernas__FromWorker message = LAYERNAS__FROM_WORKER__INIT;
    Layernas__Goodbye goodbye = LAYERNAS__GOODBYE__INIT;

    message.body_case = LAYERNAS__FROM_WORKER__BODY_GOODBYE;
    message.goodbye = &goodbye;
    return wire_encode(&message.base, bytes_out);
}

int from_worker_pack(const struct from_worker *message, struct bytes *bytes_out)
{
    switch (message->kind) {
    case FROM_HELLO:
        return pack_hello(&message->hello, bytes_out);
    case FROM_HEARTBEAT:
        return pack_heartbeat(&message->heartbeat, bytes_out);
    case FROM_RESULT:
        return pack_result(&message->result, bytes_out);
    case FROM_GOODBYE:
        return pack_goodbye(bytes_out);
    case FROM_KINDS:
        break;
    }
    return -EINVAL;
}
