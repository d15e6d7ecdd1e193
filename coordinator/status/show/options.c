#include "coordinator/status/show/options.h"

#include <argp.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/version.h"
#include "coordinator/status/snapshot.h"

enum { DEFAULT_ROWS = 20, LONGEST_WAIT_S = 3600 };

#define DEFAULT_WATCH_S  2.0
#define SHORTEST_WATCH_S 0.1

const char *argp_program_version = "layernas-status " LAYERNAS_VERSION;

static const char doc[] =
    "Shows how a running layernas study goes, and steers it.\v"
    "  summary     state, progress, best so far, workers, what was spared (default)\n"
    "  layers      every layer opened, and the candidate table of the current one\n"
    "  trials      the trials, newest last\n"
    "  workers     who is connected, and what they run\n"
    "  pareto      the best accuracy for every cost, of everything trained\n"
    "  best        the best network inside the target, layer by layer\n"
    "  why [ARCH]  the way of the winner, or of ARCH (3:0:7:1), through the layers:\n"
    "              whom it displaced in its buckets, or what displaced it\n"
    "  diagnosis   for critics of the method: how full the buckets are, whether their best\n"
    "              descend from kept parents, whether short and full training agree\n"
    "\n"
    "Commands answer with what is true now, which holds over restarts:\n"
    "  pause          hand nothing out; what runs goes on\n"
    "  resume         hand out again\n"
    "  drain          pause, and stop the coordinator when nothing runs any more\n"
    "  stop           stop it now; its next start goes on\n"
    "  trials-cap N   let the search have N trials, more than before\n"
    "  put-aside W    give worker W, or all of machine W, no more trials\n"
    "  take-back W    give it trials again, also after failures put it aside\n"
    "  retry [N]      take trial N, or all that can be, out of quarantine\n"
    "\n"
    "With --watch and no view named, one screen has progress, workers, the current layer and the "
    "Pareto front. It waits for a coordinator that is away, and ends when the study does; q ends "
    "it "
    "before.\n"
    "\n"
    "Keys of --json are the fields of the answer in layernas.proto; accuracies are in percent, "
    "costs are whole numbers, times are in seconds. With --all or --watch one object follows the "
    "other.\n"
    "Exit status: 0 done, 1 no answer or a wrong one, 2 wrong usage.";

static const struct argp_option option_table[] = {
    { "connect", 'c', "ENDPOINT", 0, "The coordinator's status socket (tcp://127.0.0.1:5556)", 0 },
    { "keys", 'k', "DIR", 0,
      "Where server.pub and a control.key or observer.key lie, for a coordinator with keys", 0 },
    { "watch", 'w', "SECONDS", OPTION_ARG_OPTIONAL, "Show it again every so often (2)", 0 },
    { "last", 'n', "N", 0, "The last N rows of a list (20)", 0 },
    { "all", 'a', NULL, 0, "All rows of a list, in pages of 1,000", 0 },
    { "json", 'j', NULL, 0, "The same content for programs", 0 },
    { "timeout", 't', "SECONDS", 0, "How long to wait for an answer (5)", 0 },
    { 0 },
};

static const char *const names[] = {
    [LAYERNAS__QUERY__WHAT__SUMMARY] = "summary", [LAYERNAS__QUERY__WHAT__LAYERS] = "layers",
    [LAYERNAS__QUERY__WHAT__TRIALS] = "trials",   [LAYERNAS__QUERY__WHAT__WORKERS] = "workers",
    [LAYERNAS__QUERY__WHAT__PARETO] = "pareto",   [LAYERNAS__QUERY__WHAT__BEST] = "best",
    [LAYERNAS__QUERY__WHAT__WHY] = "why",         [LAYERNAS__QUERY__WHAT__DIAGNOSIS] = "diagnosis",
};

const char *view_name(Layernas__Query__What what)
{
    return names[what];
}

static uint32_t parse_rows(const char *text, struct argp_state *state)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (!isdigit((unsigned char)*text) || *end || value < 1 || value > STATUS_MAX_ROWS)
        argp_error(state, "--last: \"%s\"; a number from 1 to %d, or --all", text, STATUS_MAX_ROWS);
    return (uint32_t)value;
}

static double parse_seconds(const char *option, const char *text, double least,
                            struct argp_state *state)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= least && value <= LONGEST_WAIT_S))
        argp_error(state, "%s: \"%s\"; seconds, from %g to %d", option, text, least,
                   LONGEST_WAIT_S);
    return value;
}

static const char *const commands[] = {
    [LAYERNAS__COMMAND__WHAT__PAUSE] = "pause",
    [LAYERNAS__COMMAND__WHAT__RESUME] = "resume",
    [LAYERNAS__COMMAND__WHAT__DRAIN] = "drain",
    [LAYERNAS__COMMAND__WHAT__STOP] = "stop",
    [LAYERNAS__COMMAND__WHAT__TRIALS] = "trials-cap",
    [LAYERNAS__COMMAND__WHAT__PUT_ASIDE] = "put-aside",
    [LAYERNAS__COMMAND__WHAT__TAKE_BACK] = "take-back",
    [LAYERNAS__COMMAND__WHAT__RETRY] = "retry",
};

static bool wants_worker(const struct options *options)
{
    return options->command.what == LAYERNAS__COMMAND__WHAT__PUT_ASIDE ||
           options->command.what == LAYERNAS__COMMAND__WHAT__TAKE_BACK;
}

static bool wants_number(const struct options *options)
{
    return options->command.what == LAYERNAS__COMMAND__WHAT__TRIALS ||
           options->command.what == LAYERNAS__COMMAND__WHAT__RETRY;
}

static bool take_command(const char *text, struct options *options)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(text, commands[i]) == 0) {
            options->command.what = (Layernas__Command__What)i;
            options->commands = options->has_what = true;
        }
    return options->commands;
}

static void take_command_argument(char *text, struct options *options, struct argp_state *state)
{
    Layernas__Command *command = &options->command;
    char *end;

    if (wants_worker(options) && !*command->worker) {
        command->worker = text;
    } else if (wants_number(options) && command->number == 0) {
        command->number = strtoull(text, &end, 10);
        if (!isdigit((unsigned char)*text) || *end || command->number == 0)
            argp_error(state, "%s: \"%s\"; a number", commands[command->what], text);
    } else {
        argp_error(state, "\"%s\": one thing at a time", text);
    }
}

static void check_command(const struct options *options, struct argp_state *state)
{
    if (!options->commands)
        return;
    if (options->all || options->watch_s > 0)
        argp_error(state, "--all and --watch go with views, not with %s",
                   commands[options->command.what]);
    if (wants_worker(options) && !*options->command.worker)
        argp_error(state, "%s: which worker, or machine?", commands[options->command.what]);
    if (options->command.what == LAYERNAS__COMMAND__WHAT__TRIALS && options->command.number == 0)
        argp_error(state, "%s: how many trials?", commands[options->command.what]);
}

static Layernas__Query__What parse_what(const char *text, struct argp_state *state)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0)
            return (Layernas__Query__What)i;
    argp_error(
        state,
        "\"%s\"; summary, layers, trials, workers, pareto, best, why or diagnosis, or a command",
        text);
    return LAYERNAS__QUERY__WHAT__SUMMARY;
}

/* "--watch 5" reads as well as "--watch=5": nothing to show begins with a digit. */
static void take_argument(char *text, struct options *options, struct argp_state *state)
{
    if (!options->has_what && options->watch_s > 0 && isdigit((unsigned char)*text)) {
        options->watch_s = parse_seconds("--watch", text, SHORTEST_WATCH_S, state);
    } else if (options->commands) {
        take_command_argument(text, options, state);
    } else if (!options->has_what && take_command(text, options)) {
        return;
    } else if (!options->has_what) {
        options->what = parse_what(text, state);
        options->has_what = true;
    } else if (options->what == LAYERNAS__QUERY__WHAT__WHY && !options->arch) {
        options->arch = text;
    } else {
        argp_error(state, "\"%s\": one thing at a time", text);
    }
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'c':
        options->endpoint = arg;
        return 0;
    case 'k':
        options->keys = arg;
        return 0;
    case 'w':
        options->watch_s = arg ? parse_seconds("--watch", arg, SHORTEST_WATCH_S, state)
                               : DEFAULT_WATCH_S;
        return 0;
    case 'n':
        options->last = parse_rows(arg, state);
        return 0;
    case 'a':
        options->all = true;
        return 0;
    case 'j':
        options->json = true;
        return 0;
    case 't':
        options->timeout_s = parse_seconds("--timeout", arg, 0.001, state);
        return 0;
    case ARGP_KEY_ARG:
        take_argument(arg, options, state);
        return 0;
    case ARGP_KEY_END:
        if (options->all && options->watch_s > 0)
            argp_error(state, "--all and --watch are two things to do; give one");
        check_command(options, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

void options_parse(int argc, char **argv, struct options *options_out)
{
    const struct argp argp = { option_table, parse_option, "[VIEW [ARCH]]\nCOMMAND [N|WORKER]",
                               doc,          NULL,         NULL,
                               NULL };

    *options_out = (struct options){
        .endpoint = "tcp://127.0.0.1:5556",
        .command = LAYERNAS__COMMAND__INIT,
        .last = DEFAULT_ROWS,
        .timeout_s = 5,
    };
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, options_out);
}
