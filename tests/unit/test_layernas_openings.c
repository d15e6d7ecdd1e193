/* What holds in every opening: children, fates, buckets and parents against brute force. */
#include "tests/unit/search_laws.h"

#include <math.h>

#include "coordinator/search/predictor.h"

/* The layers searched when opening i opened, its own included. A pass that is seen is seen whole. */
static uint64_t searched(const struct law_case *c, uint32_t i)
{
    uint64_t set = 0;

    for (uint32_t k = i - i % c->model.space.n_layers; k <= i; k++)
        set |= UINT64_C(1) << run.openings[k].layer;
    return set;
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

/* The settings' reach holds until a pass found nothing to try, and so was not seen. */
static double reach_of(const struct law_case *c, uint32_t i)
{
    for (uint32_t k = 1; k <= i; k++)
        if (run.openings[k].pass > run.openings[k - 1].pass + 1)
            return 0;
    return c->settings.layernas.reach;
}

static bool leads_on(const struct law_case *c, const struct arch *child, uint64_t fixed,
                     double reach)
{
    struct cost_range range = cost_completions(&c->model, child, fixed);
    double least = reach * (double)c->settings.target.highest;

    if ((double)range.highest < least)
        return false;
    return range.lowest <= c->settings.target.highest && range.highest >= c->settings.target.lowest;
}

static void check_dropped(const struct law_case *c, const struct opening_child *child,
                          uint64_t fixed, double reach)
{
    bool possible = some_completion_in_target(c, &child->arch, fixed);
    bool dropped = child->fate == FATE_DROPPED;

    check_int_equal(c->name, dropped, !leads_on(c, &child->arch, fixed, reach));
    if (dropped && reach <= 0)
        check_true(c->name, !possible);
    else if (!dropped &&
             c->settings.target.lowest == 0) /* between two ends, a gap may hide the target */
        check_true(c->name, possible);
}

static void law_dropped_is_what_cannot_meet_the_target(const struct law_case *c)
{
    uint64_t dropped = 0, saved = 0, passed_over = 0;

    for (uint32_t i = 0; i < run.n_openings; i++)
        for (uint32_t k = 0; k < run.openings[i].n_children; k++) {
            const struct opening_child *child = &run.openings[i].children[k];

            check_dropped(c, child, searched(c, i), reach_of(c, i));
            dropped += child->fate == FATE_DROPPED;
            passed_over += child->fate == FATE_PASSED_OVER;
            saved += child->fate == FATE_KNOWN || child->fate == FATE_DUPLICATE;
        }
    check_int_equal(c->name, run.progress.dropped, dropped);
    check_int_equal(c->name, run.progress.saved, saved);
    check_int_equal(c->name, run.progress.passed_over, passed_over);
    check_int_equal(c->name, run.progress.openings, run.n_openings);
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
                                child->fate == FATE_PASSED_OVER ||
                                !arch_equal(&o->children[j].candidate, &child->candidate));
}

static void law_openings_hold_every_child_once(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i];

        check_int_equal(c->name, o->number, i);
        check_int_equal(c->name, o->keep,
                        c->settings.layernas.keep +
                            (o->pass >= 3 ? c->settings.layernas.keep_more : 0));
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
            want = cost_completions(&c->model, &o->parents[0], ~searched(c, i));
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
        if (has_forecasts(c)) /* the best of what was heard: test_layernas_forecast */
            continue;
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

/* Every layer once in a pass; in which order, by the settings. */
static void check_layer(const struct law_case *c, uint32_t i)
{
    uint32_t n = c->model.space.n_layers, position = i % n, layer = run.openings[i].layer;

    for (uint32_t k = i - position; k < i; k++)
        check_true(c->name, run.openings[k].layer != layer);
    if (c->settings.layernas.order == ORDER_FORWARD)
        check_int_equal(c->name, layer, position);
    if (c->settings.layernas.order == ORDER_BACKWARD)
        check_int_equal(c->name, layer, n - 1 - position);
}

static void law_layers_in_order_and_buckets_grow(const struct law_case *c)
{
    uint32_t n = c->model.space.n_layers;

    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i];
        uint32_t position = i % n;

        check_layer(c, i);
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

/* Trials, and contenders passed over, in the cell of child k. */
static void count_cell(const struct opening *o, uint32_t k, uint32_t *trials, uint32_t *passed_over)
{
    *trials = *passed_over = 0;
    for (uint32_t j = 0; j < o->n_children; j++) {
        if (o->children[j].fate == FATE_DROPPED || o->children[j].bucket != o->children[k].bucket ||
            o->children[j].interface != o->children[k].interface)
            continue;
        *trials += o->children[j].fate == FATE_TRIAL;
        *passed_over += o->children[j].fate == FATE_PASSED_OVER;
    }
}

static uint32_t valid_among(uint32_t n)
{
    uint32_t valid = 0;

    for (uint32_t p = 0; p < n; p++)
        valid += run.verdicts[p].valid;
    return valid;
}

static bool proposed_among(uint32_t n, const struct arch *candidate)
{
    for (uint32_t p = 0; p < n; p++)
        if (arch_equal(&run.proposals[p].arch, candidate))
            return true;
    return false;
}

static void check_picks(const struct law_case *c, const struct opening *o, uint32_t n_before)
{
    bool guided = c->settings.layernas.guided && valid_among(n_before) >= PREDICTOR_FEWEST;

    for (uint32_t k = 0; k < o->n_children; k++) {
        uint32_t trials, passed_over;

        if (o->children[k].fate != FATE_TRIAL && o->children[k].fate != FATE_PASSED_OVER)
            continue;
        count_cell(o, k, &trials, &passed_over);
        if (has_forecasts(c)) /* some of what went before may not be heard */
            check_true(c->name, passed_over == 0 || trials <= c->settings.layernas.picks);
        else
            check_true(c->name, guided ? trials <= c->settings.layernas.picks : passed_over == 0);
        if (o->children[k].fate == FATE_PASSED_OVER)
            check_true(c->name, !proposed_among(n_before, &o->children[k].candidate));
    }
}

static void law_picks(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_openings; i++) {
        uint32_t n_before = proposals_before(i);

        check_picks(c, &run.openings[i], n_before < run.n_proposals ? n_before : run.n_proposals);
    }
}

LAW(dropped_is_what_cannot_meet_the_target)
LAW(openings_hold_every_child_once)
LAW(edges)
LAW(parents)
LAW(layers_in_order_and_buckets_grow)
LAW(picks)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dropped_is_what_cannot_meet_the_target),
        cmocka_unit_test(test_openings_hold_every_child_once),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_parents),
        cmocka_unit_test(test_layers_in_order_and_buckets_grow),
        cmocka_unit_test(test_picks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
