#include "proto/wire_parts.h"

#include <errno.h>
#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- protobuf-c with a purse ---- */

/* What the largest network of the most attempts takes, above a copy of the message's bytes. */
static const size_t decode_overhead = 4 << 20;

static void *spend(void *arg, size_t size)
{
    size_t *left = arg;

    if (size > *left)
        return NULL;
    *left -= size;
    return malloc(size);
}

static void give_back(void *arg, void *memory)
{
    (void)arg;
    free(memory);
}

ProtobufCMessage *wire_decode(struct wire_reader *reader, const ProtobufCMessageDescriptor *type,
                              const uint8_t *data, size_t size)
{
    size_t left = 2 * size + decode_overhead;
    ProtobufCAllocator purse = { .alloc = spend, .free = give_back, .allocator_data = &left };
    ProtobufCMessage *message = NULL;

    if (size <= WIRE_MAX_MESSAGE)
        message = protobuf_c_message_unpack(type, &purse, size, data);
    if (!message)
        wire_fault(reader, "%zu bytes that are not a message of %s", size, type->short_name);
    return message;
}

void wire_free(ProtobufCMessage *message)
{
    ProtobufCAllocator plain = { .free = give_back };

    if (message)
        protobuf_c_message_free_unpacked(message, &plain);
}

int wire_encode(const ProtobufCMessage *message, struct bytes *bytes_out)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *data;

    if (size > WIRE_MAX_MESSAGE)
        return -EMSGSIZE;
    data = malloc(size + 1); /* some messages are empty */
    if (!data)
        return -ENOMEM;
    protobuf_c_message_pack(message, data);
    *bytes_out = (struct bytes){ .data = data, .size = size };
    return 0;
}

/* ---- reading ---- */

void wire_fault(struct wire_reader *reader, const char *format, ...)
{
    struct errmsg line;
    va_list args;

    if (reader->rc < 0)
        return;
    va_start(args, format);
    vsnprintf(line.text, sizeof line.text, format, args);
    va_end(args);
    reader->rc = errmsg_set(reader->err, -EPROTO, "%s", line.text);
}

uint64_t wire_read_integer(struct wire_reader *reader, const char *field, uint64_t value,
                           uint64_t lowest, uint64_t highest)
{
    if (value >= lowest && value <= highest)
        return value;
    wire_fault(reader, "%s: %llu; from %llu to %llu", field, (unsigned long long)value,
               (unsigned long long)lowest, (unsigned long long)highest);
    return 0;
}

int64_t wire_read_cost(struct wire_reader *reader, const char *field, int64_t value)
{
    if (value >= 0)
        return value;
    wire_fault(reader, "%s: %lld; at least 0", field, (long long)value);
    return 0;
}

double wire_read_real(struct wire_reader *reader, const char *field, double value, double lowest,
                      double highest)
{
    if (value >= lowest && value <= highest) /* false for a NaN */
        return value;
    wire_fault(reader, "%s: %g; from %g to %g", field, value, lowest, highest);
    return 0;
}

struct bytes wire_read_bytes(struct wire_reader *reader, const char *field,
                             const ProtobufCBinaryData *from, size_t highest)
{
    struct bytes copy = { 0 };

    copy.data = wire_read_array(reader, field, from->len, highest, 1);
    if (copy.data) {
        memcpy(copy.data, from->data, from->len);
        copy.size = from->len;
    }
    return copy;
}

void wire_read_id(struct wire_reader *reader, const char *field, const ProtobufCBinaryData *from,
                  void *to, size_t size)
{
    if (from->len == size)
        memcpy(to, from->data, size);
    else
        wire_fault(reader, "%s: %zu bytes; %zu", field, from->len, size);
}

void *wire_read_array(struct wire_reader *reader, const char *field, size_t n, size_t highest,
                      size_t size)
{
    void *array = NULL;

    wire_read_integer(reader, field, n, 0, highest);
    if (n == 0 || reader->rc < 0)
        return NULL;
    array = calloc(n, size);
    if (!array)
        reader->rc = -ENOMEM;
    return array;
}

struct attempt wire_read_attempt(struct wire_reader *reader, const Layernas__Attempt *from)
{
    if (from)
        return (struct attempt){ .start = from->start, .counter = from->counter };
    wire_fault(reader, "attempt: missing");
    return (struct attempt){ 0 };
}

/* A running attempt that has nothing to say yet leaves its progress out. */
struct progress wire_read_progress(struct wire_reader *r, const Layernas__Progress *from)
{
    if (!from)
        return (struct progress){ 0 };
    return (struct progress){
        .epoch = (uint32_t)wire_read_integer(r, "epoch", from->epoch, 0, from->epochs),
        .epochs = from->epochs,
        .loss = wire_read_real(r, "loss", from->loss, -DBL_MAX, DBL_MAX),
        .accuracy = wire_read_real(r, "accuracy", from->accuracy, 0, 100),
        .images_per_second = wire_read_real(r, "images_per_second", from->images_per_second, 0,
                                            1e12),
        .fraction = wire_read_real(r, "fraction", from->fraction, 0, 1),
        .memory = from->memory,
    };
}

struct arch wire_read_arch(struct wire_reader *reader, size_t n, const uint32_t *option)
{
    struct arch arch = { 0 };

    arch.n = (uint16_t)wire_read_integer(reader, "arch: layers", n, 1, ARCH_MAX_LAYERS);
    for (size_t i = 0; i < arch.n; i++)
        arch.option[i] = (uint16_t)wire_read_integer(reader, "arch: option", option[i], 0,
                                                     ARCH_MAX_OPTIONS - 1);
    return arch;
}

/* ---- writing ---- */

ProtobufCBinaryData wire_put_bytes(const void *data, size_t size)
{
    return (ProtobufCBinaryData){ .len = size, .data = (uint8_t *)data }; /* only read from */
}

Layernas__Attempt wire_put_attempt(const struct attempt *attempt)
{
    Layernas__Attempt message = LAYERNAS__ATTEMPT__INIT;

    message.start = attempt->start;
    message.counter = attempt->counter;
    return message;
}

Layernas__Progress wire_put_progress(const struct progress *progress)
{
    Layernas__Progress message = LAYERNAS__PROGRESS__INIT;

    message.epoch = progress->epoch;
    message.epochs = progress->epochs;
    message.loss = progress->loss;
    message.accuracy = progress->accuracy;
    message.images_per_second = progress->images_per_second;
    message.fraction = progress->fraction;
    message.memory = progress->memory;
    return message;
}

size_t wire_put_arch(const struct arch *arch, uint32_t option[ARCH_MAX_LAYERS])
{
    for (size_t i = 0; i < arch->n; i++)
        option[i] = arch->option[i];
    return arch->n;
}
