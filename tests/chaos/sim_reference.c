/* What a study comes to when nothing happens to it: the strategy and the final stage, asked and told
 * one trial after the other. And the same facts of a coordinator that has been through something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/final_stage.h"
#include "coordinator/search/opening.h"
#include "coordinator/search/opening_table.h"
#include "tests/chaos/sim.h"
#include "tests/unit/check.h"

/* ---- facts, as digests ---- */

struct fact {
    struct digest key;
    bool valid, diverged;
    struct reward reward;
};

static void add_fact(struct digest_state *state, const struct fact *fact)
{
    digest_bytes(state, fact->key.bytes, sizeof fact->key.bytes);
    digest_integer(state, fact->valid);
    if (!fact->valid)
        return;
    digest_integer(state, fact->diverged);
    digest_integer(state, fact->reward.correct);
    digest_integer(state, fact->reward.total);
}

static void add_table(struct digest_state *state, const struct opening *opening,
                      reward_lookup_fn *lookup, void *arg)
{
    struct candidate_table *table;
    struct digest digest;

    assert_int_equal(opening_table(opening, lookup, arg, &table), 0);
    digest = candidate_table_digest(table);
    digest_bytes(state, digest.bytes, sizeof digest.bytes);
    candidate_table_free(table);
}

static void add_winner(struct digest_state *state, const struct arch *arch, uint32_t replica,
                       double mean_percent, struct reward test)
{
    digest_bytes(state, arch->option, sizeof arch->option);
    digest_integer(state, replica);
    digest_real(state, mean_percent);
    digest_integer(state, test.correct);
    digest_integer(state, test.total);
}

/* ---- the reference ---- */

struct run {
    struct sim_reference *reference;
    struct trial *trials; /* the reference's */
    struct fact facts[SIM_ROWS];
    size_t n;
    struct opening openings[SIM_ROWS]; /* owned */
    size_t n_openings;
};

static struct verdict evaluate(struct run *run, struct trial *trial)
{
    struct fact *fact = &run->facts[run->n];
    struct verdict verdict;

    assert_in_range(run->n, 0, SIM_ROWS - 1);
    study_name_trial(run->reference->study, trial);
    fact->key = trial->key;
    fact->valid = sim_outcome(trial, &fact->reward, &fact->diverged);
    verdict = (struct verdict){ .valid = fact->valid, .reward = fact->reward };
    run->trials[run->n++] = *trial;
    return verdict;
}

static void search(struct run *run)
{
    const struct study *study = run->reference->study;
    struct sim_findings *findings = &run->reference->findings;
    struct strategy *strategy;
    struct proposal proposal;
    int ask;

    assert_int_equal(strategy_new(&study->search, study->cost_model, &strategy), 0);
    while ((ask = strategy_ask(strategy, &proposal)) != ASK_DONE) {
        if (ask == ASK_TRIAL) {
            struct trial trial = { .stage = STAGE_SEARCH, .arch = proposal.arch };
            struct verdict verdict = evaluate(run, &trial);

            assert_int_equal(strategy_tell(strategy, proposal.number, &verdict), 0);
        } else {
            assert_int_equal(ask, ASK_OPENING);
            assert_in_range(run->n_openings, 0, SIM_ROWS - 1);
            assert_int_equal(
                opening_copy(strategy_opening(strategy), &run->openings[run->n_openings++]), 0);
        }
    }
    findings->n_search = run->n;
    snprintf(findings->reason, sizeof findings->reason, "%s", strategy_stop_reason(strategy));
    strategy_free(strategy);
}

static int compare(const void *a, const void *b)
{
    return candidate_compare(a, b);
}

static size_t finalists(const struct run *run, struct candidate best[SIM_ROWS])
{
    const struct cost_range *target = &run->reference->study->search.target;
    size_t n = 0;

    for (size_t i = 0; i < run->n; i++)
        if (run->facts[i].valid && run->trials[i].cost >= target->lowest &&
            run->trials[i].cost <= target->highest)
            best[n++] = (struct candidate){ .arch = run->trials[i].arch,
                                            .canonical = run->trials[i].arch,
                                            .cost = run->trials[i].cost,
                                            .reward = run->facts[i].reward };
    qsort(best, n, sizeof *best, compare);
    return n;
}

static void finals(struct run *run, struct digest_state *winner)
{
    const struct final_settings *settings = &run->reference->study->final;
    static struct candidate best[SIM_ROWS];
    size_t n = finalists(run, best);
    struct final_stage *stage;
    struct final_proposal proposal;
    struct reward test = { 0, 0 };
    uint32_t finalist, replica;
    double mean;

    n = n < settings->top ? n : settings->top;
    if (n == 0)
        return;
    assert_int_equal(final_stage_new(best, (uint32_t)n, settings->seeds, &stage), 0);
    while (final_stage_ask(stage, &proposal) == ASK_TRIAL) {
        struct trial trial = { .stage = proposal.stage,
                               .replica = proposal.replica,
                               .arch = proposal.arch };
        struct verdict verdict = evaluate(run, &trial);

        if (proposal.stage == STAGE_TEST && verdict.valid)
            test = verdict.reward;
        verdict.valid = verdict.valid && !run->facts[run->n - 1].diverged;
        final_stage_take(stage);
        assert_int_equal(final_stage_tell(stage, &proposal, &verdict), 0);
    }
    if (final_stage_winner(stage, &finalist, &replica, &mean) == 0)
        add_winner(winner, &best[finalist].arch, replica, mean, test);
    final_stage_free(stage);
}

static bool reward_in_run(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    const struct run *run = arg;

    for (size_t i = 0; i < run->reference->findings.n_search; i++)
        if (run->facts[i].valid && arch_equal(&run->trials[i].arch, candidate)) {
            *reward_out = run->facts[i].reward;
            return true;
        }
    return false;
}

void sim_reference_make(struct sim_reference *reference, const struct study *study)
{
    struct sim_findings *findings = &reference->findings;
    struct run *run = calloc(1, sizeof *run);
    struct digest_state state;

    assert_non_null(run);
    *reference = (struct sim_reference){ .study = study };
    run->reference = reference;
    run->trials = reference->trials;
    search(run);
    digest_begin(&state, "winner");
    finals(run, &state);
    digest_end(&state, &findings->winner);
    reference->n_trials = findings->n_trials = run->n;
    digest_begin(&state, "trials");
    for (size_t i = 0; i < run->n; i++)
        add_fact(&state, &run->facts[i]);
    digest_end(&state, &findings->trials);
    digest_begin(&state, "tables");
    for (size_t i = 0; i < run->n_openings; i++) {
        add_table(&state, &run->openings[i], reward_in_run, run);
        opening_clear(&run->openings[i]);
    }
    digest_end(&state, &findings->tables);
    free(run);
}

/* ---- a coordinator's ---- */

static bool reward_in_campaign(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    return campaign_reward(arg, candidate, reward_out);
}

void sim_findings_of(const struct coordinator *coordinator, struct sim_findings *findings_out)
{
    struct campaign *campaign = coordinator->campaign;
    const char *reason = campaign_stop_reason(campaign);
    struct campaign_winner winner;
    struct search_progress progress;
    struct digest_state state;

    *findings_out = (struct sim_findings){ .n_trials = trial_ledger_n(coordinator->ledger) };
    campaign_progress(campaign, &progress);
    findings_out->n_search = progress.told;
    snprintf(findings_out->reason, sizeof findings_out->reason, "%s", reason ? reason : "");
    digest_begin(&state, "trials");
    for (size_t i = 0; i < findings_out->n_trials; i++) {
        struct ledger_entry entry;

        trial_ledger_entry(coordinator->ledger, i, &entry);
        add_fact(&state, &(struct fact){ .key = entry.trial.key,
                                         .valid = entry.state == TRIAL_DONE,
                                         .diverged = entry.result.diverged,
                                         .reward = entry.result.reward });
    }
    digest_end(&state, &findings_out->trials);
    digest_begin(&state, "tables");
    for (size_t i = 0; i < campaign_n_openings(campaign); i++)
        add_table(&state, campaign_opening(campaign, i), reward_in_campaign, campaign);
    digest_end(&state, &findings_out->tables);
    digest_begin(&state, "winner");
    if (campaign_winner(campaign, &winner))
        add_winner(&state, &winner.candidate.arch, winner.replica, winner.mean_percent,
                   winner.test);
    digest_end(&state, &findings_out->winner);
}
