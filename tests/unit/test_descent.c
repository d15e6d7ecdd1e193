/* Whether the best of a bucket descends from a kept parent: by hand, and against plain loops. */
#include <errno.h>
#include <math.h>

#include "coordinator/compare/descent_print.h"
#include "tests/unit/check.h"
#include "tests/unit/study_fixture.h"

/* 1:1 is the better parent, and 0:0 the best child; 2 costs too much whatever follows. */
static const char table[] = "arch,acc,test,flops\n"
                            "0:0,99,69,100\n0:1,71,70,200\n1:0,72,71,300\n1:1,73,72,400\n"
                            "2:1,75,74,800\n";

static void find(const char *settings, struct descent_layer *layers, struct study **study_out)
{
    struct study *study = study_fixture_study(table_study, "{trials: 20}", settings);
    struct benchmark benchmark;
    struct errmsg err = { "" };

    if (benchmark_load(study, NULL, &benchmark, &err) < 0 ||
        descent_find(&benchmark, study, layers, &err) < 0)
        fail_msg("%s", err.text);
    benchmark_clear(&benchmark);
    *study_out = study;
}

static void test_by_hand(void **state)
{
    struct descent_layer layers[2];
    struct study *study;

    (void)state;
    study_fixture_write("table.csv", table);
    find("{trials: 20, buckets: 1, order: forward}", layers, &study);
    check_int_equal("0:1 1:1", layers[0].n, 2);
    check_int_equal("from the default", layers[0].descend[0], 1);
    check_int_equal("all that meet the target", layers[1].n, 4);
    check_int_equal("in a bucket", layers[1].largest, 4);
    check_int_equal("K = 1: 0:0 is the child of the second", layers[1].descend[0], 0);
    check_true("so 1:1 is found", layers[1].reached[0] == 1 && layers[1].lost[0] == 99 - 73);
    check_int_equal("K = 2", layers[1].descend[1], 1);
    check_true("loses nothing", layers[1].lost[1] == 0);
    study_free(study);
    find("{trials: 20, buckets: 1000, order: forward}", layers, &study);
    check_int_equal("a bucket each", layers[1].n_buckets, 4);
    check_int_equal("so nothing is displaced", layers[1].descend[0], 4);
    study_free(study);
    find("{trials: 20, buckets: 1, order: backward}", layers, &study);
    check_int_equal("the last one first", layers[0].layer, 1);
    study_free(study);
}

/* No row for 1:1: nothing is known of it, so the search does not come to 1:0 by it either. */
static void test_a_missing_row(void **state)
{
    struct descent_layer layers[2];
    struct study *study;

    (void)state;
    study_fixture_write("table.csv",
                        "arch,acc,test,flops\n"
                        "0:0,70,69,100\n0:1,71,70,200\n1:0,72,71,300\n2:1,75,74,800\n");
    find("{trials: 20, buckets: 1, order: forward}", layers, &study);
    check_int_equal("0:1", layers[0].n, 1);
    check_int_equal("and from it 0:0", layers[1].n, 2);
    study_free(study);
}

static void test_print(void **state)
{
    struct descent_layer layers[2];
    struct study *study;
    char *printed;
    size_t size;
    FILE *out = open_memstream(&printed, &size);

    (void)state;
    assert_non_null(out);
    study_fixture_write("table.csv", table);
    find("{trials: 20, buckets: 1, order: forward}", layers, &study);
    descent_print("a label", study, layers, out);
    fclose(out);
    for (const char *line = printed; *line; line += strcspn(line, "\n") + 1)
        check_true("80 columns", strcspn(line, "\n") <= 80);
    check_true("a layer",
               strstr(printed, "\nsecond                  4    1      4     0  100  100  100"
                               "  26.00 0.00 0.00 0.00\n"));
    free(printed);
    study_free(study);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_a_missing_row),
        cmocka_unit_test(test_print),
    };

    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
