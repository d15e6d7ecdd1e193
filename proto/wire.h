/* wire - messages between coordinator and workers: bytes <-> checked structs.
 *
 * Whatever unpack accepts is within the limits below and has every number in its range: counts
 * bounded, enumerations known, doubles finite, texts terminated and of printable characters, networks
 * as network_check demands. -EPROTO with a line in err for anything else. Encoding is protobuf
 * (layernas.proto); nothing outside proto/ and the status code sees generated types. */
#ifndef LAYERNAS_PROTO_WIRE_H
#define LAYERNAS_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/evaluation.h"
#include "common/network.h"
#include "common/trial.h"

enum {
    WIRE_PROTOCOL_LOWEST = 5,
    WIRE_PROTOCOL_HIGHEST = 5,
    WIRE_MAX_MESSAGE = 64 << 20, /* bytes; weights are most of it */
    /* They come in a Result and go out in the Trial of the test: a MiB is left for the rest of either. */
    WIRE_MAX_WEIGHTS = WIRE_MAX_MESSAGE - (1 << 20),
    WIRE_MAX_SLOTS = 1024,
    WIRE_MAX_THREADS = 1024, /* of a slot */
    WIRE_MAX_HELD = 4096,    /* attempts listed by a Hello or a Heartbeat */
    WIRE_MAX_DATA = 64,      /* data sets of a Hello */
    WIRE_MAX_OUTPUT = 64 << 10,
    WIRE_TABLE_KEY_SIZE = 512,
};

struct attempt {
    uint64_t start, counter;
};

struct progress {
    uint32_t epoch, epochs;
    double loss, accuracy, images_per_second, fraction;
    uint64_t memory; /* bytes resident at most so far; 0: not known */
};

struct bytes {
    uint8_t *data; /* owned by the message it is in */
    size_t size;
};

struct data_set {
    char name[EVALUATION_NAME_SIZE];
    bool known; /* digest is */
    struct digest digest;
};

struct hello {
    uint32_t protocol_lowest, protocol_highest;
    char version[32];
    uint8_t worker_id[16];
    char name[TRIAL_WORKER_SIZE];
    uint32_t slots, threads;
    char numerics[TRIAL_NUMERICS_SIZE];
    uint64_t credit;
    uint32_t n_data, n_held;
    struct data_set *data;    /* owned */
    struct attempt *held;     /* owned */
    struct digest *held_keys; /* of their trials, n_held; owned */
};

struct running {
    struct attempt attempt;
    struct progress progress;
};

struct heartbeat {
    uint64_t credit;
    uint32_t n_running;
    struct running *running; /* owned */
};

struct result_message {
    struct digest study_id;
    struct attempt attempt;
    struct trial_result result;
    struct bytes output, weights;
    uint64_t credit;
};

/* A result of trial that says what it is about, and not yet what it came to. */
struct result_message result_message_about(const struct digest *study_id,
                                           const struct attempt *attempt,
                                           const struct trial *trial);

enum from_worker_kind { FROM_HELLO, FROM_HEARTBEAT, FROM_RESULT, FROM_GOODBYE, FROM_KINDS };

struct from_worker {
    enum from_worker_kind kind;
    union {
        struct hello hello;
        struct heartbeat heartbeat;
        struct result_message result;
    };
};

struct welcome {
    uint32_t protocol;
    char version[32];
    struct digest study_id;
    char study_name[64];
    uint64_t start;
    uint32_t heartbeat_ms, lease_ms;
    char data[EVALUATION_NAME_SIZE];   /* whose digest it wants; "": none */
    char no_trials[TRIAL_REASON_SIZE]; /* why this worker gets none; "": it does */
};

struct refusal {
    char reason[TRIAL_REASON_SIZE];
    uint32_t protocol_lowest, protocol_highest;
};

struct trial_message {
    struct digest study_id;
    struct attempt attempt;
    struct trial trial;
    struct evaluation evaluation;
    struct network network; /* n_ops 0 where the space has none */
    struct count_rules count;
    char table_key[WIRE_TABLE_KEY_SIZE];
    struct bytes weights;
};

struct verdict_message {
    struct digest key;
    struct attempt attempt;
    bool accepted;
    char reason[TRIAL_REASON_SIZE];
};

struct cancel {
    struct attempt attempt;
    char reason[TRIAL_REASON_SIZE];
};

struct study_over {
    char reason[TRIAL_REASON_SIZE];
};

enum to_worker_kind {
    TO_WELCOME,
    TO_REFUSAL,
    TO_TRIAL,
    TO_VERDICT,
    TO_CANCEL,
    TO_ALIVE,
    TO_HELLO_AGAIN,
    TO_STUDY_OVER,
    TO_KINDS
};

struct to_worker {
    enum to_worker_kind kind;
    union {
        struct welcome welcome;
        struct refusal refusal;
        struct trial_message trial;
        struct verdict_message verdict;
        struct cancel cancel;
        struct study_over study_over;
    };
};

enum slot_report_kind { SLOT_PROGRESS, SLOT_RESULT };

struct slot_report {
    enum slot_report_kind kind;
    union {
        struct progress progress;
        struct result_message result;
    };
};

/* pack: -ENOMEM, -EMSGSIZE; the bytes are the caller's to free(). unpack: -EPROTO, -ENOMEM; on
 * success the message is the caller's to clear. Clearing frees what is owned and zeroes the rest.
 * A Hello for no version between WIRE_PROTOCOL_LOWEST and _HIGHEST is unpacked as far as every
 * version has it: its protocol_lowest, _highest and version, to be refused. With -EPROTO *message_out is a
 * TO_TRIAL where that is what data holds and its study, attempt, key, stage, replica and arch make sense:
 * of those alone, for a failure to be told of it; else its kind is TO_KINDS. */
int from_worker_pack(const struct from_worker *message, struct bytes *bytes_out);
int from_worker_unpack(const uint8_t *data, size_t size, struct from_worker *message_out,
                       struct errmsg *err);
void from_worker_clear(struct from_worker *message);

int to_worker_pack(const struct to_worker *message, struct bytes *bytes_out);
int to_worker_unpack(const uint8_t *data, size_t size, struct to_worker *message_out,
                     struct errmsg *err);
void to_worker_clear(struct to_worker *message);

/* Text for a message: text, cut to fit size (at a character's border), whatever is not printable
 * UTF-8 turned to '?'. Returns to. */
char *wire_printable(char *to, size_t size, const char *text);

int slot_report_pack(const struct slot_report *report, struct bytes *bytes_out);
int slot_report_unpack(const uint8_t *data, size_t size, struct slot_report *report_out,
                       struct errmsg *err);
void slot_report_clear(struct slot_report *report);

#endif
