/* Trials that fail for good are left out of a search, and those retried in time are not missed. */
#include <errno.h>

#include "tests/unit/campaign_world.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

static bool fails_sometimes(const struct trial *trial)
{
    return trial->key.bytes[0] % 8 == 0;
}

static void test_quarantined_left_out(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *calm = world_new(study, 1);
    struct ledger_entry entry;
    struct reward reward;
    size_t quarantined = 0;

    (void)state;
    calm->fails = fails_sometimes;
    world_run(calm);
    for (size_t i = 0; i < trial_ledger_n(calm->ledger); i++) {
        trial_ledger_entry(calm->ledger, i, &entry);
        check_int_equal("state", entry.state,
                        fails_sometimes(&entry.trial) ? TRIAL_QUARANTINED : TRIAL_DONE);
        if (entry.trial.stage == STAGE_SEARCH)
            check_int_equal("has a reward",
                            campaign_reward(calm->campaign, &entry.trial.arch, &reward),
                            entry.state == TRIAL_DONE);
        quarantined += entry.state == TRIAL_QUARANTINED;
    }
    check_true("some", quarantined > 0);
    for (uint64_t seed = 2; seed < 12; seed++) {
        struct world *world = world_new(study, seed);

        world->fails = fails_sometimes;
        world->crash_percent = 5;
        world_run(world);
        world_check_same("quarantines", calm, world);
        world_free(world);
    }
    world_free(calm);
    study_free(study);
}

static const struct world *failing;

/* Until it is retried; but for the trials that something is decided by at once. */
static bool fails_at_first(const struct trial *trial)
{
    if (!fails_sometimes(trial) || trial->number == 1 || trial->stage == STAGE_TEST)
        return false;
    for (size_t i = 0; i < failing->n_results; i++)
        if (failing->results[i].retried &&
            digest_equal(&failing->results[i].result.key, &trial->key))
            return false;
    return true;
}

/* Retries what is quarantined, before the search can go on without it. */
static size_t retry_all(struct world *world)
{
    struct ledger_entry entry;
    size_t n = 0;

    for (size_t i = campaign_first_open(world->campaign); i < trial_ledger_n(world->ledger); i++) {
        struct stored_result retry = { .retried = true };

        trial_ledger_entry(world->ledger, i, &entry);
        if (campaign_retry(world->campaign, i) < 0)
            continue;
        assert_int_equal(entry.state, TRIAL_QUARANTINED);
        assert_int_equal(campaign_retry(world->campaign, i), -EINVAL);
        retry.result.key = entry.trial.key;
        world->results[world->n_results++] = retry;
        n++;
    }
    return n;
}

static void check_retried(const char *search)
{
    struct study *study = world_study("parallel: 3", search);
    struct world *calm = world_whole_run(study, 1, 0, 0);
    size_t n_retried = 0, n_crashes = 0;

    for (uint64_t seed = 2; seed < 22; seed++) {
        struct world *world = world_new(study, seed);

        failing = world;
        world->fails = fails_at_first;
        world->crash_percent = seed % 2 ? 5 : 0;
        world_begin(world);
        while (world_step(world))
            n_retried += retry_all(world);
        world_check_same("retried", calm, world);
        for (size_t i = 0; i < campaign_n_openings(world->campaign); i++)
            check_int_equal("quarantined, by the record",
                            layer_record_counts(campaign_record(world->campaign, i)).quarantined,
                            0);
        n_crashes += world->n_crashes;
        world_free(world);
    }
    check_true("some", n_retried > 20);
    check_true("some", n_crashes > 10);
    world_free(calm);
    study_free(study);
}

static void test_retried_the_same_as_if_it_had_not_failed(void **state)
{
    (void)state;
    check_retried("parallel: 3");
    check_retried("parallel: 3, guided: false, buckets: 8");
}

static void test_what_the_search_went_on_without_stays_quarantined(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *world = world_new(study, 1);
    struct ledger_entry entry;
    size_t n_quarantined = 0;

    (void)state;
    world->fails = fails_sometimes;
    world_run(world);
    for (size_t i = 0; i < trial_ledger_n(world->ledger); i++) {
        trial_ledger_entry(world->ledger, i, &entry);
        n_quarantined += entry.state == TRIAL_QUARANTINED;
        check_int_equal("retried", campaign_retry(world->campaign, i),
                        entry.state == TRIAL_QUARANTINED ? -EPERM : -EINVAL);
    }
    check_true("some", n_quarantined > 0);
    world_free(world);
    study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quarantined_left_out),
        cmocka_unit_test(test_retried_the_same_as_if_it_had_not_failed),
        cmocka_unit_test(test_what_the_search_went_on_without_stays_quarantined),
    };

    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
