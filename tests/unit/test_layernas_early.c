/* Trials of a layer that go out before the layer in front of it is over: which, in which order, and
 * that nothing else comes of it. */
#include "tests/unit/search_laws.h"

/* ---- brute force ---- */

static bool same_cell(const struct opening_child *a, const struct opening_child *b)
{
    return a->bucket == b->bucket && a->interface == b->interface;
}

static bool is_filed(const struct opening_child *child)
{
    return child->fate != FATE_DROPPED && child->fate != FATE_PASSED_OVER;
}

/* What a child of that one's cell costs about, with its own option of layer: as one of the dearest
 * contender there would. */
static int64_t cost_about(const struct law_case *c, const struct opening *before, uint32_t layer,
                          const struct opening_child *of, uint16_t option)
{
    const struct opening_child *dearest = of;
    struct arch arch;

    for (uint32_t i = 0; i < before->n_children; i++) {
        const struct opening_child *other = &before->children[i];

        if (is_filed(other) && same_cell(other, of) &&
            (other->cost > dearest->cost || (other->cost == dearest->cost && other < dearest)))
            dearest = other;
    }
    arch = dearest->arch;
    arch.option[layer] = option;
    return cost_of(&c->model, &arch);
}

static uint64_t distance(const struct law_case *c, int64_t cost)
{
    const struct cost_range *target = &c->settings.target;

    if (cost > target->highest)
        return (uint64_t)(cost - target->highest);
    return cost < target->lowest ? (uint64_t)(target->lowest - cost) : 0;
}

/* A turn: a cell of the layer before, by one of its children, and an option of the layer. */
struct turn {
    const struct opening_child *of;
    uint16_t option;
};

/* Negative where a comes first. */
static int compare_turns(const struct law_case *c, const struct opening *before, uint32_t layer,
                         const struct turn *a, const struct turn *b)
{
    int64_t a_cost = cost_about(c, before, layer, a->of, a->option),
            b_cost = cost_about(c, before, layer, b->of, b->option);

    if (distance(c, a_cost) != distance(c, b_cost))
        return distance(c, a_cost) < distance(c, b_cost) ? -1 : 1;
    if (a_cost != b_cost)
        return a_cost > b_cost ? -1 : 1;
    if (a->of->bucket != b->of->bucket)
        return a->of->bucket < b->of->bucket ? -1 : 1;
    if (a->of->interface != b->of->interface)
        return a->of->interface < b->of->interface ? -1 : 1;
    return (a->option > b->option) - (a->option < b->option);
}

/* How the layer before spelled that parent, where it was kept. */
static const struct opening_child *kept_child(const struct opening *before,
                                              const struct arch *parent)
{
    struct reward reward;

    for (uint32_t i = 0; i < before->n_children; i++)
        if (is_filed(&before->children[i]) && arch_equal(&before->children[i].arch, parent) &&
            run_reward(&run, &before->children[i].candidate, &reward))
            return &before->children[i];
    return NULL;
}

static struct turn turn_of(const struct opening *before, const struct opening *o,
                           const struct opening_child *child)
{
    return (struct turn){ kept_child(before, &o->parents[child->parent]),
                          child->arch.option[o->layer] };
}

/* The opening before i in its pass. */
static const struct opening *layer_before(uint32_t i)
{
    return i > 0 && run.openings[i].pass == run.openings[i - 1].pass ? &run.openings[i - 1] : NULL;
}

static int64_t place_of(const struct arch *candidate)
{
    for (uint32_t p = 0; p < run.n_proposals; p++)
        if (arch_equal(&run.proposals[p].arch, candidate))
            return p;
    return -1;
}

/* ---- laws ---- */

/* The anchor, then every opening's trials one after the other, whatever went out early; samples and
 * forecasts may stand between. */
static void law_trials_in_order_of_openings(const struct law_case *c)
{
    bool others = has_forecasts(c);
    uint32_t n = 1;

    for (uint32_t i = 0; i < run.n_openings; i++)
        for (uint32_t k = 0; k < run.openings[i].n_children; k++) {
            const struct opening_child *child = &run.openings[i].children[k];

            if (child->fate != FATE_TRIAL || n == c->settings.trials)
                continue;
            while (others && n < run.n_proposals &&
                   !arch_equal(&run.proposals[n].arch, &child->candidate))
                n++;
            if (others && n == c->settings.trials)
                continue;
            check_true(c->name, n < run.n_proposals &&
                                    arch_equal(&run.proposals[n].arch, &child->candidate));
            n++;
        }
    if (!others)
        check_int_equal(c->name, run.n_proposals, n);
}

static void law_children_in_turn(const struct law_case *c)
{
    for (uint32_t i = 0; i < run.n_openings; i++) {
        const struct opening *o = &run.openings[i], *before = layer_before(i);
        struct turn last = { NULL, 0 };

        for (uint32_t k = 0; before && !c->settings.layernas.guided && k < o->n_children; k++) {
            struct turn turn = turn_of(before, o, &o->children[k]);

            if (o->children[k].fate == FATE_DROPPED || !turn.of)
                continue;
            check_true(c->name, !last.of || compare_turns(c, before, o->layer, &last, &turn) <= 0);
            last = turn;
        }
    }
}

LAW(trials_in_order_of_openings)
LAW(children_in_turn)

/* ---- one trial that does not end ---- */

static uint32_t n_early; /* over all cases */

/* Asks and tells until nothing more goes out, but for the verdict on proposal held (from 0), which
 * stays out. Returns how many were proposed. */
static uint32_t ask_without(const struct law_case *c, uint32_t held)
{
    struct strategy *strategy;
    struct proposal proposal;
    uint32_t n = 0, opened = 0;
    int rc;

    assert_int_equal(strategy_new(&c->settings, &c->model, &strategy), 0);
    while ((rc = strategy_ask(strategy, &proposal)) != ASK_WAIT && rc != ASK_DONE) {
        if (rc == ASK_OPENING) {
            opened++;
            continue;
        }
        assert_int_equal(rc, ASK_TRIAL);
        check_true(c->name, arch_equal(&proposal.arch, &run.proposals[n].arch));
        if (n != held)
            assert_int_equal(strategy_tell(strategy, n + 1, &run.verdicts[n]), 0);
        n++;
    }
    check_true(c->name, opened <= run.n_openings);
    strategy_free(strategy);
    return n;
}

/* Whether that turn waits for the result of proposal held. */
static bool has_to_wait(const struct opening *before, const struct turn *turn, uint32_t held)
{
    const struct arch *candidate = &run.proposals[held].arch;

    for (uint32_t i = 0; i < before->n_children; i++)
        if (is_filed(&before->children[i]) && same_cell(&before->children[i], turn->of) &&
            arch_equal(&before->children[i].candidate, candidate))
            return true;
    return false;
}

/* The first turn, of any cell and option, that has to wait; false: none has. A cell that keeps
 * nothing has turns too, in which nothing goes out. */
static bool first_to_wait(const struct law_case *c, const struct opening *before, uint32_t layer,
                          uint32_t held, struct turn *first_out)
{
    bool found = false;

    for (uint32_t i = 0; i < before->n_children; i++)
        for (uint16_t option = 0; option < c->model.space.n_options[layer]; option++) {
            struct turn turn = { &before->children[i], option };

            if (!is_filed(turn.of) || !has_to_wait(before, &turn, held) ||
                (found && compare_turns(c, before, layer, first_out, &turn) <= 0))
                continue;
            *first_out = turn;
            found = true;
        }
    return found;
}

/* Proposals of opening i whose turn comes before any that waits for proposal held. */
static uint32_t may_go_early(const struct law_case *c, uint32_t i, uint32_t held)
{
    const struct opening *o = &run.openings[i], *before = layer_before(i);
    struct turn stop;
    uint32_t n = 0;

    if (!before || c->settings.layernas.guided || !first_to_wait(c, before, o->layer, held, &stop))
        return 0;
    for (uint32_t k = 0; k < o->n_children; k++) {
        const struct opening_child *child = &o->children[k];
        struct turn turn = turn_of(before, o, child);

        if (child->fate != FATE_TRIAL)
            continue;
        if (!turn.of) /* nothing kept: the parents go on, in the end */
            return 0;
        if (compare_turns(c, before, o->layer, &turn, &stop) >= 0)
            break;
        n += place_of(&child->candidate) >= 0; /* the cap may have come first */
    }
    return n;
}

/* Every trial in turn is the one that does not end: all before its layer's end go out, and of the next
 * layer exactly those whose parents are certain. */
static void law_what_waits_for_a_straggler(const struct law_case *c)
{
    uint32_t first = 1, n_trials;

    if (has_forecasts(c)) /* forecasts go on: their own test has them */
        return;
    for (uint32_t i = 0; i < run.n_openings; i++, first += n_trials) {
        n_trials = 0;
        for (uint32_t k = 0; k < run.openings[i].n_children; k++)
            n_trials += run.openings[i].children[k].fate == FATE_TRIAL;
        if (first + n_trials >= run.n_proposals) /* the last layer, or cut short by the cap */
            continue;
        for (uint32_t held = first; held < first + n_trials; held += 1 + n_trials / 5) {
            uint32_t early = i + 1 < run.n_openings ? may_go_early(c, i + 1, held) : 0;

            check_int_equal(c->name, ask_without(c, held), first + n_trials + early);
            n_early += early;
        }
    }
}

static void test_what_waits_for_a_straggler(void **state)
{
    (void)state;
    n_early = 0;
    each_case(law_what_waits_for_a_straggler);
    check_true("some went out early", n_early > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trials_in_order_of_openings),
        cmocka_unit_test(test_children_in_turn),
        cmocka_unit_test(test_what_waits_for_a_straggler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
