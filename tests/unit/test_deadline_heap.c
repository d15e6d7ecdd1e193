#include "tests/unit/check.h"

#include "common/rng.h"
#include "coordinator/ledger/deadline_heap.h"

enum { MANY = 400 };

static void test_order(void **state)
{
    static const struct {
        const char *name;
        uint64_t at_ms[4]; /* of items 0 .. 3, put in in this order */
        int want[4];
    } cases[] = {
        { "rising", { 1, 2, 3, 4 }, { 0, 1, 2, 3 } },
        { "falling", { 4, 3, 2, 1 }, { 3, 2, 1, 0 } },
        { "equal ones come out as put in", { 7, 7, 7, 7 }, { 0, 1, 2, 3 } },
        { "equal ones behind an earlier one", { 7, 7, 1, 7 }, { 2, 0, 1, 3 } },
        { "ends of the range", { UINT64_MAX, 0, UINT64_MAX, 0 }, { 1, 3, 0, 2 } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct deadline_heap heap = { 0 };
        struct deadline items[4] = { 0 };

        for (int k = 0; k < 4; k++)
            check_int_equal(cases[i].name, deadline_heap_set(&heap, &items[k], cases[i].at_ms[k]),
                            0);
        for (int k = 0; k < 4; k++) {
            struct deadline *first = deadline_heap_first(&heap);

            check_int_equal(cases[i].name, first - items, cases[i].want[k]);
            deadline_heap_remove(&heap, first);
            check_int_equal(cases[i].name, first->place, 0);
        }
        check_true(cases[i].name, !deadline_heap_first(&heap));
        deadline_heap_clear(&heap);
    }
}

static void test_moving_an_item(void **state)
{
    struct deadline_heap heap = { 0 };
    struct deadline a = { 0 }, b = { 0 };

    (void)state;
    deadline_heap_set(&heap, &a, 10);
    deadline_heap_set(&heap, &b, 20);
    deadline_heap_set(&heap, &a, 20); /* renewed: behind b now */
    assert_int_equal(heap.n, 2);
    assert_ptr_equal(deadline_heap_first(&heap), &b);
    deadline_heap_set(&heap, &a, 5);
    assert_ptr_equal(deadline_heap_first(&heap), &a);
    deadline_heap_remove(&heap, &a);
    deadline_heap_remove(&heap, &a); /* out already */
    assert_ptr_equal(deadline_heap_first(&heap), &b);
    deadline_heap_clear(&heap);
    assert_int_equal(b.place, 0);
    assert_null(deadline_heap_first(&heap));
}

static void check_heap(const struct deadline_heap *heap)
{
    for (size_t p = 1; p <= heap->n; p++) {
        assert_int_equal(heap->items[p - 1]->place, p);
        assert_true(p == 1 || heap->items[p / 2 - 1]->at_ms <= heap->items[p - 1]->at_ms);
    }
}

/* The first of the items that are in, by a scan. */
static const struct deadline *earliest(const struct deadline *items)
{
    const struct deadline *best = NULL;

    for (int k = 0; k < MANY; k++)
        if (items[k].place && (!best || items[k].at_ms < best->at_ms ||
                               (items[k].at_ms == best->at_ms && items[k].order < best->order)))
            best = &items[k];
    return best;
}

static void test_random_operations_against_a_scan(void **state)
{
    struct deadline_heap heap = { 0 };
    static struct deadline items[MANY];
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    for (int step = 0; step < 20000; step++) {
        struct deadline *item = &items[rng_below(&rng, MANY)];

        if (rng_below(&rng, 3))
            assert_int_equal(deadline_heap_set(&heap, item, rng_below(&rng, 50)), 0);
        else
            deadline_heap_remove(&heap, item);
        assert_ptr_equal(deadline_heap_first(&heap), earliest(items));
        if (step % 20 == 0)
            check_heap(&heap);
    }
    deadline_heap_clear(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_moving_an_item),
        cmocka_unit_test(test_random_operations_against_a_scan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
