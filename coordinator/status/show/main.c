/* layernas-status - asks a coordinator how its study goes, and shows the answer. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/version.h"
#include "coordinator/status/show/client.h"
#include "coordinator/status/show/reply.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/snapshot.h"

enum { EXIT_USAGE = 2, DEFAULT_ROWS = 20, LONGEST_WAIT_S = 3600 };

struct options {
    const char *endpoint;
    Layernas__Query__What what;
    uint32_t limit;
    double timeout_s;
    bool json;
};

const char *argp_program_version = "layernas-status " LAYERNAS_VERSION;

static const char doc[] =
    "Shows how a running layernas study goes.\v"
    "  summary   state, progress, best so far, workers, what was spared (default)\n"
    "  layers    every layer opened, and the candidate table of the current one\n"
    "  trials    the trials, newest last\n"
    "  workers   who is connected, and what they run\n"
    "  pareto    the best accuracy for every cost, of everything trained\n"
    "  best      the best network inside the target, layer by layer\n"
    "\n"
    "Keys of --json are the fields of the answer in layernas.proto; accuracies are in percent, "
    "costs are whole numbers, times are in seconds.\n"
    "Exit status: 0 done, 1 no answer or a wrong one, 2 wrong usage.";

static const struct argp_option option_table[] = {
    { "connect", 'c', "ENDPOINT", 0, "The coordinator's status socket (tcp://127.0.0.1:5556)", 0 },
    { "json", 'j', NULL, 0, "The same content for programs", 0 },
    { "limit", 'n', "N", 0, "At most N rows, the newest (20; 0: all that one answer holds)", 0 },
    { "timeout", 't', "SECONDS", 0, "How long to wait for an answer (5)", 0 },
    { 0 },
};

static void parse_limit(const char *text, struct argp_state *state, uint32_t *limit)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text < '0' || *text > '9' || *end || value > STATUS_MAX_ROWS)
        argp_error(state, "--limit: \"%s\"; a number from 0 to %d", text, STATUS_MAX_ROWS);
    *limit = (uint32_t)value;
}

static void parse_timeout(const char *text, struct argp_state *state, double *timeout_s)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value > 0 && value <= LONGEST_WAIT_S))
        argp_error(state, "--timeout: \"%s\"; seconds, above 0 and at most %d", text,
                   LONGEST_WAIT_S);
    *timeout_s = value;
}

static void parse_what(const char *text, struct argp_state *state, Layernas__Query__What *what)
{
    static const char *const names[] = {
        [LAYERNAS__QUERY__WHAT__SUMMARY] = "summary", [LAYERNAS__QUERY__WHAT__LAYERS] = "layers",
        [LAYERNAS__QUERY__WHAT__TRIALS] = "trials",   [LAYERNAS__QUERY__WHAT__WORKERS] = "workers",
        [LAYERNAS__QUERY__WHAT__PARETO] = "pareto",   [LAYERNAS__QUERY__WHAT__BEST] = "best",
    };

    if (state->arg_num > 0)
        argp_error(state, "\"%s\": one thing at a time", text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) {
            *what = (Layernas__Query__What)i;
            return;
        }
    argp_error(state, "\"%s\"; summary, layers, trials, workers, pareto or best", text);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'c':
        options->endpoint = arg;
        return 0;
    case 'j':
        options->json = true;
        return 0;
    case 'n':
        parse_limit(arg, state, &options->limit);
        return 0;
    case 't':
        parse_timeout(arg, state, &options->timeout_s);
        return 0;
    case ARGP_KEY_ARG:
        parse_what(arg, state, &options->what);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int print_json(const Layernas__StatusReply *reply)
{
    json_t *json = reply_json(reply);
    int rc = json ? json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) : -1;

    json_decref(json);
    putchar('\n');
    return rc < 0 ? -ENOMEM : 0;
}

int main(int argc, char **argv)
{
    const struct argp argp = { option_table, parse_option, "[WHAT]", doc, NULL, NULL, NULL };
    struct options options = {
        .endpoint = "tcp://127.0.0.1:5556",
        .limit = DEFAULT_ROWS,
        .timeout_s = 5,
    };
    Layernas__StatusReply *reply = NULL;
    struct errmsg err;
    int rc;

    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    rc = client_ask(options.endpoint, options.what, options.limit,
                    (int)ceil(options.timeout_s * 1000), &reply, &err);
    if (rc < 0) {
        fprintf(stderr, "layernas-status: %s\n", err.text);
        return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
    }
    rc = options.json ? print_json(reply) : show_reply(stdout, reply);
    layernas__status_reply__free_unpacked(reply, NULL);
    if (rc < 0 || fflush(stdout) != 0) {
        fprintf(stderr, "layernas-status: %s\n", strerror(rc < 0 ? -rc : errno));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
