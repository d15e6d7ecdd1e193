#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/coordinator.h"
#include "coordinator/status/parts.h"
#include "coordinator/status/results.h"
#include "coordinator/status/results_best.h"

enum { MOST_NAME = 24, MOST_OPTION = 30 }; /* columns */

static void print_trained(const struct results_best *best)
{
    const struct campaign_winner *winner = &best->winner;
    char correct[HUMAN_SIZE], total[HUMAN_SIZE];

    if (best->retrained && winner->test.total > 0)
        print_item(stdout, "test", "%.2f %%: %s of %s test images, seen once",
                   reward_percent(winner->test), print_grouped(winner->test.correct, correct),
                   print_grouped(winner->test.total, total));
    if (best->retrained)
        print_item(stdout, "retrained", "%.2f %% of the validation images", winner->mean_percent);
    print_item(stdout, "search", "%.2f %% of %s validation images",
               reward_percent(best->candidate.reward),
               print_grouped(best->candidate.reward.total, total));
}

/* Rewards of a table are shares of a round number, not of images. */
static void print_looked_up(const struct results_best *best, const struct table_spec *table)
{
    if (best->retrained && best->winner.test.total > 0)
        print_item(stdout, "test", "%.2f %%, '%s' in the table", reward_percent(best->winner.test),
                   table->report_column);
    print_item(stdout, "search", "%.2f %%, '%s' in the table",
               reward_percent(best->candidate.reward), table->reward_column);
}

static void print_accuracy(const struct study *study, const struct results_best *best)
{
    if (study->evaluation.evaluator == EVALUATOR_TABLE)
        print_looked_up(best, &study->evaluation.table);
    else if (study->evaluation.evaluator == EVALUATOR_SURROGATE)
        print_item(stdout, "search", "%.3f %%, predicted by %s",
                   reward_percent(best->candidate.reward), study->evaluation.data.name);
    else
        print_trained(best);
}

/* The cost that counts, then what else is known of the size. */
static void print_cost(const struct study *study, const struct candidate *candidate)
{
    struct costs costs = cost_details(study->cost_model, &candidate->canonical);
    bool by_madds = study->metric == COST_MADDS, by_params = study->metric == COST_PARAMS;
    char cost[HUMAN_SIZE], madds[HUMAN_SIZE + 8] = "", params[HUMAN_SIZE + 8] = "";
    char number[HUMAN_SIZE], target[HUMAN_RANGE_SIZE];

    if (costs.madds > 0 && !by_madds)
        snprintf(madds, sizeof madds, ", %s madds", human_amount(costs.madds, number));
    if (costs.params > 0 && !by_params)
        snprintf(params, sizeof params, ", %s params", human_amount(costs.params, number));
    print_item(stdout, "cost", "%s %s%s%s; target %s", human_amount(candidate->cost, cost),
               study->metric == COST_TABLE ? study->cost_column : cost_metric_name(study->metric),
               madds, params,
               human_range(study->search.target.lowest, study->search.target.highest, target));
}

static int widest_name(const struct part *parts, size_t n)
{
    size_t widest = 0;

    for (size_t i = 0; i < n; i++)
        if (strlen(parts[i].name) > widest)
            widest = strlen(parts[i].name);
    return widest < MOST_NAME ? (int)widest : MOST_NAME;
}

static void print_network(const struct study *study, const struct candidate *candidate)
{
    struct part parts[PARTS_MAX];
    size_t n = network_parts(study->space, &candidate->canonical, parts);
    char arch[ARCH_TEXT_SIZE], text[HUMAN_SIZE];
    int width = widest_name(parts, n);

    print_item(stdout, "arch", "%s", arch_format(&candidate->canonical, arch));
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        printf("  %-*.*s  ", width, width, parts[i].name);
        if (parts[i].out.channels > 0) /* else the space is mere names */
            printf("%-*.*s %14s madds\n", MOST_OPTION, MOST_OPTION, parts[i].option,
                   print_grouped(parts[i].costs.madds, text));
        else
            printf("%.*s\n", MOST_OPTION, parts[i].option);
    }
}

static void print_best(const struct coordinator *coordinator)
{
    struct results_best best = results_best(coordinator->campaign);

    if (!best.found) {
        printf("\n%s: no network inside the target was trained\n\n", coordinator->study->name);
        return;
    }
    printf("\n%s: the best network found\n\n", coordinator->study->name);
    print_accuracy(coordinator->study, &best);
    print_cost(coordinator->study, &best.candidate);
    print_network(coordinator->study, &best.candidate);
    putchar('\n');
}

static void print_effort(const struct coordinator *coordinator)
{
    const char *reason = campaign_stop_reason(coordinator->campaign);
    struct ledger_counts counts = trial_ledger_counts(coordinator->ledger);
    char first[HUMAN_SIZE], second[HUMAN_SIZE], third[HUMAN_SIZE];
    struct search_progress progress;

    campaign_progress(coordinator->campaign, &progress);
    print_item(stdout, "trials", "%s of at most %s, in %s%s%s", print_grouped(progress.told, first),
               print_grouped(progress.bound, second),
               human_duration(coordinator_elapsed(coordinator), third), reason ? "; " : "",
               reason ? reason : "");
    print_item(stdout, "spared",
               "%s children pruned by their cost, %s passed over, %s known from before",
               print_grouped(progress.dropped, first), print_grouped(progress.passed_over, second),
               print_grouped(progress.saved, third));
    if (counts.by_state[TRIAL_QUARANTINED] > 0)
        print_item(stdout, "trouble", "%s trials failed on every try and were left out",
                   print_grouped(counts.by_state[TRIAL_QUARANTINED], first));
}

void results_print(const struct coordinator *coordinator)
{
    char directory[RESULTS_PATH_SIZE];

    print_best(coordinator);
    print_effort(coordinator);
    print_item(stdout, "results", "%s", results_directory(coordinator, directory));
}
