/* Whom the store lets in, and what it says to the others. */
#include "tests/unit/check.h"

#include <dirent.h>
#include <errno.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"

static int try_to_open(const struct bed *bed, const struct study *study, struct errmsg *err)
{
    struct store *store = NULL;
    int rc = store_open(bed->directory, study, &store, err);

    assert_true((rc == 0) == (store != NULL));
    store_close(store);
    return rc;
}

static void check_says(const char *name, const struct errmsg *err, const char *want)
{
    if (!strstr(err->text, want))
        fail_msg("%s: says \"%s\", which has no \"%s\"", name, err->text, want);
    check_true(name, !strchr(err->text, '\n'));
}

/* One result in it, so that there is something to lose. */
static void fill(const struct bed *bed)
{
    struct store *store = bed_open(bed);

    put(store, 1, NULL, NULL);
    wait_for_all(store);
    store_close(store);
}

static void check_still_there(const struct bed *bed)
{
    struct store *store = bed_open(bed);
    struct errmsg err = { "" };
    uint64_t n = 0;

    assert_int_equal(store_each_result(store, take_in_order, &n, &err), 0);
    assert_int_equal(n, 1);
    store_close(store);
}

static void test_parents_are_made(void **state)
{
    struct bed deeper = *(struct bed *)*state;

    strcat(deeper.directory, "/a/b/");
    fill(&deeper);
    check_still_there(&deeper);
    check_still_there(&deeper);
}

static void test_a_changed_study_is_refused_by_field(void **state)
{
    static const struct {
        const char *name, *from, *to;
        int want;
        const char *says[3];
    } cases[] = {
        { "the same", "", "", 0, { "" } },
        { "another trial cap", "trials: 20", "trials: 40", 0, { "" } },
        { "another seed",
          "trials: 20",
          "trials: 20, seed: 5",
          -EEXIST,
          { "study.yaml: search.seed: 5;", "begun with 1 (", "/state" } },
        { "another schedule",
          "{epochs: 1,",
          "{epochs: 2,",
          -EEXIST,
          { ".epochs: 2;", "begun with 1 (" } },
        { "a field that was not there",
          "lr: 0.1",
          "lr: 0.1, ema: 0.5",
          -EEXIST,
          { "study.yaml: evaluate.schedule.ema: 0.5;", "begun with none (" } },
    };
    const struct bed *bed = *state;

    fill(bed);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct study *study = study_fixture_study(training_study, cases[i].from, cases[i].to);
        struct errmsg err = { "" };

        check_int_equal(cases[i].name, try_to_open(bed, study, &err), cases[i].want);
        for (int s = 0; s < 3 && cases[i].says[s]; s++)
            check_says(cases[i].name, &err, cases[i].says[s]);
        study_free(study);
    }
    check_still_there(bed);
}

static void test_a_field_that_is_gone_is_named(void **state)
{
    const struct bed *bed = *state;
    struct study *before = study_fixture_study(training_study, "lr: 0.1", "lr: 0.1, ema: 0.5");
    struct errmsg err = { "" };

    assert_int_equal(try_to_open(bed, before, &err), 0);
    assert_int_equal(try_to_open(bed, bed->study, &err), -EEXIST);
    check_says("which", &err, "study.yaml: evaluate.schedule.ema: none; the study in ");
    check_says("what it was", &err, "/state was begun with 0.5 (");
    study_free(before);
}

static void test_an_evaluator_of_another_kind_is_refused(void **state)
{
    const struct bed *bed = *state;
    struct study *study = study_fixture_study(table_study, "", "");
    struct errmsg err = { "" };

    fill(bed);
    assert_int_equal(try_to_open(bed, study, &err), -EEXIST);
    check_says("table for training", &err, "begun with");
    study_free(study);
    check_still_there(bed);
}

/* Runs in a process of its own: a lock belongs to the open file, which a fork would share. */
static void test_a_second_coordinator_is_kept_out(void **state)
{
    const struct bed *bed = *state;
    int ready[2], leave[2], status;
    struct errmsg err = { "" };
    char holder[64], byte;
    pid_t child;

    assert_int_equal(pipe(ready) | pipe(leave), 0);
    child = fork();
    if (child == 0) {
        struct store *store = bed_open(bed);

        close(leave[1]);
        if (write(ready[1], "", 1) != 1 || read(leave[0], &byte, 1) != 0)
            _exit(1);
        store_close(store);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(try_to_open(bed, bed->study, &err), -EBUSY);
    snprintf(holder, sizeof holder, "(process %d on ", (int)child);
    check_says("while held", &err, holder);
    check_says("while held", &err, "/state/lock: another coordinator");
    close(leave[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fill(bed); /* free again, as after a kill too: the kernel lets go */
    close(ready[0]), close(ready[1]), close(leave[0]);
}

static void execute(const struct bed *bed, const char *sql)
{
    char path[100];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/study.db", bed->directory);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void test_databases_that_are_not_ours(void **state)
{
    static const struct {
        const char *name, *sql;
        int want;
        const char *says;
    } cases[] = {
        { "newer schema", "PRAGMA user_version = 4", -EPROTONOSUPPORT,
          "written by a newer layernas (schema 4); this one knows schema 3" },
        { "schema unknown", "PRAGMA user_version = 0", -EUCLEAN, "damaged: schema 0" },
        { "another program's", "PRAGMA application_id = 7", -EUCLEAN, "not a study of layernas" },
        { "a table more", "CREATE TABLE notes (text)", -EUCLEAN, "tables are not those" },
        { "a table less", "DROP TABLE failures", -EUCLEAN, "tables are not those" },
        { "another study's words", "UPDATE study SET identity = 'x'", -EUCLEAN, "study, row 1" },
        { "no words", "DELETE FROM study", -EUCLEAN, "study, row 1" },
        { "tally changed", "UPDATE tally SET results = 0", -EUCLEAN, "tally, row 1" },
        { "tally gone", "DELETE FROM tally", -EUCLEAN, "tally, row 1" },
        { "data changed", "UPDATE data SET data = zeroblob(16)", -EUCLEAN, "data, row 1" },
        { "data cut short", "UPDATE data SET data = x'00'", -EUCLEAN, "data, row 1" },
        { "data gone", "DELETE FROM data", -EUCLEAN, "data, row 1" },
        { "steering changed", "UPDATE steering SET mode = 1", -EUCLEAN, "steering, row 1" },
        { "steering as it cannot be", "UPDATE steering SET mode = 9", -EUCLEAN, "steering, row 1" },
        { "steering gone", "DELETE FROM steering", -EUCLEAN, "steering, row 1" },
        { "of schema 1, by its word", "PRAGMA user_version = 1", -EUCLEAN, "tables are not those" },
    };
    const struct bed *bed = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };

        bed_clear(bed);
        fill(bed);
        execute(bed, cases[i].sql);
        check_int_equal(cases[i].name, try_to_open(bed, bed->study, &err), cases[i].want);
        check_says(cases[i].name, &err, cases[i].says);
    }
}

static void check_data(const char *name, const struct store *store, bool known, uint8_t byte)
{
    struct digest data;

    check_int_equal(name, store_data(store, &data), known);
    check_true(name, !known || (data.bytes[0] == byte && data.bytes[15] == byte));
}

static void put_data(struct store *store, uint8_t byte)
{
    struct digest data;

    memset(&data, byte, sizeof data);
    assert_int_equal(store_put_data(store, &data), 0);
}

static void test_the_data_of_results_is_remembered(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);

    check_data("new", store, false, 0);
    put_data(store, 1);
    store_close(store);
    store = bed_open(bed);
    check_data("no result came of it", store, false, 0);
    put_data(store, 2);
    put(store, 1, NULL, NULL);
    store_close(store);
    store = bed_open(bed);
    check_data("a result did", store, true, 2);
    store_close(store);
}

static void test_a_store_of_schema_1_goes_on(void **state)
{
    const struct bed *bed = *state;
    struct errmsg err = { "" };
    struct store *store;
    uint64_t n = 0;

    fill(bed);
    execute(bed, "DROP TABLE steering; DROP TABLE data; PRAGMA user_version = 1");
    store = bed_open(bed);
    check_data("nobody asked then", store, false, 0);
    put_data(store, 3);
    assert_int_equal(store_each_result(store, take_in_order, &n, &err), 0);
    assert_int_equal(n, 1);
    store_close(store);
    store = bed_open(bed);
    check_data("now it is known", store, true, 3);
    store_close(store);
}

static void test_steering_is_remembered(void **state)
{
    const struct bed *bed = *state;
    struct steering steering = { .mode = STEERING_DRAIN, .trials = 300 };
    const struct steering *found;
    struct store *store;

    fill(bed);
    execute(bed, "DROP TABLE steering; PRAGMA user_version = 2");
    store = bed_open(bed);
    found = store_steering(store);
    assert_int_equal(found->mode, STEERING_RUN);
    assert_int_equal(found->trials, 0);
    assert_int_equal(found->n_aside, 0);
    for (; steering.n_aside < STEERING_MAX_ASIDE; steering.n_aside++)
        snprintf(steering.aside[steering.n_aside], TRIAL_WORKER_SIZE, "worker-%u-%.49s",
                 100 + steering.n_aside, "0123456789012345678901234567890123456789012345678");
    assert_int_equal(store_put_steering(store, &steering, NULL, NULL), 0);
    store_close(store);
    store = bed_open(bed);
    found = store_steering(store);
    assert_int_equal(found->mode, STEERING_DRAIN);
    assert_int_equal(found->trials, 300);
    assert_int_equal(found->n_aside, STEERING_MAX_ASIDE);
    assert_memory_equal(found->aside, steering.aside, sizeof steering.aside);
    store_close(store);
}

struct seen {
    uint64_t n, before;
    bool quarantined, retried;
};

static int see(void *arg, const struct stored_result *stored)
{
    struct seen *seen = arg;

    seen->n++;
    seen->quarantined |= stored->quarantined;
    seen->retried |= stored->retried;
    seen->before = stored->failures_before;
    return 0;
}

static void test_the_end_of_a_quarantine_is_remembered(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct trial trial = { .number = 1, .key = { { 7 } }, .arch = { .n = 1 } };
    struct stored_failure failure = { .key = trial.key, .attempt = { 1, 1 }, .reason = "boom" };
    struct seen seen = { 0 };
    struct errmsg err;

    assert_int_equal(store_put_failure(store, &trial, &failure, NULL, NULL, NULL), 0);
    assert_int_equal(store_put_quarantine(store, &trial, "boom", NULL, NULL), 0);
    assert_int_equal(store_put_retry(store, &trial, NULL, NULL), 0);
    failure.attempt.counter = 2;
    assert_int_equal(store_put_failure(store, &trial, &failure, NULL, NULL, NULL), 0);
    store_close(store);
    store = bed_open(bed);
    assert_int_equal(store_each_result(store, see, &seen, &err), 0);
    assert_int_equal(seen.n, 2);
    assert_true(seen.quarantined && seen.retried);
    assert_int_equal(seen.before, 1);
    store_close(store);
}

static void test_rows_that_were_meddled_with(void **state)
{
    static const struct {
        const char *name, *sql, *says;
    } cases[] = {
        { "a reward raised", "UPDATE results SET correct = 999 WHERE seq = 2",
          "damaged: results, row 2 is not as it was written" },
        { "an architecture that is none", "UPDATE results SET arch = 'x' WHERE seq = 1", "row 1" },
        { "a key cut short", "UPDATE results SET key = x'00' WHERE seq = 1", "row 1" },
        { "a text too long", "UPDATE results SET reason = hex(zeroblob(200)) WHERE seq = 1",
          "row 1" },
        { "a stage that is none", "UPDATE results SET stage = 9 WHERE seq = 1", "row 1" },
        { "two rows swapped",
          "UPDATE results SET seq = -1 WHERE seq = 1; UPDATE results SET seq = 1 WHERE seq = 2;"
          "UPDATE results SET seq = 2 WHERE seq = -1",
          "row 1" },
        { "the first row gone", "DELETE FROM results WHERE seq = 1", "row 1" },
        { "the last row gone", "DELETE FROM results WHERE seq = 2", "results has 1 rows of 2" },
        { "a row more",
          "INSERT INTO results SELECT 3, key, stage, replica, arch, madds, params,"
          " quarantined, correct, total, loss, seconds, diverged, numerics, worker,"
          " reason, finished_at, weights, digest FROM results WHERE seq = 2",
          "row 3" },
    };
    const struct bed *bed = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };
        struct store *store;
        uint64_t n = 0;

        bed_clear(bed);
        store = bed_open(bed);
        put(store, 1, NULL, NULL);
        put(store, 2, NULL, NULL);
        store_close(store);
        execute(bed, cases[i].sql);
        store = bed_open(bed);
        check_int_equal(cases[i].name, store_each_result(store, take_in_order, &n, &err), -EUCLEAN);
        check_says(cases[i].name, &err, cases[i].says);
        store_close(store);
    }
}

static void test_a_database_that_vanished_is_missed(void **state)
{
    const struct bed *bed = *state;
    struct errmsg err = { "" };
    char path[100];

    fill(bed);
    snprintf(path, sizeof path, "%s/study.db", bed->directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(try_to_open(bed, bed->study, &err), -EUCLEAN);
    check_says("gone", &err, "0 transactions of 1 are left");
    assert_int_equal(try_to_open(bed, bed->study, &err), -EUCLEAN); /* still */
    snprintf(path, sizeof path, "%s/study.commits", bed->directory);
    assert_int_equal(unlink(path), 0);
    fill(bed);
}

static void make_file(const struct bed *bed, const char *name)
{
    char path[200];
    FILE *file;

    assert_true(mkdir(bed->directory, 0777) == 0 || errno == EEXIST);
    snprintf(path, sizeof path, "%s/%s", bed->directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
}

static void test_directories_of_other_things(void **state)
{
    static const struct {
        const char *name, *file;
        int want;
    } cases[] = {
        { "somebody's thesis", "thesis.tex", -ENOTEMPTY },
        { "left by a start cut short", "lock", 0 },
        { "an empty database, of one cut short too", "study.db", 0 },
        { "hidden", ".keep", 0 },
    };
    const struct bed *bed = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };

        bed_clear(bed);
        make_file(bed, cases[i].file);
        check_int_equal(cases[i].name, try_to_open(bed, bed->study, &err), cases[i].want);
        check_says(cases[i].name, &err, cases[i].want ? "holds 'thesis.tex' and no study" : "");
    }
}

/* As a user who may not write, whoever runs the tests. */
static void test_no_permission(void **state)
{
    const struct bed *bed = *state;
    int status;
    pid_t child;

    fill(bed);
    assert_int_equal(chmod(bed->root, 0755) | chmod(bed->directory, 0555), 0);
    child = fork();
    if (child == 0) {
        struct bed below = *bed;
        struct errmsg err = { "" };

        if (geteuid() == 0 && setuid(65534) < 0)
            _exit(9);
        if (try_to_open(bed, bed->study, &err) != -EACCES || !strstr(err.text, "cannot be written"))
            _exit(1);
        strcat(below.directory, "/new");
        if (try_to_open(&below, bed->study, &err) != -EACCES || !strstr(err.text, "cannot be made"))
            _exit(2);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(bed->directory, 0755), 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    check_still_there(bed);
}

static void test_a_file_in_the_way(void **state)
{
    struct bed below = *(struct bed *)*state;
    struct errmsg err = { "" };

    fill(&below);
    strcat(below.directory, "/lock");
    assert_int_equal(try_to_open(&below, below.study, &err), -ENOTDIR);
    strcat(below.directory, "/deeper");
    assert_int_equal(try_to_open(&below, below.study, &err), -ENOTDIR);
    check_says("below a file", &err, "/lock/deeper: cannot be made: Not a directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bed(test_parents_are_made),
        with_bed(test_a_changed_study_is_refused_by_field),
        with_bed(test_a_field_that_is_gone_is_named),
        with_bed(test_an_evaluator_of_another_kind_is_refused),
        with_bed(test_a_second_coordinator_is_kept_out),
        with_bed(test_databases_that_are_not_ours),
        with_bed(test_the_data_of_results_is_remembered),
        with_bed(test_a_store_of_schema_1_goes_on),
        with_bed(test_steering_is_remembered),
        with_bed(test_the_end_of_a_quarantine_is_remembered),
        with_bed(test_rows_that_were_meddled_with),
        with_bed(test_a_database_that_vanished_is_missed),
        with_bed(test_directories_of_other_things),
        with_bed(test_no_permission),
        with_bed(test_a_file_in_the_way),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
