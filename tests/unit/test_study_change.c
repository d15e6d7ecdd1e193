/* A study with fields of its search replaced, and the settings of strategies without buckets. */
#include <errno.h>
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

static int change(const char *fields, struct study **study_out, struct errmsg *err)
{
    char path[100];

    study_fixture_write("study.yaml", table_study);
    snprintf(path, sizeof path, "%s/study.yaml", study_fixture_folder());
    return study_load_changed(path, &(struct study_change){ "search", fields }, 1, study_out, err);
}

static struct study *changed(const char *fields)
{
    struct study *study = NULL;
    struct errmsg err = { "" };

    if (change(fields, &study, &err) < 0)
        fail_msg("%s: %s", fields, err.text);
    return study;
}

static void test_defaults_of_the_others(void **state)
{
    struct study *study = changed("{strategy: evolution}");
    const struct search_settings *search = &study->search;

    (void)state;
    check_string_equal("strategy", search->strategy, "evolution");
    check_true("feasible", search->feasible);
    check_int_equal("objective", search->objective, OBJECTIVE_ACCURACY);
    check_true("cost weight", search->cost_weight == -0.07);
    check_int_equal("population", search->evolution.population, 10);
    check_int_equal("tournament", search->evolution.tournament, 3);
    check_int_equal("batch", search->ppo.batch, 10);
    study_free(study);
    study = changed("{strategy: ppo, feasible: false}");
    check_int_equal("led back", study->search.objective, OBJECTIVE_TUNAS);
    study_free(study);
}

static void test_fields_are_replaced_or_added(void **state)
{
    struct study *study = changed("{trials: 7, seed: 3, parallel: 9}");

    (void)state;
    check_int_equal("replaced", study->search.trials, 7);
    check_int_equal("added", study->search.seed, 3);
    check_int_equal("what follows from it", study->search.layernas.buckets, 3);
    check_string_equal("the rest", study->name, "tiny-table");
    study_free(study);
    study = changed("{}");
    check_int_equal("nothing replaced", study->search.trials, 20);
    study_free(study);
}

static void test_faults(void **state)
{
    static const struct {
        const char *name, *fields, *error;
    } cases[] = {
        { "out of range", "{trials: 0}",
          "study.yaml:4: search.trials: \"0\"; an integer from 1 to 100000000" },
        { "an unknown field", "{trails: 5}",
          "study.yaml:4: search.trails: unknown field; did you mean trials?" },
        { "not a mapping", "7", "\"7\"; fields of `search`: {NAME: VALUE}" },
        { "not plain", "{seed: [1]}", "\"{seed: [1]}\"; plain values only: {NAME: VALUE}" },
    };
    struct study *study;
    struct errmsg err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_int_equal(cases[i].name, change(cases[i].fields, &study, &err), -EINVAL);
        check_string_equal(cases[i].name, study_fixture_strip(err.text), cases[i].error);
    }
    check_true("not YAML", change("{", &study, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_of_the_others),
        cmocka_unit_test(test_fields_are_replaced_or_added),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
