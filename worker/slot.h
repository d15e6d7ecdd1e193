/* slot - evaluates one trial at a time, in a process of its own.
 *
 *             start                  result; process ends
 *     FREE ----------> RUNNING ----------------------------> FREE
 *      ^                  |
 *      |  process ends    |  cancel; time limit; nonsense on its pipe
 *      '---- KILLED <-----'
 *
 * The process stays for the next trial and keeps the data it has loaded; after it ended, however
 * that came, the next trial starts another. So a crash, an out-of-memory kill or a training that
 * hangs costs its own attempt and nothing else: done is called with a failed result that says what
 * happened, and with the end of what the process printed. A process that ends after its last result,
 * before it has reported anything of the next trial, is replaced: the trial is told to another. Loop
 * thread only. */
#ifndef LAYERNAS_WORKER_SLOT_H
#define LAYERNAS_WORKER_SLOT_H

#include <stdbool.h>
#include <uv.h>

#include "proto/wire.h"

struct slot;

/* The slot is free again. result is the callee's to clear (credit is not set); NULL: the trial was
 * cancelled. */
typedef void slot_done_fn(void *arg, struct slot *slot, struct result_message *result);

struct slot_settings {
    char **arguments; /* of the process; argv[0] is only shown, the program is this one */
    slot_done_fn *done;
    void *arg;
};

/* settings must outlive the slot. NULL when memory runs out. */
struct slot *slot_new(uv_loop_t *loop, const struct slot_settings *settings);

/* Kills its process; done is called no more. The loop must run on to reap it and let go of the rest. */
void slot_free(struct slot *slot);

/* Evaluates *trial, which message (a packed TO_TRIAL) tells the process. The slot must be free. done
 * comes later, or at once if no process can be started. */
void slot_start(struct slot *slot, const struct trial_message *trial, const struct bytes *message);

/* Kills what runs; done follows. Nothing happens unless it is RUNNING. */
void slot_cancel(struct slot *slot);

/* Ends its process, with whatever that has loaded; a trial that runs is cancelled. */
void slot_reset(struct slot *slot);

bool slot_is_free(const struct slot *slot);

/* What it is about and how far, while it is not free and not cancelled: NULL otherwise. */
const struct attempt *slot_attempt(const struct slot *slot);
const struct trial *slot_trial(const struct slot *slot);
const struct progress *slot_progress(const struct slot *slot);
const struct digest *slot_study(const struct slot *slot);

/* The data set of its trial, or, while it is free, of the last one. */
const char *slot_data(const struct slot *slot);

#endif
