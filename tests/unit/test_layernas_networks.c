/* The search on real spaces: networks whose costs depend on interfaces and whose canonical forms
 * come from their graphs; and tables with holes. */
#include "common/cost.h"
#include "common/space.h"
#include "tests/unit/search_run.h"

static struct search_run run;

static const char convolutions[] =
    "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
    "stem:\n"
    "  - conv: {out: 4, kernel: 3, stride: 1, act: relu}\n"
    "layers:\n"
    "  - name: a\n"
    "    options:\n"
    "      - skip\n"
    "      - conv: {out: [4, 6], kernel: [1, 3], stride: 1, act: relu}\n"
    "  - name: b\n"
    "    options:\n"
    "      - skip\n"
    "      - conv: {out: [4, 6], kernel: [1, 3], stride: 1, act: relu}\n"
    "  - name: c\n"
    "    options:\n"
    "      - mbconv: {expand: [2, 3], kernel: 3, out: [6, 8], stride: 2}\n"
    "  - name: d\n"
    "    options:\n"
    "      - skip\n"
    "      - mbconv: {expand: [2, 3], kernel: [3, 5], out: same, stride: 1}\n"
    "head:\n"
    "  - pool: {kind: avg, size: all}\n"
    "  - dense: {out: classes}\n";

static struct space *parse(const char *text)
{
    struct errmsg err = { "" };
    struct space *space = NULL;

    if (space_parse(text, strlen(text), "space.yaml", &space, &err) < 0)
        fail_msg("%s", err.text);
    return space;
}

static bool next_arch(const struct space *space, struct arch *arch)
{
    for (uint32_t l = space_n_layers(space); l-- > 0; arch->option[l] = 0)
        if (++arch->option[l] < space_n_options(space, l))
            return true;
    return false;
}

/* A sum over the options of the canonical form, that is, over its blocks: which stand at other
 * places with the same worth. Layers a and b have the same options. */
struct worths {
    const struct space *space;
    uint32_t of[4][8];
};

static struct verdict judge(void *arg, const struct arch *candidate)
{
    const struct worths *worths = arg;
    struct verdict verdict = { true, { 0, 1000 } };

    for (uint32_t l = 0; l < candidate->n; l++)
        verdict.reward.correct += worths->of[l == 1 ? 0 : l][candidate->option[l]];
    return verdict;
}

static uint32_t best_by_trying_all(struct worths *worths, const struct cost_model *model,
                                   const struct cost_range *target)
{
    struct arch arch = { (uint16_t)space_n_layers(worths->space), { 0 } };
    uint32_t best = 0;

    do {
        struct verdict verdict = judge(worths, &arch);
        int64_t cost = cost_of(model, &arch);

        if (cost >= target->lowest && cost <= target->highest && verdict.reward.correct > best)
            best = verdict.reward.correct;
    } while (next_arch(worths->space, &arch));
    return best;
}

static void test_optimum_of_convolutional_networks(void **state)
{
    struct space *space = parse(convolutions);
    struct arch any = { (uint16_t)space_n_layers(space), { 0 } };

    (void)state;
    for (int i = 0; i < 90; i++) {
        struct worths worths = { .space = space };
        struct search_settings settings = {
            .strategy = "layernas",
            .trials = RUN_MAX_TRIALS,
            .canonical = true,
            .layernas = { .buckets = BUCKETS_MAX,
                          .bucket_growth = 1.5,
                          .keep = 1,
                          .passes = 1,
                          .bucket_by = BUCKET_BY_COST_AND_INTERFACE,
                          .edges = i % 2 ? EDGES_CHILDREN : EDGES_REACHABLE },
        };
        struct cost_model *model;
        struct cost_range all;
        struct rng rng;

        rng_init(&rng, (uint64_t)i, 5);
        assert_int_equal(cost_model_new(space, (enum cost_metric)(i % 3), &model), 0);
        for (size_t w = 0; w < 4 * 8; w++)
            worths.of[w / 8][w % 8] = (uint32_t)rng_below(&rng, 60);
        all = cost_completions(model, &any, 0);
        settings.layernas.default_arch = cost_dearest(model, &any, 0);
        settings.target.highest = all.lowest +
                                  (int64_t)rng_below(&rng, (uint64_t)(all.highest - all.lowest));
        run = (struct search_run){ .settings = &settings,
                                   .model = model,
                                   .judge = judge,
                                   .judge_arg = &worths,
                                   .workers = 3 };
        run_until(&run, &rng, UINT32_MAX);
        assert_true(run_best(&run) > 0);
        assert_int_equal(run.verdicts[run_best(&run) - 1].reward.correct,
                         best_by_trying_all(&worths, model, &settings.target));
        assert_true(run.n_proposals < space_size(space));
        run_clear(&run);
        cost_model_free(model);
    }
    space_free(space);
}

static struct verdict judge_by_options(void *arg, const struct arch *candidate)
{
    struct verdict verdict = { true, { 1, 1000 } };

    (void)arg;
    for (uint32_t l = 0; l < candidate->n; l++)
        verdict.reward.correct += candidate->option[l];
    return verdict;
}

/* A third of the rows is missing: these are never proposed. */
static void test_tables_with_holes(void **state)
{
    static const char names[] = "names:\n"
                                "  - {name: a, options: [x, y, z]}\n"
                                "  - {name: b, options: [x, y, z]}\n"
                                "  - {name: c, options: [x, y, z]}\n";
    struct space *space = parse(names);

    (void)state;
    for (int i = 0; i < 300; i++) {
        int64_t cost[27], highest = -1;
        struct search_settings settings = { .strategy = "layernas",
                                            .trials = RUN_MAX_TRIALS,
                                            .canonical = i % 2,
                                            .layernas = {
                                                .buckets = 4, .bucket_growth = 1.5, .keep = 1 } };
        struct arch any = { 3, { 0 } };
        struct cost_model *model;
        struct rng rng;

        rng_init(&rng, (uint64_t)i, 6);
        for (int k = 0; k < 27; k++) {
            cost[k] = rng_below(&rng, 3) ? (int64_t)rng_below(&rng, 50) : -1;
            highest = cost[k] > highest ? cost[k] : highest;
        }
        assert_true(highest >= 0);
        assert_int_equal(cost_model_from_table(space, cost, 27, &model), 0);
        settings.target.highest = highest / 2;
        settings.layernas.default_arch = cost_dearest(model, &any, 0);
        if (cost_completions(model, &any, 0).lowest <= settings.target.highest) {
            run = (struct search_run){
                .settings = &settings, .model = model, .judge = judge_by_options, .workers = 2
            };
            run_until(&run, &rng, UINT32_MAX);
            assert_string_equal(run.stop_reason, "nothing left to try");
            for (uint32_t p = 0; p < run.n_proposals; p++)
                assert_true(run.proposals[p].cost >= 0);
            run_clear(&run);
        }
        cost_model_free(model);
    }
    space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimum_of_convolutional_networks),
        cmocka_unit_test(test_tables_with_holes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
