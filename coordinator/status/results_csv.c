#include <inttypes.h>
#include <stdlib.h>

#include "coordinator/search/opening.h"
#include "coordinator/status/results_content.h"
#include "coordinator/status/results_file.h"
#include "coordinator/status/tables.h"
#include "coordinator/status/trial_text.h"

static void write_arch(FILE *out, const struct arch *arch)
{
    char text[ARCH_TEXT_SIZE];

    fprintf(out, "%s,", arch_format(arch, text));
}

int write_pareto_csv(FILE *out, const void *arg)
{
    const struct coordinator *coordinator = arg;
    const struct study *study = coordinator->study;
    size_t n;
    const struct candidate *front = campaign_pareto(coordinator->campaign, &n);

    fputs("arch,cost,madds,params,reward,correct,total,in_target\n", out);
    for (size_t i = 0; i < n; i++) {
        struct costs costs = cost_details(study->cost_model, &front[i].canonical);

        write_arch(out, &front[i].canonical);
        fprintf(out, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%.4f,%u,%u,%d\n", front[i].cost,
                costs.madds, costs.params, reward_percent(front[i].reward), front[i].reward.correct,
                front[i].reward.total, campaign_in_target(coordinator->campaign, front[i].cost));
    }
    return 0;
}

static void write_trial(FILE *out, const struct ledger_entry *entry)
{
    const struct trial *trial = &entry->trial;
    const struct trial_result *result = &entry->result;

    fprintf(out, "%" PRIu64 ",%s,%u,%s,", trial->number, stage_name(trial->stage), trial->replica,
            trial_state_name(entry->state));
    write_arch(out, &trial->arch);
    fprintf(out, "%" PRId64 ",%" PRId64 ",%" PRId64 ",", trial->cost, trial->costs.madds,
            trial->costs.params);
    if (trial_has_result(entry)) {
        fprintf(out, "%.4f,%u,%u,%.6g,%.3f,", reward_percent(result->reward),
                result->reward.correct, result->reward.total, result->loss, result->seconds);
        results_csv_text(out, result->worker);
        fputc(',', out);
        results_csv_text(out, result->numerics);
    } else {
        fputs(",,,,,,", out);
    }
    fprintf(out, ",%u\n", entry->failures);
}

int write_trials_csv(FILE *out, const void *arg)
{
    const struct coordinator *coordinator = arg;
    size_t n = trial_ledger_n(coordinator->ledger);

    fputs("number,stage,replica,state,arch,cost,madds,params,reward,correct,total,loss,seconds,"
          "worker,numerics,failures\n",
          out);
    for (size_t i = 0; i < n; i++) {
        struct ledger_entry entry;

        trial_ledger_entry(coordinator->ledger, i, &entry);
        write_trial(out, &entry);
    }
    return 0;
}

/* The table lists candidates by bucket, so those before this child's are skipped by halves. */
static bool is_kept(const struct candidate_table *table, const struct opening_child *child)
{
    size_t low = 0, high = candidate_table_n(table), n = high;
    uint32_t bucket, interface;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        candidate_table_at(table, middle, &bucket, &interface);
        if (bucket < child->bucket)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < n; low++) {
        const struct candidate *kept = candidate_table_at(table, low, &bucket, &interface);

        if (bucket != child->bucket)
            break;
        if (interface == child->interface && arch_equal(&kept->arch, &child->arch))
            return true;
    }
    return false;
}

static const char *fate_name(enum fate fate)
{
    static const char *const names[FATES] = {
        [FATE_TRIAL] = "trial",
        [FATE_KNOWN] = "known",
        [FATE_DUPLICATE] = "duplicate",
        [FATE_DROPPED] = "dropped",
        [FATE_PASSED_OVER] = "passed over",
    };
    return names[fate];
}

static void write_child(FILE *out, const struct coordinator *coordinator,
                        const struct opening *opening, const struct opening_child *child,
                        const struct candidate_table *table)
{
    bool in_bucket = child->fate != FATE_DROPPED;
    struct reward reward;

    fprintf(out, "%u,%u,%u,", opening->number, opening->pass, opening->layer);
    results_csv_text(out, space_layer_name(coordinator->study->space, opening->layer));
    if (in_bucket)
        fprintf(out, ",%u,%u,", child->bucket, child->interface);
    else
        fputs(",,,", out);
    fprintf(out, "%" PRId64 ",", child->cost);
    write_arch(out, &child->arch);
    write_arch(out, &child->candidate);
    write_arch(out, &opening->parents[child->parent]);
    fprintf(out, "%s,", fate_name(child->fate));
    if (in_bucket && campaign_reward(coordinator->campaign, &child->candidate, &reward))
        fprintf(out, "%.4f", reward_percent(reward));
    fprintf(out, ",%d\n",
            opening_child_is_filed(child) && child->fate != FATE_DUPLICATE &&
                is_kept(table, child));
}

int write_layers_csv(FILE *out, const void *arg)
{
    const struct coordinator *coordinator = arg;
    size_t n = campaign_n_openings(coordinator->campaign);

    fputs("opening,pass,layer,layer_name,bucket,interface,cost,arch,candidate,parent,fate,reward,"
          "kept\n",
          out);
    for (size_t i = 0; i < n; i++) {
        const struct opening *opening = campaign_opening(coordinator->campaign, i);
        struct candidate_table *table;
        int rc = table_so_far(coordinator->campaign, opening, &table);

        if (rc < 0)
            return rc;
        for (uint32_t c = 0; c < opening->n_children; c++)
            write_child(out, coordinator, opening, &opening->children[c], table);
        candidate_table_free(table);
    }
    return 0;
}
