/* What a campaign keeps up to date for those who look, against what follows from all results: after
 * any step of random lives. */
#include "tests/unit/check.h"

#include "coordinator/campaign_parts.h"
#include "coordinator/search/opening_table.h"
#include "tests/unit/campaign_world.h"
#include "tests/unit/study_fixture.h"

static bool known_reward(void *campaign, const struct arch *candidate, struct reward *reward_out)
{
    return campaign_reward(campaign, candidate, reward_out);
}

static bool is_settled(const struct world *world, const struct arch *candidate)
{
    struct ledger_entry entry;
    size_t i;

    if (campaign_trial_of(world->campaign, candidate, &i) < 0)
        return false;
    trial_ledger_entry(world->ledger, i, &entry);
    return entry.state == TRIAL_DONE || entry.state == TRIAL_QUARANTINED;
}

static void check_record(const struct world *world, size_t number)
{
    const struct opening *opening = campaign_opening(world->campaign, number);
    const struct layer_record *record = campaign_record(world->campaign, number);
    struct record_counts counts = layer_record_counts(record);
    uint32_t bucket, interface, n_settled = 0;
    struct candidate_table *table;
    size_t next = 0;

    assert_int_equal(opening_table(opening, known_reward, world->campaign, &table), 0);
    check_int_equal("kept", counts.kept, candidate_table_n(table));
    for (size_t c = 0; c < layer_record_n_cells(record); c++) {
        struct record_cell cell = layer_record_cell(record, c);

        for (uint32_t k = 0; k < cell.n_kept; k++) {
            const struct candidate *want = candidate_table_at(table, next++, &bucket, &interface);

            check_true("as in the table",
                       arch_equal(&opening->children[cell.kept[k].child].arch, &want->arch));
        }
    }
    for (uint32_t i = 0; i < opening->n_children; i++)
        n_settled += opening->children[i].fate == FATE_TRIAL &&
                     is_settled(world, &opening->children[i].candidate);
    check_int_equal("settled", counts.settled, n_settled);
    candidate_table_free(table);
}

static bool is_covered(const struct campaign *campaign, const struct candidate *candidate)
{
    size_t n;
    const struct candidate *front = campaign_pareto(campaign, &n);

    for (size_t f = 0; f < n; f++)
        if (front[f].cost <= candidate->cost &&
            reward_compare(front[f].reward, candidate->reward) >= 0)
            return true;
    return false;
}

static size_t n_unnamed;

/* The opening that made search trial i one, or n_openings. */
static size_t opening_of(const struct campaign *campaign, size_t i)
{
    struct ledger_entry entry;
    uint32_t child;
    size_t n;

    trial_ledger_entry(campaign->ledger, i, &entry);
    for (n = 0; n < campaign->n_openings; n++)
        if (layer_record_find_candidate(campaign_record(campaign, n), &entry.trial.arch, &child) ==
                0 &&
            campaign_opening(campaign, n)->children[child].fate == FATE_TRIAL)
            break;
    return n;
}

/* Best and front; the trial's opening names it. */
static void check_trials(const struct world *world)
{
    const struct campaign *campaign = world->campaign;
    struct candidate best, candidate;
    bool has_best = campaign_best(campaign, &best, 1) > 0, any = false;

    for (size_t i = 0; i < campaign->n_search; i++) {
        size_t after = campaign_first_after(campaign, i);
        size_t opening = opening_of(campaign, i);

        check_true("the anchor has no opening", i > 0 || after == 0);
        if (opening < campaign->n_openings) {
            check_int_equal("proposed by", opening, after - 1);
        } else if (i > 0) {
            if (!campaign->study->search.layernas.guided) /* samples and forecasts have none */
                check_int_equal("its opening is still to come", after, campaign->n_openings);
            n_unnamed++;
        }
        if (!campaign_candidate(campaign, i, &candidate))
            continue;
        check_true("nothing is above the front", is_covered(campaign, &candidate));
        if (!campaign_in_target(campaign, candidate.cost))
            continue;
        any = true;
        check_true("none is better", has_best && candidate_compare(&best, &candidate) <= 0);
    }
    check_int_equal("a best", has_best, any);
}

static void check_views(const struct world *world)
{
    for (size_t i = 0; i < campaign_n_openings(world->campaign); i++)
        check_record(world, i);
    check_trials(world);
}

static bool fails_sometimes(const struct trial *trial)
{
    return trial->seed % 7 == 0;
}

/* Crashes, losses and failures included: a restart leads through the same records. */
static void test_views_are_up_to_date(void **state)
{
    static const char *const searches[] = { "parallel: 3", "parallel: 3, keep: 2",
                                            "parallel: 3, guided: false, buckets: 8" };

    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct study *study = world_study("parallel: 3", searches[seed % 3]);
        struct world *world = world_new(study, seed);
        int n = 0;

        world->crash_percent = seed < 6 ? 4 : 0;
        world->lose_percent = 10;
        world->fails = seed % 4 ? fails_sometimes : NULL;
        world_begin(world);
        do
            if (n++ % 5 == 0)
                check_views(world);
        while (world_step(world));
        check_views(world);
        check_int_equal("at rest", campaign_state(world->campaign), CAMPAIGN_DONE);
        world_free(world);
        study_free(study);
    }
    check_true("some trials were seen before their opening, or without one", n_unnamed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views_are_up_to_date),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
