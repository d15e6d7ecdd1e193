/* digest_map - finds a number by the digest that names it, in constant time.
 *
 * Open addressing over the numbers alone, 8 bytes a slot: the digests stay where they are, and the
 * map asks for them. A million trials cost 17 MB so, 50 with a copy of each digest. Two bytes of a slot
 * are of the digest's hash, so that hardly ever another one than the right digest is looked at: each
 * look is a miss of the cache. */
#ifndef LAYERNAS_COMMON_DIGEST_MAP_H
#define LAYERNAS_COMMON_DIGEST_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/digest.h"

/* Above all indices, and all addresses of a process. */
#define DIGEST_MAP_MAX ((UINT64_C(1) << 48) - 1)

/* The digest of what value stands for: an index into something of owner's, or an address. It must
 * not change, nor go away, while value is in the map. */
typedef const struct digest *digest_of_fn(const void *owner, uint64_t value);

/* Set digest_of and owner, leave the rest zero: an empty map. */
struct digest_map {
    digest_of_fn *digest_of;
    const void *owner;
    uint64_t *slots; /* value + 1, above it 16 bits of the hash; 0: free */
    size_t n, room;  /* room is 0 or a power of two */
};

void digest_map_clear(struct digest_map *map);

/* What lies in a slot that is not free, for owners who walk over all. */
static inline uint64_t digest_map_value(uint64_t slot)
{
    return (slot & DIGEST_MAP_MAX) - 1;
}

/* Makes sure that the next digest_map_add succeeds. -ENOMEM. */
int digest_map_reserve(struct digest_map *map);

/* Adds value, below DIGEST_MAP_MAX, under its digest. -EEXIST, -ENOMEM. */
int digest_map_add(struct digest_map *map, uint64_t value);

bool digest_map_find(const struct digest_map *map, const struct digest *digest,
                     uint64_t *value_out);

/* Nothing happens when it is not there. */
void digest_map_remove(struct digest_map *map, const struct digest *digest);

#endif
