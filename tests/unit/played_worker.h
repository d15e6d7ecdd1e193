/* played_worker - a worker's side of the protocol, message by message, as a test wants it.
 *
 * What the coordinator sends lies in the worker's inbox until it is asked for. After played_sync
 * everything is there that was sent in answer to what the worker sent before. */
#ifndef LAYERNAS_TESTS_PLAYED_WORKER_H
#define LAYERNAS_TESTS_PLAYED_WORKER_H

#include "proto/wire.h"
#include "tests/unit/live_coordinator.h"

enum { PLAYED_INBOX = 64, PLAYED_WEIGHTS = 100 /* bytes */ };

struct played_worker {
    struct live *live;
    void *socket;
    char name[16];
    uint64_t credit;
    struct to_worker inbox[PLAYED_INBOX];
    size_t n_inbox;
};

/* Connects; says nothing. name makes the worker's id too. Closed with the test at the latest. */
struct played_worker *played_open(struct live *live, const char *name);
void played_close(struct played_worker *worker);

/* Any bytes, as one frame of a message. */
void played_send_frame(struct played_worker *worker, const void *data, size_t size, bool more);
void played_send(struct played_worker *worker, const struct from_worker *message);

/* A Hello that holds nothing, for the caller to change and send; not to clear. */
struct from_worker played_hello(struct played_worker *worker, uint64_t credit);

/* Says Hello, holding nothing, and takes the Welcome. */
void played_join(struct played_worker *worker, uint64_t credit);

/* A Hello that holds this trial, no credit. */
void played_rejoin(struct played_worker *worker, const struct to_worker *held);

/* Lists running (NULL: nothing) and says credit. */
void played_heartbeat(struct played_worker *worker, const struct to_worker *running);

void played_goodbye(struct played_worker *worker);

/* A heartbeat, until its answer, which is taken. */
void played_sync(struct played_worker *worker, const struct to_worker *running);

/* A good result of a trial, as good as its network is dear; credit as it is. Not to clear. */
struct from_worker played_result(const struct played_worker *worker, const struct to_worker *trial);
struct from_worker played_failure(const struct played_worker *worker, const struct to_worker *trial,
                                  const char *reason);

/* Waits for another message; false if none came. */
bool played_receive(struct played_worker *worker, int timeout_ms);

/* Waits for the next message of a kind. The caller's to clear. */
struct to_worker played_expect(struct played_worker *worker, enum to_worker_kind kind);

/* Has room for one trial more, and expects it; the caller's to clear. */
struct to_worker played_next(struct played_worker *worker);

/* Two attempts at one trial. */
void played_check_same(const struct to_worker *a, const struct to_worker *b);

/* How many of a kind wait in the inbox. */
size_t played_count(const struct played_worker *worker, enum to_worker_kind kind);

/* The next verdict, which is about this trial. */
struct verdict_message played_verdict(struct played_worker *worker, const struct to_worker *trial);

/* Sends a result until there is a verdict, which accepts it. */
void played_report(struct played_worker *worker, const struct from_worker *result,
                   const struct to_worker *trial);

/* Does what comes until a trial of this stage does, which is the caller's to clear. */
struct to_worker played_work_until(struct played_worker *worker, enum stage stage);

/* All workers say Goodbye; one more does whatever is left, as PROTOCOL.md has it. The study must end
 * well, with exactly its trials, n_quarantined of the search among them. */
void played_finish(struct live *live, size_t n_quarantined);

#endif
