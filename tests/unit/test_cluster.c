/* Simulated workers: trials end in the order of their ends, ties in that of their starts; who waits
 * doubles the straggler that has run longest. */
#include <math.h>

#include "common/rng.h"
#include "coordinator/compare/cluster.h"
#include "tests/unit/check.h"

static const struct cluster_settings two = { .n = 2, .spread = 1, .speeds = 1 };

static void expect(struct cluster *cluster, uint32_t trial, double now)
{
    uint32_t ended;

    assert_true(cluster_next(cluster, &ended));
    assert_int_equal(ended, trial);
    assert_true(fabs(cluster->now - now) < 1e-6);
}

static void test_by_hand(void **state)
{
    struct cluster cluster;
    uint32_t trial;

    (void)state;
    assert_int_equal(cluster_init(&cluster, &two, 1), 0);
    assert_false(cluster_next(&cluster, &trial));
    cluster_start(&cluster, 0, 5);
    assert_true(cluster_has_room(&cluster));
    cluster_start(&cluster, 1, 2);
    assert_false(cluster_has_room(&cluster));
    expect(&cluster, 1, 2);
    cluster_start(&cluster, 2, 3); /* ends with the first one */
    expect(&cluster, 0, 5);
    expect(&cluster, 2, 5);
    assert_false(cluster_next(&cluster, &trial));
    assert_true(cluster.worked == 10 && cluster.useful == 10);
    cluster_clear(&cluster);
}

/* A worker that waits, equal trials that take 1, 1 and 10. The long one has no chance to be doubled
 * before two took 1, nor before it has run so long itself. */
static void test_doubled_by_hand(void **state)
{
    struct cluster_settings settings = two;
    struct cluster cluster;
    uint32_t trial;

    (void)state;
    settings.doubling = true;
    assert_int_equal(cluster_init(&cluster, &settings, 1), 0);
    cluster_start(&cluster, 0, 1);
    expect(&cluster, 0, 1);
    cluster_start(&cluster, 1, 10);
    /* At 2 it has run for 1, and would for 9; the other worker is no faster. */
    expect(&cluster, 1, 11);
    assert_int_equal(cluster.n_doubled, 1);
    assert_true(fabs(cluster.worked - (1 + 10 + 9)) < 1e-6);
    assert_true(fabs(cluster.useful - 11) < 1e-6);
    assert_true(cluster_has_room(&cluster)); /* both ended */
    assert_false(cluster_next(&cluster, &trial));
    /* Through by half when it has run so long: it ends sooner than it would elsewhere. */
    cluster_start(&cluster, 2, 1);
    expect(&cluster, 2, 12);
    cluster_start(&cluster, 3, 1.9);
    expect(&cluster, 3, 13.9);
    assert_int_equal(cluster.n_doubled, 1);
    cluster_clear(&cluster);
}

/* With luck a second attempt ends the trial sooner, and never later. */
static void test_doubling_saves_time(void **state)
{
    struct cluster_settings settings = { .n = 8, .spread = 6, .speeds = 6 };
    double length[2], useful[2];

    (void)state;
    for (int doubling = 0; doubling < 2; doubling++) {
        length[doubling] = useful[doubling] = 0;
        for (uint64_t seed = 0; seed < 50; seed++) {
            struct cluster cluster;
            uint32_t trial;

            settings.doubling = doubling;
            assert_int_equal(cluster_init(&cluster, &settings, seed), 0);
            for (uint32_t layer = 0; layer < 10; layer++) { /* each waits for the one before */
                for (uint32_t i = 0; i < 8; i++)
                    cluster_start(&cluster, 8 * layer + i, 1);
                while (cluster_next(&cluster, &trial))
                    continue;
            }
            length[doubling] += cluster.now;
            useful[doubling] += cluster.useful / (8 * cluster.now);
            assert_true(doubling ? cluster.useful <= cluster.worked
                                 : cluster.useful == cluster.worked);
            cluster_clear(&cluster);
        }
    }
    print_message("# length %.0f alone, %.0f with doubles\n", length[0], length[1]);
    assert_true(length[1] < 0.8 * length[0]);
    assert_true(useful[1] > useful[0]);
}

enum { WORKERS = 9, TRIALS = 5000 };

/* Against a search through all that run. */
static void test_against_a_list(void **state)
{
    struct cluster_settings settings = { .n = WORKERS, .spread = 1, .speeds = 1 };
    double end[TRIALS];
    bool running[TRIALS] = { 0 };
    uint32_t n = 0, trial;
    struct cluster cluster;
    struct rng rng;

    (void)state;
    rng_init(&rng, 1, 0);
    assert_int_equal(cluster_init(&cluster, &settings, 1), 0);
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

/* Each trial ends once, no worker is lost, time goes on, and what was worked adds up. */
static void test_every_trial_once(void **state)
{
    struct cluster_settings settings = { .n = WORKERS, .spread = 5, .speeds = 3, .doubling = true };
    struct cluster cluster;
    bool ended[TRIALS] = { 0 };
    uint32_t n = 0, n_ended = 0, trial;
    double last = 0;
    struct rng rng;

    (void)state;
    rng_init(&rng, 2, 0);
    assert_int_equal(cluster_init(&cluster, &settings, 3), 0);
    while (n_ended < TRIALS) {
        /* Now and then none starts for long. */
        uint32_t most = n / 40 % 2 || cluster.n_running == 0 ? (uint32_t)rng_below(&rng, WORKERS)
                                                             : 0;

        for (uint32_t i = 0; i < most && n < TRIALS && cluster_has_room(&cluster); i++)
            cluster_start(&cluster, n++, 1 + rng_double(&rng));
        if (!cluster_next(&cluster, &trial))
            continue;
        assert_in_range(trial, 0, n - 1);
        assert_false(ended[trial]);
        ended[trial] = true;
        n_ended++;
        assert_int_equal(cluster.n_idle + cluster.n_running, WORKERS);
        assert_true(cluster.now >= last);
        last = cluster.now;
    }
    assert_false(cluster_next(&cluster, &trial));
    assert_int_equal(cluster.n_idle, WORKERS);
    assert_true(cluster.n_doubled > 100);
    assert_true(cluster.useful < cluster.worked && cluster.worked <= cluster.now * WORKERS);
    cluster_clear(&cluster);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_doubled_by_hand),
        cmocka_unit_test(test_doubling_saves_time),
        cmocka_unit_test(test_against_a_list),
        cmocka_unit_test(test_every_trial_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
