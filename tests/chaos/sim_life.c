/* One life of the coordinator, from the disk to its end: what coordinator.c and coordinator_open.c
 * do, without a loop, sockets or a clock. And its log, kept for a schedule that goes wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/data_check.h"
#include "coordinator/hand_out.h"
#include "coordinator/result_handler.h"
#include "coordinator/resume.h"
#include "tests/chaos/sim.h"

enum { LOG_LINES = 40, LOG_WIDTH = 160 };

/* ---- the log ---- */

static char lines[LOG_LINES][LOG_WIDTH];
static size_t n_lines;

static void note(const char *format, va_list args)
{
    vsnprintf(lines[n_lines++ % LOG_LINES], LOG_WIDTH, format, args);
}

#define LOG_FUNCTION(name)                                                                         \
    void name(const char *format, ...)                                                             \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, format);                                                                    \
        note(format, args);                                                                        \
        va_end(args);                                                                              \
    }

LOG_FUNCTION(log_info)
LOG_FUNCTION(log_warn)
LOG_FUNCTION(log_error)

void log_set_hooks(const struct log_hooks *hooks)
{
    (void)hooks;
}

void log_set_verbose(bool verbose)
{
    (void)verbose;
}

void log_hold(void)
{
}

void log_release(void)
{
}

void sim_show_log(void)
{
    for (size_t i = n_lines > LOG_LINES ? n_lines - LOG_LINES : 0; i < n_lines; i++)
        printf("#   %s\n", lines[i % LOG_LINES]);
}

/* ---- what coordinator.c would do ---- */

static struct sim *sim_of(struct coordinator *coordinator)
{
    return coordinator->worker_socket;
}

uint64_t coordinator_now(struct coordinator *coordinator)
{
    return listening_clock_read(&coordinator->clock, sim_of(coordinator)->now_ms);
}

double coordinator_elapsed(const struct coordinator *coordinator)
{
    (void)coordinator;
    return 0;
}

void coordinator_stop(struct coordinator *coordinator)
{
    sim_bad(sim_of(coordinator), "the coordinator stops by itself");
}

void coordinator_fail(struct coordinator *coordinator, const char *why)
{
    coordinator->failed = true;
    sim_bad(sim_of(coordinator), "the coordinator gives up: %s", why);
}

bool sim_is_done(const struct sim *sim)
{
    return campaign_state(sim->coordinator.campaign) == CAMPAIGN_DONE;
}

void sim_begin(struct sim *sim)
{
    struct coordinator *coordinator = &sim->coordinator;
    struct errmsg err = { "no memory" };
    int rc;

    *coordinator = (struct coordinator){ .study = sim->reference->study };
    LIST_INIT(&coordinator->saves);
    coordinator->start = ++sim->lives;
    coordinator->worker_socket = sim;
    coordinator->worker_watch = (struct zmq_watch *)sim;
    coordinator->loop.time = sim->now_ms;
    coordinator->ledger = trial_ledger_new(coordinator->start);
    coordinator->roster = worker_roster_new();
    coordinator->store = sim_store_new(sim);
    rc = campaign_new(coordinator->study, coordinator->ledger, &coordinator->campaign);
    if (rc == 0)
        rc = resume(coordinator, &err);
    if (rc == 0)
        hand_out(coordinator);
    if (rc == 0)
        rc = data_check_open(coordinator, &err);
    if (rc < 0)
        sim_bad(sim, "the coordinator cannot begin again: %s", err.text);
}

void sim_raise_cap(struct sim *sim)
{
    sim->before = sim->reference;
    sim->reference = sim->reference->raised;
    memset(sim->told, 0, sizeof sim->told);
    memset(sim->handed_out + sim->before->findings.n_search, 0,
           sizeof sim->handed_out - sim->before->findings.n_search * sizeof *sim->handed_out);
    /* Final trials have other indices now, and may have failed by chance as often as they can bear. */
    for (size_t i = sim->reference->findings.n_search; i < SIM_ROWS; i++)
        sim->transient[i] = LEDGER_MAX_FAILURES;
}

void sim_end(struct sim *sim)
{
    struct coordinator *coordinator = &sim->coordinator;

    letters_clear(&coordinator->letters);
    store_close(coordinator->store);
    result_forget_saves(coordinator);
    campaign_free(coordinator->campaign);
    worker_roster_free(coordinator->roster);
    trial_ledger_free(coordinator->ledger);
    *coordinator = (struct coordinator){ 0 };
}
