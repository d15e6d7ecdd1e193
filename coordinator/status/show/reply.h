/* reply - what came over the status socket, checked before anybody sees it; and as JSON.
 *
 * Whatever reply_unpack accepts has lists of at most STATUS_MAX_ROWS,
 * finite numbers, no more correct images than there were, shares of at most one, correlations between
 * -1 and 1, and texts of printable ASCII (anything
 * else in them became '?'). Any submessage may still be NULL, but not an item of a list or the body. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_REPLY_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_REPLY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/errmsg.h"
#include "proto/layernas.pb-c.h"

/* -EPROTO with a line in err: malformed. The caller frees the reply with
 * layernas__status_reply__free_unpacked(reply, NULL). */
int reply_unpack(const uint8_t *data, size_t size, Layernas__StatusReply **reply_out,
                 struct errmsg *err);

/* Whether it answers this question. -EPROTO: of another protocol, or it does not. -EREMOTEIO: the
 * coordinator answered with an error, which is then the line. */
int reply_check(const Layernas__StatusReply *reply, uint64_t id, Layernas__Query__What what,
                struct errmsg *err);

/* The same of a command. */
int reply_check_commanded(const Layernas__StatusReply *reply, uint64_t id, struct errmsg *err);

/* The answer under the names that its fields have in layernas.proto, with `study` and `metric`;
 * besides, rewards in percent: `reward` of a candidate and of a trial, `test_top1` of the best
 * (null without a result); null for correlations that there are not. A new reference; NULL when memory runs out. */
json_t *reply_json(const Layernas__StatusReply *reply);

/* Prints that, and a line's end. -ENOMEM, or -EIO where it cannot be written. */
int reply_print_json(FILE *out, const Layernas__StatusReply *reply);

/* The values of a field: one, or as many as are repeated, or none (a oneof that holds another). They
 * lie *stride_out bytes apart from what is returned on. */
const char *reply_field_values(const ProtobufCMessage *message,
                               const ProtobufCFieldDescriptor *field, size_t *n_out,
                               size_t *stride_out);

#endif
