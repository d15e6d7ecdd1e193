#include "common/digest_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_SLOTS = 16 };

void digest_map_clear(struct digest_map *map)
{
    free(map->slots);
    map->slots = NULL;
    map->n = map->room = 0;
}

/* Digests need no mixing, but counters are used as digests too. */
static uint64_t hash(const struct digest *digest)
{
    uint64_t a, b;

    memcpy(&a, digest->bytes, sizeof a);
    memcpy(&b, digest->bytes + sizeof a, sizeof b);
    a = (a ^ (b * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
    a = (a ^ (a >> 32)) * 0x94d049bb133111ebu;
    return a ^ (a >> 29);
}

/* A slot begins with a tag, the hash's highest bits; where it lies depends on the lowest. */
static uint64_t tag_of(uint64_t content)
{
    return content & ~DIGEST_MAP_MAX;
}

static const struct digest *digest_in(const struct digest_map *map, uint64_t slot)
{
    return map->digest_of(map->owner, digest_map_value(slot));
}

/* The slot of digest, or the free one where it would go. */
static size_t slot_of(const struct digest_map *map, const struct digest *digest, uint64_t hashed)
{
    size_t at = hashed & (map->room - 1);
    uint64_t slot;

    while ((slot = map->slots[at]) &&
           !(tag_of(slot) == tag_of(hashed) && digest_equal(digest_in(map, slot), digest)))
        at = (at + 1) & (map->room - 1);
    return at;
}

static int resize(struct digest_map *map, size_t room)
{
    struct digest_map bigger = *map;

    bigger.slots = calloc(room, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ENOMEM;
    bigger.room = room;
    for (size_t i = 0; i < map->room; i++) {
        size_t at;

        if (!map->slots[i])
            continue;
        at = hash(digest_in(map, map->slots[i])) & (room - 1);
        while (bigger.slots[at]) /* all that are in it differ: none is compared */
            at = (at + 1) & (room - 1);
        bigger.slots[at] = map->slots[i];
    }
    free(map->slots);
    *map = bigger;
    return 0;
}

int digest_map_reserve(struct digest_map *map)
{
    if (map->room == 0)
        return resize(map, FEWEST_SLOTS);
    return map->n + 1 > map->room / 4 * 3 ? resize(map, map->room * 2) : 0;
}

int digest_map_add(struct digest_map *map, uint64_t value)
{
    const struct digest *digest = map->digest_of(map->owner, value);
    uint64_t hashed = hash(digest);
    int rc = digest_map_reserve(map);
    size_t slot;

    if (rc < 0)
        return rc;
    slot = slot_of(map, digest, hashed);
    if (map->slots[slot])
        return -EEXIST;
    map->slots[slot] = tag_of(hashed) | (value + 1);
    map->n++;
    return 0;
}

bool digest_map_find(const struct digest_map *map, const struct digest *digest, uint64_t *value_out)
{
    size_t slot;

    if (map->n == 0)
        return false;
    slot = slot_of(map, digest, hash(digest));
    if (!map->slots[slot])
        return false;
    *value_out = digest_map_value(map->slots[slot]);
    return true;
}

/* Moves later members of the run back into the gap, as far as each may go, so that no search ends
 * too early and no tombstones pile up. */
static void close_gap(struct digest_map *map, size_t gap)
{
    size_t mask = map->room - 1;

    for (size_t slot = (gap + 1) & mask; map->slots[slot]; slot = (slot + 1) & mask) {
        size_t from = hash(digest_in(map, map->slots[slot])) & mask;

        if (((slot - from) & mask) >= ((slot - gap) & mask)) {
            map->slots[gap] = map->slots[slot];
            map->slots[slot] = 0;
            gap = slot;
        }
    }
}

void digest_map_remove(struct digest_map *map, const struct digest *digest)
{
    size_t slot;

    if (map->n == 0)
        return;
    slot = slot_of(map, digest, hash(digest));
    if (!map->slots[slot])
        return;
    map->slots[slot] = 0;
    map->n--;
    close_gap(map, slot);
}
