/* What holds in every search, whatever the settings: each case is a random space, random settings
 * and rough rewards, some trials quarantined, and all that the run did is held against brute force. */
#include "tests/unit/search_cases.h"

#include <math.h>

static struct search_run run;

struct law_case {
    const char *name;
    struct cost_model model;
    struct search_settings settings;
    uint64_t seed;
};

static void run_case(uint64_t i, struct law_case *c)
{
    struct rng rng;

    rng_init(&rng, i, 7);
    c->seed = i;
    c->model = model_random(&rng, 5, 1 + (uint32_t)rng_below(&rng, MODEL_INTERFACES),
                            rng_below(&rng, 2));
    c->settings = case_settings(&rng, &c->model);
    if (rng_below(&rng, 2))
        c->settings.trials = 1 + (uint32_t)rng_below(&rng, 60);
    run = (struct search_run){ .settings = &c->settings,
                               .model = &c->model,
                               .judge = judge_rough,
                               .judge_arg = &c->seed,
                               .workers = 1 + (uint32_t)rng_below(&rng, 8) };
    c->name = case_name(i, &c->model, &c->settings);
    run_until(&run, &rng, UINT32_MAX);
}

static void each_case(void (*law)(const struct law_case *c))
{
    for (uint64_t i = 0; i < 600; i++) {
        struct law_case c;

        run_case(i, &c);
        law(&c);
        run_clear(&run);
    }
}

static bool in_target(const struct law_case *c, int64_t cost)
{
    return cost >= c->settings.target.lowest && cost <= c->settings.target.highest;
}

static void law_no_candidate_twice(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_proposals; i++) {
        const struct arch *arch = &run.proposals[i].arch;
        struct arch canonical = *arch;

        if (c->settings.canonical)
            space_canonical(&c->model.space, arch, &canonical);
        check_true(c->name, arch_equal(&canonical, arch));
        check_int_equal(c->name, run.proposals[i].cost, cost_of(&c->model, arch));
        for (uint32_t j = 0; j < i; j++)
            check_true(c->name, !arch_equal(arch, &run.proposals[j].arch));
    }
}

static void law_anchor_inside(const struct law_case *c)
{
    check_true(c->name, run.n_proposals >= 1);
    check_true(c->name, in_target(c, run.proposals[0].cost));
}

static void law_cap_and_bound(const struct law_case *c)
{
    uint64_t before = strategy_trial_bound(&c->settings, &c->model);

    check_true(c->name, run.n_proposals <= c->settings.trials);
    check_true(c->name, run.n_proposals <= before);
    check_true(c->name, before <= c->settings.trials);
    check_true(c->name, run.n_proposals <= run.least_bound);
    check_true(c->name, run.progress.done);
    check_int_equal(c->name, run.progress.bound, run.n_proposals);
    check_int_equal(c->name, run.progress.proposed, run.n_proposals);
    check_int_equal(c->name, run.progress.told, run.n_proposals);
}

static void law_stops_for_a_reason(const struct law_case *c)
{
    const struct opening *last = run.n_openings ? &run.openings[run.n_openings - 1] : NULL;

    if (run.n_proposals == c->settings.trials) {
        check_string_equal(c->name, run.stop_reason, "trial cap reached");
    } else if (strstr(run.stop_reason, "done")) {
        static const char *const reasons[] = { "", "1 pass done", "2 passes done",
                                               "3 passes done" };

        check_string_equal(c->name, run.stop_reason, reasons[c->settings.layernas.passes]);
        check_true(c->name, last->pass <= c->settings.layernas.passes);
    } else {
        check_string_equal(c->name, run.stop_reason, "nothing left to try");
        check_true(c->name,
                   !c->settings.layernas.passes || last->pass < c->settings.layernas.passes);
    }
}

/* The order of layers, and the set of them searched when o opened. */
static uint64_t searched(const struct law_case *c, const struct opening *o)
{
    uint32_t n = c->model.space.n_layers;
    uint64_t all = (UINT64_C(1) << n) - 1;

    if (c->settings.layernas.order == ORDER_FORWARD)
        return (UINT64_C(2) << o->layer) - 1;
    return all & ~((UINT64_C(1) << o->layer) - 1);
}

static bool some_completion_in_target(const struct law_case *c, const struct arch *child,
                                      uint64_t fixed)
{
    struct arch arch;

    for (uint64_t i = 0; model_arch(&c->model, i, &arch); i++) {
        bool fits = true;

        for (uint32_t l = 0; l < arch.n && fits; l++)
            fits = !(fixed >> l & 1) || arch.option[l] == child->option[l];
        if (fits && in_target(c, cost_of(&c->model, &arch)))
            return true;
    }
    return false;
}

static void law_dropped_is_what_cannot_meet_the_target(const struct law_case *c)
{
    bool one_sided = c->settings.target.lowest == 0;
    uint64_t dropped = 0;

    for (uint32_t i = 0; i < run.n_openings; i++)
        for (uint32_t k = 0; k < run.openings[i].n_children; k++) {
            const struct opening_child *child = &run.openings[i].children[k];
            bool possible = some_completion_in_target(c, &child->arch,
                                                      searched(c, &run.openings[i]));

            dropped += child->fate == FATE_DROPPED;
            if (child->fate == FATE_DROPPED)
                check_true(c->name, !possible);
            else if (one_sided) /* with two ends, a gap between costs may hide the target */
                check_true(c->name, possible);
        }
    check_true(c->name, run.progress.dropped <= dropped);
}

static void check_child(const struct law_case *c, const struct opening *o, uint32_t k)
{
    const struct opening_child *child = &o->children[k];
    struct arch expected = o->parents[child->parent];
    struct cost_range bucket;

    expected.option[o->layer] = child->arch.option[o->layer];
    check_true(c->name, arch_equal(&expected, &child->arch));
    check_int_equal(c->name, child->cost, cost_of(&c->model, &child->arch));
    if (child->fate == FATE_DROPPED)
        return;
    bucket = bucket_edges(&o->edges, o->buckets, child->bucket);
    check_true(c->name, bucket.lowest <= child->cost && child->cost <= bucket.highest);
    if (c->settings.layernas.bucket_by == BUCKET_BY_COST_AND_INTERFACE)
        check_int_equal(c->name, child->interface,
                        cost_interface(&c->model, &child->arch, o->layer));
    else
        check_int_equal(c->name, child->interface, 0);
    for (uint32_t j = 0; j < k; j++)
        check_true(c->name, o->children[j].fate == FATE_DROPPED || child->fate == FATE_DUPLICATE ||
                                !arch_equal(&o->children[j].candidate, &child->candidate));
}

static void law_openings_hold_every_child_once(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i];

        check_int_equal(c->name, o->number, i);
        check_int_equal(c->name, o->keep, c->settings.layernas.keep);
        check_int_equal(c->name, o->n_children, o->n_parents * c->model.space.n_options[o->layer]);
        for (uint32_t k = 0; k < o->n_children; k++)
            check_child(c, o, k);
    }
}

static void law_edges(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i];
        struct cost_range want = { INT64_MAX, -1 };

        if (c->settings.layernas.edges == EDGES_REACHABLE) {
            want = cost_completions(&c->model, &o->parents[0], ~searched(c, o));
        } else {
            for (uint32_t k = 0; k < o->n_children; k++)
                if (o->children[k].fate != FATE_DROPPED)
                    model_widen(&want, o->children[k].cost);
        }
        check_int_equal(c->name, o->edges.highest, want.highest);
        if (want.highest >= 0)
            check_int_equal(c->name, o->edges.lowest, want.lowest);
    }
}

/* Number of the best of the first n proposals by the order of DESIGN; inside the target first. */
static uint32_t best_of_first(const struct law_case *c, uint32_t n)
{
    uint32_t best = 0;

    for (uint32_t i = 1; i <= n; i++) {
        struct candidate a = { .canonical = run.proposals[i - 1].arch,
                               .cost = run.proposals[i - 1].cost,
                               .reward = run.verdicts[i - 1].reward },
                         b;

        if (!run.verdicts[i - 1].valid)
            continue;
        if (best) {
            b = (struct candidate){ .canonical = run.proposals[best - 1].arch,
                                    .cost = run.proposals[best - 1].cost,
                                    .reward = run.verdicts[best - 1].reward };
            if (in_target(c, b.cost) && !in_target(c, a.cost))
                continue;
            if (in_target(c, a.cost) == in_target(c, b.cost) && candidate_compare(&a, &b) > 0)
                continue;
        }
        best = i;
    }
    return best;
}

/* Proposals made before opening number i. */
static uint32_t proposals_before(uint32_t i)
{
    uint32_t n = 1;

    for (uint32_t o = 0; o < i; o++)
        for (uint32_t k = 0; k < run.openings[o].n_children; k++)
            n += run.openings[o].children[k].fate == FATE_TRIAL;
    return n;
}

static void check_parents_are_the_kept(const struct law_case *c, const struct opening *before,
                                       const struct opening *o)
{
    struct candidate_table *table;
    uint32_t bucket, interface;
    size_t n;

    assert_int_equal(opening_table(before, run_reward, &run, &table), 0);
    n = candidate_table_n(table);
    check_int_equal(c->name, o->n_parents, n ? n : before->n_parents);
    for (uint32_t p = 0; p < o->n_parents; p++)
        check_true(c->name, arch_equal(&o->parents[p],
                                       n ? &candidate_table_at(table, p, &bucket, &interface)->arch
                                         : &before->parents[p]));
    candidate_table_free(table);
}

static void law_parents(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i];
        const struct arch *start = &c->settings.layernas.default_arch;
        uint32_t best;

        if (i && o->pass == run.openings[i - 1].pass) {
            check_parents_are_the_kept(c, &run.openings[i - 1], o);
            continue;
        }
        best = o->pass > 1 ? best_of_first(c, proposals_before(i)) : 0;
        check_int_equal(c->name, o->n_parents, 1);
        check_true(c->name,
                   arch_equal(&o->parents[0], best ? &run.proposals[best - 1].arch : start));
    }
}

/* H of the pass after one with or without trials. */
static uint32_t grown(const struct law_case *c, uint32_t buckets, bool had_trials)
{
    double growth = c->settings.layernas.bucket_growth;

    if (!had_trials && growth > 1 && growth < 2)
        growth = 2;
    return (uint32_t)fmin(ceil(buckets * growth - 1e-9), BUCKETS_MAX);
}

static void check_next_pass(const struct law_case *c, const struct opening *before,
                            const struct opening *o)
{
    uint32_t buckets = grown(c, before->buckets, true);

    check_true(c->name, o->pass > before->pass);
    for (uint32_t pass = before->pass + 1; pass < o->pass; pass++)
        buckets = grown(c, buckets, false);
    check_int_equal(c->name, o->buckets, buckets);
}

static bool pass_has_trial(uint32_t first_opening)
{
    for (uint32_t i = first_opening;
         i < run.n_openings && run.openings[i].pass == run.openings[first_opening].pass; i++)
        for (uint32_t k = 0; k < run.openings[i].n_children; k++)
            if (run.openings[i].children[k].fate == FATE_TRIAL)
                return true;
    return false;
}

static void law_layers_in_order_and_buckets_grow(const struct law_case *c)
{
    uint32_t n = c->model.space.n_layers;

    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i];
        uint32_t position = i % n;

        check_int_equal(c->name, o->layer,
                        c->settings.layernas.order == ORDER_FORWARD ? position : n - 1 - position);
        if (i == 0) {
            check_int_equal(c->name, o->pass, 1);
            check_int_equal(c->name, o->buckets, c->settings.layernas.buckets);
        } else if (position > 0) {
            check_int_equal(c->name, o->pass, run.openings[i - 1].pass);
            check_int_equal(c->name, o->buckets, run.openings[i - 1].buckets);
        } else {
            check_next_pass(c, &run.openings[i - 1], o);
            /* Passes with nothing to try are not seen. */
            check_true(c->name, run.n_proposals == c->settings.trials || pass_has_trial(i));
        }
    }
}

#define LAW(name)                                                                                  \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        each_case(law_##name);                                                                     \
    }

LAW(no_candidate_twice)
LAW(anchor_inside)
LAW(cap_and_bound)
LAW(stops_for_a_reason)
LAW(dropped_is_what_cannot_meet_the_target)
LAW(openings_hold_every_child_once)
LAW(edges)
LAW(parents)
LAW(layers_in_order_and_buckets_grow)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_candidate_twice),
        cmocka_unit_test(test_anchor_inside),
        cmocka_unit_test(test_cap_and_bound),
        cmocka_unit_test(test_stops_for_a_reason),
        cmocka_unit_test(test_dropped_is_what_cannot_meet_the_target),
        cmocka_unit_test(test_openings_hold_every_child_once),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_layers_in_order_and_buckets_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
