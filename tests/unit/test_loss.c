#include "tests/unit/check.h"

#include <math.h>

#include "worker/engine/loss.h"

static void check_near(const char *name, double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * (1 + fabs(want))))
        fail_msg("%s: %.9g, wanted %.9g", name, got, want);
}

/* softmax of (0, log 2, log 5) is (1/8, 2/8, 5/8). */
static const float logits[] = { 0, 0.69314718f, 1.6094379f };

static void test_cross_entropy(void **state)
{
    static const struct {
        const char *name;
        double smoothing;
        uint16_t label;
        double loss, gradient[3];
        uint32_t correct;
    } cases[] = {
        { "likely label", 0, 2, 0.470003629, { 0.125, 0.25, -0.375 }, 1 },
        { "unlikely label", 0, 0, 2.079441542, { -0.875, 0.25, 0.625 }, 0 },
        /* target (0.1, 0.1, 0.8): 0.1 log 8 + 0.1 log 4 + 0.8 log 1.6 */
        { "smoothed", 0.3, 2, 0.722576493, { 0.025, 0.15, -0.175 }, 1 },
        { "smoothed all over", 1, 1, 1.311913197, { -0.208333333, -0.083333333, 0.291666667 }, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float gradient[3];
        struct loss loss = loss_of(logits, &cases[i].label, 1, 3, cases[i].smoothing, 1, gradient);

        check_near(cases[i].name, loss.sum, cases[i].loss);
        check_int_equal(cases[i].name, loss.correct, cases[i].correct);
        for (int k = 0; k < 3; k++)
            check_near(cases[i].name, (double)gradient[k], cases[i].gradient[k]);
    }
}

static void test_gradient_is_of_the_mean_over_the_batch(void **state)
{
    float two[6];
    const uint16_t labels[] = { 2, 0 };
    struct loss loss;

    (void)state;
    memcpy(two, logits, sizeof logits);
    memcpy(two + 3, logits, sizeof logits);
    loss = loss_of(two, labels, 2, 3, 0, 2, two); /* in place */
    check_near("sum", loss.sum, 0.470003629 + 2.079441542);
    assert_int_equal(loss.correct, 1);
    check_near("first image", (double)two[2], -0.375 / 2);
    check_near("second image", (double)two[3], -0.875 / 2);
}

static void test_extreme_logits(void **state)
{
    const float large[] = { 1000, -1000, 0 }, broken[] = { NAN, 0, 1 };
    const uint16_t label = 1;
    float gradient[3];

    (void)state;
    check_near("no overflow", loss_of(large, &label, 1, 3, 0, 1, gradient).sum, 2000);
    check_near("no overflow", (double)gradient[0], 1);
    assert_true(isnan(loss_of(broken, &label, 1, 3, 0, 1, NULL).sum));
}

static void test_first_of_equal_logits_counts(void **state)
{
    const float equal[] = { 1, 2, 2 };
    const uint16_t first = 1, second = 2;

    (void)state;
    assert_int_equal(loss_of(equal, &first, 1, 3, 0, 1, NULL).correct, 1);
    assert_int_equal(loss_of(equal, &second, 1, 3, 0, 1, NULL).correct, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_gradient_is_of_the_mean_over_the_batch),
        cmocka_unit_test(test_extreme_logits),
        cmocka_unit_test(test_first_of_equal_logits_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
