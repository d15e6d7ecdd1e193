/* A Trial's network, put into bytes without protobuf-c: it is most of the message, and most of what
 * handing a trial out costs. The bytes are the same (test_wire_to_worker). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire_parts.h"

enum {
    TO_WORKER_TRIAL = 3, /* fields of layernas.proto */
    TRIAL_NETWORK = 12,
    WIRE_VARINT = 0, /* wire types of protobuf */
    WIRE_BYTES = 2,
    MAX_VARINT = 10, /* bytes */
    MAX_OP = 96,     /* bytes: 14 numbers of at most 1 + 5, and inputs of 2 + 2 * 5 */
};

_Static_assert(MAX_OP < 0x80, "an op's size is one byte");

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

static inline uint8_t *put_tag(uint8_t *to, uint32_t field, uint32_t type)
{
    *to++ = (uint8_t)(field << 3 | type);
    return to;
}

/* A number that is 0 is left out. */
static inline uint8_t *put_number(uint8_t *to, uint32_t field, uint32_t value)
{
    return value ? put_varint(put_tag(to, field, WIRE_VARINT), value) : to;
}

static uint32_t zigzag(int32_t value)
{
    return (uint32_t)value << 1 ^ (uint32_t)(value >> 31);
}

static uint8_t *put_inputs(uint8_t *to, const struct op *op)
{
    int n = op_inputs(op->kind);
    uint8_t *size, *end;

    if (n == 0)
        return to;
    size = put_tag(to, 3, WIRE_BYTES);
    end = size + 1;
    for (int i = 0; i < n; i++)
        end = put_varint(end, (uint32_t)op->input[i]);
    *size = (uint8_t)(end - size - 1);
    return end;
}

static uint8_t *put_op(uint8_t *to, const struct op *op)
{
    to = put_number(to, 1, op->kind);
    to = put_number(to, 2, zigzag(op->layer));
    to = put_inputs(to, op);
    to = put_number(to, 4, (uint32_t)op->out.channels);
    to = put_number(to, 5, (uint32_t)op->out.height);
    to = put_number(to, 6, (uint32_t)op->out.width);
    to = put_number(to, 7, (uint32_t)op->kernel_h);
    to = put_number(to, 8, (uint32_t)op->kernel_w);
    to = put_number(to, 9, (uint32_t)op->stride);
    to = put_number(to, 10, (uint32_t)op->pad);
    to = put_number(to, 11, (uint32_t)op->groups);
    to = put_number(to, 12, op->bias);
    to = put_number(to, 13, op->activation);
    to = put_number(to, 14, op->pooling);
    return put_number(to, 15, (uint32_t)op->drop);
}

/* The field `network` of a Trial: each op, with its tag and its size before it. */
static uint8_t *put_network(uint8_t *to, const struct network *network)
{
    for (size_t i = 0; i < network->n_ops; i++) {
        uint8_t *size = put_tag(to, TRIAL_NETWORK, WIRE_BYTES);

        to = put_op(size + 1, &network->ops[i]);
        *size = (uint8_t)(to - size - 1);
    }
    return to;
}

int wire_encode_trial(const Layernas__Trial *rest, const struct network *network,
                      struct bytes *bytes_out)
{
    size_t rest_size = protobuf_c_message_get_packed_size(&rest->base);
    uint8_t *ops = malloc(network->n_ops * (MAX_OP + 2) + 1), *data, *at;
    size_t ops_size;

    if (!ops)
        return -ENOMEM;
    ops_size = (size_t)(put_network(ops, network) - ops);
    if (1 + MAX_VARINT + rest_size + ops_size > WIRE_MAX_MESSAGE) {
        free(ops);
        return -EMSGSIZE;
    }
    data = malloc(1 + MAX_VARINT + rest_size + ops_size);
    if (data) {
        at = put_varint(put_tag(data, TO_WORKER_TRIAL, WIRE_BYTES), rest_size + ops_size);
        at += protobuf_c_message_pack(&rest->base, at);
        memcpy(at, ops, ops_size);
        *bytes_out = (struct bytes){ .data = data, .size = (size_t)(at - data) + ops_size };
    }
    free(ops);
    return data ? 0 : -ENOMEM;
}
