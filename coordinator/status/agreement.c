#include "coordinator/status/agreement.h"

#include <errno.h>
#include <stdlib.h>

/* What the trainings of one of them came to. Means are of fractions, so that equal ones are equal. */
struct trainings {
    uint32_t settled, valid;
    uint64_t correct, total;
};

/* The ledger's last entries are the finals, all finalists once before any a second time. */
static void add_final(const struct ledger_entry *entry, struct finalist *finalist,
                      struct trainings *trainings)
{
    finalist->candidate.arch = finalist->candidate.canonical = entry->trial.arch;
    finalist->candidate.cost = entry->trial.cost;
    if (entry->state == TRIAL_DONE) {
        trainings->valid++;
        trainings->correct += entry->result.reward.correct;
        trainings->total += entry->result.reward.total;
    }
    trainings->settled += entry->state == TRIAL_DONE || entry->state == TRIAL_QUARANTINED;
}

/* Whether all that is to be known of it is known. */
static bool is_over(const struct coordinator *coordinator, const struct trainings *trainings,
                    struct finalist *finalist)
{
    uint32_t seeds = coordinator->study->final.seeds;

    if (trainings->settled < seeds || trainings->valid == 0 ||
        !campaign_reward(coordinator->campaign, &finalist->candidate.canonical,
                         &finalist->candidate.reward))
        return false;
    finalist->seeds = trainings->valid;
    finalist->searched = reward_percent(finalist->candidate.reward);
    finalist->retrained = 100.0 * (double)(trainings->correct * trainings->valid) /
                          (double)(trainings->total * seeds);
    return true;
}

static int compare_finalists(const void *left, const void *right)
{
    const struct finalist *a = left, *b = right;

    if (a->retrained != b->retrained)
        return a->retrained > b->retrained ? -1 : 1;
    return candidate_compare(&a->candidate, &b->candidate);
}

static int correlate(struct agreement *agreement)
{
    size_t n = agreement->n;
    double *lists = malloc((4 * n + 1) * sizeof *lists);
    double *searched = lists, *retrained = lists + n, *places = lists + 2 * n;
    int rc = lists ? 0 : -ENOMEM;

    for (size_t i = 0; i < n && rc == 0; i++) {
        searched[i] = agreement->finalists[i].searched;
        retrained[i] = agreement->finalists[i].retrained;
    }
    if (rc == 0)
        rc = rank_correlate(searched, retrained, n, &agreement->correlation);
    if (rc == 0)
        rc = rank_places(searched, n, places);
    if (rc == 0)
        rc = rank_places(retrained, n, places + n);
    for (size_t i = 0; i < n && rc == 0; i++) {
        agreement->finalists[i].search_place = places[i];
        agreement->finalists[i].final_place = places[n + i];
    }
    free(lists);
    return rc;
}

static int gather(const struct coordinator *coordinator, size_t n_finalists,
                  struct agreement *agreement)
{
    size_t first = campaign_first_open(coordinator->campaign);
    size_t n_entries = trial_ledger_n(coordinator->ledger);
    struct trainings *trainings = calloc(n_finalists, sizeof *trainings);

    agreement->finalists = calloc(n_finalists, sizeof *agreement->finalists);
    if (!trainings || !agreement->finalists) {
        free(trainings);
        return -ENOMEM;
    }
    for (size_t i = first; i < n_entries; i++) {
        size_t f = (i - first) % n_finalists;
        struct ledger_entry entry;

        trial_ledger_entry(coordinator->ledger, i, &entry);
        if (entry.trial.stage == STAGE_FINAL)
            add_final(&entry, &agreement->finalists[f], &trainings[f]);
    }
    for (size_t f = 0; f < n_finalists; f++)
        if (is_over(coordinator, &trainings[f], &agreement->finalists[f]))
            agreement->finalists[agreement->n++] = agreement->finalists[f];
    free(trainings);
    qsort(agreement->finalists, agreement->n, sizeof *agreement->finalists, compare_finalists);
    return 0;
}

int agreement_find(const struct coordinator *coordinator, struct agreement *agreement_out)
{
    const struct campaign *campaign = coordinator->campaign;
    uint32_t seeds = coordinator->study->final.seeds;
    size_t n_finalists = seeds ? campaign_final_total(campaign) / seeds : 0;
    struct agreement agreement = { 0 };
    int rc = 0;

    if (n_finalists > 0 && campaign_state(campaign) != CAMPAIGN_SEARCH)
        rc = gather(coordinator, n_finalists, &agreement);
    if (rc == 0)
        rc = correlate(&agreement);
    if (rc < 0)
        agreement_clear(&agreement);
    else
        *agreement_out = agreement;
    return rc;
}

void agreement_clear(struct agreement *agreement)
{
    free(agreement->finalists);
    *agreement = (struct agreement){ 0 };
}
