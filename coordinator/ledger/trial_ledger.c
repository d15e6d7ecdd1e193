#include "coordinator/ledger/trial_ledger.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/ledger/trial_ledger_inside.h"

_Static_assert(sizeof(struct entry) <= 160, "a million trials have one each");

static const struct digest *key_of_entry(const void *owner, uint64_t value)
{
    return &ledger_entry_at(owner, value)->key;
}

static const struct digest *name_of_attempt(const void *owner, uint64_t value)
{
    (void)owner;
    return &((const struct ledger_attempt *)(uintptr_t)value)->name;
}

static const struct digest *key_of_trouble(const void *owner, uint64_t value)
{
    (void)owner;
    return &((const struct trouble *)(uintptr_t)value)->key;
}

struct trial_ledger *trial_ledger_new(uint64_t start)
{
    struct trial_ledger *ledger = calloc(1, sizeof *ledger);

    if (!ledger)
        return NULL;
    ledger->start = start;
    ledger->by_key = (struct digest_map){ .digest_of = key_of_entry, .owner = ledger };
    ledger->by_attempt = (struct digest_map){ .digest_of = name_of_attempt };
    ledger->troubles = (struct digest_map){ .digest_of = key_of_trouble };
    text_pool_init(&ledger->texts);
    return ledger;
}

static void free_values(struct digest_map *map)
{
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i])
            free((void *)(uintptr_t)digest_map_value(map->slots[i]));
    digest_map_clear(map);
}

void trial_ledger_free(struct trial_ledger *ledger)
{
    if (!ledger)
        return;
    deadline_heap_clear(&ledger->leases);
    free_values(&ledger->by_attempt);
    free_values(&ledger->troubles);
    digest_map_clear(&ledger->by_key);
    index_set_clear(&ledger->ready);
    text_pool_clear(&ledger->texts);
    for (struct options_block *block = ledger->options, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    for (size_t i = 0; i < ledger->n_blocks; i++)
        free(ledger->blocks[i]);
    free(ledger->blocks);
    free(ledger);
}

struct entry *ledger_find(const struct trial_ledger *ledger, const struct digest *key,
                          size_t *i_out)
{
    uint64_t i;

    if (!digest_map_find(&ledger->by_key, key, &i))
        return NULL;
    *i_out = i;
    return ledger_entry_at(ledger, i);
}

struct trial ledger_trial(const struct entry *entry)
{
    struct trial trial = {
        .number = entry->number,
        .key = entry->key,
        .stage = entry->stage,
        .replica = entry->replica,
        .arch.n = entry->n_layers,
        .cost = entry->cost,
        .costs = entry->costs,
        .seed = entry->seed,
    };

    memcpy(trial.arch.option, entry->options, entry->n_layers * sizeof *entry->options);
    return trial;
}

void ledger_set_state(struct trial_ledger *ledger, size_t i, enum trial_state state)
{
    struct entry *entry = ledger_entry_at(ledger, i);

    ledger->by_state[entry->state]--;
    if (entry->state == TRIAL_READY)
        index_set_remove(&ledger->ready, i);
    entry->state = (uint8_t)state;
    if (state == TRIAL_READY)
        index_set_add(&ledger->ready, i);
    ledger->by_state[state]++;
}

/* ---- adding ---- */

/* Room for one entry more, in every structure that has a part of each. */
static int make_room(struct trial_ledger *ledger)
{
    struct entry **blocks;
    int rc = digest_map_reserve(&ledger->by_key);

    if (rc == 0)
        rc = index_set_reserve(&ledger->ready, ledger->n + 1);
    if (rc < 0 || ledger->n < ledger->n_blocks * LEDGER_BLOCK)
        return rc;
    blocks = realloc(ledger->blocks, (ledger->n_blocks + 1) * sizeof *blocks);
    if (!blocks)
        return -ENOMEM;
    ledger->blocks = blocks;
    blocks[ledger->n_blocks] = calloc(LEDGER_BLOCK, sizeof **blocks);
    if (!blocks[ledger->n_blocks])
        return -ENOMEM;
    ledger->n_blocks++;
    return 0;
}

static const uint16_t *keep_options(struct trial_ledger *ledger, const struct arch *arch)
{
    struct options_block *block = ledger->options;
    uint16_t *options;

    if (!block || ledger->options_used + arch->n > LEDGER_OPTIONS_BLOCK) {
        block = malloc(sizeof *block);
        if (!block)
            return NULL;
        block->next = ledger->options;
        ledger->options = block;
        ledger->options_used = 0;
    }
    options = block->options + ledger->options_used;
    memcpy(options, arch->option, arch->n * sizeof *options);
    ledger->options_used += arch->n;
    return options;
}

/* Adds an entry as READY. */
static int add(struct trial_ledger *ledger, const struct trial *trial, size_t *i_out)
{
    struct entry *entry;
    const uint16_t *options;
    int rc = make_room(ledger);

    if (rc < 0)
        return rc;
    if (ledger_find(ledger, &trial->key, i_out))
        return -EEXIST;
    options = keep_options(ledger, &trial->arch);
    if (!options)
        return -ENOMEM;
    entry = ledger_entry_at(ledger, ledger->n);
    *entry = (struct entry){
        .key = trial->key,
        .number = trial->number,
        .seed = trial->seed,
        .cost = trial->cost,
        .costs = trial->costs,
        .options = options,
        .replica = trial->replica,
        .stage = (uint8_t)trial->stage,
        .n_layers = (uint8_t)trial->arch.n,
        .state = TRIAL_READY,
        .troubled = ledger_trouble(ledger, &trial->key) != NULL,
    };
    *i_out = ledger->n++;
    digest_map_add(&ledger->by_key, *i_out);
    index_set_add(&ledger->ready, *i_out);
    ledger->by_state[TRIAL_READY]++;
    return 0;
}

int trial_ledger_add(struct trial_ledger *ledger, const struct trial *trial)
{
    size_t i;

    return add(ledger, trial, &i);
}

/* ---- results ---- */

/* The texts of a result, which can fail, apart from keeping the rest, which cannot. */
static int pool_texts(struct trial_ledger *ledger, const struct trial_result *result,
                      uint32_t *numerics_out, uint32_t *worker_out)
{
    int rc = text_pool_put(&ledger->texts, result->numerics, numerics_out);

    return rc < 0 ? rc : text_pool_put(&ledger->texts, result->worker, worker_out);
}

static void keep_result(struct trial_ledger *ledger, struct entry *entry,
                        const struct trial_result *result, uint32_t numerics, uint32_t worker)
{
    yardstick_note(&ledger->yardsticks[entry->stage], result->seconds);
    entry->reward = result->reward;
    entry->loss = result->loss;
    entry->seconds = result->seconds;
    entry->madds = result->madds;
    entry->params = result->params;
    entry->diverged = result->diverged;
    entry->numerics = numerics;
    entry->worker = worker;
}

static int add_done(struct trial_ledger *ledger, const struct trial *trial,
                    const struct trial_result *result)
{
    uint32_t numerics, worker;
    size_t i;
    int rc = pool_texts(ledger, result, &numerics, &worker);

    if (rc == 0)
        rc = add(ledger, trial, &i);
    if (rc < 0)
        return rc;
    keep_result(ledger, ledger_entry_at(ledger, i), result, numerics, worker);
    ledger_set_state(ledger, i, TRIAL_DONE);
    return 0;
}

static int add_quarantined(struct trial_ledger *ledger, const struct trial *trial,
                           const char *reason)
{
    struct trouble *trouble;
    size_t i;
    int rc = ledger_open_trouble(ledger, &trial->key, &trouble);

    if (rc == 0)
        rc = add(ledger, trial, &i);
    if (rc < 0)
        return rc;
    snprintf(trouble->last_reason, sizeof trouble->last_reason, "%s", reason);
    ledger_entry_at(ledger, i)->quarantined = true;
    ledger_set_state(ledger, i, TRIAL_QUARANTINED);
    return 0;
}

int trial_ledger_add_settled(struct trial_ledger *ledger, const struct trial *trial,
                             const struct trial_result *result, bool quarantined)
{
    return quarantined ? add_quarantined(ledger, trial, result->reason)
                       : add_done(ledger, trial, result);
}

int trial_ledger_receive(struct trial_ledger *ledger, const struct trial_result *result)
{
    struct ledger_attempt *attempt;
    uint32_t numerics, worker;
    size_t i;
    struct entry *entry = ledger_find(ledger, &result->key, &i);
    int rc;

    if (!entry)
        return -ENOENT;
    if (entry->state != TRIAL_READY && entry->state != TRIAL_LEASED)
        return -EALREADY;
    rc = pool_texts(ledger, result, &numerics, &worker);
    if (rc < 0)
        return rc;
    keep_result(ledger, entry, result, numerics, worker);
    LIST_FOREACH(attempt, &entry->attempts, same_trial)
    deadline_heap_remove(&ledger->leases, &attempt->deadline);
    ledger_set_state(ledger, i, TRIAL_SAVING);
    return 0;
}

int trial_ledger_settle(struct trial_ledger *ledger, const struct digest *key)
{
    size_t i;
    struct entry *entry = ledger_find(ledger, key, &i);

    if (!entry)
        return -ENOENT;
    if (entry->state != TRIAL_SAVING)
        return -EINVAL;
    ledger_end_attempts(ledger, entry);
    ledger_set_state(ledger, i, entry->quarantined ? TRIAL_QUARANTINED : TRIAL_DONE);
    return 0;
}
