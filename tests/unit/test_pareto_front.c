#include "tests/unit/check.h"

#include <stdlib.h>

#include "common/rng.h"
#include "coordinator/search/pareto_front.h"

enum { MOST = 200 };

static int by_cost(const void *left, const void *right)
{
    const struct candidate *a = left, *b = right;

    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    return candidate_compare(a, b);
}

/* All of them sorted, then one pass. */
static size_t naive_front(const struct candidate *all, size_t n, struct candidate *front)
{
    struct candidate sorted[MOST];
    size_t n_front = 0;

    memcpy(sorted, all, n * sizeof *all);
    qsort(sorted, n, sizeof *sorted, by_cost);
    for (size_t i = 0; i < n; i++)
        if (n_front == 0 || reward_compare(sorted[i].reward, front[n_front - 1].reward) > 0)
            front[n_front++] = sorted[i];
    return n_front;
}

/* Few costs and rewards: ties of every kind. Totals differ, as shares do that are equal. */
static struct candidate some_candidate(struct rng *rng, uint16_t name, uint64_t span)
{
    uint32_t scale = 1 + (uint32_t)rng_below(rng, 2);
    struct arch arch = { 2, { (uint16_t)(name % 16), (uint16_t)(name / 16) } };

    return (struct candidate){
        .arch = arch,
        .canonical = arch,
        .cost = (int64_t)rng_below(rng, span),
        .reward = { scale * (uint32_t)rng_below(rng, span), scale * 1000 },
    };
}

static void test_like_the_naive_one(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct candidate all[MOST], want[MOST];
        struct pareto_front front = { 0 };
        uint64_t span = 3 + seed % 3 * 40;
        struct rng rng;

        rng_init(&rng, seed, 0);
        for (uint16_t i = 0; i < MOST; i++) {
            size_t n_want;

            all[i] = some_candidate(&rng, i, span);
            assert_int_equal(pareto_front_offer(&front, &all[i]), 0);
            n_want = naive_front(all, i + 1u, want);
            check_int_equal("size", front.n, n_want);
            for (size_t f = 0; f < n_want; f++)
                check_true("the same", arch_equal(&front.at[f].arch, &want[f].arch));
        }
        pareto_front_clear(&front);
    }
}

static void test_order_does_not_matter(void **state)
{
    struct pareto_front forward = { 0 }, backward = { 0 };
    struct candidate all[MOST];
    struct rng rng;

    (void)state;
    rng_init(&rng, 7, 0);
    for (uint16_t i = 0; i < MOST; i++) {
        all[i] = some_candidate(&rng, i, 20);
        assert_int_equal(pareto_front_offer(&forward, &all[i]), 0);
    }
    for (int i = MOST - 1; i >= 0; i--) {
        assert_int_equal(pareto_front_offer(&backward, &all[i]), 0);
        assert_int_equal(pareto_front_offer(&backward, &all[i]), 0); /* twice is once */
    }
    check_int_equal("size", forward.n, backward.n);
    for (size_t f = 0; f < forward.n; f++)
        check_true("the same", arch_equal(&forward.at[f].arch, &backward.at[f].arch));
    pareto_front_clear(&forward);
    pareto_front_clear(&backward);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_the_naive_one),
        cmocka_unit_test(test_order_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
