#include "coordinator/local_workers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"

enum {
    PATH_SIZE = 4096,
    ARGUMENTS = 14,
    SHORTEST_PAUSE_MS =
        100, /* before a dead worker is started again; doubles while it keeps dying */
    LONGEST_PAUSE_MS = 30000,
    LONG_LIFE_MS = 10000, /* whoever lived so long is no failure at start */
    EXIT_USAGE = 2,
};

struct local_worker {
    struct local_workers *all;
    uint32_t number; /* from 1 */
    uv_process_t process;
    uv_pipe_t lifeline; /* its standard input */
    uv_timer_t pause;
    bool running;
    uint64_t started_ms, pause_ms;
};

struct local_workers {
    uv_loop_t *loop;
    uv_timer_t grace;
    local_worker_refused_fn *refused;
    void *arg;
    uint32_t n, n_running, n_handles; /* handles that libuv still holds */
    bool stopping;
    char program[PATH_SIZE];
    char logs[PATH_SIZE], spool[PATH_SIZE]; /* directories */
    char endpoint[256];
    const char *keys;
    char *data; /* NAME=PATH, owned; NULL: none */
    struct local_worker workers[];
};

static void on_closed(uv_handle_t *handle)
{
    struct local_worker *worker = handle->data;

    worker->all->n_handles--;
}

/* ---- starting ---- */

static void log_path(const struct local_worker *worker, char *path, size_t size)
{
    snprintf(path, size, "%s/worker-%" PRIu32 ".log", worker->all->logs, worker->number);
}

static int open_log(const struct local_worker *worker)
{
    char path[PATH_SIZE + 32];
    int fd;

    log_path(worker, path, sizeof path);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return fd < 0 ? -errno : fd;
}

/* The last line that the worker wrote, for people. */
static void last_words(const struct local_worker *worker, char *text, size_t size)
{
    char path[PATH_SIZE + 32];
    FILE *log;

    log_path(worker, path, sizeof path);
    snprintf(text, size, "its log is empty");
    log = fopen(path, "re");
    if (!log)
        return;
    for (char line[512]; fgets(line, sizeof line, log);)
        if (line[strspn(line, " \n")])
            snprintf(text, size, "%.*s", (int)strcspn(line, "\n"), line);
    fclose(log);
}

static void on_exit_of_worker(uv_process_t *process, int64_t status, int signal_number);

static int spawn(struct local_worker *worker, int log)
{
    struct local_workers *all = worker->all;
    char *arguments[ARGUMENTS] = { all->program, "--connect",   all->endpoint, "--slots",
                                   "1",          "--until-eof", "--spool",     all->spool };
    size_t n = 8;
    uv_stdio_container_t stdio[] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (void *)&worker->lifeline },
        { .flags = UV_INHERIT_FD, .data.fd = log },
        { .flags = UV_INHERIT_FD, .data.fd = log },
    };
    /* A session of its own, so that an interrupt from the terminal is this program's to handle. */
    uv_process_options_t options = {
        .file = all->program,
        .args = arguments,
        .flags = UV_PROCESS_DETACHED,
        .stdio = stdio,
        .stdio_count = 3,
        .exit_cb = on_exit_of_worker,
    };

    if (all->data) {
        arguments[n++] = "--data";
        arguments[n++] = all->data;
    }
    if (all->keys) {
        arguments[n++] = "--keys";
        arguments[n++] = (char *)all->keys;
    }
    return uv_spawn(all->loop, &worker->process, &options);
}

static void close_process(struct local_worker *worker)
{
    uv_close((uv_handle_t *)&worker->process, on_closed);
    uv_close((uv_handle_t *)&worker->lifeline, on_closed);
}

static int start_worker(struct local_worker *worker)
{
    struct local_workers *all = worker->all;
    int log = open_log(worker), rc;

    if (log < 0)
        return log;
    uv_pipe_init(all->loop, &worker->lifeline, 0);
    worker->process.data = worker->lifeline.data = worker;
    worker->started_ms = uv_now(all->loop);
    rc = spawn(worker, log);
    close(log);
    all->n_handles += 2;
    if (rc < 0) {
        close_process(worker);
        return rc;
    }
    worker->running = true;
    all->n_running++;
    return 0;
}

/* ---- supervising ---- */

static void start_later(struct local_worker *worker);

static void on_pause_over(uv_timer_t *timer)
{
    struct local_worker *worker = timer->data;
    int rc;

    /* Its old handles close in the same turn of the loop: this is a later one. */
    rc = start_worker(worker);
    if (rc < 0) {
        log_warn("local worker %" PRIu32 " does not start: %s", worker->number, uv_strerror(rc));
        start_later(worker);
    }
}

static void start_later(struct local_worker *worker)
{
    uv_timer_start(&worker->pause, on_pause_over, worker->pause_ms, 0);
    worker->pause_ms *= 2;
    if (worker->pause_ms > LONGEST_PAUSE_MS)
        worker->pause_ms = LONGEST_PAUSE_MS;
}

static void on_exit_of_worker(uv_process_t *process, int64_t status, int signal_number)
{
    struct local_worker *worker = process->data;
    struct local_workers *all = worker->all;
    char words[512];

    worker->running = false;
    all->n_running--;
    close_process(worker);
    if (all->stopping)
        return;
    if (status == EXIT_USAGE && signal_number == 0) {
        last_words(worker, words, sizeof words);
        all->refused(all->arg, words);
        return;
    }
    if (uv_now(all->loop) - worker->started_ms >= LONG_LIFE_MS)
        worker->pause_ms = SHORTEST_PAUSE_MS;
    if (signal_number)
        log_warn("local worker %" PRIu32 " was killed by signal %d; it is started again",
                 worker->number, signal_number);
    else
        log_warn("local worker %" PRIu32 " ended with exit code %" PRId64 "; it is started again",
                 worker->number, status);
    start_later(worker);
}

static void find_program(char *program, size_t size)
{
    static const char name[] = "layernas-worker";
    ssize_t n = readlink("/proc/self/exe", program, size - sizeof name - 1);
    char *slash;

    if (n > 0) {
        program[n] = '\0';
        slash = strrchr(program, '/');
        memcpy(slash + 1, name, sizeof name);
        if (access(program, X_OK) == 0)
            return;
    }
    memcpy(program, name, sizeof name); /* in PATH, then */
}

static struct local_workers *new_workers(uv_loop_t *loop,
                                         const struct local_workers_options *options)
{
    struct local_workers *all = calloc(1, sizeof *all + options->n * sizeof *all->workers);

    if (!all)
        return NULL;
    if (options->data_name &&
        asprintf(&all->data, "%s=%s", options->data_name, options->data_path) < 0) {
        free(all);
        return NULL;
    }
    all->loop = loop;
    all->n = options->n;
    all->keys = options->keys;
    all->n_handles = options->n + 1;
    find_program(all->program, sizeof all->program);
    snprintf(all->logs, sizeof all->logs, "%s/logs", options->state_directory);
    snprintf(all->spool, sizeof all->spool, "%s/spool", options->state_directory);
    snprintf(all->endpoint, sizeof all->endpoint, "%s", options->endpoint);
    uv_timer_init(loop, &all->grace);
    for (uint32_t i = 0; i < all->n; i++) {
        struct local_worker *worker = &all->workers[i];

        worker->all = all;
        worker->number = i + 1;
        worker->pause_ms = SHORTEST_PAUSE_MS;
        uv_timer_init(loop, &worker->pause);
        worker->pause.data = worker;
    }
    all->grace.data = &all->workers[0];
    return all;
}

int local_workers_start(uv_loop_t *loop, const struct local_workers_options *options,
                        local_worker_refused_fn *refused, void *arg,
                        struct local_workers **workers_out, struct errmsg *err)
{
    struct local_workers *all = new_workers(loop, options);
    int rc = 0;

    if (!all)
        return errmsg_set(err, -ENOMEM, "out of memory");
    all->refused = refused;
    all->arg = arg;
    if (mkdir(all->logs, 0777) < 0 && errno != EEXIST)
        rc = errmsg_set(err, -errno, "%s: %s", all->logs, strerror(errno));
    for (uint32_t i = 0; rc == 0 && i < all->n; i++) {
        rc = start_worker(&all->workers[i]);
        if (rc < 0)
            errmsg_set(err, rc, "--local-workers: %s does not start: %s", all->program,
                       uv_strerror(rc));
    }
    if (rc < 0) {
        local_workers_stop(all, 0);
        return rc;
    }
    *workers_out = all;
    return 0;
}

/* ---- stopping ---- */

static void on_grace_over(uv_timer_t *timer)
{
    const struct local_worker *first = timer->data;
    const struct local_workers *all = first->all;

    /* Whole sessions: what a worker started goes with it. */
    for (uint32_t i = 0; i < all->n; i++)
        if (all->workers[i].running)
            kill(-all->workers[i].process.pid, SIGKILL);
}

void local_workers_stop(struct local_workers *all, uint64_t grace_ms)
{
    if (!all)
        return;
    all->stopping = true;
    for (uint32_t i = 0; i < all->n; i++) {
        uv_close((uv_handle_t *)&all->workers[i].pause, on_closed);
        if (all->workers[i].running)
            uv_process_kill(&all->workers[i].process, SIGTERM);
    }
    uv_timer_start(&all->grace, on_grace_over, grace_ms, 0);
    while (all->n_running > 0)
        uv_run(all->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&all->grace, on_closed);
    while (all->n_handles > 0)
        uv_run(all->loop, UV_RUN_ONCE);
    free(all->data);
    free(all);
}
