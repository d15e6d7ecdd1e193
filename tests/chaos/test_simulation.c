/* Thousands of schedules of one cluster (sim.h), each of which must end as if nothing had happened.
 *
 *     SCHEDULES=10000 SEED=77 build/tests/chaos/test_simulation
 *
 * A schedule that goes wrong is named by its seed; SCHEDULES=1 SEED=that plays it again. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/chaos/sim.h"
#include "tests/unit/campaign_world.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

#ifdef __SANITIZE_ADDRESS__
enum { SCHEDULES = 300, SCHEDULES_BROKEN = 40 };
#else
enum { SCHEDULES = 1000, SCHEDULES_BROKEN = 200 };
#endif

static const char table_text[] = "name: simulated\n"
                                 "space: names.yaml\n"
                                 "cost: {metric: table, column: flops, max: 60%%}\n"
                                 "search: %s\n"
                                 "evaluate:\n"
                                 "  with: table\n"
                                 "  data: {name: bench, path: table.csv}\n"
                                 "  table: {arch: arch, write: colons, reward: acc, report: acc}\n"
                                 "final: %s\n"
                                 "limits: {lease: 3, heartbeat: 1}\n";

static const char space_text[] = "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                                 "layers:\n"
                                 "  - name: first\n"
                                 "    options: [{conv: {out: [4, 8, 16], kernel: 3}}]\n"
                                 "  - name: second\n"
                                 "    options: [skip, {conv: {out: same, kernel: 3}}]\n"
                                 "  - name: third\n"
                                 "    options: [{conv: {out: [4, 8, 16, 32], kernel: 1}}]\n"
                                 "head:\n"
                                 "  - pool: {kind: avg, size: all}\n"
                                 "  - dense: {out: classes}\n";

/* With networks and weights; 1,000 images, as world_reward has them. */
static const char train_text[] = "name: simulated\n"
                                 "space: space.yaml\n"
                                 "cost: {metric: madds, max: 80%%}\n"
                                 "search: %s\n"
                                 "evaluate:\n"
                                 "  with: train\n"
                                 "  data: {name: digits, train: 100, valid: 1000}\n"
                                 "  schedule: {epochs: 1, lr: 0.1}\n"
                                 "final: %s\n"
                                 "limits: {lease: 3, heartbeat: 1}\n";

/* Narrow and wide, one pass and several, with and without a final stage, to the cap or the end. */
static const struct {
    const char *text, *search, *final;
} variants[] = {
    { table_text, "{trials: 24, parallel: 3, sample: 4, forecasts_first: 2}",
      "{top: 2, seeds: 2}" },
    { table_text, "{trials: 40, parallel: 6, seed: 5, sample: 8, lag: 4}", "{top: 1, seeds: 1}" },
    { table_text, "{trials: 16, parallel: 1, sample: 0}", "{top: 3, seeds: 1}" },
    { table_text, "{trials: 60, parallel: 3, buckets: 2, keep: 2, order: backward}", "{top: 0}" },
    { table_text, "{trials: 200, parallel: 4, passes: 1}", "{top: 2, seeds: 1}" },
    { train_text, "{trials: 20, parallel: 2, sample: 2, forecasts: 1}",
      "{top: 2, seeds: 2, epochs: 3}" },
    { table_text, "{trials: 70, parallel: 8, guided: false}", "{top: 1, seeds: 1}" },
    { table_text, "{trials: 33, parallel: 4, guided: false, keep: 2}", "{top: 0}" },
    { table_text, "{trials: 14, parallel: 3, seed: 9}", "{top: 2, seeds: 1}" },
    { table_text, "{trials: 30, parallel: 3, seed: 9}", "{top: 2, seeds: 1}" },
};
enum { VARIANTS = sizeof variants / sizeof *variants, RAISED = VARIANTS - 1 };

static struct study *studies[VARIANTS];
static struct sim_reference references[VARIANTS];

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static int make_references(void **state)
{
    if (study_fixture_make(state) < 0)
        return -1;
    world_write_files();
    study_fixture_write("space.yaml", space_text);
    for (size_t v = 0; v < VARIANTS; v++) {
        char text[1000];

        snprintf(text, sizeof text, variants[v].text, variants[v].search, variants[v].final);
        studies[v] = study_fixture_study(text, "", "");
        sim_reference_make(&references[v], studies[v]);
    }
    references[RAISED - 1].raised = &references[RAISED];
    return 0;
}

static int free_references(void **state)
{
    for (size_t v = 0; v < VARIANTS; v++)
        study_free(studies[v]);
    return study_fixture_remove(state);
}

static void add_counts(struct sim_counts *sum, const struct sim_counts *counts)
{
    const uint64_t *from = (const uint64_t *)counts;
    uint64_t *to = (uint64_t *)sum;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++)
        to[i] += from[i];
}

static void test_every_schedule_ends_the_same(void **state)
{
    uint64_t n = setting("SCHEDULES", SCHEDULES), seed = setting("SEED", 1), bad = 0;
    uint64_t lost = 0, doubled = 0;
    struct sim_counts sum = { 0 };

    (void)state;
    for (uint64_t i = 0; i < n; i++) {
        struct sim *sim = sim_play(&references[(seed + i) % VARIANTS], seed + i, SIM_WHOLE);

        if (*sim->bad && bad++ < 3) {
            printf("# SEED=%llu: %s\n", (unsigned long long)(seed + i), sim->bad);
            sim_show_log();
        }
        lost += strncmp(sim->bad, "lost", 4) == 0;
        doubled += strncmp(sim->bad, "doubled", 7) == 0;
        add_counts(&sum, &sim->counts);
        sim_free(sim);
    }
    printf(
        "# %llu steps, %llu messages, %llu commits, %llu crashes, %llu workers killed, %llu "
        "connections cut, %llu evaluations failed, %llu results came early, %llu stragglers had a "
        "second attempt\n",
        (unsigned long long)sum.steps, (unsigned long long)sum.messages,
        (unsigned long long)sum.commits, (unsigned long long)sum.crashes,
        (unsigned long long)sum.kills, (unsigned long long)sum.cuts, (unsigned long long)sum.failed,
        (unsigned long long)sum.early, (unsigned long long)sum.stragglers);
    printf("# %llu schedules from SEED=%llu: %llu lost, %llu doubled, %llu differing\n",
           (unsigned long long)n, (unsigned long long)seed, (unsigned long long)lost,
           (unsigned long long)doubled, (unsigned long long)(bad - lost - doubled));
    check_int_equal("schedules that went wrong", bad, 0);
    if (n >= SCHEDULES) {
        check_true("crashes enough to mean something", sum.crashes > n);
        check_true("and the rest", sum.kills > n && sum.cuts > n && sum.failed > n);
        check_true("and stragglers", sum.stragglers > n);
    }
}

/* A simulation that cannot fail shows nothing. */
static void test_a_broken_disk_is_noticed(void **state)
{
    static const char *const names[SIM_BREAKS] = {
        [SIM_DONE_EARLY] = "says durable before it is", [SIM_LOSES_ROW] = "loses a row",
        [SIM_WRITES_TWICE] = "writes a row twice",      [SIM_FORGETS_OPENING] = "forgets openings",
        [SIM_FLIPS_REWARD] = "flips a bit of a reward",
    };

    (void)state;
    for (enum sim_break breaks = SIM_WHOLE + 1; breaks < SIM_BREAKS; breaks++) {
        uint64_t noticed = 0;

        for (uint64_t seed = 1; seed <= SCHEDULES_BROKEN; seed++) {
            struct sim *sim = sim_play(&references[seed % VARIANTS], seed, breaks);

            noticed += *sim->bad != '\0';
            sim_free(sim);
        }
        printf("# a disk that %s: noticed in %llu of %d schedules\n", names[breaks],
               (unsigned long long)noticed, SCHEDULES_BROKEN);
        check_true(names[breaks], noticed > SCHEDULES_BROKEN / 2);
    }
}

static void test_the_same_seed_is_the_same_schedule(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct sim *a = sim_play(&references[0], seed, SIM_WHOLE);
        struct sim *b = sim_play(&references[0], seed, SIM_WHOLE);

        check_int_equal("steps", a->counts.steps, b->counts.steps);
        check_int_equal("messages", a->counts.messages, b->counts.messages);
        check_true("the rest", memcmp(&a->rng, &b->rng, sizeof a->rng) == 0);
        sim_free(a);
        sim_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_schedule_ends_the_same),
        cmocka_unit_test(test_a_broken_disk_is_noticed),
        cmocka_unit_test(test_the_same_seed_is_the_same_schedule),
    };

    return cmocka_run_group_tests(tests, make_references, free_references);
}
