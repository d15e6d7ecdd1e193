#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/human.h"
#include "coordinator/status/parts.h"
#include "coordinator/status/results.h"
#include "coordinator/status/results_content.h"

static void print_costs(const struct study *study, const struct candidate *candidate)
{
    struct costs costs = cost_details(study->cost_model, &candidate->canonical);
    char text[HUMAN_SIZE];

    printf("  cost        ");
    if (costs.params > 0) {
        printf("%s multiply-adds, ", human_amount(costs.madds, text));
        printf("%s parameters", human_amount(costs.params, text));
    } else {
        printf("%s", human_amount(candidate->cost, text));
    }
    if (costs.params > 0 && study->metric == COST_ACTIVATIONS)
        printf(", %s bytes of activations", human_amount(candidate->cost, text));
    if (study->search.target.highest < INT64_MAX)
        printf("; target at most %s", human_amount(study->search.target.highest, text));
    putchar('\n');
}

static void print_network(const struct study *study, const struct candidate *candidate)
{
    struct part parts[PARTS_MAX];
    size_t n = network_parts(study->space, &candidate->canonical, parts);
    char arch[ARCH_TEXT_SIZE], text[HUMAN_SIZE];
    int width = 10;

    for (size_t i = 0; i < n; i++)
        if ((int)strlen(parts[i].name) > width)
            width = strlen(parts[i].name) < 24 ? (int)strlen(parts[i].name) : 24;
    printf("  arch        %.64s\n", arch_format(&candidate->canonical, arch));
    for (size_t i = 0; i < n; i++) {
        if (parts[i].option[0] == '\0') /* stem and head are the same in every network */
            continue;
        printf("  %-*.*s  %-28.40s", width, width, parts[i].name, parts[i].option);
        if (parts[i].out.channels > 0)
            printf("  %10s madds", human_amount(parts[i].costs.madds, text));
        putchar('\n');
    }
}

static void print_accuracy(const struct results_best *best)
{
    const struct campaign_winner *winner = &best->winner;

    printf("  search      %.2f %% of %u validation images\n",
           reward_percent(best->candidate.reward), best->candidate.reward.total);
    if (!best->retrained)
        return;
    printf("  retrained   %.2f %% of the validation images\n", winner->mean_percent);
    if (winner->test.total > 0)
        printf("  test        %.2f %%: %u of %u test images, seen once\n",
               reward_percent(winner->test), winner->test.correct, winner->test.total);
}

static void print_best(const struct coordinator *coordinator)
{
    struct results_best best = results_best(coordinator->campaign);

    if (!best.found) {
        printf("  no network inside the target was trained\n");
        return;
    }
    print_accuracy(&best);
    print_costs(coordinator->study, &best.candidate);
    print_network(coordinator->study, &best.candidate);
}

static void print_effort(const struct coordinator *coordinator)
{
    const char *reason = campaign_stop_reason(coordinator->campaign);
    struct ledger_counts counts = trial_ledger_counts(coordinator->ledger);
    char done[HUMAN_SIZE], bound[HUMAN_SIZE], dropped[HUMAN_SIZE], saved[HUMAN_SIZE];
    struct search_progress progress;

    campaign_progress(coordinator->campaign, &progress);
    printf("  trials      %s done of at most %s, in %s", human_count(progress.told, done),
           human_count(progress.bound, bound),
           human_duration(coordinator_elapsed(coordinator), saved));
    if (reason)
        printf("; %s", reason);
    putchar('\n');
    printf("  spared      %s trials: %s pruned by cost, %s known before\n",
           human_count(progress.dropped + progress.saved, done),
           human_count(progress.dropped, dropped), human_count(progress.saved, saved));
    if (counts.by_state[TRIAL_QUARANTINED] > 0)
        printf("  quarantined %s trials failed on every try\n",
               human_count(counts.by_state[TRIAL_QUARANTINED], done));
}

void results_print(const struct coordinator *coordinator)
{
    char directory[RESULTS_PATH_SIZE];

    printf("\n%s: the best network found\n\n", coordinator->study->name);
    print_best(coordinator);
    putchar('\n');
    print_effort(coordinator);
    printf("  results     %s\n", results_directory(coordinator, directory));
}
