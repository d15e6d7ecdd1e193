/* Messages with something in every field, at the ends of what is allowed. */
#ifndef LAYERNAS_TESTS_WIRE_MESSAGES_H
#define LAYERNAS_TESTS_WIRE_MESSAGES_H

#include "proto/wire.h"

/* Each is the caller's to clear. */
struct from_worker wire_full_hello(void);
struct from_worker wire_full_heartbeat(void);
struct from_worker wire_full_result(void);
struct from_worker wire_failed_result(void);
struct to_worker wire_welcome(void);
struct to_worker wire_training_trial(void); /* of a network with every kind of op; a final test */
struct to_worker wire_table_trial(void);
struct to_worker wire_surrogate_trial(void);
struct to_worker wire_verdict(void);

#endif
