#include "coordinator/search/arch_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void arch_set_clear(struct arch_set *set)
{
    free(set->low);
    free(set->high);
    free(set->slots);
    *set = (struct arch_set){ 0 };
}

uint64_t arch_hash(const struct arch *arch)
{
    uint64_t h = arch->n;

    for (unsigned i = 0; i < arch->n; i++) {
        h = (h ^ arch->option[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

struct arch arch_set_at(const struct arch_set *set, size_t i)
{
    struct arch arch = { .n = set->n_layers };

    for (size_t l = 0; l < arch.n; l++)
        arch.option[l] = set->low[i * arch.n + l];
    for (size_t l = 0; set->high && l < arch.n; l++)
        arch.option[l] |= (uint16_t)(set->high[i * arch.n + l] << 8);
    return arch;
}

static bool holds(const struct arch_set *set, size_t i, const struct arch *arch)
{
    size_t first = i * set->n_layers;

    if (arch->n != set->n_layers)
        return false;
    for (size_t l = 0; l < arch->n; l++)
        if (set->low[first + l] != (arch->option[l] & UINT8_MAX) ||
            (set->high ? set->high[first + l] : 0) != arch->option[l] >> 8)
            return false;
    return true;
}

/* The slot that holds arch, or the free one where it belongs. */
static size_t slot_of(const struct arch_set *set, const struct arch *arch)
{
    size_t mask = set->n_slots - 1, s = arch_hash(arch) & mask;

    while (set->slots[s] && !holds(set, set->slots[s] - 1, arch))
        s = (s + 1) & mask;
    return s;
}

/* Keeps at least half of the slots free. All that are filed differ, so none is compared. */
static int grow_slots(struct arch_set *set)
{
    size_t n_slots = set->n_slots ? 2 * set->n_slots : 64;
    uint32_t *slots;

    if (2 * (set->n + 1) <= set->n_slots)
        return 0;
    slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    for (size_t i = 0; i < set->n; i++) {
        struct arch arch = arch_set_at(set, i);
        size_t s = arch_hash(&arch) & (n_slots - 1);

        while (slots[s])
            s = (s + 1) & (n_slots - 1);
        slots[s] = (uint32_t)i + 1;
    }
    free(set->slots);
    set->slots = slots;
    set->n_slots = n_slots;
    return 0;
}

static int grow_bytes(uint8_t **bytes, size_t size)
{
    uint8_t *grown = realloc(*bytes, size);

    if (!grown)
        return -ENOMEM;
    *bytes = grown;
    return 0;
}

static int grow_room(struct arch_set *set)
{
    size_t room = set->room ? 2 * set->room : 32;
    int rc;

    if (set->n < set->room)
        return 0;
    if (set->n >= UINT32_MAX - 1)
        return -ENOSPC;
    rc = grow_bytes(&set->low, room * set->n_layers);
    if (rc == 0 && set->high)
        rc = grow_bytes(&set->high, room * set->n_layers);
    if (rc == 0)
        set->room = room;
    return rc;
}

/* The first option past 255 brings the high bytes of all. */
static int need_high(struct arch_set *set, const struct arch *arch)
{
    uint16_t all = 0;

    for (size_t l = 0; l < arch->n; l++)
        all |= arch->option[l];
    if (all <= UINT8_MAX || set->high)
        return 0;
    set->high = calloc(set->room, set->n_layers);
    return set->high ? 0 : -ENOMEM;
}

static void append(struct arch_set *set, const struct arch *arch)
{
    size_t first = set->n++ * set->n_layers;

    for (size_t l = 0; l < arch->n; l++) {
        set->low[first + l] = (uint8_t)arch->option[l];
        if (set->high)
            set->high[first + l] = (uint8_t)(arch->option[l] >> 8);
    }
}

int arch_set_add(struct arch_set *set, const struct arch *arch)
{
    size_t s;
    int rc;

    if (set->n == 0)
        set->n_layers = arch->n;
    if (arch->n != set->n_layers)
        return -EINVAL;
    rc = grow_slots(set);
    if (rc == 0)
        rc = grow_room(set);
    if (rc == 0)
        rc = need_high(set, arch);
    if (rc < 0)
        return rc;
    s = slot_of(set, arch);
    if (set->slots[s])
        return 0;
    append(set, arch);
    set->slots[s] = (uint32_t)set->n;
    return 1;
}

int64_t arch_set_find(const struct arch_set *set, const struct arch *arch)
{
    uint32_t found = set->n_slots ? set->slots[slot_of(set, arch)] : 0;

    return found ? (int64_t)found - 1 : -ENOENT;
}
