#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#include "common/rng.h"
#include "coordinator/search/candidate_table.h"

static void test_bucket_index(void **state)
{
    static const struct cost_range hundreds = { 100, 499 }, one = { 7, 7 }, five = { 0, 4 },
                                   wide = { 0, INT64_MAX - 1 };
    static const struct {
        const char *name;
        const struct cost_range *edges;
        uint32_t n;
        int64_t cost;
        int want;
    } cases[] = {
        { "just below the span", &hundreds, 4, 99, -ERANGE },
        { "lowest cost is inside", &hundreds, 4, 100, 0 },
        { "last of the first bucket", &hundreds, 4, 199, 0 },
        { "first of the second bucket", &hundreds, 4, 200, 1 },
        { "highest cost is inside", &hundreds, 4, 499, 3 },
        { "just above the span", &hundreds, 4, 500, -ERANGE },
        { "a single cost", &one, 4, 7, 0 },
        { "a single bucket", &hundreds, 1, 499, 0 },
        { "more buckets than costs: first", &five, 8, 0, 0 },
        { "more buckets than costs: second", &five, 8, 1, 1 },
        { "more buckets than costs: third, one is empty", &five, 8, 2, 3 },
        { "more buckets than costs: last", &five, 8, 4, 6 },
        { "product past 64 bits", &wide, BUCKETS_MAX, INT64_MAX - 1, BUCKETS_MAX - 1 },
        { "product past 64 bits, middle", &wide, 1000, INT64_MAX / 2, 499 },
        { "product past 64 bits, just past the middle", &wide, 1000, INT64_MAX / 2 + 1, 500 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_int_equal(cases[i].name, bucket_index(cases[i].edges, cases[i].n, cases[i].cost),
                        cases[i].want);
}

/* Together the buckets hold every cost of the span once. */
static void test_bucket_edges_agree_with_the_index(void **state)
{
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < 20000; i++) {
        int64_t lowest = (int64_t)rng_below(&rng, 100), next = lowest;
        struct cost_range edges = { lowest, lowest + (int64_t)rng_below(&rng, 60) };
        uint32_t n = 1 + (uint32_t)rng_below(&rng, 90);

        for (uint32_t b = 0; b < n; b++) {
            struct cost_range bucket = bucket_edges(&edges, n, b);

            assert_int_equal(bucket.lowest, next);
            for (int64_t cost = bucket.lowest; cost <= bucket.highest; cost++)
                assert_int_equal(bucket_index(&edges, n, cost), b);
            next = bucket.highest + 1;
        }
        assert_int_equal(next, edges.highest + 1);
    }
}

static struct candidate candidate(const char *arch, const char *canonical, int64_t cost,
                                  uint32_t correct, uint32_t total)
{
    struct candidate c = { .cost = cost, .reward = { correct, total } };

    assert_int_equal(arch_parse(arch, &c.arch), 0);
    assert_int_equal(arch_parse(canonical, &c.canonical), 0);
    return c;
}

static void test_order(void **state)
{
    static const struct {
        const char *name, *a, *a_canonical, *b, *b_canonical;
        int64_t a_cost, b_cost;
        struct reward a_reward, b_reward;
    } first_is_better[] = {
        { "higher reward, though dearer", "1", "1", "0", "0", 9, 5, { 51, 100 }, { 50, 100 } },
        { "quotients count", "1", "1", "0", "0", 9, 5, { 2, 3 }, { 66, 100 } },
        { "a hair's breadth",
          "1",
          "1",
          "0",
          "0",
          9,
          5,
          { UINT32_MAX - 1, UINT32_MAX },
          { UINT32_MAX - 2, UINT32_MAX - 1 } },
        { "equal quotients: cheaper", "1", "1", "0", "0", 4, 5, { 1, 2 }, { 50, 100 } },
        { "then the smaller option vector", "0:1", "0:1", "1:0", "1:0", 5, 5, { 1, 2 }, { 1, 2 } },
        { "of the canonical form", "1:0", "0:1", "0:2", "0:2", 5, 5, { 1, 2 }, { 1, 2 } },
        { "then the spelling", "0:1", "0:1", "1:0", "0:1", 5, 5, { 1, 2 }, { 1, 2 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof first_is_better / sizeof *first_is_better; i++) {
        struct candidate a = candidate(first_is_better[i].a, first_is_better[i].a_canonical,
                                       first_is_better[i].a_cost, 0, 1);
        struct candidate b = candidate(first_is_better[i].b, first_is_better[i].b_canonical,
                                       first_is_better[i].b_cost, 0, 1);

        a.reward = first_is_better[i].a_reward;
        b.reward = first_is_better[i].b_reward;
        check_true(first_is_better[i].name, candidate_compare(&a, &b) < 0);
        check_true(first_is_better[i].name, candidate_compare(&b, &a) > 0);
        check_int_equal(first_is_better[i].name, candidate_compare(&a, &a), 0);
    }
}

static void check_row(const struct candidate_table *table, size_t i, uint32_t want_bucket,
                      uint32_t want_interface, const char *want_arch)
{
    uint32_t bucket, interface;
    const struct candidate *kept = candidate_table_at(table, i, &bucket, &interface);
    char text[ARCH_TEXT_SIZE];

    check_string_equal(want_arch, arch_format(&kept->arch, text), want_arch);
    check_int_equal(want_arch, bucket, want_bucket);
    check_int_equal(want_arch, interface, want_interface);
}

static void offer(struct candidate_table *table, uint32_t bucket, uint32_t interface,
                  struct candidate c)
{
    assert_int_equal(candidate_table_offer(table, bucket, interface, &c), 0);
}

static void test_a_cell_keeps_its_best(void **state)
{
    struct candidate_table *table = candidate_table_new(2);

    (void)state;
    assert_non_null(table);
    assert_int_equal(candidate_table_n(table), 0);
    offer(table, 1, 0, candidate("1:0", "1:0", 5, 50, 100));
    offer(table, 1, 0, candidate("2:0", "2:0", 6, 60, 100));
    assert_false(candidate_table_displaced(table));
    offer(table, 1, 0, candidate("3:0", "3:0", 7, 70, 100));
    assert_int_equal(candidate_table_n(table), 2);
    assert_true(candidate_table_displaced(table));
    offer(table, 1, 2, candidate("4:0", "4:0", 7, 10, 100)); /* other interface, other cell */
    offer(table, 0, 9, candidate("5:0", "5:0", 1, 10, 100));
    assert_int_equal(candidate_table_n(table), 4);
    check_row(table, 0, 0, 9, "5:0");
    check_row(table, 1, 1, 0, "3:0");
    check_row(table, 2, 1, 0, "2:0");
    check_row(table, 3, 1, 2, "4:0");
    candidate_table_free(table);
}

static void test_a_canonical_form_stays_once_in_a_cell(void **state)
{
    struct candidate_table *table = candidate_table_new(2);

    (void)state;
    assert_non_null(table);
    offer(table, 0, 0, candidate("1:0", "0:1", 5, 50, 100));
    offer(table, 0, 0, candidate("0:1", "0:1", 5, 50, 100));
    assert_int_equal(candidate_table_n(table), 1);
    check_row(table, 0, 0, 0, "0:1");
    assert_false(candidate_table_displaced(table));
    offer(table, 0, 0, candidate("2:2", "2:2", 5, 40, 100));
    offer(table, 0, 1, candidate("1:0", "0:1", 5, 50, 100)); /* seen otherwise by later layers */
    assert_int_equal(candidate_table_n(table), 3);
    candidate_table_free(table);
    candidate_table_free(NULL);
}

static struct candidate random_candidate(struct rng *rng)
{
    struct candidate c = { .arch = { 2, { (uint16_t)rng_below(rng, 9), 0 } },
                           .cost = (int64_t)rng_below(rng, 5),
                           .reward = { (uint32_t)rng_below(rng, 6), 6 } };

    c.arch.option[1] = (uint16_t)rng_below(rng, 9);
    c.canonical = c.arch;
    if (rng_below(rng, 3) == 0)
        c.canonical.option[0] = 0;
    return c;
}

/* However offers are ordered, and whenever the table is read between them. */
static void test_content_depends_on_the_set_of_offers_only(void **state)
{
    enum { OFFERS = 300 };
    struct candidate offers[OFFERS];
    uint32_t order[OFFERS];
    struct rng rng;

    (void)state;
    rng_init(&rng, 5, 0);
    for (uint32_t i = 0; i < OFFERS; i++) {
        offers[i] = random_candidate(&rng);
        order[i] = i;
    }
    for (uint32_t keep = 1; keep <= 4; keep++) {
        struct digest first = { 0 };

        for (int round = 0; round < 200; round++) {
            struct candidate_table *table = candidate_table_new(keep);
            struct digest digest;

            assert_non_null(table);
            for (uint32_t i = 0; i < OFFERS; i++) {
                const struct candidate *c = &offers[order[i]];

                offer(table, (uint32_t)c->cost / 2, c->arch.option[1] % 3, *c);
                if (rng_below(&rng, 20) == 0)
                    candidate_table_n(table);
            }
            digest = candidate_table_digest(table);
            if (round == 0)
                first = digest;
            assert_true(digest_equal(&digest, &first));
            candidate_table_free(table);
            rng_shuffle(&rng, order, OFFERS);
        }
    }
}

static void test_digest_tells_tables_apart(void **state)
{
    struct candidate base = candidate("1:2", "1:2", 5, 50, 100), changed[5];
    struct candidate_table *table = candidate_table_new(3);
    struct digest digest;

    (void)state;
    for (size_t i = 0; i < 5; i++)
        changed[i] = base;
    changed[0].arch.option[0] = 2;
    changed[1].canonical.option[0] = 2;
    changed[2].cost = 6;
    changed[3].reward.correct = 51;
    changed[4].reward.total = 99;
    offer(table, 0, 0, base);
    digest = candidate_table_digest(table);
    candidate_table_free(table);
    for (uint32_t i = 0; i < 8; i++) { /* the last three: bucket, interface, one row more */
        struct digest other;

        table = candidate_table_new(3);
        offer(table, i == 5, i == 6, i < 5 ? changed[i] : base);
        if (i == 7)
            offer(table, 0, 0, changed[1]);
        other = candidate_table_digest(table);
        assert_false(digest_equal(&digest, &other));
        candidate_table_free(table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bucket_index),
        cmocka_unit_test(test_bucket_edges_agree_with_the_index),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_a_cell_keeps_its_best),
        cmocka_unit_test(test_a_canonical_form_stays_once_in_a_cell),
        cmocka_unit_test(test_content_depends_on_the_set_of_offers_only),
        cmocka_unit_test(test_digest_tells_tables_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
