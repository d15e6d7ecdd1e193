/* The way of an architecture, against the tables that it leads through; and the same after any
 * number of crashes. */
#include "tests/unit/check.h"

#include "coordinator/campaign_parts.h"
#include "coordinator/search/opening_table.h"
#include "coordinator/status/arch_path.h"
#include "tests/unit/campaign_world.h"
#include "tests/unit/study_fixture.h"

enum { LAYERS = 4, OPTIONS = 4 };

static bool known_reward(void *campaign, const struct arch *candidate, struct reward *reward_out)
{
    return campaign_reward(campaign, candidate, reward_out);
}

static bool fails_sometimes(const struct trial *trial)
{
    return trial->seed % 9 == 0;
}

/* Any architecture of the world's space. */
static struct arch arch_number(uint32_t number)
{
    struct arch arch = { .n = LAYERS };

    for (int l = LAYERS - 1; l >= 0; l--, number /= OPTIONS)
        arch.option[l] = (uint16_t)(number % OPTIONS);
    return arch;
}

static const struct opening_child *child_of(const struct opening *opening, const struct arch *arch)
{
    for (uint32_t i = 0; i < opening->n_children; i++)
        if (arch_equal(&opening->children[i].arch, arch))
            return &opening->children[i];
    return NULL;
}

static bool is_kept(struct campaign *campaign, const struct opening *opening,
                    const struct arch *arch)
{
    struct candidate_table *table;
    uint32_t bucket, interface;
    bool kept = false;

    assert_int_equal(opening_table(opening, known_reward, campaign, &table), 0);
    for (size_t i = 0; i < candidate_table_n(table) && !kept; i++)
        kept = arch_equal(&candidate_table_at(table, i, &bucket, &interface)->arch, arch);
    candidate_table_free(table);
    return kept;
}

/* What the table and the verdict say of a child. */
static enum path_outcome outcome_of(struct campaign *campaign, const struct opening *opening,
                                    const struct arch *arch)
{
    const struct opening_child *child = child_of(opening, arch);
    struct verdict verdict;

    if (!child)
        return PATH_NO_PARENT;
    if (child->fate == FATE_DROPPED)
        return PATH_PRUNED;
    if (child->fate == FATE_PASSED_OVER)
        return PATH_PASSED_OVER;
    if (is_kept(campaign, opening, arch))
        return PATH_KEPT;
    if (!campaign_verdict(campaign, &child->candidate, &verdict))
        return PATH_NO_RESULT;
    return verdict.valid ? PATH_DISPLACED : PATH_QUARANTINED;
}

static void check_path(struct campaign *campaign, const struct arch_path *path)
{
    struct arch so_far = campaign_opening(campaign, path->first_opening)->parents[0];
    uint32_t pass = campaign_opening(campaign, path->first_opening)->pass;

    check_true("begins with a pass",
               path->first_opening == 0 ||
                   campaign_opening(campaign, path->first_opening - 1)->pass != pass);
    check_true("has steps", path->n > 0);
    for (uint32_t k = 0; k < path->n; k++) {
        const struct path_step *step = &path->steps[k];
        const struct opening *opening = campaign_opening(campaign, step->opening);

        check_int_equal("one layer after the other", step->opening, path->first_opening + k);
        check_int_equal("of one pass", opening->pass, pass);
        check_true("its parent", arch_equal(&step->parent, &so_far));
        so_far.option[opening->layer] = path->arch.option[opening->layer];
        check_true("with its option", arch_equal(&step->arch, &so_far));
        check_int_equal("outcome", step->outcome, outcome_of(campaign, opening, &so_far));
        if (step->outcome == PATH_DISPLACED)
            for (uint32_t o = 0; o < step->cell.n_kept; o++) {
                const struct opening_child *better = &opening->children[step->cell.kept[o].child];
                const struct opening_child *self = &opening->children[step->child];
                struct candidate a = { better->arch, better->candidate, better->cost,
                                       step->cell.kept[o].reward };
                struct candidate b = { self->arch, self->candidate, self->cost, step->reward };

                check_true("by better ones", candidate_compare(&a, &b) < 0);
                check_int_equal("of its bucket", better->bucket, self->bucket);
            }
    }
}

/* Why the path is no longer than it is. */
static void check_end(struct campaign *campaign, const struct arch_path *path)
{
    const struct path_step *last = &path->steps[path->n - 1];
    size_t end = arch_path_pass_end(campaign, path->first_opening);
    struct arch next = last->arch;
    uint32_t layer;

    if (last->outcome == PATH_NO_PARENT || last->outcome == PATH_PRUNED || last->opening + 1 == end)
        return;
    layer = campaign_opening(campaign, last->opening + 1)->layer;
    next.option[layer] = path->arch.option[layer];
    check_true("it did not go on",
               last->outcome != PATH_KEPT &&
                   !child_of(campaign_opening(campaign, last->opening + 1), &next));
}

/* Out, and no opening made it a trial: none does, or that is still to come. */
static bool has_no_opening(const struct campaign *campaign, size_t trial, const struct arch *arch)
{
    size_t after = campaign_first_after(campaign, trial);
    uint32_t child;

    return after == 0 ||
           layer_record_find_candidate(campaign_record(campaign, after - 1), arch, &child) < 0 ||
           campaign_opening(campaign, after - 1)->children[child].fate != FATE_TRIAL;
}

/* Every architecture there is. Returns a name for all that was found. */
static struct digest check_all(struct world *world)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "paths");
    for (uint32_t number = 0; number < OPTIONS * OPTIONS * OPTIONS * OPTIONS; number++) {
        struct arch arch = arch_number(number);
        struct arch_path path;
        size_t trial;

        arch_path_find(world->campaign, &arch, &arch, &path);
        check_path(world->campaign, &path);
        check_end(world->campaign, &path);
        if (campaign_trial_of(world->campaign, &arch, &trial) == 0 && trial > 0 &&
            !has_no_opening(world->campaign, trial, &arch)) {
            size_t birth = campaign_first_after(world->campaign, trial) - 1;

            check_true("leads past where it was proposed",
                       birth >= path.first_opening && birth < path.first_opening + path.n);
            check_true("as itself",
                       arch_equal(&path.steps[birth - path.first_opening].arch, &arch));
        }
        for (uint32_t k = 0; k < path.n; k++) {
            digest_integer(&state, (int64_t)path.steps[k].opening);
            digest_integer(&state, path.steps[k].outcome);
            digest_integer(&state, path.steps[k].cell.n_displaced);
        }
    }
    digest_end(&state, &digest);
    return digest;
}

static struct digest paths_of(const struct study *study, uint64_t seed, uint32_t crash_percent,
                              bool failing)
{
    struct world *world = world_new(study, seed);
    struct digest digest;

    world->crash_percent = crash_percent;
    world->lose_percent = crash_percent;
    world->fails = failing ? fails_sometimes : NULL;
    world_run(world);
    digest = check_all(world);
    world_free(world);
    return digest;
}

static void test_paths(void **state)
{
    static const char *const searches[] = { "parallel: 3", "parallel: 3, keep: 2",
                                            "parallel: 3, order: backward",
                                            "parallel: 3, guided: false, buckets: 6" };

    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++)
        for (int failing = 0; failing < 2; failing++) {
            struct study *study = world_study("parallel: 3", searches[i]);
            struct digest calm = paths_of(study, 1, 0, failing);

            for (uint64_t seed = 2; seed < 5; seed++) {
                struct digest wild = paths_of(study, seed, 6, failing);

                check_true("a restart tells the same", digest_equal(&calm, &wild));
            }
            study_free(study);
        }
}

static void test_before_the_first_layer(void **state)
{
    struct study *study = world_study("parallel: 3", "parallel: 3");
    struct world *world = world_new(study, 1);
    struct arch arch = arch_number(7);
    struct arch_path path;

    (void)state;
    world_begin(world);
    arch_path_find(world->campaign, &arch, &arch, &path);
    check_int_equal("no step", path.n, 0);
    check_true("itself", arch_equal(&path.arch, &arch));
    world_free(world);
    study_free(study);
}

/* Half-way: what has no result yet is told so. */
static void test_under_way(void **state)
{
    static const char *const searches[] = { "parallel: 3", "parallel: 3, guided: false" };

    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        struct study *study = world_study("parallel: 3", searches[i]);
        struct world *world = world_new(study, 1);

        world_begin(world);
        for (int n = 0; world_step(world); n++)
            if (n % 9 == 8 && campaign_n_openings(world->campaign) > 0)
                check_all(world);
        world_free(world);
        study_free(study);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_before_the_first_layer),
        cmocka_unit_test(test_under_way),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
