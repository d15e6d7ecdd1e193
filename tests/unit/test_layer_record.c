/* The record against the candidate table and plain counting, on random openings and any order of
 * verdicts. */
#include "tests/unit/check.h"

#include <errno.h>
#include <stdlib.h>

#include "common/rng.h"
#include "coordinator/search/layer_record.h"
#include "coordinator/search/opening_table.h"

enum { CHILDREN = 60, CANDIDATES = 25, BUCKETS = 4, INTERFACES = 2 };

struct case_of {
    struct opening opening;
    struct opening_child children[CHILDREN];
    bool known[CANDIDATES]; /* a verdict is there */
    struct verdict verdicts[CANDIDATES];
    int64_t costs[CANDIDATES];
};

static bool verdict_of(void *arg, const struct arch *candidate, struct verdict *verdict_out)
{
    const struct case_of *c = arg;

    *verdict_out = c->verdicts[candidate->option[0]];
    return c->known[candidate->option[0]];
}

static bool reward_of(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    struct verdict verdict;
    bool known = verdict_of(arg, candidate, &verdict);

    *reward_out = verdict.reward;
    return known && verdict.valid;
}

/* Spellings of 25 candidates, some of them dropped; few rewards and costs, so that all ties occur. */
static void make_case(struct case_of *c, struct rng *rng)
{
    bool seen[CANDIDATES] = { false };

    *c = (struct case_of){ .opening = { .keep = 1 + (uint32_t)rng_below(rng, 3),
                                        .buckets = BUCKETS,
                                        .n_children = (uint32_t)rng_below(rng, CHILDREN + 1),
                                        .children = c->children } };
    for (int i = 0; i < CANDIDATES; i++) {
        c->costs[i] = (int64_t)rng_below(rng, 6);
        c->verdicts[i] = (struct verdict){ rng_below(rng, 5) > 0,
                                           { (uint32_t)rng_below(rng, 5), 10 } };
        c->known[i] = rng_below(rng, 3) == 0;
    }
    for (uint32_t i = 0; i < c->opening.n_children; i++) {
        uint16_t candidate = (uint16_t)rng_below(rng, CANDIDATES);
        struct opening_child *child = &c->children[i];

        child->candidate = (struct arch){ 2, { candidate, 0 } };
        child->arch = (struct arch){ 2, { candidate, (uint16_t)(100 - i) } };
        child->cost = c->costs[candidate];
        child->bucket = (uint32_t)(child->cost * BUCKETS / 6);
        child->interface = (uint32_t)rng_below(rng, INTERFACES);
        child->fate = rng_below(rng, 8) == 0   ? FATE_DROPPED
                      : seen[candidate]        ? FATE_DUPLICATE
                      : rng_below(rng, 2) == 0 ? FATE_KNOWN
                                               : FATE_TRIAL;
        seen[candidate] |= child->fate != FATE_DROPPED;
        if (child->fate == FATE_TRIAL)
            c->known[candidate] = false;
    }
}

static void check_kept(const struct layer_record *record, const struct case_of *c)
{
    struct candidate_table *table;
    uint32_t bucket, interface;
    size_t next = 0;

    assert_int_equal(opening_table(&c->opening, reward_of, (void *)c, &table), 0);
    for (size_t i = 0; i < layer_record_n_cells(record); i++) {
        struct record_cell cell = layer_record_cell(record, i);

        for (uint32_t k = 0; k < cell.n_kept; k++) {
            const struct candidate *want = candidate_table_at(table, next++, &bucket, &interface);

            assert_int_equal(cell.bucket, bucket);
            assert_int_equal(cell.interface, interface);
            check_true("the same", arch_equal(&c->children[cell.kept[k].child].arch, &want->arch));
            assert_int_equal(reward_compare(cell.kept[k].reward, want->reward), 0);
        }
    }
    assert_int_equal(next, candidate_table_n(table));
    assert_int_equal(layer_record_counts(record).kept, next);
    candidate_table_free(table);
}

static struct candidate candidate_of(const struct case_of *c, uint32_t child)
{
    const struct opening_child *at = &c->children[child];

    return (struct candidate){ at->arch, at->candidate, at->cost,
                               c->verdicts[at->candidate.option[0]].reward };
}

static int by_rank(const void *left, const void *right)
{
    return candidate_compare(left, right);
}

/* The best spelling of each candidate in a cell that has a verdict (all: or has none), ranked. */
static uint32_t members(const struct case_of *c, const struct record_cell *cell, bool all,
                        struct candidate *ranked)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < c->opening.n_children; i++) {
        const struct opening_child *child = &c->children[i];
        struct candidate candidate = candidate_of(c, i);
        struct reward reward;
        uint32_t same = 0;

        if (child->fate == FATE_DROPPED || child->bucket != cell->bucket ||
            child->interface != cell->interface ||
            !(all || reward_of((void *)c, &child->candidate, &reward)))
            continue;
        while (same < n && !arch_equal(&ranked[same].canonical, &child->candidate))
            same++;
        if (same == n)
            ranked[n++] = candidate;
        else if (arch_compare(&candidate.arch, &ranked[same].arch) < 0)
            ranked[same] = candidate;
    }
    qsort(ranked, n, sizeof *ranked, by_rank);
    return n;
}

static void check_cells(const struct layer_record *record, const struct case_of *c)
{
    struct candidate ranked[CHILDREN];
    uint32_t displaced = 0;

    for (size_t i = 0; i < layer_record_n_cells(record); i++) {
        struct record_cell cell = layer_record_cell(record, i);
        uint32_t n, keep = c->opening.keep, beyond;

        assert_int_equal(cell.contenders, members(c, &cell, true, ranked));
        n = members(c, &cell, false, ranked);
        assert_int_equal(cell.valid, n);
        beyond = n > keep ? n - keep : 0;
        displaced += beyond;
        assert_int_equal(cell.n_displaced,
                         beyond < RECORD_MOST_DISPLACED ? beyond : RECORD_MOST_DISPLACED);
        for (uint32_t d = 0; d < cell.n_displaced; d++)
            check_true("the best displaced", arch_equal(&c->children[cell.displaced[d].child].arch,
                                                        &ranked[keep + d].arch));
    }
    assert_int_equal(layer_record_counts(record).displaced, displaced);
}

static void check_counts(const struct layer_record *record, const struct case_of *c)
{
    struct record_counts counts = layer_record_counts(record),
                         want = { .kept = counts.kept, .displaced = counts.displaced };

    for (uint32_t i = 0; i < c->opening.n_children; i++) {
        const struct opening_child *child = &c->children[i];
        struct verdict verdict;
        uint32_t found;

        want.by_fate[child->fate]++;
        if (child->fate == FATE_TRIAL && verdict_of((void *)c, &child->candidate, &verdict)) {
            want.settled++;
            want.quarantined += !verdict.valid;
        }
        assert_int_equal(layer_record_find(record, &child->arch, &found), 0);
        assert_int_equal(found, i);
        if (child->fate == FATE_DROPPED)
            continue;
        assert_int_equal(layer_record_find_candidate(record, &child->candidate, &found), 0);
        check_true("a first spelling",
                   found <= i && c->children[found].fate != FATE_DROPPED &&
                       arch_equal(&c->children[found].candidate, &child->candidate));
        assert_int_equal(layer_record_cell_of(record, i).bucket, child->bucket);
        assert_int_equal(layer_record_cell_of(record, i).interface, child->interface);
    }
    assert_memory_equal(&counts, &want, sizeof want);
}

static void check_record(const struct layer_record *record, const struct case_of *c)
{
    check_kept(record, c);
    check_cells(record, c);
    check_counts(record, c);
}

static void test_random_openings(void **state)
{
    struct case_of *c = malloc(sizeof *c);
    struct layer_record *record;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct rng rng;

        rng_init(&rng, seed, 0);
        make_case(c, &rng);
        assert_int_equal(layer_record_new(&c->opening, verdict_of, c, &record), 0);
        check_record(record, c);
        for (uint16_t i = (uint16_t)rng_below(&rng, CANDIDATES), n = 0; n < CANDIDATES;
             n++, i = (uint16_t)((i + 7) % CANDIDATES)) {
            if (c->known[i])
                continue;
            c->known[i] = true;
            layer_record_tell(record, &(struct arch){ 2, { i, 0 } }, &c->verdicts[i]);
            check_record(record, c);
        }
        layer_record_free(record);
    }
    free(c);
}

static void test_strangers(void **state)
{
    struct opening nothing = { .keep = 1, .buckets = 1 };
    struct arch stranger = { 2, { 1, 2 } };
    struct verdict verdict = { true, { 1, 2 } };
    struct layer_record *record;
    uint32_t child = 7;

    (void)state;
    assert_int_equal(layer_record_new(&nothing, verdict_of, NULL, &record), 0);
    layer_record_tell(record, &stranger, &verdict);
    assert_int_equal(layer_record_find(record, &stranger, &child), -ENOENT);
    assert_int_equal(layer_record_find_candidate(record, &stranger, &child), -ENOENT);
    assert_int_equal(child, 7);
    assert_int_equal(layer_record_n_cells(record), 0);
    layer_record_free(record);
    layer_record_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_openings),
        cmocka_unit_test(test_strangers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
