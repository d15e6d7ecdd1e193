#include "coordinator/campaign.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/campaign_parts.h"
#include "coordinator/search/opening.h"

/* What one step came to. */
enum step { STEP_WAIT, STEP_MADE, STEP_OPENING };

int campaign_new(const struct study *study, struct trial_ledger *ledger,
                 struct campaign **campaign_out)
{
    struct campaign *campaign = calloc(1, sizeof *campaign);
    int rc = -ENOMEM;

    if (!campaign)
        return -ENOMEM;
    campaign->study = study;
    campaign->ledger = ledger;
    campaign->best = CAMPAIGN_NO_BEST;
    campaign->known = known_results_new();
    if (campaign->known)
        rc = strategy_new(&study->search, study->cost_model, &campaign->strategy);
    if (rc < 0) {
        campaign_free(campaign);
        return rc;
    }
    *campaign_out = campaign;
    return 0;
}

void campaign_free(struct campaign *campaign)
{
    size_t n;

    if (!campaign)
        return;
    n = campaign->n_remembered > campaign->n_openings ? campaign->n_remembered
                                                      : campaign->n_openings;
    for (size_t i = 0; i < n; i++)
        opening_clear(&campaign->openings[i]);
    for (size_t i = 0; i < campaign->n_openings; i++)
        layer_record_free(campaign->layers[i].record);
    free(campaign->openings);
    free(campaign->layers);
    free(campaign->finalists);
    free(campaign->final_proposals);
    pareto_front_clear(&campaign->front);
    final_stage_free(campaign->final_stage);
    strategy_free(campaign->strategy);
    known_results_free(campaign->known);
    free(campaign);
}

/* ---- what is known from before ---- */

int campaign_remember_result(struct campaign *campaign, const struct stored_result *stored)
{
    int rc;

    if (stored->retried) {
        known_results_drop(campaign->known, &stored->result.key);
        return 0;
    }
    rc = known_results_keep(campaign->known, stored);
    return rc == -EALREADY ? 0 : rc;
}

static int append_opening(struct campaign *campaign, size_t n, const struct opening *opening)
{
    struct opening *openings = realloc(campaign->openings, (n + 1) * sizeof *openings);

    if (!openings)
        return -ENOMEM;
    campaign->openings = openings;
    return opening_copy(opening, &openings[n]);
}

int campaign_remember_opening(struct campaign *campaign, const struct opening *opening)
{
    int rc;

    if (opening->number != campaign->n_remembered)
        return -EINVAL;
    rc = append_opening(campaign, campaign->n_remembered, opening);
    if (rc == 0)
        campaign->n_remembered++;
    return rc;
}

int campaign_keep_result(struct campaign *campaign, const struct trial_result *result)
{
    struct stored_result stored = { .result = *result };

    return known_results_keep(campaign->known, &stored);
}

bool campaign_has_kept(const struct campaign *campaign, const struct digest *key)
{
    return known_results_has(campaign->known, key);
}

void campaign_stop_search(struct campaign *campaign, const char *reason)
{
    if (campaign->state == CAMPAIGN_SEARCH && !*campaign->stopped)
        snprintf(campaign->stopped, sizeof campaign->stopped, "%s", reason);
}

bool campaign_raise_cap(struct campaign *campaign, uint32_t trials)
{
    if (campaign->state == CAMPAIGN_SEARCH)
        strategy_raise_cap(campaign->strategy, trials);
    return campaign->state == CAMPAIGN_SEARCH;
}

/* ---- telling ---- */

static void note_best(struct campaign *campaign, size_t i, const struct candidate *candidate)
{
    struct candidate best;

    if (!campaign_in_target(campaign, candidate->cost))
        return;
    if (campaign->best == CAMPAIGN_NO_BEST ||
        (campaign_candidate(campaign, (size_t)campaign->best, &best) &&
         candidate_compare(candidate, &best) < 0))
        campaign->best = (long)i;
}

/* What the views show is brought up to date here, so that none of them goes through all trials. */
static int note_told(struct campaign *campaign, size_t i, const struct ledger_entry *entry,
                     const struct verdict *verdict)
{
    size_t after = campaign_first_after(campaign, i);
    struct candidate candidate;

    for (size_t n = after > 0 ? after - 1 : 0; n < campaign->n_openings; n++)
        layer_record_tell(campaign->layers[n].record, &entry->trial.arch, verdict);
    if (!campaign_candidate_of(entry, &candidate))
        return 0;
    note_best(campaign, i, &candidate);
    return pareto_front_offer(&campaign->front, &candidate);
}

/* Whoever proposed entry i hears what became of it. */
static int tell(struct campaign *campaign, size_t i)
{
    struct ledger_entry entry;
    struct verdict verdict;
    int rc;

    trial_ledger_entry(campaign->ledger, i, &entry);
    assert(entry.state == TRIAL_DONE || entry.state == TRIAL_QUARANTINED);
    verdict.valid = entry.state == TRIAL_DONE;
    verdict.reward = entry.result.reward;
    if (i >= campaign->n_search) {
        /* Without weights it cannot be the winner; it counts as reward 0 all the same. */
        verdict.valid = verdict.valid && !entry.result.diverged;
        rc = final_stage_tell(campaign->final_stage,
                              &campaign->final_proposals[i - campaign->n_search], &verdict);
        campaign->n_final_told += rc == 0;
        return rc;
    }
    rc = strategy_tell(campaign->strategy, i + 1, &verdict);
    if (rc < 0)
        return rc;
    campaign->n_search_told++;
    return note_told(campaign, i, &entry, &verdict);
}

int campaign_settled(struct campaign *campaign, const struct digest *key)
{
    size_t i;
    int rc = trial_ledger_find(campaign->ledger, key, &i);

    return rc < 0 ? rc : tell(campaign, i);
}

static int untell_search(struct campaign *campaign, size_t i, const struct arch *arch)
{
    int rc = campaign->state == CAMPAIGN_SEARCH ? strategy_untell(campaign->strategy, i + 1)
                                                : -EPERM;
    size_t after = campaign_first_after(campaign, i);

    if (rc < 0)
        return rc;
    campaign->n_search_told--;
    for (size_t n = after > 0 ? after - 1 : 0; n < campaign->n_openings; n++)
        layer_record_untell(campaign->layers[n].record, arch);
    return 0;
}

static int untell_final(struct campaign *campaign, size_t i)
{
    int rc = final_stage_untell(campaign->final_stage, &campaign->final_proposals[i]);

    campaign->n_final_told -= rc == 0;
    return rc;
}

int campaign_retry(struct campaign *campaign, size_t i)
{
    struct ledger_entry entry;
    int rc;

    trial_ledger_entry(campaign->ledger, i, &entry);
    if (entry.state != TRIAL_QUARANTINED)
        return -EINVAL;
    rc = i < campaign->n_search ? untell_search(campaign, i, &entry.trial.arch)
                                : untell_final(campaign, i - campaign->n_search);
    return rc < 0 ? rc : trial_ledger_retry(campaign->ledger, &entry.trial.key);
}

/* ---- asking ---- */

/* Puts a proposed trial into the ledger, or answers it from what is known. */
static int add_trial(struct campaign *campaign, enum stage stage, uint32_t replica,
                     const struct arch *arch)
{
    struct trial trial = {
        .number = trial_ledger_n(campaign->ledger) + 1,
        .stage = stage,
        .replica = replica,
        .arch = *arch,
    };
    struct stored_result known;
    int rc;

    study_name_trial(campaign->study, &trial);
    if (!known_results_take(campaign->known, &trial.key, &known))
        return trial_ledger_add(campaign->ledger, &trial);
    rc = trial_ledger_add_settled(campaign->ledger, &trial, &known.result, known.quarantined);
    return rc < 0 ? rc : tell(campaign, trial.number - 1);
}

static bool known_verdict(void *campaign, const struct arch *candidate, struct verdict *verdict_out)
{
    return campaign_verdict(campaign, candidate, verdict_out);
}

/* Whether it is of this layer that the strategy proposed entry i. */
static bool is_trial_of(const struct campaign *campaign, const struct campaign_layer *layer,
                        const struct opening *opening, size_t i)
{
    struct ledger_entry entry;
    uint32_t child;

    trial_ledger_entry(campaign->ledger, i, &entry);
    return layer_record_find_candidate(layer->record, &entry.trial.arch, &child) == 0 &&
           opening->children[child].fate == FATE_TRIAL;
}

/* openings[n_openings] has been taken. */
static int begin_layer(struct campaign *campaign)
{
    size_t n = campaign->n_openings, room = campaign->layers_room ? 2 * campaign->layers_room : 64;
    struct campaign_layer *layers, *layer;
    int rc;

    if (n == campaign->layers_room) {
        layers = realloc(campaign->layers, room * sizeof *layers);
        if (!layers)
            return -ENOMEM;
        campaign->layers = layers;
        campaign->layers_room = room;
    }
    rc = layer_record_new(&campaign->openings[n], known_verdict, campaign,
                          &campaign->layers[n].record);
    if (rc < 0)
        return rc;
    layer = &campaign->layers[n];
    layer->n_before = layer->n_decided = campaign->n_search;
    while (layer->n_before > 0 &&
           is_trial_of(campaign, layer, &campaign->openings[n], layer->n_before - 1))
        layer->n_before--;
    campaign->n_openings++;
    return 0;
}

static int take_opening(struct campaign *campaign, struct errmsg *err)
{
    const struct opening *decided = strategy_opening(campaign->strategy);
    size_t n = campaign->n_openings;
    int rc;

    if (n < campaign->n_remembered) {
        rc = strategy_adopt(campaign->strategy, &campaign->openings[n]);
        if (rc == -EINVAL)
            return errmsg_set(err, rc, "stored opening %zu is not one that this search can come to",
                              n);
        if (rc == 0)
            rc = begin_layer(campaign);
        return rc < 0 ? rc : STEP_MADE;
    }
    rc = append_opening(campaign, n, decided);
    if (rc < 0)
        return rc;
    rc = begin_layer(campaign);
    if (rc < 0) {
        opening_clear(&campaign->openings[n]);
        return rc;
    }
    campaign->opening_pending = true;
    return STEP_OPENING;
}

static int begin_final(struct campaign *campaign)
{
    const struct final_settings *settings = &campaign->study->final;
    size_t n;

    campaign->state = CAMPAIGN_DONE;
    if (settings->top == 0)
        return 0;
    campaign->finalists = calloc(settings->top, sizeof *campaign->finalists);
    if (!campaign->finalists)
        return -ENOMEM;
    n = campaign_best(campaign, campaign->finalists, settings->top);
    if (n == 0)
        return 0;
    campaign->n_finalists = n;
    campaign->state = CAMPAIGN_FINAL;
    return final_stage_new(campaign->finalists, (uint32_t)n, settings->seeds,
                           &campaign->final_stage);
}

/* The strategy proposes nothing more; what it proposed may still be out. */
static int end_search(struct campaign *campaign, const char *reason)
{
    int rc;

    if (campaign->n_search_told < campaign->n_search)
        return STEP_WAIT;
    snprintf(campaign->reason, sizeof campaign->reason, "%s", reason);
    rc = begin_final(campaign);
    return rc < 0 ? rc : STEP_MADE;
}

static int step_search(struct campaign *campaign, struct errmsg *err)
{
    struct proposal proposal;
    int rc;

    /* A search that was stopped before, then killed: its results count, so it is led through them. */
    if (*campaign->stopped && known_results_n_search(campaign->known) == 0)
        return end_search(campaign, campaign->stopped);
    rc = strategy_ask(campaign->strategy, &proposal);
    switch (rc) {
    case ASK_TRIAL:
        assert(proposal.number == campaign->n_search + 1);
        campaign->n_search++;
        rc = add_trial(campaign, STAGE_SEARCH, 0, &proposal.arch);
        return rc < 0 ? rc : STEP_MADE;
    case ASK_OPENING:
        return take_opening(campaign, err);
    case ASK_WAIT:
        return STEP_WAIT;
    case ASK_DONE:
        return end_search(campaign, strategy_stop_reason(campaign->strategy));
    default:
        return rc;
    }
}

static int step_final(struct campaign *campaign)
{
    struct final_proposal proposal, *proposals;
    int rc = final_stage_ask(campaign->final_stage, &proposal);

    if (rc == ASK_DONE)
        campaign->state = CAMPAIGN_DONE;
    if (rc != ASK_TRIAL)
        return rc < 0 ? rc : STEP_WAIT;
    proposals = realloc(campaign->final_proposals, (campaign->n_final + 1) * sizeof *proposals);
    if (!proposals)
        return -ENOMEM;
    campaign->final_proposals = proposals;
    proposals[campaign->n_final++] = proposal;
    final_stage_take(campaign->final_stage);
    if (proposal.stage == STAGE_TEST)
        campaign->state = CAMPAIGN_TEST;
    rc = add_trial(campaign, proposal.stage, proposal.replica, &proposal.arch);
    return rc < 0 ? rc : STEP_MADE;
}

int campaign_advance(struct campaign *campaign, uint64_t wanted, struct errmsg *err)
{
    int rc = STEP_MADE;

    err->text[0] = '\0';
    while (rc == STEP_MADE && !campaign->opening_pending && campaign->state != CAMPAIGN_DONE &&
           trial_ledger_counts(campaign->ledger).by_state[TRIAL_READY] < wanted)
        rc = campaign->state == CAMPAIGN_SEARCH ? step_search(campaign, err) : step_final(campaign);
    if (rc < 0)
        return *err->text ? rc : errmsg_set(err, rc, "the search cannot go on: %s", strerror(-rc));
    return rc == STEP_OPENING;
}

void campaign_opening_stored(struct campaign *campaign)
{
    campaign->opening_pending = false;
}
