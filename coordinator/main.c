/* layernas-coordinator: the options, then one of its five jobs. */
#include <argp.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/standard_streams.h"
#include "common/version.h"
#include "coordinator/coordinator.h"
#include "coordinator/describe.h"
#include "coordinator/keygen.h"
#include "coordinator/plan.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, MOST_LOCAL_WORKERS = 1024 };

enum option_key {
    OPTION_STATE = 256,
    OPTION_BIND,
    OPTION_STATUS,
    OPTION_LOCAL_WORKERS,
    OPTION_KEYS,
    OPTION_KEYGEN,
    OPTION_INSECURE,
    OPTION_PLAN,
    OPTION_DESCRIBE,
    OPTION_JSON,
};

struct arguments {
    struct coordinator_options options;
    const char *describe; /* an architecture */
    const char *keygen;   /* a folder */
    char **key_names;
    size_t n_key_names;
    bool plan, json;
};

const char *argp_program_version = "layernas-coordinator " LAYERNAS_VERSION;

static const struct argp_option options[] = {
    { "state", OPTION_STATE, "DIR", 0, "Where the study is kept (./layernas-state/NAME)", 1 },
    { "bind", OPTION_BIND, "ENDPOINT", 0, "Where workers connect (tcp://127.0.0.1:5555)", 1 },
    { "status", OPTION_STATUS, "ENDPOINT", 0,
      "Where layernas-status connects (tcp://127.0.0.1:5556)", 1 },
    { "local-workers", OPTION_LOCAL_WORKERS, "N", 0, "Start and supervise N workers here", 1 },
    { "keys", OPTION_KEYS, "DIR", 0, "Let in only whose public key is in DIR", 1 },
    { "insecure", OPTION_INSECURE, NULL, 0, "Listen beyond this machine, to anybody", 1 },
    { "plan", OPTION_PLAN, NULL, 0, "Print what the study would do", 2 },
    { "describe", OPTION_DESCRIBE, "ARCH", 0, "Print the network of ARCH, such as 3:0:7:1", 2 },
    { "json", OPTION_JSON, NULL, 0, "Print as JSON", 2 },
    { "keygen", OPTION_KEYGEN, "DIR", 0,
      "Make key pairs in DIR: those named, such as worker-gpu1; else server, worker, observer and "
      "control",
      2 },
    { 0 },
};

static uint32_t parse_count(struct argp_state *state, const char *text)
{
    char *end;
    unsigned long n;

    errno = 0;
    n = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end || *text == '-' || n > MOST_LOCAL_WORKERS)
        argp_error(state, "--local-workers: \"%s\"; a number from 0 to %d", text,
                   MOST_LOCAL_WORKERS);
    return (uint32_t)n;
}

static void check(struct argp_state *state, const struct arguments *arguments)
{
    if (arguments->keygen)
        return;
    if (!arguments->options.study_path)
        argp_error(state, "no study file");
    if (arguments->options.keys && arguments->options.insecure)
        argp_error(state, "--keys keeps strangers out, --insecure lets them in; give one");
    if (arguments->plan && arguments->describe)
        argp_error(state, "--plan and --describe are two things to do; give one");
    if (arguments->json && !arguments->plan && !arguments->describe)
        argp_error(state, "--json goes with --plan or --describe");
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case OPTION_STATE:
        arguments->options.state_directory = text;
        break;
    case OPTION_BIND:
        arguments->options.worker_endpoint = text;
        break;
    case OPTION_STATUS:
        arguments->options.status_endpoint = text;
        break;
    case OPTION_LOCAL_WORKERS:
        arguments->options.local_workers = parse_count(state, text);
        break;
    case OPTION_KEYS:
        arguments->options.keys = text;
        break;
    case OPTION_KEYGEN:
        arguments->keygen = text;
        break;
    case OPTION_INSECURE:
        arguments->options.insecure = true;
        break;
    case OPTION_PLAN:
        arguments->plan = true;
        break;
    case OPTION_DESCRIBE:
        arguments->describe = text;
        break;
    case OPTION_JSON:
        arguments->json = true;
        break;
    case ARGP_KEY_ARG:
        if (arguments->keygen)
            return ARGP_ERR_UNKNOWN; /* all of them come with ARGP_KEY_ARGS, then */
        if (arguments->options.study_path)
            argp_error(state, "\"%s\": one study file at a time", text);
        arguments->options.study_path = text;
        break;
    case ARGP_KEY_ARGS:
        arguments->key_names = state->argv + state->next;
        arguments->n_key_names = (size_t)(state->argc - state->next);
        break;
    case ARGP_KEY_END:
        check(state, arguments);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* A fault in a file names that file itself. */
static int report(int rc, const struct errmsg *err)
{
    fprintf(stderr, "layernas-coordinator: %s\n", err->text);
    return rc == -EINVAL || rc == -EEXIST ? EXIT_USAGE : EXIT_FAILED;
}

static int run(const struct coordinator_options *wanted, const struct study *study)
{
    struct coordinator coordinator;
    struct errmsg err;
    int rc, status;

    standard_streams_ignore_broken_pipes(); /* `| head -1` must not end a search */
    rc = coordinator_open(&coordinator, wanted, study, &err);
    status = rc < 0 ? report(rc, &err) : coordinator_run(&coordinator);
    coordinator_close(&coordinator);
    return status;
}

static int print(const struct arguments *arguments, const struct study *study)
{
    struct errmsg err;
    int rc = arguments->plan
                 ? plan_print(study, arguments->json, stdout, &err)
                 : describe_print(study, arguments->describe, arguments->json, stdout, &err);

    if (rc == 0 && (fflush(stdout) != 0 || ferror(stdout)))
        rc = errmsg_set(&err, -EIO, "standard output: %s", strerror(errno ? errno : EIO));
    return rc < 0 ? report(rc, &err) : 0;
}

static int make_keys(const struct arguments *arguments)
{
    struct errmsg err;
    int rc = keygen(arguments->keygen, (const char *const *)arguments->key_names,
                    arguments->n_key_names, stdout, &err);

    return rc < 0 ? report(rc, &err) : 0;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        options,
        parse,
        "STUDY.yaml\n--keygen DIR [NAME...]",
        "Searches for the best network under a cost budget: hands trials out to workers, keeps "
        "what comes of them, and goes on where it was after any stop.\v"
        "Exit status: 0 done, 1 failed, 2 wrong usage or study file, 3 stopped before done; the "
        "same command goes on.",
        NULL,
        NULL,
        NULL
    };
    struct arguments arguments = { .options = { .worker_endpoint = "tcp://127.0.0.1:5555",
                                                .status_endpoint = "tcp://127.0.0.1:5556" } };
    struct study *study;
    struct errmsg err;
    int status;

    standard_streams_open();
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (sodium_init() < 0) {
        errmsg_set(&err, -EIO, "libsodium finds no source of random numbers");
        return report(-EIO, &err);
    }
    if (arguments.keygen)
        return make_keys(&arguments);
    if (study_load(arguments.options.study_path, &study, &err) < 0) {
        report(-EINVAL, &err);
        return EXIT_USAGE;
    }
    status = arguments.plan || arguments.describe ? print(&arguments, study)
                                                  : run(&arguments.options, study);
    study_free(study);
    return status;
}
