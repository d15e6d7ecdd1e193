/* layernas-compare: strategies side by side on a benchmark table, many runs each. */
#include <argp.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json_print.h"
#include "common/version.h"
#include "coordinator/compare/cluster.h"
#include "coordinator/compare/correlation.h"
#include "coordinator/compare/descent_print.h"
#include "coordinator/compare/views.h"
#include "coordinator/status/results_file.h"

enum {
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    MOST_RUNS = 100000,
    MOST_THREADS = 1024,
    MOST_SPREAD = 1000
};

enum option_key {
    OPTION_STRATEGIES = 256,
    OPTION_RUNS,
    OPTION_BUDGETS,
    OPTION_WITHIN,
    OPTION_MAX,
    OPTION_SEED,
    OPTION_REWARDS,
    OPTION_OUT,
    OPTION_WORKERS,
    OPTION_ASSUMPTION,
    OPTION_CORRELATION,
    OPTION_SPREAD,
    OPTION_SPEEDS,
    OPTION_NO_DOUBLING,
    OPTION_TRIALS,
    OPTION_THREADS,
    OPTION_JSON,
};

struct arguments {
    const char *study_path, *strategies, *budgets, *within, *max, *rewards, *out;
    uint32_t runs, seed, threads;
    struct cluster_settings workers;
    bool assumption, correlation, trials, json;
};

const char *argp_program_version = "layernas-compare " LAYERNAS_VERSION;

static const struct argp_option options[] = {
    { "strategies", OPTION_STRATEGIES, "LIST", 0,
      "layernas,random,evolution,local,ppo by default; with settings: "
      "LABEL=layernas{keep: 2}",
      1 },
    { "runs", OPTION_RUNS, "N", 0, "Runs of each, with seeds of their own (100)", 1 },
    { "budgets", OPTION_BUDGETS, "LIST", 0, "Trials to look after (50,100,... search.trials)", 1 },
    { "within", OPTION_WITHIN, "LIST", 0,
      "Points to the best reward, for the trials that it takes to come so near (1,0.5,0.2,0.1,0)",
      1 },
    { "max", OPTION_MAX, "COST", 0, "In place of the study's cost.max: 220M, 35%", 1 },
    { "seed", OPTION_SEED, "N", 0, "Of the first run, the others follow (1)", 1 },
    { "rewards", OPTION_REWARDS, "LIST", 0,
      "Columns of the table for reward, one a run by its seed (those of evaluate.table.reward)",
      1 },
    { "workers", OPTION_WORKERS, "N", 0,
      "Simulate so many, a training taking as long as its cost says: what comes when, barriers "
      "included",
      1 },
    { "spread", OPTION_SPREAD, "F", 0,
      "Between slow and fast (percentiles 90 and 10) of equal trainings there (1)", 1 },
    { "speeds", OPTION_SPEEDS, "F", 0, "The same of the workers (1)", 1 },
    { "no-doubling", OPTION_NO_DOUBLING, NULL, 0,
      "Nothing slow is run a second time by a worker that would wait", 1 },
    { "assumption", OPTION_ASSUMPTION, NULL, 0,
      "Instead: how often, in this table, the best of a bucket descends from a kept parent, for "
      "each layernas of --strategies",
      1 },
    { "correlation", OPTION_CORRELATION, NULL, 0,
      "Instead: whether the reward (or each of --rewards) orders the table's architectures as "
      "evaluate.table.report does",
      1 },
    { "out", OPTION_OUT, "DIR", 0, "Write summary.csv, reach.csv, runs.csv and plots there", 2 },
    { "trials", OPTION_TRIALS, NULL, 0, "And trials.csv, with every trial of every run", 2 },
    { "threads", OPTION_THREADS, "N", 0, "One for each processor by default", 2 },
    { "json", OPTION_JSON, NULL, 0, "Print as JSON", 2 },
    { 0 },
};

static uint32_t parse_number(struct argp_state *state, const char *name, const char *text,
                             uint32_t least, uint32_t most)
{
    bool digit = *text >= '0' && *text <= '9';
    char *end = NULL;
    unsigned long n = digit ? strtoul(text, &end, 10) : 0;

    if (!digit || n < least || n > most || *end)
        argp_error(state, "--%s: \"%s\"; a number from %u to %u", name, text, least, most);
    return (uint32_t)n;
}

static uint32_t parse_count(struct argp_state *state, const char *name, const char *text,
                            uint32_t most)
{
    return parse_number(state, name, text, 1, most);
}

static double parse_spread(struct argp_state *state, const char *name, const char *text)
{
    char *end;
    double spread = *text >= '0' && *text <= '9' ? strtod(text, &end) : 0;

    if (!(spread >= 1 && spread <= MOST_SPREAD) || *end)
        argp_error(state, "--%s: \"%s\"; a number from 1 to %d", name, text, MOST_SPREAD);
    return spread;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case OPTION_STRATEGIES:
        arguments->strategies = text;
        break;
    case OPTION_RUNS:
        arguments->runs = parse_count(state, "runs", text, MOST_RUNS);
        break;
    case OPTION_BUDGETS:
        arguments->budgets = text;
        break;
    case OPTION_WITHIN:
        arguments->within = text;
        break;
    case OPTION_MAX:
        arguments->max = text;
        break;
    case OPTION_SEED:
        arguments->seed = parse_number(state, "seed", text, 0, UINT32_MAX - MOST_RUNS);
        break;
    case OPTION_REWARDS:
        arguments->rewards = text;
        break;
    case OPTION_OUT:
        arguments->out = text;
        break;
    case OPTION_WORKERS:
        arguments->workers.n = parse_count(state, "workers", text, CLUSTER_MOST_WORKERS);
        break;
    case OPTION_SPREAD:
        arguments->workers.spread = parse_spread(state, "spread", text);
        break;
    case OPTION_SPEEDS:
        arguments->workers.speeds = parse_spread(state, "speeds", text);
        break;
    case OPTION_NO_DOUBLING:
        arguments->workers.doubling = false;
        break;
    case OPTION_ASSUMPTION:
        arguments->assumption = true;
        break;
    case OPTION_CORRELATION:
        arguments->correlation = true;
        break;
    case OPTION_TRIALS:
        arguments->trials = true;
        break;
    case OPTION_THREADS:
        arguments->threads = parse_count(state, "threads", text, MOST_THREADS);
        break;
    case OPTION_JSON:
        arguments->json = true;
        break;
    case ARGP_KEY_ARG:
        if (arguments->study_path)
            argp_error(state, "\"%s\": one study file at a time", text);
        arguments->study_path = text;
        break;
    case ARGP_KEY_END:
        if (!arguments->study_path)
            argp_error(state, "no study file");
        if (arguments->trials && !arguments->out)
            argp_error(state, "--trials: into which --out DIR?");
        if (arguments->assumption && arguments->correlation)
            argp_error(state, "--assumption and --correlation are two things to do; give one");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static int write_files(const struct findings *findings, const char *directory, struct errmsg *err)
{
    bool drawn = false;
    int rc;

    if (mkdir(directory, 0777) < 0 && errno != EEXIST)
        return errmsg_set(err, -errno, "%s: %s", directory, strerror(errno));
    rc = results_file_replace(directory, "summary.csv", findings_write_summary, findings, err);
    if (rc == 0)
        rc = results_file_replace(directory, "reach.csv", findings_write_reach, findings, err);
    if (rc == 0)
        rc = results_file_replace(directory, "runs.csv", findings_write_runs, findings, err);
    if (rc == 0 && findings->contest->keep_trials)
        rc = results_file_replace(directory, "trials.csv", findings_write_trials, findings, err);
    if (rc == 0)
        rc = views_write(findings, directory, &drawn, err);
    if (rc == 0 && !drawn)
        fputs("layernas-compare: no plots: gnuplot is missing or failed\n", stderr);
    return rc;
}

static int present(struct findings *findings, const struct arguments *arguments, struct errmsg *err)
{
    int rc = findings_compute(findings);

    if (rc == 0 && arguments->json)
        rc = findings_print_json(findings, stdout);
    else if (rc == 0)
        findings_print(findings, stdout);
    if (rc < 0)
        return errmsg_set(err, rc, "out of memory");
    return arguments->out ? write_files(findings, arguments->out, err) : 0;
}

/* ---- what is asked for ---- */

static int print_assumption(const struct contestant *contestant, const struct benchmark *benchmark,
                            json_t *all, struct errmsg *err)
{
    static struct descent_layer layers[ARCH_MAX_LAYERS];
    int rc = descent_find(benchmark, contestant->study, layers, err);

    if (rc == 0 && all)
        rc = json_array_append_new(all, descent_json(contestant->label, contestant->study, layers));
    else if (rc == 0)
        descent_print(contestant->label, contestant->study, layers, stdout);
    return rc;
}

/* Of each contestant that assumes it. */
static int print_assumptions(const struct contest *contest, const struct benchmark *benchmark,
                             bool as_json, struct errmsg *err)
{
    json_t *all = as_json ? json_array() : NULL;
    uint32_t n = 0;
    int rc = 0;

    for (uint32_t c = 0; rc == 0 && c < contest->n_contestants; c++) {
        if (strcmp(contest->contestants[c].study->search.strategy, "layernas") != 0)
            continue;
        if (n++ > 0 && !all)
            putchar('\n');
        rc = print_assumption(&contest->contestants[c], benchmark, all, err);
    }
    if (rc == 0 && n == 0)
        rc = errmsg_set(err, -EINVAL, "--assumption: no layernas among --strategies");
    if (rc == 0 && as_json)
        return json_print(all, 10, stdout) < 0 ? errmsg_set(err, -ENOMEM, "out of memory") : 0;
    json_decref(all);
    return rc;
}

/* Of each column of rewards. */
static int print_correlations(const struct benchmark *benchmark, bool as_json, struct errmsg *err)
{
    json_t *all = as_json ? json_array() : NULL;
    struct correlation correlation;
    int rc = 0;

    for (uint32_t c = 0; rc == 0 && c < benchmark->n_rewards; c++) {
        rc = correlation_find(benchmark, c, &correlation, err);
        if (rc == 0 && all) {
            json_array_append_new(all, correlation_json(benchmark, c, &correlation));
        } else if (rc == 0) {
            fputs(c > 0 ? "\n" : "", stdout);
            correlation_print(benchmark, c, &correlation, stdout);
        }
    }
    if (rc == 0 && as_json)
        return json_print(all, 10, stdout) < 0 ? errmsg_set(err, -ENOMEM, "out of memory") : 0;
    json_decref(all);
    return rc;
}

static int compare(const struct arguments *arguments, struct contest *contest,
                   struct findings *findings, struct errmsg *err)
{
    const struct study *study = contest->contestants[0].study;
    struct benchmark benchmark;
    int rc = 0;

    if (arguments->budgets)
        rc = budgets_parse(arguments->budgets, findings->budgets, &findings->n_budgets, err);
    else
        findings->n_budgets = budgets_default(study->search.trials, findings->budgets);
    if (rc == 0)
        rc = gaps_parse(arguments->within, findings->gaps, &findings->n_gaps, err);
    if (rc == 0)
        rc = benchmark_load(study, arguments->rewards, &benchmark, err);
    if (rc < 0)
        return rc;
    contest->benchmark = &benchmark;
    contest->n_runs = arguments->runs;
    contest->workers = arguments->workers;
    contest->keep_trials = arguments->trials;
    contest->first_seed = arguments->seed;
    contest->trials = findings->budgets[findings->n_budgets - 1];
    findings->contest = contest;
    findings->study = study;
    if (arguments->assumption) {
        rc = print_assumptions(contest, &benchmark, arguments->json, err);
    } else if (arguments->correlation) {
        rc = print_correlations(&benchmark, arguments->json, err);
    } else {
        rc = contest_run(contest, arguments->threads, err);
        if (rc == 0)
            rc = present(findings, arguments, err);
    }
    contest_clear(contest);
    benchmark_clear(&benchmark);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct argp argp = { options,
                                      parse,
                                      "STUDY.yaml",
                                      "Compares search strategies on the benchmark table or the "
                                      "surrogate of a study: many runs of "
                                      "each, nothing is trained.\v"
                                      "Exit status: 0 done, 1 failed, 2 wrong usage or study file.",
                                      NULL,
                                      NULL,
                                      NULL };
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct arguments arguments = { .strategies = "layernas,random,evolution,local,ppo",
                                   .within = "1,0.5,0.2,0.1,0",
                                   .runs = 100,
                                   .seed = 1,
                                   .workers = { .spread = 1, .speeds = 1, .doubling = true },
                                   .threads = processors > 0 ? (uint32_t)processors : 1 };
    struct contest contest = { 0 };
    static struct findings findings;
    struct errmsg err = { "" };
    int rc;

    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    rc = sodium_init() < 0
             ? errmsg_set(&err, -EIO, "libsodium finds no source of random numbers")
             : entrants_load(arguments.study_path, arguments.max, arguments.strategies,
                             &contest.contestants, &contest.n_contestants, &err);
    if (rc == 0)
        rc = compare(&arguments, &contest, &findings, &err);
    entrants_clear(contest.contestants, contest.n_contestants);
    if (rc == 0)
        return 0;
    fprintf(stderr, "layernas-compare: %s\n", err.text);
    return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}
