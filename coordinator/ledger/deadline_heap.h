/* deadline_heap - which of many deadlines is the nearest. A binary heap whose items know their
 * place, so that one can be moved or taken out. Equal deadlines come out in the order put in. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_DEADLINE_HEAP_H
#define LAYERNAS_COORDINATOR_LEDGER_DEADLINE_HEAP_H

#include <stddef.h>
#include <stdint.h>

/* Embedded in whatever has the deadline. place is the heap's own: 0 while in no heap. */
struct deadline {
    uint64_t at_ms, order;
    size_t place;
};

struct deadline_heap {
    struct deadline **items;
    size_t n, room;
    uint64_t next_order;
};

void deadline_heap_clear(struct deadline_heap *heap);

/* Puts deadline in at at_ms, or moves it there. -ENOMEM (never when it is in already). */
int deadline_heap_set(struct deadline_heap *heap, struct deadline *deadline, uint64_t at_ms);

/* Takes it out; nothing happens when it is not in. */
void deadline_heap_remove(struct deadline_heap *heap, struct deadline *deadline);

/* The nearest, still in; NULL when there is none. */
struct deadline *deadline_heap_first(const struct deadline_heap *heap);

#endif
