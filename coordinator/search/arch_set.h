/* arch_set - distinct architectures in the order they came, each found by its value at once.
 * Indices are stable: what else is known of an architecture goes into an array beside.
 *
 * A search keeps every candidate that it proposed, and there may be a million: one takes a byte for each
 * layer and 8 to 16 more, two bytes for each layer where any option is past 255. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_ARCH_SET_H
#define LAYERNAS_COORDINATOR_SEARCH_ARCH_SET_H

#include <stddef.h>
#include <stdint.h>

#include "common/arch.h"

/* For hash tables: all bits mixed. */
uint64_t arch_hash(const struct arch *arch);

/* Empty when all zero. */
struct arch_set {
    uint16_t n_layers;   /* of each: as many as the first one has */
    uint8_t *low, *high; /* owned; bytes of the options, n_layers for each; high NULL: all 0 */
    size_t n, room;
    uint32_t *slots; /* a hash table, index + 1; 0: free */
    size_t n_slots;  /* a power of two, or 0 */
};

void arch_set_clear(struct arch_set *set);

/* 1 when a copy of arch was added, with index set->n - 1; 0 when it was there; -ENOMEM; -ENOSPC at
 * UINT32_MAX - 1 of them; -EINVAL: it has not as many layers as the others. */
int arch_set_add(struct arch_set *set, const struct arch *arch);

/* Number i, below set->n. */
struct arch arch_set_at(const struct arch_set *set, size_t i);

/* Its index, or -ENOENT. */
int64_t arch_set_find(const struct arch_set *set, const struct arch *arch);

#endif
