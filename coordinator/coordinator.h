/* coordinator - one study, served: the loop, its sockets and timers, and what they work on.
 *
 * A callback decodes, calls one function of ledger, roster, campaign or store, and replies. All on
 * the loop thread; the store has a thread of its own behind its face. */
#ifndef LAYERNAS_COORDINATOR_COORDINATOR_H
#define LAYERNAS_COORDINATOR_COORDINATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/study.h"
#include "coordinator/campaign.h"
#include "coordinator/ledger/store.h"
#include "coordinator/ledger/trial_ledger.h"
#include "coordinator/ledger/worker_roster.h"

struct zmq_watch;
struct local_workers;

struct coordinator_options {
    const char *study_path;
    const char *state_directory; /* NULL: ./layernas-state/<study> */
    const char *worker_endpoint; /* tcp://127.0.0.1:5555 */
    const char *status_endpoint; /* tcp://127.0.0.1:5556 */
    uint32_t local_workers;
};

/* What everything that happened, and that is kept nowhere else, is counted in. */
struct coordinator_counts {
    uint64_t malformed, refused, repeated;
};

struct coordinator {
    struct coordinator_options options;
    const struct study *study;
    char state_directory[STUDY_PATH_SIZE];
    char worker_endpoint[256], status_endpoint[256]; /* as bound, port resolved */
    uint64_t start;                                  /* names this run in attempts */
    uint64_t started_ms;                             /* uv_now at the start */
    double elapsed_before_s;                         /* of earlier runs */

    struct store *store;
    struct trial_ledger *ledger;
    struct worker_roster *roster;
    struct campaign *campaign;
    struct coordinator_counts counts;
    bool stopping; /* a clean stop is under way */

    uv_loop_t loop;
    void *zmq_context, *worker_socket, *status_socket;
    struct zmq_watch *worker_watch, *status_watch;
    struct local_workers *local_workers;
    uv_timer_t lease_timer, tick_timer;
    uv_poll_t store_poll;
    uv_signal_t sigint, sigterm;
    int exit_code;
};

/* Opens everything; on failure err has one line, and the exit code is 1 or 2 (returned negated as
 * an errno by kind: -EINVAL is a wrong study or usage). The caller closes in any case. */
int coordinator_open(struct coordinator *coordinator, const struct coordinator_options *options,
                     const struct study *study, struct errmsg *err);

/* Serves until the study is done or stopped. Returns the exit code: 0 done, 1 failed, 3 stopped
 * and resumable. */
int coordinator_run(struct coordinator *coordinator);
void coordinator_close(struct coordinator *coordinator);

/* Seconds that the study has taken, over all its runs. */
double coordinator_elapsed(const struct coordinator *coordinator);

#endif
