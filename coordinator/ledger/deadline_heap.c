#include "coordinator/ledger/deadline_heap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

void deadline_heap_clear(struct deadline_heap *heap)
{
    for (size_t i = 0; i < heap->n; i++)
        heap->items[i]->place = 0;
    free(heap->items);
    *heap = (struct deadline_heap){ 0 };
}

static bool before(const struct deadline *a, const struct deadline *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

/* Places count from 1: the parent of place p is p / 2. */
static void put(struct deadline_heap *heap, size_t place, struct deadline *deadline)
{
    heap->items[place - 1] = deadline;
    deadline->place = place;
}

static void rise(struct deadline_heap *heap, struct deadline *deadline)
{
    size_t place = deadline->place;

    for (; place > 1 && before(deadline, heap->items[place / 2 - 1]); place /= 2)
        put(heap, place, heap->items[place / 2 - 1]);
    put(heap, place, deadline);
}

static void sink(struct deadline_heap *heap, struct deadline *deadline)
{
    size_t place = deadline->place;

    for (size_t child; (child = 2 * place) <= heap->n; place = child) {
        if (child < heap->n && before(heap->items[child], heap->items[child - 1]))
            child++;
        if (!before(heap->items[child - 1], deadline))
            break;
        put(heap, place, heap->items[child - 1]);
    }
    put(heap, place, deadline);
}

static int make_room(struct deadline_heap *heap)
{
    size_t room = heap->room ? 2 * heap->room : 64;
    struct deadline **items;

    if (heap->n < heap->room)
        return 0;
    items = realloc(heap->items, room * sizeof *items);
    if (!items)
        return -ENOMEM;
    heap->items = items;
    heap->room = room;
    return 0;
}

int deadline_heap_set(struct deadline_heap *heap, struct deadline *deadline, uint64_t at_ms)
{
    if (!deadline->place) {
        int rc = make_room(heap);

        if (rc < 0)
            return rc;
        deadline->place = ++heap->n;
    }
    deadline->at_ms = at_ms;
    deadline->order = heap->next_order++;
    rise(heap, deadline);
    sink(heap, deadline);
    return 0;
}

void deadline_heap_remove(struct deadline_heap *heap, struct deadline *deadline)
{
    struct deadline *last;

    if (!deadline->place)
        return;
    last = heap->items[--heap->n];
    if (last != deadline) {
        last->place = deadline->place;
        rise(heap, last);
        sink(heap, last);
    }
    deadline->place = 0;
}

struct deadline *deadline_heap_first(const struct deadline_heap *heap)
{
    return heap->n ? heap->items[0] : NULL;
}
