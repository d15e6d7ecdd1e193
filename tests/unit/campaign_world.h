/* campaign_world - plays store, workers and accidents to a campaign: results come in any order,
 * attempts are lost, the coordinator dies at any moment and begins again from what was durable. */
#ifndef LAYERNAS_TESTS_CAMPAIGN_WORLD_H
#define LAYERNAS_TESTS_CAMPAIGN_WORLD_H

#include "common/rng.h"
#include "coordinator/campaign.h"

enum { WORLD_WORKERS = 3, WORLD_QUEUE = 64, WORLD_MAX_ROWS = 1024 };

/* A study over layers of named options whose costs and rewards come from world_reward. */
struct study *world_study(const char *from, const char *to);

/* Its names.yaml and table.csv, for other studies of them. */
void world_write_files(void);

struct reward world_reward(const struct trial *trial);

/* A write on its way to the disk. */
struct world_write {
    bool is_opening;
    struct opening opening;
    struct stored_result result;
};

struct world {
    const struct study *study;
    struct rng rng;
    uint32_t crash_percent, lose_percent;     /* of events */
    bool (*fails)(const struct trial *trial); /* NULL: none does */

    /* What is durable. */
    struct opening *openings;
    size_t n_openings;
    struct stored_result results[WORLD_MAX_ROWS];
    size_t n_results, n_crashes;

    /* One life. */
    struct trial_ledger *ledger;
    struct campaign *campaign;
    struct trial running[WORLD_WORKERS];
    struct attempt attempts[WORLD_WORKERS];
    size_t n_running;
    struct world_write queue[WORLD_QUEUE];
    size_t n_queued;
    uint64_t lives;
};

struct world *world_new(const struct study *study, uint64_t seed);
void world_free(struct world *world);

/* Begins a life from what is durable, ending the one before. */
void world_begin(struct world *world);

/* One event. False: there is nothing to do any more. */
bool world_step(struct world *world);

/* Until the campaign is done. */
void world_run(struct world *world);

/* A world that has run: in so many of a hundred events it crashes, or loses a trial. */
struct world *world_whole_run(const struct study *study, uint64_t seed, uint32_t crash_percent,
                              uint32_t lose_percent);

/* Fails unless equal trials have equal numbers, tables are equal, and the winner is. */
void world_check_same(const char *name, const struct world *a, const struct world *b);

/* Whether there is a durable verdict on a trial, that was not taken back since. */
bool world_is_stored(const struct world *world, const struct digest *key);

/* A digest over all tables of the campaign. */
struct digest world_tables(const struct world *world);

#endif
