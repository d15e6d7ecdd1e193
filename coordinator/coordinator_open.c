/* coordinator_open - everything that has to be there before a study is served. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/log.h"
#include "coordinator/coordinator.h"
#include "coordinator/data_check.h"
#include "coordinator/gate.h"
#include "coordinator/hand_out.h"
#include "coordinator/local_workers.h"
#include "coordinator/request_handlers.h"
#include "coordinator/resume.h"
#include "coordinator/status/snapshot.h"
#include "coordinator/status_handler.h"
#include "coordinator/steering.h"
#include "coordinator/tick.h"
#include "proto/zmq_watch.h"

static int choose_state_directory(struct coordinator *coordinator, struct errmsg *err)
{
    const char *wanted = coordinator->options.state_directory;
    char *path = coordinator->state_directory;
    int n = wanted ? snprintf(path, STUDY_PATH_SIZE, "%s", wanted)
                   : snprintf(path, STUDY_PATH_SIZE, "layernas-state/%s", coordinator->study->name);

    if (n >= STUDY_PATH_SIZE)
        return errmsg_set(err, -ENAMETOOLONG, "--state: longer than %d bytes", STUDY_PATH_SIZE - 1);
    return 0;
}

static int open_study(struct coordinator *coordinator, struct errmsg *err)
{
    int rc;

    randombytes_buf(&coordinator->start, sizeof coordinator->start);
    coordinator->ledger = trial_ledger_new(coordinator->start);
    coordinator->roster = worker_roster_new();
    rc = coordinator->ledger && coordinator->roster
             ? campaign_new(coordinator->study, coordinator->ledger, &coordinator->campaign)
             : -ENOMEM;
    if (rc < 0)
        return errmsg_set(err, rc, "%s", uv_strerror(rc));
    rc = choose_state_directory(coordinator, err);
    if (rc == 0)
        rc = store_open(coordinator->state_directory, coordinator->study, &coordinator->store, err);
    if (rc == 0)
        rc = resume(coordinator, err);
    return rc;
}

static int check_endpoint(const struct coordinator *coordinator, const char *option,
                          const char *endpoint, struct errmsg *err)
{
    if (router_is_local(endpoint) || gate_has_keys(coordinator->gate))
        return 0;
    if (!coordinator->options.insecure)
        return errmsg_set(err, -EINVAL,
                          "%s: %s is open to other machines and nothing keeps strangers out; "
                          "give --keys DIR, or listen on tcp://127.0.0.1:PORT, or say --insecure",
                          option, endpoint);
    log_warn("%s %s: anybody who reaches this port can take part (--insecure)", option, endpoint);
    return 0;
}

static int open_gate(struct coordinator *coordinator, struct errmsg *err)
{
    const struct gate_settings settings = {
        .loop = &coordinator->loop,
        .zmq_context = coordinator->zmq_context,
        .folder = coordinator->options.keys,
        .changed = workers_check_keys,
        .arg = coordinator,
    };

    return gate_open(&settings, &coordinator->gate, err);
}

static int open_socket(struct coordinator *coordinator, enum gate_door door, const char *option,
                       const char *endpoint, int max_message, char *bound, void **socket_out,
                       struct errmsg *err)
{
    int rc = check_endpoint(coordinator, option, endpoint, err);

    if (rc == 0)
        rc = router_new(coordinator->zmq_context, option, endpoint, max_message, socket_out, err);
    if (rc == 0)
        rc = gate_guard(coordinator->gate, door, *socket_out, err);
    return rc < 0 ? rc : router_bind(*socket_out, option, endpoint, bound, err);
}

static void on_before_sleep(void *arg)
{
    hand_out_send(arg);
}

static int watch_sockets(struct coordinator *coordinator, struct errmsg *err)
{
    int rc = zmq_watch_new(&coordinator->loop, coordinator->worker_socket, on_worker_message,
                           coordinator, &coordinator->worker_watch);

    if (rc == 0)
        zmq_watch_before_sleep(coordinator->worker_watch, on_before_sleep);
    if (rc == 0)
        rc = zmq_watch_new(&coordinator->loop, coordinator->status_socket, on_status_request,
                           coordinator, &coordinator->status_watch);
    return rc < 0 ? errmsg_set(err, rc, "%s", uv_strerror(rc)) : 0;
}

/* Each connection takes one, and 1024 is all there are until a process asks for more. */
static void take_all_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_sockets(struct coordinator *coordinator, struct errmsg *err)
{
    const struct coordinator_options *options = &coordinator->options;
    int rc;

    take_all_descriptors();
    coordinator->zmq_context = zmq_ctx_new();
    if (!coordinator->zmq_context)
        return errmsg_set(err, -errno, "ZeroMQ: %s", strerror(errno));
    rc = open_gate(coordinator, err);
    if (rc == 0)
        rc = open_socket(coordinator, GATE_WORKERS, "--bind", options->worker_endpoint,
                         WIRE_MAX_MESSAGE, coordinator->worker_endpoint,
                         &coordinator->worker_socket, err);
    if (rc == 0)
        rc = open_socket(coordinator, GATE_STATUS, "--status", options->status_endpoint,
                         STATUS_MAX_REQUEST, coordinator->status_endpoint,
                         &coordinator->status_socket, err);
    return rc < 0 ? rc : watch_sockets(coordinator, err);
}

/* For scripts that let this program choose its ports. */
static int write_endpoints(const struct coordinator *coordinator, struct errmsg *err)
{
    char path[STUDY_PATH_SIZE + 16];
    FILE *file;
    int rc;

    snprintf(path, sizeof path, "%s/endpoints", coordinator->state_directory);
    file = fopen(path, "we");
    rc = file ? 0 : -errno;
    if (file && (fprintf(file, "workers %s\nstatus %s\n", coordinator->worker_endpoint,
                         coordinator->status_endpoint) < 0 ||
                 fflush(file) != 0))
        rc = -errno;
    if (file)
        fclose(file);
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

static void on_local_worker_refused(void *arg, const char *reason)
{
    struct coordinator *coordinator = arg;
    char why[600];

    snprintf(why, sizeof why, "a local worker cannot work here: %s", reason);
    coordinator_fail(coordinator, why);
}

static int start_local_workers(struct coordinator *coordinator, struct errmsg *err)
{
    const struct study *study = coordinator->study;
    struct local_workers_options options = {
        .n = coordinator->options.local_workers,
        .endpoint = coordinator->worker_endpoint,
        .keys = coordinator->options.keys,
        .state_directory = coordinator->state_directory,
    };

    if (options.n == 0)
        return 0;
    if (*study->data_path) {
        options.data_name = study->evaluation.data.name;
        options.data_path = study->data_path;
    }
    return local_workers_start(&coordinator->loop, &options, on_local_worker_refused, coordinator,
                               &coordinator->local_workers, err);
}

static int init_loop(struct coordinator *coordinator)
{
    uv_loop_t *loop = &coordinator->loop;
    int rc = uv_loop_init(loop);

    if (rc < 0)
        return rc;
    coordinator->loop_open = true;
    uv_timer_init(loop, &coordinator->tick_timer);
    uv_signal_init(loop, &coordinator->sigint);
    uv_signal_init(loop, &coordinator->sigterm);
    coordinator->tick_timer.data = coordinator;
    coordinator->sigint.data = coordinator->sigterm.data = coordinator;
    coordinator->started_ms = uv_now(loop);
    return 0;
}

int coordinator_open(struct coordinator *coordinator, const struct coordinator_options *options,
                     const struct study *study, struct errmsg *err)
{
    int rc;

    *coordinator = (struct coordinator){ .options = *options, .study = study };
    LIST_INIT(&coordinator->saves);
    LIST_INIT(&coordinator->answers);
    rc = init_loop(coordinator);
    if (rc < 0)
        return errmsg_set(err, rc, "%s", uv_strerror(rc));
    rc = open_study(coordinator, err);
    if (rc < 0)
        return rc;
    uv_poll_init(&coordinator->loop, &coordinator->store_poll, store_fd(coordinator->store));
    coordinator->store_poll.data = coordinator;
    tick_check_wall_clock(coordinator);
    steering_resume_cap(coordinator);
    hand_out(coordinator); /* leads the search through what is known */
    steering_resume(coordinator);
    if (coordinator->failed)
        return errmsg_set(err, -EUCLEAN, "%s: the stored search cannot be taken up",
                          coordinator->state_directory);
    if (campaign_state(coordinator->campaign) == CAMPAIGN_DONE)
        return 0;
    rc = options->local_workers > 0 ? study_check_data(study, err) : 0;
    if (rc == 0)
        rc = open_sockets(coordinator, err);
    if (rc == 0)
        rc = data_check_open(coordinator, err);
    if (rc == 0)
        rc = write_endpoints(coordinator, err);
    if (rc == 0)
        rc = start_local_workers(coordinator, err);
    return rc;
}
