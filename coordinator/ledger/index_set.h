/* index_set - a set of small numbers, in order. A tree of bits, 64 to a node: adding, removing and
 * finding the next member touch at most five words, and a million members cost 130 kB. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_INDEX_SET_H
#define LAYERNAS_COORDINATOR_LEDGER_INDEX_SET_H

#include <stddef.h>
#include <stdint.h>

enum { INDEX_SET_LEVELS = 5 };
#define INDEX_SET_LIMIT ((size_t)1 << 30) /* members are below it */
#define INDEX_SET_NONE  SIZE_MAX

/* All zero: an empty set. Bit i of a level says whether word i of the level below has any. */
struct index_set {
    uint64_t *level[INDEX_SET_LEVELS];
    size_t words[INDEX_SET_LEVELS];
};

void index_set_clear(struct index_set *set);

/* Makes room for the members 0 .. n - 1. -ENOMEM, -ERANGE past INDEX_SET_LIMIT. */
int index_set_reserve(struct index_set *set, size_t n);

/* i must have been made room for. */
void index_set_add(struct index_set *set, size_t i);
void index_set_remove(struct index_set *set, size_t i);

/* The smallest member not below from; INDEX_SET_NONE when there is none. */
size_t index_set_next(const struct index_set *set, size_t from);

#endif
