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
static size_t home(const struct digest *digest, size_t room)
{
    uint64_t a, b;

    memcpy(&a, digest->bytes, sizeof a);
    memcpy(&b, digest->bytes + sizeof a, sizeof b);
    a = (a ^ (b * 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
    a = (a ^ (a >> 32)) * 0x94d049bb133111ebu;
    return (a ^ (a >> 29)) & (room - 1);
}

/* The slot of digest, or the free one where it would go. */
static size_t slot_of(const struct digest_map *map, const struct digest *digest)
{
    size_t slot = home(digest, map->room);

    while (map->slots[slot] &&
           !digest_equal(map->digest_of(map->owner, map->slots[slot] - 1), digest))
        slot = (slot + 1) & (map->room - 1);
    return slot;
}

static int resize(struct digest_map *map, size_t room)
{
    struct digest_map bigger = *map;

    bigger.slots = calloc(room, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ENOMEM;
    bigger.room = room;
    for (size_t i = 0; i < map->room; i++)
        if (map->slots[i])
            bigger.slots[slot_of(&bigger, map->digest_of(map->owner, map->slots[i] - 1))] =
                map->slots[i];
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
    int rc = digest_map_reserve(map);
    size_t slot;

    if (rc < 0)
        return rc;
    slot = slot_of(map, map->digest_of(map->owner, value));
    if (map->slots[slot])
        return -EEXIST;
    map->slots[slot] = value + 1;
    map->n++;
    return 0;
}

bool digest_map_find(const struct digest_map *map, const struct digest *digest, uint64_t *value_out)
{
    size_t slot;

    if (map->n == 0)
        return false;
    slot = slot_of(map, digest);
    if (!map->slots[slot])
        return false;
    *value_out = map->slots[slot] - 1;
    return true;
}

/* Moves later members of the run back into the gap, as far as each may go, so that no search ends
 * too early and no tombstones pile up. */
static void close_gap(struct digest_map *map, size_t gap)
{
    size_t mask = map->room - 1;

    for (size_t slot = (gap + 1) & mask; map->slots[slot]; slot = (slot + 1) & mask) {
        size_t from = home(map->digest_of(map->owner, map->slots[slot] - 1), map->room);

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
    slot = slot_of(map, digest);
    if (!map->slots[slot])
        return;
    map->slots[slot] = 0;
    map->n--;
    close_gap(map, slot);
}
