#include "tests/unit/check.h"

#include <errno.h>

#include "common/rng.h"
#include "coordinator/search/final_stage.h"

enum { FINALISTS = 3, SEEDS = 2 };

static struct final_stage *new_stage(void)
{
    struct candidate best[FINALISTS];
    struct final_stage *stage;

    for (uint16_t i = 0; i < FINALISTS; i++)
        best[i] = (struct candidate){ .arch = { 2, { 9, i } },
                                      .canonical = { 2, { i, 9 } },
                                      .cost = 10 + i,
                                      .reward = { 90u - i, 100 } };
    assert_int_equal(final_stage_new(best, FINALISTS, SEEDS, &stage), 0);
    return stage;
}

static void take_finals(struct final_stage *stage, struct final_proposal finals[FINALISTS * SEEDS])
{
    for (int i = 0; i < FINALISTS * SEEDS; i++) {
        struct final_proposal again;

        assert_int_equal(final_stage_ask(stage, &finals[i]), ASK_TRIAL);
        assert_int_equal(final_stage_ask(stage, &again), ASK_TRIAL); /* stands still until taken */
        assert_memory_equal(&finals[i], &again, sizeof again);
        final_stage_take(stage);
    }
}

static void test_every_finalist_once_before_any_again(void **state)
{
    struct final_stage *stage = new_stage();
    struct final_proposal finals[FINALISTS * SEEDS], next;

    (void)state;
    take_finals(stage, finals);
    for (uint32_t i = 0; i < FINALISTS * SEEDS; i++) {
        assert_int_equal(finals[i].stage, STAGE_FINAL);
        assert_int_equal(finals[i].finalist, i % FINALISTS);
        assert_int_equal(finals[i].replica, i / FINALISTS);
        assert_int_equal(finals[i].arch.option[0], i % FINALISTS); /* the canonical form */
        assert_int_equal(finals[i].cost, 10 + i % FINALISTS);
    }
    assert_int_equal(final_stage_ask(stage, &next), ASK_WAIT);
    final_stage_free(stage);
    final_stage_free(NULL);
}

/* correct of 100 for each finalist and seed; -1: quarantined. */
static void test_winner(void **state)
{
    static const struct {
        const char *name;
        int correct[FINALISTS][SEEDS];
        int want, finalist, replica;
        double mean;
    } cases[] = {
        { "highest mean", { { 90, 80 }, { 85, 86 }, { 99, 60 } }, 0, 1, 1, 85.5 },
        { "weights of its best seed", { { 90, 80 }, { 50, 50 }, { 40, 40 } }, 0, 0, 0, 85 },
        { "equal means: the better in the search",
          { { 80, 82 }, { 81, 81 }, { 7, 7 } },
          0,
          0,
          1,
          81 },
        { "equal seeds: the first", { { 1, 1 }, { 81, 81 }, { 7, 7 } }, 0, 1, 0, 81 },
        { "quarantined counts as 0", { { -1, 98 }, { 50, 50 }, { 7, 7 } }, 0, 1, 0, 50 },
        { "a quarantined one may still win", { { -1, 98 }, { 40, 40 }, { 7, 7 } }, 0, 0, 1, 49 },
        { "diverged, but it has weights", { { -1, -1 }, { 0, -1 }, { -1, -1 } }, 0, 1, 0, 0 },
        { "all quarantined", { { -1, -1 }, { -1, -1 }, { -1, -1 } }, -ENOENT, 0, 0, 0 },
    };
    struct rng rng;

    (void)state;
    rng_init(&rng, 3, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases * 30; i++) {
        const int(*correct)[SEEDS] = cases[i / 30].correct;
        const char *name = cases[i / 30].name;
        struct final_stage *stage = new_stage();
        struct final_proposal finals[FINALISTS * SEEDS];
        uint32_t order[] = { 0, 1, 2, 3, 4, 5 }, finalist, replica;
        double mean;

        take_finals(stage, finals);
        rng_shuffle(&rng, order, FINALISTS * SEEDS);
        for (int k = 0; k < FINALISTS * SEEDS; k++) {
            const struct final_proposal *f = &finals[order[k]];
            int c = correct[f->finalist][f->replica];
            struct verdict verdict = { c >= 0, { c >= 0 ? (uint32_t)c : 0, c >= 0 ? 100 : 0 } };

            check_int_equal(name, final_stage_winner(stage, &finalist, &replica, &mean), -EAGAIN);
            check_int_equal(name, final_stage_tell(stage, f, &verdict), 0);
            check_int_equal(name, final_stage_tell(stage, f, &verdict), -EINVAL);
        }
        check_int_equal(name, final_stage_winner(stage, &finalist, &replica, &mean),
                        cases[i / 30].want);
        if (cases[i / 30].want == 0) {
            check_int_equal(name, finalist, cases[i / 30].finalist);
            check_int_equal(name, replica, cases[i / 30].replica);
            check_true(name, mean == cases[i / 30].mean);
        } else {
            check_int_equal(name, final_stage_ask(stage, &finals[0]), ASK_DONE);
        }
        final_stage_free(stage);
    }
}

static void test_the_winner_is_tested_once(void **state)
{
    struct final_stage *stage = new_stage();
    struct final_proposal finals[FINALISTS * SEEDS], test, wrong;
    struct verdict verdict = { true, { 50, 100 } };

    (void)state;
    take_finals(stage, finals);
    for (int i = 0; i < FINALISTS * SEEDS; i++)
        assert_int_equal(final_stage_tell(stage, &finals[i], &verdict), 0);
    assert_int_equal(final_stage_ask(stage, &test), ASK_TRIAL);
    assert_int_equal(test.stage, STAGE_TEST);
    assert_int_equal(test.finalist, 0);
    assert_int_equal(final_stage_tell(stage, &test, &verdict), -EINVAL); /* not taken yet */
    final_stage_take(stage);
    assert_int_equal(final_stage_ask(stage, &wrong), ASK_WAIT);
    wrong = test;
    wrong.finalist = 1;
    assert_int_equal(final_stage_tell(stage, &wrong, &verdict), -EINVAL);
    assert_int_equal(final_stage_tell(stage, &test, &verdict), 0);
    assert_int_equal(final_stage_tell(stage, &test, &verdict), -EINVAL);
    assert_int_equal(final_stage_ask(stage, &test), ASK_DONE);
    final_stage_free(stage);
}

static void test_strange_proposals_are_refused(void **state)
{
    struct final_stage *stage = new_stage();
    struct verdict verdict = { true, { 50, 100 } }, empty = { true, { 0, 0 } };
    struct final_proposal first, strange;

    (void)state;
    assert_int_equal(final_stage_ask(stage, &first), ASK_TRIAL);
    assert_int_equal(final_stage_tell(stage, &first, &verdict), -EINVAL);
    final_stage_take(stage);
    assert_int_equal(final_stage_tell(stage, &first, &empty), -EINVAL);
    strange = first;
    strange.finalist = FINALISTS;
    assert_int_equal(final_stage_tell(stage, &strange, &verdict), -EINVAL);
    strange = first;
    strange.replica = SEEDS;
    assert_int_equal(final_stage_tell(stage, &strange, &verdict), -EINVAL);
    strange = first;
    strange.stage = STAGE_SEARCH;
    assert_int_equal(final_stage_tell(stage, &strange, &verdict), -EINVAL);
    strange.stage = STAGE_TEST;
    assert_int_equal(final_stage_tell(stage, &strange, &verdict), -EINVAL);
    final_stage_free(stage);
}

static void test_nothing_to_retrain(void **state)
{
    struct final_stage *stage;
    struct final_proposal proposal;
    uint32_t finalist, replica;
    double mean;

    (void)state;
    assert_int_equal(final_stage_new(NULL, 0, 2, &stage), 0);
    assert_int_equal(final_stage_ask(stage, &proposal), ASK_DONE);
    assert_int_equal(final_stage_winner(stage, &finalist, &replica, &mean), -ENOENT);
    final_stage_free(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_finalist_once_before_any_again),
        cmocka_unit_test(test_winner),
        cmocka_unit_test(test_the_winner_is_tested_once),
        cmocka_unit_test(test_strange_proposals_are_refused),
        cmocka_unit_test(test_nothing_to_retrain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
