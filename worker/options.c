#include "worker/options.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/version.h"

#define DEFAULT_DATA "fashion-mnist"
#define DEFAULT_DATA_PATH                                                                          \
    "/usr/share/datasets/fashion-mnist" /* dataset-fashion-mnist puts it there */

enum option_key {
    OPTION_CONNECT = 256,
    OPTION_KEYS,
    OPTION_SLOTS,
    OPTION_THREADS,
    OPTION_DATA,
    OPTION_MEMORY,
    OPTION_NAME,
    OPTION_IDLE_EXIT,
    OPTION_SPOOL,
    OPTION_UNTIL_EOF,
    OPTION_SLOT,
    OPTION_EVALUATE,
    OPTION_JSON,
};

const char *argp_program_version = "layernas-worker " LAYERNAS_VERSION;

static const struct argp_option options[] = {
    { "connect", OPTION_CONNECT, "ENDPOINT", 0, "The coordinator (tcp://127.0.0.1:5555)", 0 },
    { "keys", OPTION_KEYS, "DIR", 0,
      "Where server.pub and a worker.key lie, for a coordinator with keys", 0 },
    { "slots", OPTION_SLOTS, "N", 0, "Trials at a time (one for each --threads processors)", 0 },
    { "threads", OPTION_THREADS, "N", 0,
      "Threads that share the training of a network (1): more where there are fewer trials than "
      "processors, or memory for fewer",
      0 },
    { "data", OPTION_DATA, "NAME=PATH", 0,
      "Where a data set lies: a folder of images, or a table's file. Again for each. "
      "Known without it: " DEFAULT_DATA "=" DEFAULT_DATA_PATH,
      0 },
    { "memory", OPTION_MEMORY, "MB", 0, "Most address space of each slot (no limit)", 0 },
    { "name", OPTION_NAME, "TEXT", 0, "What people see of this worker (HOST:PID)", 0 },
    { "idle-exit", OPTION_IDLE_EXIT, "SECONDS", 0,
      "Exit when nothing was to do for so long (never)", 0 },
    { "evaluate", OPTION_EVALUATE, "WEIGHTS", 0,
      "No coordinator: top-1 of a trained network, results/winner.weights, on the test images", 0 },
    { "json", OPTION_JSON, NULL, 0, "That as JSON", 0 },
    { "spool", OPTION_SPOOL, "DIR", 0,
      "Where results wait that no coordinator has acknowledged, also for the next worker "
      "($XDG_STATE_HOME/layernas/spool, or that in ~/.local/state)",
      0 },
    { "until-eof", OPTION_UNTIL_EOF, NULL, OPTION_HIDDEN, NULL, 0 },
    { "slot", OPTION_SLOT, NULL, OPTION_HIDDEN, NULL, 0 },
    { 0 },
};

static uint32_t parse_number(struct argp_state *state, const char *option, const char *text,
                             unsigned long lowest, unsigned long highest)
{
    char *end;
    unsigned long n;

    errno = 0;
    n = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end || *text == '-' || n < lowest || n > highest)
        argp_error(state, "--%s: \"%s\"; a number from %lu to %lu", option, text, lowest, highest);
    return (uint32_t)n;
}

static void set_data(struct argp_state *state, struct worker_options *to, const char *name,
                     size_t length, const char *path)
{
    size_t i = 0;

    while (i < to->n_data &&
           (strlen(to->data[i].name) != length || memcmp(to->data[i].name, name, length) != 0))
        i++;
    if (i == WIRE_MAX_DATA)
        argp_error(state, "--data: more than %d data sets", WIRE_MAX_DATA);
    if (i == to->n_data)
        to->n_data++;
    snprintf(to->data[i].name, sizeof to->data[i].name, "%.*s", (int)length, name);
    to->data[i].path = path;
}

static void parse_data(struct argp_state *state, struct worker_options *to, const char *text)
{
    size_t length = strcspn(text, "=");
    char printable[EVALUATION_NAME_SIZE];

    if (length == 0 || length >= EVALUATION_NAME_SIZE || text[length] != '=' || !text[length + 1])
        argp_error(state, "--data: \"%s\"; NAME=PATH, a name of up to %d characters", text,
                   EVALUATION_NAME_SIZE - 1);
    wire_printable(printable, length + 1, text);
    if (memcmp(printable, text, length) != 0)
        argp_error(state, "--data: \"%s\"; a name of printable characters", printable);
    set_data(state, to, text, length, text + length + 1);
}

static uint32_t default_slots(uint32_t threads)
{
    unsigned slots = uv_available_parallelism() / threads;

    return slots < 1 ? 1 : slots < WIRE_MAX_SLOTS ? slots : WIRE_MAX_SLOTS;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct worker_options *to = state->input;

    switch (key) {
    case OPTION_CONNECT:
        to->endpoint = text;
        break;
    case OPTION_KEYS:
        to->keys = text;
        break;
    case OPTION_SLOTS:
        to->slots = parse_number(state, "slots", text, 1, WIRE_MAX_SLOTS);
        break;
    case OPTION_THREADS:
        to->threads = parse_number(state, "threads", text, 1, WIRE_MAX_THREADS);
        break;
    case OPTION_DATA:
        parse_data(state, to, text);
        break;
    case OPTION_MEMORY:
        to->memory_mb = parse_number(state, "memory", text, 1, UINT32_MAX);
        break;
    case OPTION_NAME:
        if (!*text)
            argp_error(state, "--name: \"\"; at least one character, or leave it out");
        wire_printable(to->name, sizeof to->name, text);
        break;
    case OPTION_IDLE_EXIT:
        to->idle_exit_s = parse_number(state, "idle-exit", text, 0, UINT32_MAX - 1);
        break;
    case OPTION_SPOOL:
        if (!*text || strlen(text) >= sizeof to->spool)
            argp_error(state, "--spool: \"%.40s\"; a folder of 1 to %zu characters", text,
                       sizeof to->spool - 1);
        snprintf(to->spool, sizeof to->spool, "%s", text);
        to->spool_given = true;
        break;
    case OPTION_UNTIL_EOF:
        to->until_eof = true;
        break;
    case OPTION_SLOT:
        to->is_slot = true;
        break;
    case OPTION_EVALUATE:
        to->evaluate = text;
        break;
    case OPTION_JSON:
        to->json = true;
        break;
    case ARGP_KEY_END:
        if (!to->slots)
            to->slots = default_slots(to->threads);
        if (to->json && !to->evaluate)
            argp_error(state, "--json: goes with --evaluate");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* The XDG base directory specification: a path that is not absolute does not count. */
static void set_default_spool(struct worker_options *options_out)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = 0;

    if (state && *state == '/')
        n = snprintf(options_out->spool, sizeof options_out->spool, "%s/layernas/spool", state);
    else if (home && *home == '/')
        n = snprintf(options_out->spool, sizeof options_out->spool,
                     "%s/.local/state/layernas/spool", home);
    if (n >= (int)sizeof options_out->spool)
        *options_out->spool = '\0';
}

static void set_defaults(struct worker_options *options_out)
{
    char host[UV_MAXHOSTNAMESIZE] = "localhost", name[sizeof host + 16];
    size_t size = sizeof host;

    *options_out = (struct worker_options){
        .endpoint = "tcp://127.0.0.1:5555",
        .threads = 1,
        .idle_exit_s = UINT32_MAX,
    };
    set_default_spool(options_out);
    uv_os_gethostname(host, &size);
    snprintf(name, sizeof name, "%s:%d", host, (int)getpid());
    wire_printable(options_out->name, sizeof options_out->name, name);
}

void options_parse(int argc, char **argv, struct worker_options *options_out)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .doc =
            "Trains and evaluates networks for a layernas-coordinator, which may start later, "
            "go away and come back.\v"
            "Exit status: 0 told to stop, idle for so long, or measured; 1 failed, or refused by "
            "the coordinator; 2 wrong usage.",
    };

    set_defaults(options_out);
    argp_err_exit_status = EXIT_USAGE;
    options_out->argc = argc;
    options_out->argv = argv;
    argp_parse(&argp, argc, argv, 0, NULL, options_out);
    if (!options_data_path(options_out, DEFAULT_DATA) && access(DEFAULT_DATA_PATH, R_OK) == 0 &&
        options_out->n_data < WIRE_MAX_DATA)
        options_out->data[options_out->n_data++] = (struct data_folder){
            .name = DEFAULT_DATA, .path = DEFAULT_DATA_PATH
        };
}

int options_check_data(const struct worker_options *opts, struct errmsg *err)
{
    for (size_t i = 0; i < opts->n_data; i++)
        if (access(opts->data[i].path, R_OK) < 0)
            return errmsg_set(err, -errno, "--data %s=%s: %s", opts->data[i].name,
                              opts->data[i].path, strerror(errno));
    return 0;
}

const char *options_data_path(const struct worker_options *opts, const char *name)
{
    for (size_t i = 0; i < opts->n_data; i++)
        if (strcmp(opts->data[i].name, name) == 0)
            return opts->data[i].path;
    return NULL;
}

char **options_for_slot(const struct worker_options *opts)
{
    size_t argc = (size_t)opts->argc;
    char **argv = calloc(argc + 2, sizeof *argv);

    if (!argv)
        return NULL;
    argv[0] = opts->argv[0];
    argv[1] = "--slot"; /* first, so that nothing in argv can stand before it and end the options */
    memcpy(argv + 2, opts->argv + 1, (argc - 1) * sizeof *argv);
    return argv;
}
