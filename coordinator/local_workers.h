/* local_workers - workers on this machine, started and supervised: --local-workers N.
 *
 * Each is a layernas-worker with one slot. One that dies is started again, after a pause that grows
 * while it keeps dying. Its standard input is a pipe that ends with this process, however that ends,
 * and the worker with it. What it prints goes to <state>/logs/worker-<n>.log. */
#ifndef LAYERNAS_COORDINATOR_LOCAL_WORKERS_H
#define LAYERNAS_COORDINATOR_LOCAL_WORKERS_H

#include <stdint.h>
#include <uv.h>

#include "common/errmsg.h"

struct local_workers;

struct local_workers_options {
    uint32_t n;
    const char *endpoint;  /* of the coordinator */
    const char *keys;      /* folder with a worker's; NULL: without */
    const char *data_name; /* the data set that lies at data_path; NULL: they know none */
    const char *data_path;
    const char *state_directory; /* for their logs, and results that were not acknowledged */
};

/* A worker says that it can never work here (exit code 2, wrong usage): reason quotes it. */
typedef void local_worker_refused_fn(void *arg, const char *reason);

/* Starts them on loop. -ENOENT: no layernas-worker beside this program or in PATH; or the errno of
 * starting the first. */
int local_workers_start(uv_loop_t *loop, const struct local_workers_options *options,
                        local_worker_refused_fn *refused, void *arg,
                        struct local_workers **workers_out, struct errmsg *err);

/* Ends them: asks, and after grace_ms kills. Runs loop until all are gone, then frees. NULL does
 * nothing. */
void local_workers_stop(struct local_workers *workers, uint64_t grace_ms);

#endif
