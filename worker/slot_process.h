/* slot_process - the session's end of a slot's process: its pipes, what it printed, how it ended.
 *
 * Trials go in on standard input, reports come on descriptor 3 (worker/frame.h), the end of what it
 * prints on standard output and error is kept. When the session ends, so does the process. */
#ifndef LAYERNAS_WORKER_SLOT_PROCESS_H
#define LAYERNAS_WORKER_SLOT_PROCESS_H

#include <uv.h>

#include "proto/wire.h"

struct slot_process;

/* A report came: *report is the callee's to clear. */
typedef void slot_report_fn(void *arg, struct slot_report *report);
/* Something came that is no report; nothing more is read. why is one line. */
typedef void slot_nonsense_fn(void *arg, const char *why);
/* It ended: how, in words ("exited with status 3"). All that it reported was handed over. */
typedef void slot_ended_fn(void *arg, const char *how);

struct slot_process_events {
    slot_report_fn *report;
    slot_nonsense_fn *nonsense;
    slot_ended_fn *ended;
    void *arg;
};

/* Starts this program again with arguments. 0 or a negative errno. */
int slot_process_start(uv_loop_t *loop, char **arguments, const struct slot_process_events *events,
                       struct slot_process **process_out);

/* Lets go of it: it is killed if it still runs, no event comes any more, the memory goes when the
 * loop has seen it end and closed its handles. NULL does nothing. */
void slot_process_free(struct slot_process *process);

/* Copies message into the pipe. -ENOMEM and the like; a process that is gone shows in ended. */
int slot_process_send(struct slot_process *process, const struct bytes *message);

void slot_process_kill(struct slot_process *process);

/* The end of what it printed so far, which is forgotten: at most WIRE_MAX_OUTPUT bytes, the
 * caller's to free(). Nothing when memory runs out. */
struct bytes slot_process_take_output(struct slot_process *process);

#endif
