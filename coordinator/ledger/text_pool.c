#include "coordinator/ledger/text_pool.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct pooled_text {
    struct digest digest;
    char text[];
};

static const struct digest *digest_of(const void *owner, uint64_t value)
{
    const struct text_pool *pool = owner;

    return &pool->texts[value]->digest;
}

void text_pool_init(struct text_pool *pool)
{
    *pool = (struct text_pool){ .map = { .digest_of = digest_of, .owner = pool } };
    randombytes_buf(pool->hash_key, sizeof pool->hash_key);
}

void text_pool_clear(struct text_pool *pool)
{
    for (size_t i = 0; i < pool->n; i++)
        free(pool->texts[i]);
    free(pool->texts);
    digest_map_clear(&pool->map);
    pool->texts = NULL;
    pool->n = pool->room = 0;
}

static int make_room(struct text_pool *pool)
{
    size_t room = pool->room ? 2 * pool->room : 16;
    struct pooled_text **texts;

    if (pool->n < pool->room)
        return 0;
    texts = realloc(pool->texts, room * sizeof *texts);
    if (!texts)
        return -ENOMEM;
    pool->texts = texts;
    pool->room = room;
    return 0;
}

/* Two for each result that is read or comes, so not BLAKE2b. The key keeps it safe from texts made to
 * collide. */
static struct digest hash(const struct text_pool *pool, const char *text, size_t size)
{
    struct digest digest;

    _Static_assert(sizeof digest == crypto_shorthash_siphashx24_BYTES, "a digest is its hash");
    crypto_shorthash_siphashx24(digest.bytes, (const unsigned char *)text, size, pool->hash_key);
    return digest;
}

int text_pool_put(struct text_pool *pool, const char *text, uint32_t *number_out)
{
    size_t size = strlen(text) + 1;
    struct pooled_text *pooled;
    struct digest digest = hash(pool, text, size);
    uint64_t known;
    int rc;

    if (digest_map_find(&pool->map, &digest, &known)) {
        *number_out = (uint32_t)known;
        return 0;
    }
    rc = make_room(pool);
    if (rc < 0)
        return rc;
    pooled = malloc(sizeof *pooled + size);
    if (!pooled)
        return -ENOMEM;
    pooled->digest = digest;
    memcpy(pooled->text, text, size);
    pool->texts[pool->n] = pooled;
    rc = digest_map_add(&pool->map, pool->n);
    if (rc < 0) {
        free(pooled);
        return rc;
    }
    *number_out = (uint32_t)pool->n++;
    return 0;
}

const char *text_pool_get(const struct text_pool *pool, uint32_t number)
{
    return pool->texts[number]->text;
}
