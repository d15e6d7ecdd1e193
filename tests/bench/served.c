#include "tests/bench/served.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/data_digest.h"
#include "coordinator/campaign.h"
#include "coordinator/ledger/store.h"
#include "tests/bench/measure.h"

enum { PAUSE_US = 2000, WAIT_S = 120, MOST_PENDING = 4000, TABLE_LAYERS = 9 };

static const char space_text[] =
    "input: {channels: 3, height: 32, width: 32, classes: 10}\n"
    "stem:\n"
    "  - conv: {out: 16, kernel: 3, stride: 1}\n"
    "layers:\n"
    "  - name: high\n"
    "    repeat: 8\n"
    "    options:\n"
    "      - mbconv: {expand: [3, 6], kernel: [3, 5], out: same}\n"
    "  - name: reduce\n"
    "    options:\n"
    "      - mbconv: {expand: [3, 6], kernel: [3, 5], out: 32, stride: 2}\n"
    "  - name: low\n"
    "    repeat: 15\n"
    "    options:\n"
    "      - mbconv: {expand: [3, 6], kernel: [3, 5], out: same}\n"
    "head:\n"
    "  - conv: {out: 128, kernel: 1}\n"
    "  - pool: {kind: avg, size: all}\n"
    "  - dense: {out: classes}\n";

static const char names_text[] = "names:\n"
                                 "  - {name: c1, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c2, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c3, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c4, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c5, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c6, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c7, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c8, options: [0, 1, 2, 3]}\n"
                                 "  - {name: c9, options: [0, 1, 2, 3]}\n";

static const char table_study_text[] = "name: bench\n"
                                       "space: space.yaml\n"
                                       "cost: {metric: table, column: cost, max: 100%}\n"
                                       "search: {strategy: random, trials: 100000000, seed: 1}\n"
                                       "evaluate:\n"
                                       "  with: table\n"
                                       "  data: {name: images, path: table.csv}\n"
                                       "  table: {arch: arch, write: digits, reward: reward}\n";

static const char study_text[] = "name: bench\n"
                                 "space: space.yaml\n"
                                 "cost: {metric: madds, max: 70%}\n"
                                 "search: {strategy: random, trials: 100000000, seed: 1}\n"
                                 "evaluate:\n"
                                 "  with: train\n"
                                 "  data: {name: images, train: 20000, valid: 5000}\n"
                                 "  schedule: {epochs: 1, batch: 64, lr: 0.1}\n";

const char *served_path(const struct served *served, const char *name, char path[SERVED_NAME_SIZE])
{
    snprintf(path, SERVED_NAME_SIZE, "%s/%s", served->folder, name);
    return path;
}

static FILE *create(const struct served *served, const char *name)
{
    char path[SERVED_NAME_SIZE];
    FILE *file = fopen(served_path(served, name, path), "we");

    if (!file)
        measure_die("%s: %s", path, strerror(errno));
    return file;
}

static void write_table(const struct served *served)
{
    FILE *file = create(served, "table.csv");

    fputs("arch,cost,reward\n", file);
    for (uint32_t i = 0; i < 1u << 2 * TABLE_LAYERS; i++) {
        for (int l = 0; l < TABLE_LAYERS; l++)
            fputc('0' + (int)(i >> 2 * l & 3), file);
        fprintf(file, ",%u,%u.%02u\n", 1000 + i, i % 100, i / 100 % 100);
    }
    fclose(file);
}

static void write_text(const struct served *served, const char *name, const char *text)
{
    FILE *file = create(served, name);

    fputs(text, file);
    fclose(file);
}

void served_new(struct served *served, enum served_kind kind)
{
    bool trains = kind == SERVED_TRAINS;
    char path[SERVED_NAME_SIZE];
    struct errmsg err;

    *served = (struct served){ .folder = "/var/tmp/layernas-bench-XXXXXX" };
    if (!mkdtemp(served->folder))
        measure_die("%s: %s", served->folder, strerror(errno));
    write_text(served, "space.yaml", trains ? space_text : names_text);
    write_text(served, "study.yaml", trains ? study_text : table_study_text);
    served->data.bytes[0] = 1;
    if (!trains) {
        write_table(served);
        if (data_digest(served_path(served, "table.csv", path), NULL, &served->data, &err) < 0)
            measure_die("%s", err.text);
    }
    if (study_load(served_path(served, "study.yaml", path), &served->study, &err) < 0)
        measure_die("%s", err.text);
}

/* ---- filling the store ---- */

struct trial_result served_result(const struct trial *trial)
{
    struct trial_result result = { .key = trial->key,
                                   .stage = trial->stage,
                                   .replica = trial->replica,
                                   .arch = trial->arch,
                                   .madds = trial->costs.madds,
                                   .params = trial->costs.params,
                                   .reward = { .total = SERVED_VALID },
                                   .loss = 0.31,
                                   .seconds = 12.5,
                                   .numerics = "avx512-1t" };

    result.reward.correct = (uint32_t)(trial->seed % SERVED_VALID);
    snprintf(result.worker, sizeof result.worker, "node%u:4711", (unsigned)(trial->seed % 8));
    return result;
}

static void wait_for_store(struct store *store, size_t most)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };

    while (store_pending(store) > most) {
        poll(&poll_fd, 1, -1);
        store_dispatch(store);
    }
}

static void propose(struct campaign *campaign)
{
    struct errmsg err;

    if (campaign_advance(campaign, 1, &err) != 0)
        measure_die("%s", err.text);
}

static void settle_one(struct campaign *campaign, struct trial_ledger *ledger, struct store *store)
{
    static const uint8_t worker_id[16];
    struct trial_result result;
    struct attempt attempt;
    struct trial trial;

    propose(campaign);
    measure_demand(trial_ledger_lease(ledger, worker_id, true, 1, 1, &trial, &attempt), "lease");
    result = served_result(&trial);
    measure_demand(trial_ledger_receive(ledger, &result), "receive");
    measure_demand(store_put_result(store, &trial, &result, NULL, NULL, NULL, NULL), "store");
    measure_demand(trial_ledger_settle(ledger, &trial.key), "settle");
    measure_demand(campaign_settled(campaign, &trial.key), "settle");
    wait_for_store(store, MOST_PENDING);
}

void served_fill(struct served *served, uint32_t n)
{
    struct trial_ledger *ledger = trial_ledger_new(1);
    struct campaign *campaign;
    struct store *store;
    struct errmsg err;
    char path[SERVED_NAME_SIZE];

    measure_demand(ledger ? campaign_new(served->study, ledger, &campaign) : -ENOMEM, "campaign");
    if (store_open(served_path(served, "state", path), served->study, &store, &err) < 0)
        measure_die("%s", err.text);
    for (uint32_t i = 0; i < n; i++)
        settle_one(campaign, ledger, store);
    wait_for_store(store, 0);
    store_close(store);
    campaign_free(campaign);
    trial_ledger_free(ledger);
}

/* ---- the process ---- */

/* In the child, which ends with its parent, however that ends. */
static void run_coordinator(const struct served *served)
{
    char program[SERVED_NAME_SIZE], state[SERVED_NAME_SIZE], study[SERVED_NAME_SIZE];
    char log_path[SERVED_NAME_SIZE];
    const char *build = getenv("BUILD");
    int log = open(served_path(served, "log", log_path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                   0644);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(program, sizeof program, "%s/layernas-coordinator", build ? build : "build");
    served_path(served, "state", state);
    served_path(served, "study.yaml", study);
    dup2(log, STDERR_FILENO);
    execl(program, program, "--state", state, "--bind", "tcp://127.0.0.1:*", "--status",
          "tcp://127.0.0.1:*", study, (char *)NULL);
    _exit(127);
}

static bool read_endpoints(struct served *served)
{
    char path[SERVED_NAME_SIZE], end = 0;
    FILE *file = fopen(served_path(served, "state/endpoints", path), "re");
    bool whole = file && fscanf(file, "workers %127s status %127s%c", served->workers,
                                served->status, &end) == 3;

    if (file)
        fclose(file);
    return whole && end == '\n';
}

void served_begin(struct served *served)
{
    char path[SERVED_NAME_SIZE];
    double start = measure_now();

    unlink(served_path(served, "state/endpoints", path));
    fflush(NULL);
    served->pid = measure_demand(fork(), "fork");
    if (served->pid == 0)
        run_coordinator(served);
    while (!read_endpoints(served)) {
        if (waitpid(served->pid, NULL, WNOHANG) != 0 || measure_now() > start + WAIT_S)
            measure_die("the coordinator does not start: see %s/log", served->folder);
        usleep(PAUSE_US);
    }
    served->opening_s = measure_now() - start;
}

void served_end(struct served *served)
{
    if (!served->pid)
        return;
    kill(served->pid, SIGKILL);
    waitpid(served->pid, NULL, 0);
    served->pid = 0;
}

void served_clear(struct served *served)
{
    char command[SERVED_NAME_SIZE];

    served_end(served);
    study_free(served->study);
    snprintf(command, sizeof command, "rm -rf '%s'", served->folder);
    if (system(command) != 0)
        measure_die("%s", command);
}

/* ---- looking at it ---- */

double served_memory(const struct served *served)
{
    FILE *file = measure_open_proc(served->pid, "status");
    char line[256];
    double kib = 0;

    while (kib == 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %lf kB", &kib) != 1)
            kib = 0;
    fclose(file);
    if (kib == 0)
        measure_die("/proc/PID/status has no VmRSS");
    return kib * 1024;
}
