/* text_pool - texts that many things share, each kept once and named by a small number: the worker
 * and the numerics tag of a million results are a few hundred different texts. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_TEXT_POOL_H
#define LAYERNAS_COORDINATOR_LEDGER_TEXT_POOL_H

#include <stdint.h>

#include "common/digest_map.h"

struct text_pool {
    struct pooled_text **texts;
    size_t n, room;
    struct digest_map map;
    uint8_t hash_key[16];
};

void text_pool_init(struct text_pool *pool);
void text_pool_clear(struct text_pool *pool);

/* The number of text, which is copied when it is new. -ENOMEM. */
int text_pool_put(struct text_pool *pool, const char *text, uint32_t *number_out);

/* As it was put: it fits what it came from. */
const char *text_pool_get(const struct text_pool *pool, uint32_t number);

#endif
