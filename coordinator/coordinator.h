/* coordinator - one study, served: the loop, its sockets and timers, and what they work on.
 *
 *     worker socket -> request_handlers, result_handler -> ledger, roster, store
 *     store: durable -> ledger settles -> campaign learns -> hand_out
 *     replies, trials handed out -> letters -> worker socket, once a turn of the loop
 *     status socket -> snapshot
 *     connections, keys -> gate
 *     every second -> leases, silent workers, wall clock, disk, progress line
 *
 * A callback decodes, calls one function of ledger, roster, campaign or store, and replies. All on
 * the loop thread; the store has a thread of its own behind its face. */
#ifndef LAYERNAS_COORDINATOR_COORDINATOR_H
#define LAYERNAS_COORDINATOR_COORDINATOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/study.h"
#include "coordinator/campaign.h"
#include "coordinator/complaint.h"
#include "coordinator/ledger/store.h"
#include "coordinator/ledger/trial_ledger.h"
#include "coordinator/ledger/worker_roster.h"
#include "coordinator/letters.h"
#include "coordinator/listening_clock.h"
#include "coordinator/router.h"
#include "coordinator/status/watchers.h"

struct gate;
struct zmq_watch;
struct local_workers;
struct progress_line;
LIST_HEAD(save_list, save);
LIST_HEAD(answer_list, answer);

struct coordinator_options {
    const char *study_path;
    const char *state_directory; /* NULL: ./layernas-state/<study> */
    const char *worker_endpoint; /* tcp://127.0.0.1:5555 */
    const char *status_endpoint; /* tcp://127.0.0.1:5556 */
    const char *keys;            /* folder of; NULL: without */
    uint32_t local_workers;
    bool insecure; /* may listen beyond loopback, with no keys */
};

/* What everything that happened, and that is kept nowhere else, is counted in. */
struct coordinator_counts {
    uint64_t malformed, refused;
};

struct coordinator {
    struct coordinator_options options;
    const struct study *study;
    char state_directory[STUDY_PATH_SIZE];
    char worker_endpoint[ROUTER_ENDPOINT_SIZE]; /* as bound, port resolved */
    char status_endpoint[ROUTER_ENDPOINT_SIZE];
    uint64_t start;          /* names this run in attempts */
    uint64_t started_ms;     /* uv_now at the start */
    double elapsed_before_s; /* of earlier runs */
    struct listening_clock clock;

    struct store *store;
    struct trial_ledger *ledger;
    struct worker_roster *roster;
    struct campaign *campaign;
    struct save_list saves;     /* results on their way to the disk */
    size_t n_early_saves;       /* of them, of trials that were not proposed when they came */
    struct steering steering;   /* what people told it */
    struct answer_list answers; /* to them, on what is not durable yet */
    struct digest data;         /* of the study's data set: every result comes from this */
    bool data_known;
    struct coordinator_counts counts;
    struct complaints complaints, remarks;
    struct watchers watchers;
    bool stopping;              /* a clean stop is under way */
    bool trouble;               /* the store cannot write: nothing is handed out */
    bool failed;                /* cannot go on; the line that says why is logged */
    uint64_t expiry_put_off_ms; /* since when leases wait for a socket to be read; 0: they do not */
    uint64_t elapsed_saved_ms;

    uv_loop_t loop;
    bool loop_open;
    void *zmq_context, *worker_socket, *status_socket;
    struct sender sender;   /* whose message from the worker socket is being taken */
    struct letters letters; /* to workers, of this turn of the loop */
    struct gate *gate;
    struct zmq_watch *worker_watch, *status_watch;
    struct local_workers *local_workers;
    struct progress_line *progress_line;
    uv_timer_t tick_timer;
    uv_poll_t store_poll;
    uv_signal_t sigint, sigterm;
};

/* Opens the state directory, takes up what an earlier run left and, unless the study is done
 * already, opens the sockets. A negative errno with a line in err: -EINVAL and -EEXIST mean a wrong
 * study or usage. The caller closes in any case. */
int coordinator_open(struct coordinator *coordinator, const struct coordinator_options *options,
                     const struct study *study, struct errmsg *err);

/* Serves until the study is done or stopped, then writes and prints the results. Returns the exit
 * code: 0 done, 1 failed, 3 stopped and resumable. */
int coordinator_run(struct coordinator *coordinator);
void coordinator_close(struct coordinator *coordinator);

/* Seconds that the study has taken, over all its runs. */
double coordinator_elapsed(const struct coordinator *coordinator);

/* Milliseconds for leases and silences: stands still while this process does (listening_clock). */
uint64_t coordinator_now(struct coordinator *coordinator);

/* A line about what a peer did, wrong or not (complaint). */
#define coordinator_complain(coordinator, ...)                                                     \
    complain(&(coordinator)->complaints, uv_now(&(coordinator)->loop), __VA_ARGS__)
#define coordinator_remark(coordinator, ...)                                                       \
    remark(&(coordinator)->remarks, uv_now(&(coordinator)->loop), __VA_ARGS__)

/* A clean stop: what has arrived is made durable, nothing more goes out, and the run ends with exit
 * code 3. */
void coordinator_stop(struct coordinator *coordinator);

/* Cannot go on: logs why and ends the run with exit code 1. What is stored stays good. */
void coordinator_fail(struct coordinator *coordinator, const char *why);

#endif
