#include "tests/unit/campaign_world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/search/opening.h"
#include "coordinator/search/opening_table.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

enum { LAYERS = 4, OPTIONS = 4, LEASE_MS = 20000 };

/* ---- the study ---- */

static const char world_names[] = "names:\n"
                                  "  - {name: a, options: [a0, a1, a2, a3]}\n"
                                  "  - {name: b, options: [b0, b1, b2, b3]}\n"
                                  "  - {name: c, options: [c0, c1, c2, c3]}\n"
                                  "  - {name: d, options: [d0, d1, d2, d3]}\n";

static const char world_text[] = "name: world\n"
                                 "space: names.yaml\n"
                                 "cost: {metric: table, column: flops, max: 60%}\n"
                                 "search: {trials: 60, sample: 8, forecasts_first: 3, "
                                 "forecasts: 2, parallel: 3}\n"
                                 "evaluate:\n"
                                 "  with: table\n"
                                 "  data: {name: bench, path: table.csv}\n"
                                 "  table: {arch: arch, write: colons, reward: acc, report: acc}\n"
                                 "final: {top: 3, seeds: 2}\n";

void world_write_files(void)
{
    static char text[OPTIONS * OPTIONS * OPTIONS * OPTIONS * 32];
    size_t used = (size_t)sprintf(text, "arch,acc,flops\n");

    for (int i = 0; i < OPTIONS * OPTIONS * OPTIONS * OPTIONS; i++) {
        int o[LAYERS] = { i >> 6, i >> 4 & 3, i >> 2 & 3, i & 3 };

        used += (size_t)sprintf(text + used, "%d:%d:%d:%d,50,%d\n", o[0], o[1], o[2], o[3],
                                100 + 7 * o[0] + 11 * o[1] + 13 * o[2] + 17 * o[3] + o[0] * o[1]);
    }
    study_fixture_write("names.yaml", world_names);
    study_fixture_write("table.csv", text);
}

struct study *world_study(const char *from, const char *to)
{
    world_write_files();
    return study_fixture_study(world_text, from, to);
}

/* Rises with the cost, as accuracies do, and is uneven. */
struct reward world_reward(const struct trial *trial)
{
    struct digest digest;
    struct digest_state state;
    uint32_t correct = 500;

    digest_begin(&state, "reward");
    digest_bytes(&state, trial->arch.option, sizeof trial->arch.option);
    digest_integer(&state, trial->stage);
    digest_integer(&state, trial->replica);
    digest_end(&state, &digest);
    for (int l = 0; l < LAYERS; l++)
        correct += 30u * trial->arch.option[l];
    return (struct reward){ correct + digest.bytes[0] % 64, 1000 };
}

/* ---- a life ---- */

struct world *world_new(const struct study *study, uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    world->study = study;
    rng_init(&world->rng, seed, 0);
    return world;
}

static void end_life(struct world *world)
{
    for (size_t i = 0; i < world->n_queued; i++)
        if (world->queue[i].is_opening)
            opening_clear(&world->queue[i].opening);
    world->n_queued = world->n_running = 0;
    campaign_free(world->campaign);
    trial_ledger_free(world->ledger);
    world->campaign = NULL;
    world->ledger = NULL;
}

void world_free(struct world *world)
{
    end_life(world);
    for (size_t i = 0; i < world->n_openings; i++)
        opening_clear(&world->openings[i]);
    free(world->openings);
    free(world);
}

void world_begin(struct world *world)
{
    end_life(world);
    world->ledger = trial_ledger_new(++world->lives);
    assert_non_null(world->ledger);
    assert_int_equal(campaign_new(world->study, world->ledger, &world->campaign), 0);
    for (size_t i = 0; i < world->n_openings; i++)
        assert_int_equal(campaign_remember_opening(world->campaign, &world->openings[i]), 0);
    for (size_t i = 0; i < world->n_results; i++)
        assert_int_equal(campaign_remember_result(world->campaign, &world->results[i]), 0);
}

bool world_is_stored(const struct world *world, const struct digest *key)
{
    bool stored = false;

    for (size_t i = 0; i < world->n_results; i++)
        if (digest_equal(&world->results[i].result.key, key))
            stored = !world->results[i].retried;
    return stored;
}

/* ---- the disk: first in, first durable ---- */

static struct world_write *enqueue(struct world *world)
{
    assert_in_range(world->n_queued, 0, WORLD_QUEUE - 1);
    world->queue[world->n_queued] = (struct world_write){ 0 };
    return &world->queue[world->n_queued++];
}

static void commit(struct world *world)
{
    struct world_write write = world->queue[0];

    memmove(world->queue, world->queue + 1, --world->n_queued * sizeof *world->queue);
    if (write.is_opening) {
        world->openings = realloc(world->openings,
                                  (world->n_openings + 1) * sizeof *world->openings);
        assert_non_null(world->openings);
        world->openings[world->n_openings++] = write.opening;
        campaign_opening_stored(world->campaign);
        return;
    }
    check_true("a trial is stored once", !world_is_stored(world, &write.result.result.key));
    assert_in_range(world->n_results, 0, WORLD_MAX_ROWS - 1);
    world->results[world->n_results++] = write.result;
    assert_int_equal(trial_ledger_settle(world->ledger, &write.result.result.key), 0);
    assert_int_equal(campaign_settled(world->campaign, &write.result.result.key), 0);
}

/* ---- the workers ---- */

static void forget_running(struct world *world, size_t i)
{
    world->running[i] = world->running[--world->n_running];
    world->attempts[i] = world->attempts[world->n_running];
}

static void finish(struct world *world, size_t i)
{
    static const uint8_t worker_id[16] = { 1 };
    const struct trial *trial = &world->running[i];
    struct stored_result stored = { .result = { .key = trial->key,
                                                .stage = trial->stage,
                                                .replica = trial->replica,
                                                .arch = trial->arch,
                                                .reward = world_reward(trial) } };
    int rc;

    if (world->fails && world->fails(trial)) {
        stored.quarantined = true;
        rc = trial_ledger_fail(world->ledger, &trial->key, &world->attempts[i], worker_id, "fails",
                               false);
        if (rc == 1)
            enqueue(world)->result = stored;
    } else {
        assert_int_equal(trial_ledger_receive(world->ledger, &stored.result), 0);
        enqueue(world)->result = stored;
    }
    forget_running(world, i);
}

static void lose(struct world *world, size_t i)
{
    assert_int_equal(trial_ledger_lose(world->ledger, &world->attempts[i]), 0);
    forget_running(world, i);
}

static void advance(struct world *world, uint64_t wanted)
{
    struct errmsg err = { "" };
    int rc = campaign_advance(world->campaign, wanted, &err);

    if (rc < 0)
        fail_msg("advance: %s", err.text);
    if (rc == 1) {
        struct world_write *write = enqueue(world);

        write->is_opening = true;
        assert_int_equal(opening_copy(campaign_opening(world->campaign,
                                                       campaign_n_openings(world->campaign) - 1),
                                      &write->opening),
                         0);
    }
}

static void hand_out(struct world *world)
{
    static const uint8_t worker_id[16] = { 1 };
    size_t n = world->n_running;

    advance(world, WORLD_WORKERS - n + 1);
    while (n < WORLD_WORKERS && trial_ledger_lease(world->ledger, worker_id, true, 0, LEASE_MS,
                                                   &world->running[n], &world->attempts[n]) == 0)
        n++;
    world->n_running = n;
}

static bool chance(struct world *world, uint32_t percent)
{
    return rng_below(&world->rng, 100) < percent;
}

bool world_step(struct world *world)
{
    hand_out(world);
    if (chance(world, world->crash_percent)) {
        world->n_crashes++;
        world_begin(world);
    } else if (world->n_running > 0 && chance(world, world->lose_percent)) {
        lose(world, rng_below(&world->rng, world->n_running));
    } else if (world->n_queued > 0 && (world->n_running == 0 || chance(world, 50))) {
        commit(world);
    } else if (world->n_running > 0) {
        finish(world, rng_below(&world->rng, world->n_running));
    } else {
        return false;
    }
    return true;
}

void world_run(struct world *world)
{
    world_begin(world);
    while (world_step(world))
        ;
    check_int_equal("at rest", campaign_state(world->campaign), CAMPAIGN_DONE);
}

/* ---- what came of it ---- */

static bool look_up(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    return campaign_reward(arg, candidate, reward_out);
}

struct digest world_tables(const struct world *world)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "tables");
    for (size_t i = 0; i < campaign_n_openings(world->campaign); i++) {
        struct candidate_table *table;

        assert_int_equal(
            opening_table(campaign_opening(world->campaign, i), look_up, world->campaign, &table),
            0);
        digest = candidate_table_digest(table);
        digest_bytes(&state, digest.bytes, sizeof digest.bytes);
        candidate_table_free(table);
    }
    digest_end(&state, &digest);
    return digest;
}

struct world *world_whole_run(const struct study *study, uint64_t seed, uint32_t crash_percent,
                              uint32_t lose_percent)
{
    struct world *world = world_new(study, seed);

    world->crash_percent = crash_percent;
    world->lose_percent = lose_percent;
    world_run(world);
    return world;
}

void world_check_same(const char *name, const struct world *a, const struct world *b)
{
    struct digest tables_a = world_tables(a), tables_b = world_tables(b);
    struct campaign_winner winner_a, winner_b;
    struct ledger_entry entry_a, entry_b;

    check_int_equal(name, trial_ledger_n(a->ledger), trial_ledger_n(b->ledger));
    for (size_t i = 0; i < trial_ledger_n(a->ledger); i++) {
        trial_ledger_entry(a->ledger, i, &entry_a);
        trial_ledger_entry(b->ledger, i, &entry_b);
        check_true(name, digest_equal(&entry_a.trial.key, &entry_b.trial.key));
        check_int_equal(name, entry_a.state, entry_b.state);
    }
    check_true(name, digest_equal(&tables_a, &tables_b));
    check_int_equal(name, campaign_winner(a->campaign, &winner_a),
                    campaign_winner(b->campaign, &winner_b));
    check_true(name, arch_equal(&winner_a.candidate.arch, &winner_b.candidate.arch));
    check_int_equal(name, winner_a.test.correct, winner_b.test.correct);
}
