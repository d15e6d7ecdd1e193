#include "tests/unit/session_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/unit/check.h"

enum { PATIENCE_MS = 60000 };

static const char *const files[] = {
    "bench.csv", "corrupt.csv", "gate", "log", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
};

static void path_of(const struct session_fixture *f, const char *name, char path[80])
{
    snprintf(path, 80, "%s/%s", f->folder, name);
}

/* ---- waiting ---- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static size_t read_log(const struct session_fixture *f, char *text, size_t size)
{
    char path[80];
    FILE *file;
    size_t n = 0;

    path_of(f, "log", path);
    file = fopen(path, "r");
    if (file) {
        n = fread(text, 1, size - 1, file);
        fclose(file);
    }
    text[n] = '\0';
    return n;
}

void session_check_patience(const struct session_fixture *f, const char *what)
{
    char log[4096];

    if (now_ms() < f->deadline_ms)
        return;
    read_log(f, log, sizeof log);
    fail_msg("waited too long for %s; the worker's log:\n%s", what, log);
}

size_t session_log_count(const struct session_fixture *f, const char *text)
{
    char log[65536];
    size_t n = 0;

    read_log(f, log, sizeof log);
    for (const char *at = log; (at = strstr(at, text)); at += strlen(text))
        n++;
    return n;
}

void session_await_log(struct session_fixture *f, const char *text)
{
    while (session_log_count(f, text) == 0)
        session_nap(f, text);
}

/* ---- the gate ---- */

static void write_rows(FILE *file)
{
    fputs("arch,acc\n", file);
    for (int i = 0; i < 10; i++)
        fprintf(file, "k%d,%d\n", i, 50 + i);
}

static int open_gate_end(struct session_fixture *f)
{
    char path[80];
    int fd;

    path_of(f, "gate", path);
    while ((fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) /* ENXIO: no one reads */
        session_nap(f, "a trial at the gate");
    return fd;
}

void session_open_gate(struct session_fixture *f)
{
    FILE *file = fdopen(open_gate_end(f), "w");

    assert_non_null(file);
    write_rows(file);
    assert_int_equal(fclose(file), 0);
}

/* ---- processes ---- */

/* The state of a process and who started it; '\0' when there is none. */
static char process_state(pid_t pid, pid_t *parent_out)
{
    char path[64], text[512] = "", state = '\0';
    const char *behind_name;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return '\0';
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    behind_name = strrchr(text, ')');
    if (behind_name && sscanf(behind_name, ") %c %d", &state, parent_out) == 2)
        return state;
    return '\0';
}

static pid_t find_child(pid_t of)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    pid_t found = 0, parent = 0;

    assert_non_null(processes);
    while (!found && (entry = readdir(processes))) {
        pid_t pid = atoi(entry->d_name);
        char state = pid > 0 ? process_state(pid, &parent) : '\0';

        if (state != '\0' && state != 'Z' && parent == of)
            found = pid;
    }
    closedir(processes);
    return found;
}

pid_t session_slot(struct session_fixture *f)
{
    pid_t pid;

    while ((pid = find_child(f->worker)) == 0)
        session_nap(f, "a slot's process");
    return pid;
}

void session_await_gone(struct session_fixture *f, pid_t pid)
{
    pid_t parent;
    char state;

    while ((state = process_state(pid, &parent)) != '\0' && state != 'Z')
        session_nap(f, "a process to end");
}

int session_await_exit(struct session_fixture *f)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(f->worker, &status, WNOHANG)) == 0)
        session_nap(f, "the worker to end");
    assert_int_equal(pid, f->worker);
    f->worker = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void be_worker(const struct session_fixture *f, int slots)
{
    char n_slots[16], bench[100], corrupt[100], gate[100], images[100], spool[80], log[80];
    char *arguments[] = { "layernas-worker", "--connect", (char *)f->endpoint,
                          "--slots",         n_slots,     "--name",
                          "tester",          "--spool",   spool,
                          "--data",          bench,       "--data",
                          corrupt,           "--data",    gate,
                          "--data",          images,      NULL };

    snprintf(n_slots, sizeof n_slots, "%d", slots);
    snprintf(bench, sizeof bench, "bench=%s/bench.csv", f->folder);
    snprintf(corrupt, sizeof corrupt, "corrupt=%s/corrupt.csv", f->folder);
    snprintf(gate, sizeof gate, "gate=%s/gate", f->folder);
    snprintf(images, sizeof images, "images=%s", f->folder);
    path_of(f, "spool", spool);
    path_of(f, "log", log);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
    execv("/proc/self/exe", arguments);
    _exit(127);
}

void session_fixture_start(struct session_fixture *f, int slots)
{
    f->worker = fork();
    assert_int_not_equal(f->worker, -1);
    if (f->worker == 0)
        be_worker(f, slots);
}

/* ---- set-up ---- */

static void write_files(const struct session_fixture *f)
{
    char path[80];
    FILE *file;

    path_of(f, "bench.csv", path);
    file = fopen(path, "w");
    assert_non_null(file);
    write_rows(file);
    assert_int_equal(fclose(file), 0);
    path_of(f, "corrupt.csv", path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("arch,acc,s,much\nk0,50,1,50\nk1,fifty,2,101\nk2,52,-3,52\n", file);
    assert_int_equal(fclose(file), 0);
    path_of(f, "gate", path);
    assert_int_equal(mkfifo(path, 0600), 0);
}

int session_fixture_make(void **state)
{
    struct session_fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    *state = f;
    f->deadline_ms = now_ms() + PATIENCE_MS;
    f->welcome = (struct to_worker){
        .kind = TO_WELCOME,
        .welcome = { .protocol = WIRE_PROTOCOL_HIGHEST,
                     .version = "0.1.0",
                     .study_id = { .bytes = { 1 } },
                     .study_name = "played",
                     .start = SESSION_START,
                     .heartbeat_ms = SESSION_HEARTBEAT_MS,
                     .lease_ms = 60000 },
    };
    strcpy(f->folder, "/tmp/layernas-session-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    write_files(f);
    f->context = zmq_ctx_new();
    strcpy(f->endpoint, "tcp://127.0.0.1:*");
    session_fixture_bind(f);
    return 0;
}

size_t session_spooled(const struct session_fixture *f, const char *suffix)
{
    struct dirent *entry;
    char path[80];
    size_t n = 0;
    DIR *spool;

    path_of(f, "spool", path);
    spool = opendir(path);
    while (spool && (entry = readdir(spool)))
        n += strlen(entry->d_name) > strlen(suffix) &&
             strcmp(entry->d_name + strlen(entry->d_name) - strlen(suffix), suffix) == 0;
    if (spool)
        closedir(spool);
    return n;
}

static void remove_spool(const struct session_fixture *f)
{
    struct dirent *entry;
    char path[80];
    DIR *spool;

    path_of(f, "spool", path);
    spool = opendir(path);
    while (spool && (entry = readdir(spool)))
        unlinkat(dirfd(spool), entry->d_name, 0);
    if (spool)
        closedir(spool);
    rmdir(path);
}

int session_fixture_remove(void **state)
{
    struct session_fixture *f = *state;
    char path[80];

    if (f->worker > 0) {
        kill(f->worker, SIGKILL);
        waitpid(f->worker, NULL, 0);
    }
    path_of(f, "gate", path);
    close(open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)); /* who waits there goes away */
    if (f->router)
        zmq_close(f->router);
    zmq_ctx_term(f->context);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        path_of(f, files[i], path);
        unlink(path);
    }
    remove_spool(f);
    rmdir(f->folder);
    free(f);
    return 0;
}
