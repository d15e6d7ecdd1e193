/* store.h on a disk that is played: first in, first durable, in batches, when the scheduler says so. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/opening.h"
#include "tests/chaos/sim.h"

enum sim_kind { SIM_RESULT, SIM_FAILURE, SIM_OPENING, SIM_DATA };

struct sim_write {
    enum sim_kind kind;
    struct stored_result result;
    struct digest weights; /* as many bytes as it has, zero where it has none */
    struct stored_failure failure;
    struct opening opening; /* owned until it is on the disk */
    struct digest data;
    store_done_fn *done;
    void *arg;
};

/* queue[0, n_told) is gone, [n_told, n_durable) durable, [n_durable, n) waits. */
struct store {
    struct sim *sim;
    bool trouble;
    struct sim_write *queue;
    size_t n_told, n_durable, n, room;
};

/* ---- the disk ---- */

void sim_disk_clear(struct sim_disk *disk)
{
    for (size_t i = 0; i < disk->n_openings; i++)
        opening_clear(&disk->openings[i]);
    disk->n_openings = disk->n_results = disk->n_failures = 0;
}

bool sim_disk_has(const struct sim_disk *disk, const struct digest *key)
{
    for (size_t i = 0; i < disk->n_results; i++)
        if (digest_equal(&disk->results[i].result.key, key))
            return true;
    return false;
}

static void add_result(struct sim *sim, const struct stored_result *stored,
                       const struct digest *weights)
{
    struct sim_disk *disk = &sim->disk;

    if (sim_disk_has(disk, &stored->result.key))
        sim_bad(sim, "doubled: a trial was stored twice");
    sim_index(sim, &stored->result.key, "stored");
    if (disk->n_results == SIM_ROWS)
        return;
    disk->weights[disk->n_results] = *weights;
    disk->results[disk->n_results++] = *stored;
}

static void write_result(struct sim *sim, const struct stored_result *stored,
                         const struct digest *weights)
{
    struct stored_result row = *stored;
    bool strikes = sim->breaks != SIM_WHOLE && sim_chance(sim, 8, 1);

    if (sim->breaks == SIM_LOSES_ROW && strikes)
        return;
    if (sim->breaks == SIM_FLIPS_REWARD && strikes)
        row.result.reward.correct ^= 64;
    add_result(sim, &row, weights);
    if (sim->breaks == SIM_WRITES_TWICE && strikes)
        add_result(sim, &row, weights);
}

static void write_one(struct sim *sim, struct sim_write *write)
{
    struct sim_disk *disk = &sim->disk;

    switch (write->kind) {
    case SIM_RESULT:
        write_result(sim, &write->result, &write->weights);
        break;
    case SIM_FAILURE:
        if (disk->n_failures < SIM_ROWS)
            disk->failures[disk->n_failures++] = write->failure;
        break;
    case SIM_OPENING:
        if (sim->breaks == SIM_FORGETS_OPENING || disk->n_openings == SIM_ROWS)
            break;
        disk->openings[disk->n_openings++] = write->opening;
        write->opening = (struct opening){ 0 };
        break;
    case SIM_DATA:
        disk->data = write->data;
        disk->has_data = true;
        break;
    }
}

/* ---- what the scheduler does to it ---- */

struct store *sim_store_new(struct sim *sim)
{
    struct store *store = calloc(1, sizeof *store);

    if (store)
        store->sim = sim;
    return store;
}

size_t sim_store_waiting(const struct store *store)
{
    return store->n - store->n_durable;
}

size_t sim_store_untold(const struct store *store)
{
    return store->n_durable - store->n_told;
}

void sim_store_commit(struct store *store, size_t n)
{
    if (store->trouble)
        return;
    store->sim->counts.commits++;
    for (; n > 0 && store->n_durable < store->n; n--)
        write_one(store->sim, &store->queue[store->n_durable++]);
}

void sim_store_set_trouble(struct store *store, bool trouble)
{
    store->trouble = trouble;
}

/* ---- store.h ---- */

void store_close(struct store *store)
{
    if (!store)
        return;
    for (size_t i = store->n_told; i < store->n; i++)
        opening_clear(&store->queue[i].opening);
    free(store->queue);
    free(store);
}

static struct sim_write *enqueue(struct store *store, enum sim_kind kind, store_done_fn *done,
                                 void *arg)
{
    if (store->n == store->room) {
        store->room = store->room ? 2 * store->room : 32;
        store->queue = realloc(store->queue, store->room * sizeof *store->queue);
        if (!store->queue)
            abort();
    }
    store->queue[store->n] = (struct sim_write){ .kind = kind, .done = done, .arg = arg };
    return &store->queue[store->n++];
}

int store_put_result(struct store *store, const struct trial *trial,
                     const struct trial_result *result, const struct bytes *output,
                     const struct bytes *weights, store_done_fn *done, void *arg)
{
    struct sim_write *write = enqueue(store, SIM_RESULT, done, arg);

    (void)trial;
    (void)output;
    write->result.result = *result;
    if (weights->size == sizeof write->weights)
        memcpy(&write->weights, weights->data, weights->size);
    return 0;
}

int store_put_quarantine(struct store *store, const struct trial *trial, const char *reason,
                         store_done_fn *done, void *arg)
{
    struct stored_result *stored = &enqueue(store, SIM_RESULT, done, arg)->result;

    stored->quarantined = true;
    stored->result.key = trial->key;
    stored->result.stage = trial->stage;
    stored->result.replica = trial->replica;
    stored->result.arch = trial->arch;
    stored->result.outcome = OUTCOME_FAILED;
    snprintf(stored->result.reason, sizeof stored->result.reason, "%s", reason);
    return 0;
}

int store_put_failure(struct store *store, const struct trial *trial,
                      const struct stored_failure *failure, const struct bytes *output,
                      store_done_fn *done, void *arg)
{
    (void)trial;
    (void)output;
    enqueue(store, SIM_FAILURE, done, arg)->failure = *failure;
    return 0;
}

int store_put_opening(struct store *store, const struct opening *opening, store_done_fn *done,
                      void *arg)
{
    return opening_copy(opening, &enqueue(store, SIM_OPENING, done, arg)->opening);
}

int store_put_data(struct store *store, const struct digest *data)
{
    enqueue(store, SIM_DATA, NULL, NULL)->data = *data;
    return 0;
}

/* Nobody steers. */
const struct steering *store_steering(const struct store *store)
{
    static const struct steering none;

    (void)store;
    return &none;
}

int store_put_steering(struct store *store, const struct steering *steering, store_done_fn *done,
                       void *arg)
{
    (void)store;
    (void)steering;
    (void)done;
    (void)arg;
    return -ENOSYS;
}

int store_put_retry(struct store *store, const struct trial *trial, store_done_fn *done, void *arg)
{
    (void)store;
    (void)trial;
    (void)done;
    (void)arg;
    return -ENOSYS;
}

int store_put_elapsed(struct store *store, double elapsed_s)
{
    (void)store;
    (void)elapsed_s;
    return 0;
}

static void tell(struct store *store, struct sim_write *write)
{
    struct sim *sim = store->sim;
    int i = write->kind == SIM_RESULT ? sim_index(sim, &write->result.result.key, "saved") : -1;

    if (i >= 0)
        sim->told[i] = true;
    if (write->done)
        write->done(write->arg);
}

/* done may put more. */
void store_dispatch(struct store *store)
{
    size_t until = store->sim->breaks == SIM_DONE_EARLY ? store->n : store->n_durable;

    while (store->n_told < until) {
        struct sim_write write = store->queue[store->n_told++];

        if (store->n_durable < store->n_told) /* broken: its row never comes */
            store->n_durable = store->n_told;
        tell(store, &write);
        opening_clear(&write.opening);
    }
}

size_t store_pending(const struct store *store)
{
    return sim_store_waiting(store);
}

bool store_trouble(struct store *store, struct errmsg *trouble_out)
{
    if (store->trouble)
        errmsg_set(trouble_out, -ENOSPC, "the disk is full");
    return store->trouble;
}

int store_each_result(struct store *store, int (*each)(void *arg, const struct stored_result *),
                      void *arg, struct errmsg *err)
{
    const struct sim_disk *disk = &store->sim->disk;
    int rc = 0;

    (void)err;
    for (size_t i = 0; rc >= 0 && i < disk->n_results; i++) {
        int index = sim_index(store->sim, &disk->results[i].result.key, "loaded");

        if (index >= 0)
            store->sim->told[index] = true;
        rc = each(arg, &disk->results[i]);
    }
    return rc < 0 ? rc : 0;
}

int store_each_failure(struct store *store, int (*each)(void *arg, const struct stored_failure *),
                       void *arg, struct errmsg *err)
{
    const struct sim_disk *disk = &store->sim->disk;
    int rc = 0;

    (void)err;
    for (size_t i = 0; rc >= 0 && i < disk->n_failures; i++)
        rc = each(arg, &disk->failures[i]);
    return rc < 0 ? rc : 0;
}

int store_each_opening(struct store *store, int (*each)(void *arg, const struct opening *),
                       void *arg, struct errmsg *err)
{
    const struct sim_disk *disk = &store->sim->disk;
    int rc = 0;

    (void)err;
    for (size_t i = 0; rc >= 0 && i < disk->n_openings; i++)
        rc = each(arg, &disk->openings[i]);
    return rc < 0 ? rc : 0;
}

double store_elapsed(const struct store *store)
{
    (void)store;
    return 0;
}

bool store_data(const struct store *store, struct digest *data_out)
{
    const struct sim_disk *disk = &store->sim->disk;

    *data_out = disk->data;
    return disk->has_data && disk->n_results > 0;
}

int store_read_weights(struct store *store, const struct digest *key, struct bytes *weights_out,
                       struct errmsg *err)
{
    const struct sim_disk *disk = &store->sim->disk;

    for (size_t i = 0; i < disk->n_results; i++) {
        if (!digest_equal(&disk->results[i].result.key, key))
            continue;
        *weights_out = (struct bytes){ .data = malloc(sizeof *key), .size = sizeof *key };
        if (!weights_out->data)
            return -ENOMEM;
        memcpy(weights_out->data, &disk->weights[i], sizeof *key);
        return 0;
    }
    return errmsg_set(err, -ENOENT, "no weights were stored");
}

void store_weights_path(const struct store *store, const struct digest *key, char *path,
                        size_t size)
{
    (void)store;
    (void)key;
    snprintf(path, size, "none");
}
