#include "coordinator/known_results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest_map.h"
#include "coordinator/ledger/text_pool.h"

enum { BLOCK = 1024 /* results allocated at a time */ };

struct known {
    struct digest key;
    int64_t madds, params;
    struct reward reward;
    double loss, seconds;
    uint64_t failures_before;
    uint32_t replica, numerics, worker, reason; /* the last three in texts */
    uint8_t stage, outcome;
    bool diverged, quarantined, retried;
};

/* They are taken much in the order they came: a block is freed with its last result. */
struct block {
    size_t n_left;
    struct known known[BLOCK];
};

struct known_results {
    struct block **blocks;
    size_t n;              /* results ever kept */
    size_t n_blocks, room; /* blocks ever made, and those there is room for */
    size_t n_search;
    struct digest_map by_key; /* -> number of the result */
    struct text_pool texts;
};

static struct known *known_at(const struct known_results *results, uint64_t i)
{
    return &results->blocks[i / BLOCK]->known[i % BLOCK];
}

static const struct digest *key_of(const void *owner, uint64_t i)
{
    return &known_at(owner, i)->key;
}

struct known_results *known_results_new(void)
{
    struct known_results *results = calloc(1, sizeof *results);

    if (!results)
        return NULL;
    results->by_key = (struct digest_map){ .digest_of = key_of, .owner = results };
    text_pool_init(&results->texts);
    return results;
}

void known_results_free(struct known_results *results)
{
    if (!results)
        return;
    for (size_t b = 0; b < results->n_blocks; b++)
        free(results->blocks[b]);
    free(results->blocks);
    digest_map_clear(&results->by_key);
    text_pool_clear(&results->texts);
    free(results);
}

/* ---- keeping ---- */

/* The block of result n, which is the first of it. */
static int add_block(struct known_results *results)
{
    size_t b = results->n / BLOCK, room = results->room ? 2 * results->room : 16;

    if (b < results->n_blocks)
        return 0; /* what it was made for was known already */
    if (b == results->room) {
        struct block **blocks = realloc(results->blocks, room * sizeof *blocks);

        if (!blocks)
            return -ENOMEM;
        results->blocks = blocks;
        results->room = room;
    }
    results->blocks[b] = calloc(1, sizeof **results->blocks);
    if (!results->blocks[b])
        return -ENOMEM;
    results->n_blocks++;
    return 0;
}

/* Room for one more. */
static int make_room(struct known_results *results)
{
    int rc = digest_map_reserve(&results->by_key);

    return rc == 0 && results->n % BLOCK == 0 ? add_block(results) : rc;
}

static int pool_texts(struct text_pool *texts, const struct trial_result *result,
                      struct known *known)
{
    int rc = text_pool_put(texts, result->numerics, &known->numerics);

    if (rc == 0)
        rc = text_pool_put(texts, result->worker, &known->worker);
    return rc < 0 ? rc : text_pool_put(texts, result->reason, &known->reason);
}

int known_results_keep(struct known_results *results, const struct stored_result *stored)
{
    const struct trial_result *result = &stored->result;
    struct known known = {
        .key = result->key,
        .madds = result->madds,
        .params = result->params,
        .reward = result->reward,
        .loss = result->loss,
        .seconds = result->seconds,
        .failures_before = stored->failures_before,
        .replica = result->replica,
        .stage = (uint8_t)result->stage,
        .outcome = (uint8_t)result->outcome,
        .diverged = result->diverged,
        .quarantined = stored->quarantined,
        .retried = stored->retried,
    };
    int rc;

    rc = pool_texts(&results->texts, result, &known);
    if (rc == 0)
        rc = make_room(results);
    if (rc < 0)
        return rc;
    *known_at(results, results->n) = known;
    rc = digest_map_add(&results->by_key, results->n);
    if (rc < 0)
        return rc == -EEXIST ? -EALREADY : rc;
    results->blocks[results->n++ / BLOCK]->n_left++;
    results->n_search += result->stage == STAGE_SEARCH;
    return 0;
}

/* ---- looking, taking ---- */

bool known_results_has(const struct known_results *results, const struct digest *key)
{
    uint64_t i;

    return digest_map_find(&results->by_key, key, &i);
}

static void copy_out(const struct known_results *results, const struct known *known,
                     struct stored_result *stored_out)
{
    struct trial_result *result = &stored_out->result;

    *stored_out = (struct stored_result){ .result = { .key = known->key,
                                                      .stage = known->stage,
                                                      .replica = known->replica,
                                                      .madds = known->madds,
                                                      .params = known->params,
                                                      .outcome = known->outcome,
                                                      .reward = known->reward,
                                                      .loss = known->loss,
                                                      .seconds = known->seconds,
                                                      .diverged = known->diverged },
                                          .quarantined = known->quarantined,
                                          .retried = known->retried,
                                          .failures_before = known->failures_before };
    strcpy(result->numerics, text_pool_get(&results->texts, known->numerics));
    strcpy(result->worker, text_pool_get(&results->texts, known->worker));
    strcpy(result->reason, text_pool_get(&results->texts, known->reason));
}

bool known_results_find(const struct known_results *results, const struct digest *key,
                        struct stored_result *stored_out)
{
    uint64_t i;
    bool found = digest_map_find(&results->by_key, key, &i);

    if (found)
        copy_out(results, known_at(results, i), stored_out);
    return found;
}

/* Result i of this key. */
static void forget(struct known_results *results, const struct digest *key, uint64_t i)
{
    struct block **block = &results->blocks[i / BLOCK];

    digest_map_remove(&results->by_key, key);
    results->n_search -= known_at(results, i)->stage == STAGE_SEARCH;
    if (--(*block)->n_left == 0 && i / BLOCK < results->n / BLOCK) { /* no more will come to it */
        free(*block);
        *block = NULL;
    }
}

bool known_results_take(struct known_results *results, const struct digest *key,
                        struct stored_result *stored_out)
{
    uint64_t i;

    if (!digest_map_find(&results->by_key, key, &i))
        return false;
    copy_out(results, known_at(results, i), stored_out);
    forget(results, key, i);
    return true;
}

void known_results_drop(struct known_results *results, const struct digest *key)
{
    uint64_t i;

    if (digest_map_find(&results->by_key, key, &i))
        forget(results, key, i);
}

size_t known_results_n_search(const struct known_results *results)
{
    return results->n_search;
}
