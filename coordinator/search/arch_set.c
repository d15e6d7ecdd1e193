#include "coordinator/search/arch_set.h"

#include <errno.h>
#include <stdlib.h>

void arch_set_clear(struct arch_set *set)
{
    free(set->at);
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

/* The slot that holds arch, or the free one where it belongs. */
static size_t slot_of(const struct arch_set *set, const struct arch *arch)
{
    size_t mask = set->n_slots - 1, s = arch_hash(arch) & mask;

    while (set->slots[s] && !arch_equal(&set->at[set->slots[s] - 1], arch))
        s = (s + 1) & mask;
    return s;
}

/* Keeps at least half of the slots free. */
static int grow_slots(struct arch_set *set)
{
    size_t n_slots = set->n_slots ? 2 * set->n_slots : 64;
    uint32_t *slots;

    if (2 * (set->n + 1) <= set->n_slots)
        return 0;
    slots = calloc(n_slots, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    free(set->slots);
    set->slots = slots;
    set->n_slots = n_slots;
    for (size_t i = 0; i < set->n; i++)
        slots[slot_of(set, &set->at[i])] = (uint32_t)i + 1;
    return 0;
}

static int grow_array(struct arch_set *set)
{
    size_t room = set->room ? 2 * set->room : 32;
    struct arch *at;

    if (set->n < set->room)
        return 0;
    if (set->n >= UINT32_MAX - 1)
        return -ENOSPC;
    at = realloc(set->at, room * sizeof *at);
    if (!at)
        return -ENOMEM;
    set->at = at;
    set->room = room;
    return 0;
}

int arch_set_add(struct arch_set *set, const struct arch *arch)
{
    int rc = grow_slots(set);
    size_t s;

    if (rc == 0)
        rc = grow_array(set);
    if (rc < 0)
        return rc;
    s = slot_of(set, arch);
    if (set->slots[s])
        return 0;
    set->at[set->n++] = *arch;
    set->slots[s] = (uint32_t)set->n;
    return 1;
}

int64_t arch_set_find(const struct arch_set *set, const struct arch *arch)
{
    uint32_t found = set->n_slots ? set->slots[slot_of(set, arch)] : 0;

    return found ? (int64_t)found - 1 : -ENOENT;
}
