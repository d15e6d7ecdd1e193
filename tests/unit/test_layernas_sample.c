/* The sample that guided LayerNAS begins with: random, but nearer in cost to the default than chance. */
#include "tests/unit/search_laws.h"

#include <stdlib.h>

enum { SAMPLE = 8, FEWEST_IN_TARGET = 40 };

/* The anchor and a sample of a random model, nothing else. */
static void draw(uint64_t i, uint64_t seed, struct law_case *c)
{
    struct rng rng;

    rng_init(&rng, i, 23);
    *c = (struct law_case){ .model = model_random(&rng, 5, 1, false), .seed = i };
    c->settings = case_settings(&rng, &c->model);
    c->settings.seed = seed;
    c->settings.canonical = false;
    c->settings.layernas.guided = true;
    c->settings.layernas.sample = SAMPLE;
    c->settings.trials = 1 + SAMPLE;
    c->name = case_name(i, &c->model, &c->settings);
    run = (struct search_run){ .settings = &c->settings,
                               .model = &c->model,
                               .judge = judge_rough,
                               .judge_arg = &c->seed,
                               .workers = 1 };
    run_until(&run, &rng, UINT32_MAX);
}

static uint64_t way_to_default(const struct law_case *c, int64_t cost)
{
    int64_t there = cost_of(&c->model, &c->settings.layernas.default_arch);

    return (uint64_t)llabs(cost - there);
}

/* How many architectures are in the target, and how many of these are nearer than cost; an equal one
 * is so by half. */
static double n_nearer(const struct law_case *c, int64_t cost, uint32_t *in_target_out)
{
    uint64_t way = way_to_default(c, cost);
    double nearer = 0;
    struct arch arch;

    *in_target_out = 0;
    for (uint64_t i = 0; i < (uint64_t)space_size(&c->model.space); i++) {
        int64_t other = model_arch(&c->model, i, &arch) ? cost_of(&c->model, &arch) : -1;

        if (other < 0 || !in_target(c, other))
            continue;
        ++*in_target_out;
        nearer += way_to_default(c, other) < way ? 1 : way_to_default(c, other) == way ? 0.5 : 0;
    }
    return nearer;
}

/* Of three draws the nearest is, in the mean, farther than a quarter of all. */
static void test_nearer_than_chance(void **state)
{
    double sum = 0;
    uint32_t n = 0, n_in_target;

    (void)state;
    for (uint64_t i = 0; i < 400; i++) {
        struct law_case c;

        draw(i, i, &c);
        for (uint32_t p = 1; p < run.n_proposals; p++) {
            double nearer = n_nearer(&c, run.proposals[p].cost, &n_in_target);

            if (n_in_target < FEWEST_IN_TARGET)
                break;
            check_true(c.name, in_target(&c, run.proposals[p].cost));
            check_int_equal(c.name, run.n_proposals, 1 + SAMPLE);
            sum += nearer / n_in_target;
            n++;
        }
        run_clear(&run);
    }
    check_true("enough", n > 400);
    check_true("not only the nearest", sum / n > 0.15);
    check_true("nearer than chance", sum / n < 0.35);
}

/* Other seeds draw others. */
static void test_by_the_seed(void **state)
{
    uint32_t n = 0, n_same = 0;

    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        struct arch first[1 + SAMPLE];
        uint32_t n_first;
        struct law_case c;

        draw(i, 1, &c);
        n_first = run.n_proposals;
        for (uint32_t p = 0; p < n_first; p++)
            first[p] = run.proposals[p].arch;
        run_clear(&run);
        draw(i, 1, &c);
        check_int_equal(c.name, run.n_proposals, n_first);
        for (uint32_t p = 0; p < n_first; p++)
            check_true(c.name, arch_equal(&run.proposals[p].arch, &first[p]));
        run_clear(&run);
        draw(i, 2, &c);
        if (run.n_proposals == 1 + SAMPLE && n_first == 1 + SAMPLE) {
            n++;
            n_same += arch_equal(&run.proposals[1].arch, &first[1]) &&
                      arch_equal(&run.proposals[2].arch, &first[2]);
        }
        run_clear(&run);
    }
    check_true("enough", n > 15);
    check_true("others", n_same * 4 < n);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearer_than_chance),
        cmocka_unit_test(test_by_the_seed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
