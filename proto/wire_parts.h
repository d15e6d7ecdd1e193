/* wire_parts - what the messages are made of. For proto/ and the status code, which see generated
 * types.
 *
 * Reading: every wire_read_* takes a value out of a generated struct and checks it. The first fault
 * sticks in the reader, later ones change nothing, so that unpacking a message is a list of fields
 * with one look at rc behind it. A value with a fault comes out as zero.
 * Writing: wire_put_* make generated structs that point into what they were given. */
#ifndef LAYERNAS_PROTO_WIRE_PARTS_H
#define LAYERNAS_PROTO_WIRE_PARTS_H

#include "proto/layernas.pb-c.h"
#include "proto/wire.h"

struct wire_reader {
    int rc; /* 0, -EPROTO or -ENOMEM */
    struct errmsg *err;
};

/* The message in data. What protobuf-c allocates meanwhile is bounded by size and not by what the
 * bytes claim: a million empty submessages take two million bytes. NULL: not such a message, or too
 * much in it; reader has the fault. Free with wire_free. */
ProtobufCMessage *wire_decode(struct wire_reader *reader, const ProtobufCMessageDescriptor *type,
                              const uint8_t *data, size_t size);
void wire_free(ProtobufCMessage *message);

/* -ENOMEM; -EMSGSIZE past WIRE_MAX_MESSAGE. */
int wire_encode(const ProtobufCMessage *message, struct bytes *bytes_out);

void wire_fault(struct wire_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
uint64_t wire_read_integer(struct wire_reader *reader, const char *field, uint64_t value,
                           uint64_t lowest, uint64_t highest);
int64_t wire_read_cost(struct wire_reader *reader, const char *field, int64_t value);
double wire_read_real(struct wire_reader *reader, const char *field, double value, double lowest,
                      double highest);
/* Printable UTF-8 that fits size; a name is not empty. */
void wire_read_text(struct wire_reader *reader, const char *field, const char *text, char *to,
                    size_t size);
void wire_read_name(struct wire_reader *reader, const char *field, const char *text, char *to,
                    size_t size);
/* A copy, at most highest bytes. */
struct bytes wire_read_bytes(struct wire_reader *reader, const char *field,
                             const ProtobufCBinaryData *from, size_t highest);
/* Exactly size bytes. */
void wire_read_id(struct wire_reader *reader, const char *field, const ProtobufCBinaryData *from,
                  void *to, size_t size);
/* Zeroed room for n elements, n at most highest; NULL where n is 0 or there was a fault. */
void *wire_read_array(struct wire_reader *reader, const char *field, size_t n, size_t highest,
                      size_t size);
struct attempt wire_read_attempt(struct wire_reader *reader, const Layernas__Attempt *from);
struct progress wire_read_progress(struct wire_reader *reader, const Layernas__Progress *from);
struct arch wire_read_arch(struct wire_reader *reader, size_t n, const uint32_t *option);
struct evaluation wire_read_evaluation(struct wire_reader *reader,
                                       const Layernas__Evaluation *from);
/* The caller's to clear, fault or not. */
struct network wire_read_network(struct wire_reader *reader, size_t n, Layernas__Op *const *ops);
void wire_read_result(struct wire_reader *reader, const Layernas__Result *from,
                      struct result_message *to);
void result_message_clear(struct result_message *message);

ProtobufCBinaryData wire_put_bytes(const void *data, size_t size);
Layernas__Attempt wire_put_attempt(const struct attempt *attempt);
Layernas__Progress wire_put_progress(const struct progress *progress);
/* Returns how many. */
size_t wire_put_arch(const struct arch *arch, uint32_t option[ARCH_MAX_LAYERS]);

struct packed_evaluation {
    Layernas__Evaluation message;
    Layernas__Data data;
    Layernas__Schedule schedule;
    Layernas__Table table;
    Layernas__Surrogate surrogate;
};
void wire_put_evaluation(const struct evaluation *from, struct packed_evaluation *to);

struct packed_network {
    size_t n;
    Layernas__Op **list; /* owned; NULL for a network of no ops */
};
/* -ENOMEM. */
int wire_put_network(const struct network *from, struct packed_network *to);
void packed_network_clear(struct packed_network *network);

/* A ToWorker{trial}: rest, which has no network, and this network. -ENOMEM, -EMSGSIZE. */
int wire_encode_trial(const Layernas__Trial *rest, const struct network *network,
                      struct bytes *bytes_out);

struct packed_result {
    Layernas__Result message;
    Layernas__Attempt attempt;
    uint32_t arch[ARCH_MAX_LAYERS];
};
void wire_put_result(const struct result_message *from, struct packed_result *to);

#endif
