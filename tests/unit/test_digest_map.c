#include "tests/unit/check.h"

#include <errno.h>

#include "common/digest_map.h"
#include "common/rng.h"

enum { MANY = 3000 };

static struct digest digests[MANY];

static const struct digest *digest_of(const void *owner, uint64_t value)
{
    return (const struct digest *)owner + value;
}

static struct digest_map empty_map(void)
{
    return (struct digest_map){ .digest_of = digest_of, .owner = digests };
}

static struct digest counter_digest(uint64_t first, uint64_t second)
{
    struct digest digest;

    memcpy(digest.bytes, &first, 8);
    memcpy(digest.bytes + 8, &second, 8);
    return digest;
}

static void test_one_value(void **state)
{
    struct digest_map map = empty_map();
    uint64_t value = 99;

    (void)state;
    digests[7] = counter_digest(1, 2);
    assert_false(digest_map_find(&map, &digests[7], &value));
    digest_map_remove(&map, &digests[7]);
    assert_int_equal(value, 99);
    assert_int_equal(digest_map_add(&map, 7), 0);
    assert_int_equal(digest_map_add(&map, 7), -EEXIST);
    assert_true(digest_map_find(&map, &digests[7], &value));
    assert_int_equal(value, 7);
    digest_map_remove(&map, &digests[7]);
    assert_false(digest_map_find(&map, &digests[7], &value));
    digest_map_clear(&map);
    assert_int_equal(map.n, 0);
}

/* Every value is found exactly while it is in, however the runs of slots were torn and closed. */
static void churn(struct rng *rng)
{
    static bool in[MANY];
    struct digest_map map = empty_map();

    memset(in, 0, sizeof in);
    for (int step = 0; step < 30000; step++) {
        size_t i = rng_below(rng, MANY);
        uint64_t value;

        if (rng_below(rng, 2)) {
            assert_int_equal(digest_map_add(&map, i), in[i] ? -EEXIST : 0);
            in[i] = true;
        } else {
            digest_map_remove(&map, &digests[i]);
            in[i] = false;
        }
        i = rng_below(rng, MANY);
        assert_int_equal(digest_map_find(&map, &digests[i], &value), in[i]);
        if (in[i])
            assert_int_equal(value, i);
    }
    for (size_t i = 0; i < MANY; i++) {
        uint64_t value;

        assert_int_equal(digest_map_find(&map, &digests[i], &value), in[i]);
    }
    digest_map_clear(&map);
}

static void test_random_adding_and_removing(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 2, 0);
    for (size_t i = 0; i < MANY; i++)
        digests[i] = counter_digest(rng_u64(&rng), i);
    churn(&rng);
    for (size_t i = 0; i < MANY; i++) /* as attempts are named */
        digests[i] = counter_digest(1700000000, i);
    churn(&rng);
}

/* Three quarters full, random places leave about 570 runs of used slots. */
static void test_counters_do_not_pile_up(void **state)
{
    struct digest_map map = empty_map();
    size_t runs = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        digests[i] = counter_digest(1700000000, i);
        assert_int_equal(digest_map_add(&map, i), 0);
    }
    for (size_t slot = 1; slot < map.room; slot++)
        runs += map.slots[slot] && !map.slots[slot - 1];
    assert_true(map.n * 4 <= map.room * 3);
    assert_in_range(runs, 400, 3000);
    digest_map_clear(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_value),
        cmocka_unit_test(test_random_adding_and_removing),
        cmocka_unit_test(test_counters_do_not_pile_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
