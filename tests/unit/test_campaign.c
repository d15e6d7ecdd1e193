#include <errno.h>
#include <stdlib.h>

#include "tests/unit/campaign_world.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

static size_t count_stage(const struct world *world, enum stage stage)
{
    struct ledger_entry entry;
    size_t n = 0;

    for (size_t i = 0; i < trial_ledger_n(world->ledger); i++) {
        trial_ledger_entry(world->ledger, i, &entry);
        n += entry.trial.stage == stage;
    }
    return n;
}

static void test_whole_run(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *world = world_whole_run(study, 1, 0, 0);
    struct search_progress progress;
    struct ledger_entry entry;

    (void)state;
    campaign_progress(world->campaign, &progress);
    check_int_equal("told", progress.told, 60);
    check_int_equal("search trials", count_stage(world, STAGE_SEARCH), 60);
    check_int_equal("final trials", count_stage(world, STAGE_FINAL), 6);
    check_int_equal("tests", count_stage(world, STAGE_TEST), 1);
    check_int_equal("final total", campaign_final_total(world->campaign), 6);
    check_int_equal("final done", campaign_final_done(world->campaign), 6);
    check_string_equal("why", campaign_stop_reason(world->campaign), "trial cap reached");
    check_true("openings", campaign_n_openings(world->campaign) >= 4);
    for (size_t i = 0; i < trial_ledger_n(world->ledger); i++) {
        trial_ledger_entry(world->ledger, i, &entry);
        check_int_equal("numbered in order of issue", entry.trial.number, i + 1);
    }
    world_free(world);
    study_free(study);
}

static void check_any_order_any_crash(const char *search)
{
    static const struct {
        const char *name;
        uint32_t crash_percent, lose_percent;
    } cases[] = {
        { "any order", 0, 0 },
        { "attempts lost", 0, 20 },
        { "a crash now and then", 2, 5 },
        { "a crash at every turn", 25, 5 },
    };
    struct study *study = world_study("parallel: 3", search);
    struct world *calm = world_whole_run(study, 1, 0, 0);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n_crashes = 0;

        for (uint64_t seed = 2; seed < 22; seed++) {
            struct world *world = world_whole_run(study, seed, cases[i].crash_percent,
                                                  cases[i].lose_percent);

            n_crashes += world->n_crashes;
            world_check_same(cases[i].name, calm, world);
            world_free(world);
        }
        check_int_equal(cases[i].name, n_crashes > 10, cases[i].crash_percent > 0);
    }
    world_free(calm);
    study_free(study);
}

static void test_any_order_any_crash_the_same(void **state)
{
    (void)state;
    check_any_order_any_crash("parallel: 3");
    check_any_order_any_crash("parallel: 3, guided: false, buckets: 8");
}

static bool fails_always(const struct trial *trial)
{
    return trial->stage <= STAGE_TEST;
}

static void test_nothing_to_retrain(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *world = world_new(study, 1);
    struct campaign_winner winner;
    struct candidate best;

    (void)state;
    world->fails = fails_always;
    world_run(world);
    check_int_equal("finals", count_stage(world, STAGE_FINAL), 0);
    check_true("no winner", !campaign_winner(world->campaign, &winner));
    check_int_equal("best", campaign_best(world->campaign, &best, 1), 0);
    check_int_equal("final total", campaign_final_total(world->campaign), 0);
    world_free(world);
    study_free(study);
}

static void test_no_final_stage(void **state)
{
    struct study *study = world_study("final: {top: 3, seeds: 2}\n", "");
    struct world *world = world_whole_run(study, 1, 0, 0);
    struct campaign_winner winner;

    (void)state;
    check_int_equal("trials", trial_ledger_n(world->ledger), 60);
    check_true("no winner", !campaign_winner(world->campaign, &winner));
    world_free(world);
    study_free(study);
}

/* The winner by the rules, from all final results. */
static void test_winner(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *world = world_whole_run(study, 5, 0, 0);
    struct campaign_winner winner;
    struct candidate top[3];
    double best_mean = -1;

    (void)state;
    check_int_equal("finalists", campaign_best(world->campaign, top, 3), 3);
    check_true("there is one", campaign_winner(world->campaign, &winner));
    for (size_t i = 0; i < 3; i++) {
        double mean = 0;

        for (uint32_t replica = 0; replica < 2; replica++) {
            struct trial trial = { .stage = STAGE_FINAL, .replica = replica, .arch = top[i].arch };

            mean += reward_percent(world_reward(&trial)) / 2;
        }
        if (mean > best_mean)
            best_mean = mean;
        if (arch_equal(&top[i].arch, &winner.candidate.arch))
            check_true("its own mean",
                       mean > winner.mean_percent - 1e-9 && mean < winner.mean_percent + 1e-9);
    }
    check_true("the highest mean", winner.mean_percent > best_mean - 1e-9);
    check_int_equal("tested once, on all", winner.test.total, 1000);
    world_free(world);
    study_free(study);
}

static int compare_candidates(const void *a, const void *b)
{
    return candidate_compare(a, b);
}

static void test_best_and_front(void **state)
{
    struct study *study = world_study("trials: 60", "trials: 90");
    struct world *world = world_whole_run(study, 3, 0, 0);
    struct candidate all[100], best[10];
    const struct candidate *front;
    size_t n = 0, n_front;

    (void)state;
    for (size_t i = 0; i < trial_ledger_n(world->ledger); i++) {
        struct ledger_entry entry;

        trial_ledger_entry(world->ledger, i, &entry);
        if (entry.trial.stage == STAGE_SEARCH && entry.trial.cost <= study->search.target.highest)
            all[n++] = (struct candidate){ .arch = entry.trial.arch,
                                           .canonical = entry.trial.arch,
                                           .cost = entry.trial.cost,
                                           .reward = entry.result.reward };
    }
    qsort(all, n, sizeof *all, compare_candidates);
    check_int_equal("ten", campaign_best(world->campaign, best, 10), 10);
    for (size_t i = 0; i < 10; i++)
        check_true("in order", arch_equal(&best[i].arch, &all[i].arch));
    check_int_equal("one", campaign_best(world->campaign, best, 1), 1);
    check_true("the best", arch_equal(&best[0].arch, &all[0].arch));
    front = campaign_pareto(world->campaign, &n_front);
    check_true("front", n_front > 0);
    for (size_t f = 1; f < n_front; f++) {
        check_true("rising cost", front[f].cost > front[f - 1].cost);
        check_true("rising reward", reward_compare(front[f].reward, front[f - 1].reward) > 0);
    }
    for (size_t i = 0; i < n; i++) {
        bool covered = false;

        for (size_t f = 0; f < n_front; f++)
            covered |= front[f].cost <= all[i].cost &&
                       reward_compare(front[f].reward, all[i].reward) >= 0;
        check_true("nothing is above the front", covered);
    }
    world_free(world);
    study_free(study);
}

/* Steps until so many results are durable. */
static void step_to(struct world *world, size_t n_results)
{
    while (world->n_results < n_results && world_step(world))
        ;
    check_int_equal("results so far", world->n_results, n_results);
}

static void test_stopped_search(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *world = world_new(study, 7);
    struct digest tables;
    size_t n_search;

    (void)state;
    world_begin(world);
    step_to(world, 20);
    campaign_stop_search(world->campaign, "wall clock used up");
    check_true("not over while trials are out", campaign_stop_reason(world->campaign) == NULL);
    while (world_step(world))
        ;
    n_search = count_stage(world, STAGE_SEARCH);
    check_int_equal("done", campaign_state(world->campaign), CAMPAIGN_DONE);
    check_string_equal("why", campaign_stop_reason(world->campaign), "wall clock used up");
    check_true("only what was out was waited for", n_search >= 20 && n_search <= 20 + 8);
    check_true("a final stage followed", count_stage(world, STAGE_FINAL) > 0);
    tables = world_tables(world);

    world_begin(world);
    campaign_stop_search(world->campaign, "wall clock used up");
    check_true("nothing to do after a restart", !world_step(world));
    check_int_equal("every result counts", count_stage(world, STAGE_SEARCH), n_search);
    check_int_equal("done again", campaign_state(world->campaign), CAMPAIGN_DONE);
    check_true("equal tables", digest_equal(&tables, &(struct digest[]){ world_tables(world) }[0]));
    world_free(world);
    study_free(study);
}

/* A result of a trial that the search has not come to: a worker kept it over a restart. */
static void test_result_before_its_proposal(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct world *done = world_whole_run(study, 1, 0, 0), *world = world_new(study, 2);
    struct ledger_entry entry;
    size_t i;

    (void)state;
    trial_ledger_entry(done->ledger, 30, &entry);
    entry.result.key = entry.trial.key;
    entry.result.stage = STAGE_SEARCH;
    world_begin(world);
    check_int_equal("keep", campaign_keep_result(world->campaign, &entry.result), 0);
    check_int_equal("again", campaign_keep_result(world->campaign, &entry.result), -EALREADY);
    check_true("kept", campaign_has_kept(world->campaign, &entry.trial.key));
    while (trial_ledger_find(world->ledger, &entry.trial.key, &i) < 0)
        assert_true(world_step(world));
    check_true("taken", !campaign_has_kept(world->campaign, &entry.trial.key));
    trial_ledger_entry(world->ledger, i, &entry);
    check_int_equal("never handed out", entry.state, TRIAL_DONE);
    while (world_step(world))
        ;
    world_check_same("kept result", done, world);
    world_free(world);
    world_free(done);
    study_free(study);
}

static void test_raised_cap(void **state)
{
    struct study *small = world_study("trials: 60", "trials: 30");
    struct study *large = world_study("name: world", "name: world");
    struct world *direct = world_whole_run(large, 1, 0, 0),
                 *raised = world_whole_run(small, 1, 0, 0);
    struct digest want = world_tables(direct), got;
    size_t before = raised->n_results;

    (void)state;
    raised->study = large;
    world_run(raised);
    got = world_tables(raised);
    check_true("equal tables", digest_equal(&want, &got));
    check_int_equal("search trials", count_stage(raised, STAGE_SEARCH), 60);
    check_true("only the new ones were trained", raised->n_results <= before + 30 + 7);
    world_free(direct);
    world_free(raised);
    study_free(small);
    study_free(large);
}

static void test_foreign_openings(void **state)
{
    struct study *study = world_study("sample: 8", "order: forward, sample: 0");
    struct study *other = world_study("sample: 8", "order: backward, sample: 0");
    struct world *world = world_whole_run(study, 1, 0, 0);
    struct errmsg err;
    int rc = 0;

    (void)state;
    world_begin(world);
    check_int_equal("out of order", campaign_remember_opening(world->campaign, &world->openings[0]),
                    -EINVAL);
    world->study = other;
    world->n_results = 0;
    world_begin(world);
    while (rc == 0 && world->n_running == 0) {
        rc = campaign_advance(world->campaign, 2, &err);
        if (rc == 0)
            break;
    }
    check_int_equal("of another search", rc, -EINVAL);
    check_true("said", strstr(err.text, "stored opening 0") != NULL);
    world_free(world);
    study_free(study);
    study_free(other);
}

/* Whatever it is, there is a line for the log. */
static void test_every_end_has_a_reason(void **state)
{
    struct study *study = world_study("name: world", "name: world");
    struct trial_ledger *ledger = trial_ledger_new(1);
    struct trial anchor = { .number = 1, .stage = STAGE_SEARCH };
    struct errmsg err = { "of something else" };
    struct campaign *campaign;

    (void)state;
    assert_int_equal(campaign_new(study, ledger, &campaign), 0);
    assert_int_equal(strategy_anchor(&study->search, study->cost_model, &anchor.arch), 0);
    study_name_trial(study, &anchor);
    assert_int_equal(trial_ledger_add(ledger, &anchor), 0); /* behind the campaign's back */
    assert_int_equal(campaign_advance(campaign, 2, &err), -EEXIST);
    check_true("said", strstr(err.text, "cannot go on: File exists") != NULL);
    campaign_free(campaign);
    trial_ledger_free(ledger);
    study_free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_run),
        cmocka_unit_test(test_any_order_any_crash_the_same),
        cmocka_unit_test(test_nothing_to_retrain),
        cmocka_unit_test(test_no_final_stage),
        cmocka_unit_test(test_winner),
        cmocka_unit_test(test_best_and_front),
        cmocka_unit_test(test_stopped_search),
        cmocka_unit_test(test_result_before_its_proposal),
        cmocka_unit_test(test_raised_cap),
        cmocka_unit_test(test_foreign_openings),
        cmocka_unit_test(test_every_end_has_a_reason),
    };

    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
