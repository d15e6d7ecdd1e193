#include "coordinator/coordinator.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/gate.h"
#include "coordinator/hand_out.h"
#include "coordinator/local_workers.h"
#include "coordinator/progress_line.h"
#include "coordinator/reply.h"
#include "coordinator/result_handler.h"
#include "coordinator/status/results.h"
#include "coordinator/status_handler.h"
#include "coordinator/steering.h"
#include "coordinator/tick.h"
#include "proto/zmq_watch.h"

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_STOPPED = 3,
    FAREWELL_MS = 2000, /* for the last messages to leave */
    GRACE_MS = 5000,    /* for local workers to end by themselves */
};

double coordinator_elapsed(const struct coordinator *coordinator)
{
    uint64_t now_ms = uv_now(&coordinator->loop);

    return coordinator->elapsed_before_s + (double)(now_ms - coordinator->started_ms) / 1000;
}

uint64_t coordinator_now(struct coordinator *coordinator)
{
    return listening_clock_read(&coordinator->clock, uv_now(&coordinator->loop));
}

void coordinator_fail(struct coordinator *coordinator, const char *why)
{
    if (!coordinator->failed)
        log_error("%s", why);
    coordinator->failed = true;
    uv_stop(&coordinator->loop);
}

static bool is_done(const struct coordinator *coordinator)
{
    return campaign_state(coordinator->campaign) == CAMPAIGN_DONE;
}

/* ---- the loop's events ---- */

/* A disk that is full when the stop comes, or becomes so during it, is not waited for. */
static void end_stop(struct coordinator *coordinator)
{
    struct errmsg trouble;

    if (coordinator->stopping &&
        (store_pending(coordinator->store) == 0 || store_trouble(coordinator->store, &trouble)))
        uv_stop(&coordinator->loop);
}

static void on_store_readable(uv_poll_t *poll, int status, int events)
{
    struct coordinator *coordinator = poll->data;

    (void)status;
    (void)events;
    log_hold(); /* a line for each trial that became durable */
    store_dispatch(coordinator->store);
    log_release();
    end_stop(coordinator);
}

void coordinator_stop(struct coordinator *coordinator)
{
    coordinator->stopping = true;
    end_stop(coordinator);
}

/* The next signal finds no handler any more and ends the process at once. */
static void on_stop_signal(uv_signal_t *signal, int number)
{
    struct coordinator *coordinator = signal->data;

    log_info("stopping (%s); once more to stop at once", number == SIGINT ? "SIGINT" : "SIGTERM");
    uv_signal_stop(&coordinator->sigint);
    uv_signal_stop(&coordinator->sigterm);
    coordinator_stop(coordinator);
}

/* ---- serving ---- */

static void serve(struct coordinator *coordinator)
{
    uv_signal_start(&coordinator->sigint, on_stop_signal, SIGINT);
    uv_signal_start(&coordinator->sigterm, on_stop_signal, SIGTERM);
    uv_poll_start(&coordinator->store_poll, UV_READABLE, on_store_readable);
    tick_start(coordinator);
    log_info("study %s: workers at %s, status at %s, state in %s", coordinator->study->name,
             coordinator->worker_endpoint, coordinator->status_endpoint,
             coordinator->state_directory);
    coordinator->progress_line = progress_line_new();
    uv_run(&coordinator->loop, UV_RUN_DEFAULT);
    progress_line_free(coordinator->progress_line);
    coordinator->progress_line = NULL;
    if (is_done(coordinator)) {
        reply_study_over(coordinator, campaign_stop_reason(coordinator->campaign));
        status_say_end(coordinator);
    }
    hand_out_send(coordinator);
    local_workers_stop(coordinator->local_workers, GRACE_MS);
    coordinator->local_workers = NULL;
    store_put_elapsed(coordinator->store, coordinator_elapsed(coordinator));
}

/* The results so far, or in the end. */
static int write_results(struct coordinator *coordinator)
{
    struct search_progress progress;
    struct errmsg err;
    bool plotted;
    int rc = results_write(coordinator, &plotted, &err);

    campaign_progress(coordinator->campaign, &progress);
    if (rc < 0)
        log_error("%s", err.text);
    else if (!plotted && progress.told > 0)
        log_warn("no plots were drawn: gnuplot is not installed, or failed");
    return rc;
}

int coordinator_run(struct coordinator *coordinator)
{
    struct search_progress progress;

    if (!is_done(coordinator))
        serve(coordinator);
    if (coordinator->failed || write_results(coordinator) < 0)
        return EXIT_FAILED;
    if (is_done(coordinator)) {
        results_print(coordinator);
        return EXIT_DONE;
    }
    campaign_progress(coordinator->campaign, &progress);
    log_info("stopped with %" PRIu64 " of at most %" PRIu64
             " trials done; the same command goes on from here",
             progress.told, progress.bound);
    return EXIT_STOPPED;
}

/* ---- closing ---- */

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void close_loop(struct coordinator *coordinator)
{
    if (!coordinator->loop_open)
        return;
    local_workers_stop(coordinator->local_workers, GRACE_MS);
    zmq_watch_free(coordinator->worker_watch);
    zmq_watch_free(coordinator->status_watch);
    gate_close(coordinator->gate);
    uv_walk(&coordinator->loop, close_handle, NULL);
    /* A uv_stop from before, as of a study that was done at once, ends the first run of the loop. */
    do
        uv_run(&coordinator->loop, UV_RUN_DEFAULT);
    while (uv_loop_close(&coordinator->loop) == UV_EBUSY);
}

void coordinator_close(struct coordinator *coordinator)
{
    close_loop(coordinator);
    letters_clear(&coordinator->letters);
    router_close(coordinator->worker_socket, FAREWELL_MS);
    router_close(coordinator->status_socket, FAREWELL_MS);
    if (coordinator->zmq_context)
        zmq_ctx_term(coordinator->zmq_context);
    store_close(coordinator->store);
    result_forget_saves(coordinator);
    steering_forget(coordinator);
    campaign_free(coordinator->campaign);
    worker_roster_free(coordinator->roster);
    trial_ledger_free(coordinator->ledger);
}
