/* campaign_view - the half of campaign that only looks. */
#include "common/target.h"
#include "coordinator/campaign.h"
#include "coordinator/campaign_parts.h"

enum campaign_state campaign_state(const struct campaign *campaign)
{
    return campaign->state;
}

const char *campaign_stop_reason(const struct campaign *campaign)
{
    return *campaign->reason ? campaign->reason : NULL;
}

void campaign_progress(const struct campaign *campaign, struct search_progress *progress_out)
{
    strategy_progress(campaign->strategy, progress_out);
}

size_t campaign_n_openings(const struct campaign *campaign)
{
    return campaign->n_openings;
}

const struct opening *campaign_opening(const struct campaign *campaign, size_t i)
{
    return &campaign->openings[i];
}

const struct layer_record *campaign_record(const struct campaign *campaign, size_t i)
{
    return campaign->layers[i].record;
}

size_t campaign_first_after(const struct campaign *campaign, size_t i)
{
    size_t low = 0, high = campaign->n_openings;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (campaign->layers[middle].n_before <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t campaign_first_open(const struct campaign *campaign)
{
    struct search_progress progress;

    if (campaign->state != CAMPAIGN_SEARCH)
        return campaign->n_search;
    campaign_progress(campaign, &progress);
    return (size_t)progress.decided;
}

uint32_t campaign_final_total(const struct campaign *campaign)
{
    const struct final_settings *settings = &campaign->study->final;

    if (campaign->state == CAMPAIGN_SEARCH)
        return settings->top * settings->seeds;
    return (uint32_t)campaign->n_finalists * settings->seeds;
}

uint32_t campaign_final_done(const struct campaign *campaign)
{
    uint32_t total = campaign_final_total(campaign);

    /* The test is told last, and is no training. */
    return campaign->n_final_told < total ? (uint32_t)campaign->n_final_told : total;
}

bool campaign_in_target(const struct campaign *campaign, int64_t cost)
{
    return target_holds(&campaign->study->search.target, cost);
}

bool campaign_candidate_of(const struct ledger_entry *entry, struct candidate *candidate_out)
{
    if (entry->state != TRIAL_DONE || entry->trial.stage != STAGE_SEARCH)
        return false;
    *candidate_out = (struct candidate){
        .arch = entry->trial.arch,
        .canonical = entry->trial.arch,
        .cost = entry->trial.cost,
        .reward = entry->result.reward,
    };
    return true;
}

bool campaign_candidate(const struct campaign *campaign, size_t i, struct candidate *candidate_out)
{
    struct ledger_entry entry;

    trial_ledger_entry(campaign->ledger, i, &entry);
    return campaign_candidate_of(&entry, candidate_out);
}

static int find_trial(const struct campaign *campaign, enum stage stage, uint32_t replica,
                      const struct arch *arch, size_t *i_out)
{
    struct trial trial = { .stage = stage, .replica = replica, .arch = *arch };

    study_name_trial(campaign->study, &trial);
    return trial_ledger_find(campaign->ledger, &trial.key, i_out);
}

int campaign_trial_of(const struct campaign *campaign, const struct arch *candidate, size_t *i_out)
{
    return find_trial(campaign, STAGE_SEARCH, 0, candidate, i_out);
}

bool campaign_verdict(const struct campaign *campaign, const struct arch *candidate,
                      struct verdict *verdict_out)
{
    struct ledger_entry entry;
    size_t i;

    if (campaign_trial_of(campaign, candidate, &i) < 0)
        return false;
    trial_ledger_entry(campaign->ledger, i, &entry);
    verdict_out->valid = entry.state == TRIAL_DONE;
    verdict_out->reward = entry.result.reward;
    return entry.state == TRIAL_DONE || entry.state == TRIAL_QUARANTINED;
}

bool campaign_reward(const struct campaign *campaign, const struct arch *candidate,
                     struct reward *reward_out)
{
    struct candidate found;
    size_t i;

    if (campaign_trial_of(campaign, candidate, &i) < 0 || !campaign_candidate(campaign, i, &found))
        return false;
    *reward_out = found.reward;
    return true;
}

/* Puts a candidate into its place among the best n; returns how many there are now. */
static size_t insert_sorted(struct candidate *best, size_t n_best, size_t n,
                            const struct candidate *candidate)
{
    size_t place = n_best;

    while (place > 0 && candidate_compare(candidate, &best[place - 1]) < 0)
        place--;
    if (place == n)
        return n_best;
    if (n_best < n)
        n_best++;
    for (size_t i = n_best - 1; i > place; i--)
        best[i] = best[i - 1];
    best[place] = *candidate;
    return n_best;
}

size_t campaign_best(const struct campaign *campaign, struct candidate *best, size_t n)
{
    struct candidate candidate;
    size_t n_best = 0;

    if (n == 1 && campaign->best != CAMPAIGN_NO_BEST)
        return campaign_candidate(campaign, (size_t)campaign->best, best);
    for (size_t i = 0; n > 0 && i < campaign->n_search; i++)
        if (campaign_candidate(campaign, i, &candidate) &&
            campaign_in_target(campaign, candidate.cost))
            n_best = insert_sorted(best, n_best, n, &candidate);
    return n_best;
}

const struct candidate *campaign_pareto(const struct campaign *campaign, size_t *n_out)
{
    *n_out = campaign->front.n;
    return campaign->front.at;
}

bool campaign_winner(const struct campaign *campaign, struct campaign_winner *winner_out)
{
    struct campaign_winner winner = { .test = { 0, 0 } };
    struct ledger_entry entry;
    uint32_t finalist;
    size_t i;

    if (!campaign->final_stage || final_stage_winner(campaign->final_stage, &finalist,
                                                     &winner.replica, &winner.mean_percent) < 0)
        return false;
    winner.candidate = campaign->finalists[finalist];
    if (find_trial(campaign, STAGE_FINAL, winner.replica, &winner.candidate.arch, &i) < 0)
        return false;
    trial_ledger_entry(campaign->ledger, i, &entry);
    winner.weights_key = entry.trial.key;
    if (find_trial(campaign, STAGE_TEST, winner.replica, &winner.candidate.arch, &i) == 0) {
        trial_ledger_entry(campaign->ledger, i, &entry);
        if (entry.state == TRIAL_DONE)
            winner.test = entry.result.reward;
    }
    *winner_out = winner;
    return true;
}
