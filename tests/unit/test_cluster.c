/* Simulated workers: trials end in the order of their ends, ties in that of their starts. */
#include "common/rng.h"
#include "coordinator/compare/cluster.h"
#include "tests/unit/check.h"

static void test_by_hand(void **state)
{
    struct cluster cluster;
    uint32_t trial;

    (void)state;
    assert_int_equal(cluster_init(&cluster, 2), 0);
    assert_false(cluster_next(&cluster, &trial));
    cluster_start(&cluster, 0, 5);
    assert_true(cluster_has_room(&cluster));
    cluster_start(&cluster, 1, 2);
    assert_false(cluster_has_room(&cluster));
    assert_true(cluster_next(&cluster, &trial) && trial == 1 && cluster.now == 2);
    cluster_start(&cluster, 2, 3); /* ends with the first one */
    assert_true(cluster_next(&cluster, &trial) && trial == 0 && cluster.now == 5);
    assert_true(cluster_next(&cluster, &trial) && trial == 2 && cluster.now == 5);
    assert_false(cluster_next(&cluster, &trial));
    assert_true(cluster.worked == 10);
    cluster_clear(&cluster);
}

enum { WORKERS = 9, TRIALS = 5000 };

/* Against a search through all that run. */
static void test_against_a_list(void **state)
{
    double end[TRIALS];
    bool running[TRIALS] = { 0 };
    uint32_t n = 0, trial;
    struct cluster cluster;
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    assert_int_equal(cluster_init(&cluster, WORKERS), 0);
    while (n < TRIALS || cluster.n_running > 0) {
        uint32_t first = TRIALS;

        while (n < TRIALS && cluster_has_room(&cluster)) {
            double duration = (double)rng_below(&rng, 6);

            end[n] = cluster.now + duration;
            running[n] = true;
            cluster_start(&cluster, n++, duration);
        }
        for (uint32_t i = n; i-- > 0;)
            if (running[i] && (first == TRIALS || end[i] <= end[first]))
                first = i;
        assert_true(cluster_next(&cluster, &trial));
        assert_int_equal(trial, first);
        running[first] = false;
        assert_true(cluster.now == end[first]);
    }
    cluster_clear(&cluster);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_against_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
