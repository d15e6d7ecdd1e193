/* The predictor: against the normal equations solved by elimination, and on ground that it can and
 * cannot know. */
#include <math.h>

#include "tests/unit/search_cases.h"

#include "coordinator/search/predictor.h"

static struct cost_model model;
static struct proposals known;

static void start(uint64_t seed, uint32_t n_layers)
{
    struct rng rng;

    rng_init(&rng, seed, 3);
    model = (struct cost_model){ .space = { .n_layers = n_layers, .n_interfaces = 1 } };
    for (uint32_t l = 0; l < n_layers; l++) {
        model.space.stage[l] = l;
        model.space.n_options[l] = 2 + (uint32_t)rng_below(&rng, MODEL_OPTIONS - 1);
        model_random_layer(&rng, &model.space, l, 1000);
    }
}

/* Up to n different random architectures, rewarded by judge; every eighth is not valid. */
static void fill(uint64_t seed, uint32_t n, judge_fn *judge, void *arg)
{
    struct rng rng;

    rng_init(&rng, seed, 4);
    for (uint32_t i = 0; i < n; i++) {
        struct arch arch;
        struct verdict verdict;
        int64_t number;

        model_arch(&model, rng_below(&rng, (uint64_t)space_size(&model.space)), &arch);
        if (proposals_known(&known, &arch))
            continue;
        verdict = judge(arg, &arch);
        verdict.valid = i % 8 != 7;
        number = proposals_add(&known, &arch, cost_of(&model, &arch));
        assert_true(number > 0);
        assert_int_equal(proposals_tell(&known, (uint64_t)number, &verdict), 0);
    }
}

static struct predictor *fitted(void)
{
    struct predictor *predictor = NULL;

    assert_int_equal(predictor_new(&model, &known, proposals_n(&known), NULL, &predictor), 0);
    return predictor;
}

/* ---- by elimination ---- */

enum { MOST_FEATURES = 256, MOST_ROWS = 128 };

struct dense {
    uint32_t n_features, n_rows;
    double row[MOST_ROWS][MOST_FEATURES], target[MOST_ROWS];
    double matrix[MOST_FEATURES][MOST_FEATURES + 1], weight[MOST_FEATURES];
    double mean, deviation;
};

static void dense_row(const struct dense *d, const struct arch *arch, int64_t cost, double *row)
{
    const struct space *s = &model.space;
    uint32_t at = 0;

    memset(row, 0, d->n_features * sizeof *row);
    for (uint32_t l = 0; l < s->n_layers; at += s->n_options[l++])
        row[at + arch->option[l]] = 1;
    for (uint32_t l = 0; l + 1 < s->n_layers; l++) {
        row[at + arch->option[l] * s->n_options[l + 1] + arch->option[l + 1]] = 1;
        at += s->n_options[l] * s->n_options[l + 1];
    }
    row[at] = (log(1.0 + (double)cost) - d->mean) / d->deviation;
}

static uint32_t dense_features(void)
{
    const struct space *s = &model.space;
    uint32_t n = 1;

    for (uint32_t l = 0; l < s->n_layers; l++)
        n += s->n_options[l] + (l + 1 < s->n_layers ? s->n_options[l] * s->n_options[l + 1] : 0);
    assert_true(n <= MOST_FEATURES);
    return n;
}

static bool counts(uint32_t i)
{
    return known.at[i].verdict.valid;
}

static void dense_rows(struct dense *d)
{
    uint32_t n = 0;
    double square = 0;

    for (uint32_t i = 0; i < known.archs.n; i++)
        if (counts(i)) {
            double x = log(1.0 + (double)known.at[i].cost);

            n++;
            d->mean += x;
            square += x * x;
        }
    d->mean /= n;
    d->deviation = sqrt(square / n - d->mean * d->mean);
    for (uint32_t i = 0; i < known.archs.n; i++) {
        struct arch arch = arch_set_at(&known.archs, i);
        double below = 0;

        if (!counts(i))
            continue;
        assert_true(d->n_rows < MOST_ROWS);
        for (uint32_t j = 0; j < known.archs.n; j++)
            if (counts(j) && j != i)
                below += reward_compare(known.at[j].verdict.reward, known.at[i].verdict.reward) < 0
                             ? 1
                         : reward_compare(known.at[j].verdict.reward, known.at[i].verdict.reward) ==
                                 0
                             ? 0.5
                             : 0;
        d->target[d->n_rows] = below / (n - 1) - 0.5;
        dense_row(d, &arch, known.at[i].cost, d->row[d->n_rows++]);
    }
}

static void dense_solve(struct dense *d)
{
    uint32_t n = d->n_features;

    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t r = 0; r < d->n_rows; r++) {
            for (uint32_t j = 0; j < n; j++)
                d->matrix[i][j] += d->row[r][i] * d->row[r][j];
            d->matrix[i][n] += d->row[r][i] * d->target[r];
        }
        d->matrix[i][i] += 1;
    }
    for (uint32_t i = 0; i < n; i++) /* positive definite: pivots need no search */
        for (uint32_t k = 0; k < n; k++)
            if (k != i) {
                double by = d->matrix[k][i] / d->matrix[i][i];

                for (uint32_t j = i; j <= n; j++)
                    d->matrix[k][j] -= by * d->matrix[i][j];
            }
    for (uint32_t i = 0; i < n; i++)
        d->weight[i] = d->matrix[i][n] / d->matrix[i][i];
}

static void test_it_solves_the_normal_equations(void **state)
{
    static struct dense d;
    static double row[MOST_FEATURES];

    (void)state;
    for (uint64_t i = 0; i < 12; i++) {
        struct predictor *predictor;
        struct arch arch;

        start(i, 2 + (uint32_t)(i % 5));
        fill(i, i % 2 ? 20 : 120, judge_rough, &i);
        predictor = fitted();
        if (!predictor) { /* a space of few architectures */
            proposals_clear(&known);
            continue;
        }
        memset(&d, 0, sizeof d);
        d.n_features = dense_features();
        dense_rows(&d);
        dense_solve(&d);
        for (uint64_t a = 0; model_arch(&model, a, &arch); a++) {
            double want = 0, got = predictor_worth(predictor, &arch, cost_of(&model, &arch));

            dense_row(&d, &arch, cost_of(&model, &arch), row);
            for (uint32_t f = 0; f < d.n_features; f++)
                want += d.weight[f] * row[f];
            check_true("the same prediction", fabs(got - want) < 1e-6);
        }
        predictor_free(predictor);
        proposals_clear(&known);
    }
}

/* ---- what it is for ---- */

static void test_it_ranks_what_it_never_saw(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        struct predictor *predictor;
        struct arch a, b;
        uint32_t right = 0, wrong = 0;
        struct rng rng;

        start(100 + i, MODEL_LAYERS);
        fill(i, 100, judge_additive, &model);
        predictor = fitted();
        assert_non_null(predictor);
        rng_init(&rng, i, 5);
        for (uint32_t k = 0; k < 2000; k++) {
            uint64_t size = (uint64_t)space_size(&model.space);
            int by_reward;

            model_arch(&model, rng_below(&rng, size), &a);
            model_arch(&model, rng_below(&rng, size), &b);
            by_reward = reward_compare(judge_additive(&model, &a).reward,
                                       judge_additive(&model, &b).reward);
            if (by_reward == 0)
                continue;
            if ((by_reward > 0) == (predictor_worth(predictor, &a, cost_of(&model, &a)) >
                                    predictor_worth(predictor, &b, cost_of(&model, &b))))
                right++;
            else
                wrong++;
        }
        check_true("nine pairs of ten", right > 9 * wrong);
        predictor_free(predictor);
        proposals_clear(&known);
    }
}

static void test_too_little_is_no_ground(void **state)
{
    struct predictor *predictor;

    (void)state;
    start(1, MODEL_LAYERS);
    fill(1, PREDICTOR_FEWEST - 1, judge_additive, &model);
    check_true("too few", fitted() == NULL);
    fill(2, 4, judge_additive, &model);
    predictor = fitted();
    check_true("enough", predictor != NULL);
    predictor_free(predictor);
    proposals_clear(&known);
}

static struct verdict judge_flat(void *arg, const struct arch *candidate)
{
    (void)arg;
    (void)candidate;
    return (struct verdict){ true, { 1, 2 } };
}

/* Where all results are the same there is nothing to tell apart; nor is there in a cost of 0. */
static void test_level_ground(void **state)
{
    struct predictor *predictor;
    struct arch arch;

    (void)state;
    start(1, MODEL_LAYERS);
    memset(model.space.term, 0, sizeof model.space.term);
    fill(1, 100, judge_flat, NULL);
    predictor = fitted();
    for (uint64_t a = 0; model_arch(&model, a, &arch); a++)
        check_true("no difference", predictor_worth(predictor, &arch, 0) == 0);
    predictor_free(predictor);
    proposals_clear(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_solves_the_normal_equations),
        cmocka_unit_test(test_it_ranks_what_it_never_saw),
        cmocka_unit_test(test_too_little_is_no_ground),
        cmocka_unit_test(test_level_ground),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
