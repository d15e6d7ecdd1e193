#include "tests/unit/live_coordinator.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "coordinator/coordinator.h"
#include "tests/unit/played_worker.h"

enum { PATH = 128, PAUSE_US = 10000 };

static const char space_text[] = "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                                 "stem:\n"
                                 "  - conv: {out: 4, kernel: 3, act: relu}\n"
                                 "layers:\n"
                                 "  - name: first\n"
                                 "    options:\n"
                                 "      - conv: {out: [4, 8, 16], kernel: 3, act: relu}\n"
                                 "  - name: second\n"
                                 "    options:\n"
                                 "      - conv: {out: [4, 8, 16], kernel: 3, act: relu}\n"
                                 "  - name: third\n"
                                 "    options:\n"
                                 "      - conv: {out: [4, 8, 16], kernel: 3, act: relu}\n"
                                 "head:\n"
                                 "  - pool: {kind: avg, size: all}\n"
                                 "  - dense: {out: classes}\n";

static const char study_text[] = "name: played\n"
                                 "space: space.yaml\n"
                                 "cost: {metric: madds, max: 80%%}\n"
                                 "search: {trials: %d, parallel: 2, seed: 1, guided: false}\n"
                                 "evaluate:\n"
                                 "  with: train\n"
                                 "  data: {name: digits, train: 100, valid: %d}\n"
                                 "  schedule: {epochs: 1, lr: 0.1}\n"
                                 "final: {top: %d, epochs: 3}\n"
                                 "limits: {lease: %u, heartbeat: 1}\n";

/* ---- the folder ---- */

static const char *path_of(const struct live *live, const char *name, char path[PATH])
{
    snprintf(path, PATH, "%s/%s", live->folder, name);
    return path;
}

static void write_file(const struct live *live, const char *name, const char *text)
{
    char path[PATH];
    FILE *file = fopen(path_of(live, name, path), "we");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void show_log(const struct live *live)
{
    char path[PATH], line[512];
    FILE *log = fopen(path_of(live, "log", path), "re");

    while (log && fgets(line, sizeof line, log))
        print_message("# %s", line);
    if (log)
        fclose(log);
}

int live_setup(void **state)
{
    struct live *live = calloc(1, sizeof *live);

    if (!live)
        return -1;
    strcpy(live->folder, "/tmp/layernas-live-XXXXXX");
    *state = live;
    return mkdtemp(live->folder) ? 0 : -1;
}

int live_teardown(void **state)
{
    struct live *live = *state;

    if (live->pid) {
        kill(live->pid, SIGKILL);
        waitpid(live->pid, NULL, 0);
        show_log(live);
    }
    while (live->n_played > 0)
        played_close(live->played[0]);
    if (live->context)
        zmq_ctx_term(live->context);
    study_free(live->study);
    nftw(live->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(live);
    return 0;
}

/* ---- the process ---- */

void live_write(struct live *live, uint32_t lease_s)
{
    char text[sizeof study_text + 64], path[PATH];
    struct errmsg err;

    snprintf(text, sizeof text, study_text, LIVE_TRIALS, LIVE_VALID, LIVE_FINALS, lease_s);
    write_file(live, "space.yaml", space_text);
    write_file(live, "study.yaml", text);
    if (study_load(path_of(live, "study.yaml", path), &live->study, &err) < 0)
        fail_msg("%s", err.text);
}

/* In the child. It ends with its parent, however that ends. */
static int serve(const struct live *live)
{
    char state[PATH], log[PATH];
    struct coordinator_options options = {
        .state_directory = path_of(live, "state", state),
        .worker_endpoint = "tcp://127.0.0.1:*",
        .status_endpoint = "tcp://127.0.0.1:*",
    };
    struct coordinator coordinator;
    struct errmsg err;
    int status = 1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen(path_of(live, "log", log), "we", stderr) || !freopen("/dev/null", "we", stdout))
        return status;
    setvbuf(stderr, NULL, _IOLBF, 0); /* whole lines, whenever it is killed */
    if (coordinator_open(&coordinator, &options, live->study, &err) < 0)
        fprintf(stderr, "%s\n", err.text);
    else
        status = coordinator_run(&coordinator);
    coordinator_close(&coordinator);
    return status;
}

static bool read_endpoints(struct live *live)
{
    char path[PATH], end = 0;
    FILE *file = fopen(path_of(live, "state/endpoints", path), "re");
    bool whole = file && fscanf(file, "workers %255s status %255s%c", live->workers, live->status,
                                &end) == 3;

    if (file)
        fclose(file);
    return whole && end == '\n';
}

/* Its exit status; -1 while it runs. */
static int exit_status(struct live *live)
{
    int status;

    if (waitpid(live->pid, &status, WNOHANG) != live->pid)
        return -1;
    live->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* No thread may be there when it forks: the child would inherit what they lock. */
static void begin(struct live *live)
{
    fflush(NULL);
    live->pid = fork();
    assert_true(live->pid >= 0);
    if (live->pid == 0)
        exit(serve(live));
    for (int left = LIVE_WAIT_MS * 1000; !read_endpoints(live); left -= PAUSE_US) {
        int status = exit_status(live);

        if (status >= 0 || left <= 0) {
            show_log(live);
            fail_msg("the coordinator did not start: %d", status);
        }
        usleep(PAUSE_US);
    }
    live->context = zmq_ctx_new();
    assert_non_null(live->context);
}

void live_start(struct live *live, uint32_t lease_s)
{
    live_write(live, lease_s);
    begin(live);
}

void live_kill_and_restart(struct live *live)
{
    char path[PATH];

    kill(live->pid, SIGKILL);
    waitpid(live->pid, NULL, 0);
    while (live->n_played > 0)
        played_close(live->played[0]);
    zmq_ctx_term(live->context);
    assert_int_equal(unlink(path_of(live, "state/endpoints", path)), 0);
    begin(live);
}

int live_wait_exit(struct live *live)
{
    int status = exit_status(live);

    for (int left = LIVE_WAIT_MS * 1000; status < 0; left -= PAUSE_US) {
        if (left <= 0)
            fail_msg("the coordinator does not end");
        usleep(PAUSE_US);
        status = exit_status(live);
    }
    if (status != 0)
        show_log(live);
    return status;
}

size_t live_rows(const struct live *live, const char *stage, const char *state)
{
    char path[PATH], line[512];
    FILE *file = fopen(path_of(live, "state/results/trials.csv", path), "re");
    size_t n = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        char row_stage[16], row_state[16];

        n += sscanf(line, "%*u,%15[^,],%*u,%15[^,],", row_stage, row_state) == 2 &&
             strcmp(row_stage, stage) == 0 && strcmp(row_state, state) == 0;
    }
    fclose(file);
    return n;
}

/* ---- status ---- */

Layernas__StatusReply *live_ask(const struct live *live, Layernas__Query__What what)
{
    const struct question question = { .what = what };
    Layernas__StatusReply *reply;
    struct client *client;
    struct errmsg err;

    if (client_open(live->status, NULL, &client, &err) < 0 ||
        client_ask(client, &question, LIVE_WAIT_MS, &reply, &err) < 0)
        fail_msg("%s", err.text);
    client_close(client);
    return reply;
}

struct live_counts live_counts(const struct live *live)
{
    Layernas__StatusReply *reply = live_ask(live, LAYERNAS__QUERY__WHAT__SUMMARY);
    const Layernas__Summary *summary = reply->summary;
    struct live_counts counts = {
        .done = summary->done,
        .ready = summary->ready,
        .running = summary->running,
        .failed = summary->failed_attempts,
        .lost = summary->lost_attempts,
        .quarantined = summary->quarantined,
        .refused = summary->refused,
        .workers = summary->workers,
        .slots = summary->slots,
    };

    layernas__status_reply__free_unpacked(reply, NULL);
    return counts;
}

void live_wait_count(const struct live *live, const char *name, size_t offset, uint64_t want)
{
    for (int left = LIVE_WAIT_MS * 1000; left > 0; left -= PAUSE_US) {
        struct live_counts counts = live_counts(live);

        if (*(const uint64_t *)((const char *)&counts + offset) == want)
            return;
        usleep(PAUSE_US);
    }
    fail_msg("%s does not become %llu", name, (unsigned long long)want);
}
