/* Damaged files: whatever is read is what was written, or is refused. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/rng.h"
#include "tests/unit/store_fixture.h"

enum { ROWS = 60, FLIPS = 240 };

struct image {
    char path[200];
    uint8_t *bytes;
    size_t size;
};

static struct image read_image(const struct bed *bed, const char *name)
{
    struct image image = { .size = 0 };
    struct stat status;
    int fd;

    snprintf(image.path, sizeof image.path, "%s/%s", bed->directory, name);
    fd = open(image.path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    image.size = (size_t)status.st_size;
    image.bytes = malloc(image.size + 1);
    assert_int_equal(read(fd, image.bytes, image.size), image.size);
    close(fd);
    return image;
}

static void write_image(const struct image *image, size_t size)
{
    int fd = open(image->path, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    assert_true(fd >= 0 && write(fd, image->bytes, size) == (ssize_t)size);
    close(fd);
}

static void remove_file(const struct bed *bed, const char *name)
{
    char path[200];

    snprintf(path, sizeof path, "%s/%s", bed->directory, name);
    unlink(path);
}

static int check_child(void *arg, const struct opening *opening)
{
    ++*(int *)arg;
    assert_int_equal(opening->n_children, 1);
    assert_int_equal(opening->children[0].cost, 4242);
    return 0;
}

static int count_failure(void *arg, const struct stored_failure *failure)
{
    ++*(int *)arg;
    assert_string_equal(failure->reason, "exit status 1");
    return 0;
}

/* Everything in it, as it was written; else the error, which must have been described. */
static int read_all(const struct bed *bed)
{
    struct errmsg err = { "" };
    struct store *store = NULL;
    uint64_t results = 0;
    int openings = 0, failures = 0;
    int rc = store_open(bed->directory, bed->study, &store, &err);

    if (rc == 0)
        rc = store_each_opening(store, check_child, &openings, &err);
    if (rc == 0)
        rc = store_each_failure(store, count_failure, &failures, &err);
    if (rc == 0)
        rc = store_each_result(store, take_in_order, &results, &err);
    if (rc == 0) {
        assert_int_equal(results, ROWS);
        assert_int_equal(openings, 1);
        assert_int_equal(failures, 1);
        assert_true(store_elapsed(store) == 77);
    } else {
        assert_true(strlen(err.text) > 10);
    }
    store_close(store);
    return rc;
}

static void fill(struct store *store)
{
    struct arch parent = { .n = 2 };
    struct opening_child child = { .arch.n = 2, .candidate.n = 2, .cost = 4242 };
    struct opening opening = {
        .n_parents = 1, .n_children = 1, .parents = &parent, .children = &child
    };
    struct stored_failure failure = { .reason = "exit status 1" };
    struct trial trial = some_trial(1);

    store_put_opening(store, &opening, NULL, NULL);
    store_put_failure(store, &trial, &failure, NULL, NULL, NULL);
    store_put_elapsed(store, 77);
    for (uint64_t number = 1; number <= ROWS; number++) {
        put(store, number, NULL, NULL);
        if (number % 20 == 0)
            wait_for_all(store); /* several transactions */
    }
    wait_for_all(store);
}

static void test_flipped_bits_in_the_database(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct image image;
    struct rng rng;
    int refused = 0;

    fill(store);
    store_close(store);
    assert_int_equal(read_all(bed), 0);
    image = read_image(bed, "study.db");
    rng_init(&rng, 5, 0);
    for (int flip = 0; flip < FLIPS; flip++) {
        /* The first bytes, where the file says what it is, one by one; then anywhere. */
        size_t at = flip < 100 ? (size_t)flip : rng_below(&rng, image.size);
        uint8_t bit = (uint8_t)(1u << rng_below(&rng, 8));

        image.bytes[at] ^= bit;
        write_image(&image, image.size);
        remove_file(bed, "study.db-wal");
        refused += read_all(bed) < 0;
        image.bytes[at] ^= bit;
    }
    assert_in_range(refused, 40, FLIPS); /* many pages are half empty */
    write_image(&image, image.size);
    remove_file(bed, "study.db-wal");
    assert_int_equal(read_all(bed), 0);
    free(image.bytes);
}

static void test_a_database_cut_short(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct image image;

    fill(store);
    store_close(store);
    image = read_image(bed, "study.db");
    for (size_t size = 0; size < image.size; size += 777) {
        write_image(&image, size);
        remove_file(bed, "study.db-wal");
        assert_true(read_all(bed) < 0);
    }
    free(image.bytes);
}

/* What no page shows: the newest rows are gone, by somebody's hand. */
static void test_rows_that_are_not_there(void **state)
{
    static const char *const removals[] = {
        "DELETE FROM results WHERE seq = 60",
        "DELETE FROM failures",
        "DELETE FROM openings",
        "DELETE FROM opening_children",
        "DELETE FROM opening_parents",
        "UPDATE tally SET results = 59",
    };
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct image image;

    fill(store);
    store_close(store);
    image = read_image(bed, "study.db");
    for (size_t i = 0; i < sizeof removals / sizeof *removals; i++) {
        sqlite3 *db;

        write_image(&image, image.size);
        assert_int_equal(sqlite3_open(image.path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, removals[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_changes(db), 1);
        assert_int_equal(sqlite3_close(db), SQLITE_OK);
        check_int_equal(removals[i], read_all(bed), -EUCLEAN);
    }
    free(image.bytes);
}

/* Filled by a process that is killed: everything is in the WAL still. */
static void fill_and_be_killed(const struct bed *bed)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        fill(bed_open(bed));
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void restore(const struct image *db, const struct image *wal, size_t wal_size)
{
    write_image(db, db->size);
    write_image(wal, wal_size);
}

static void test_a_damaged_or_cut_wal(void **state)
{
    const struct bed *bed = *state;
    struct image db, wal;
    struct rng rng;
    int refused = 0;

    fill_and_be_killed(bed);
    db = read_image(bed, "study.db");
    wal = read_image(bed, "study.db-wal");
    assert_true(wal.size > 20000);
    rng_init(&rng, 6, 0);
    for (int flip = 0; flip < FLIPS / 2; flip++) {
        size_t at = flip < 40 ? (size_t)flip : rng_below(&rng, wal.size);
        uint8_t bit = (uint8_t)(1u << rng_below(&rng, 8));

        wal.bytes[at] ^= bit;
        restore(&db, &wal, wal.size);
        refused += read_all(bed) < 0;
        wal.bytes[at] ^= bit;
    }
    assert_in_range(refused, FLIPS / 4, FLIPS / 2);
    for (size_t size = 0; size < wal.size; size += 1999) {
        restore(&db, &wal, size);
        assert_int_equal(read_all(bed), -EUCLEAN);
    }
    restore(&db, &wal, wal.size);
    assert_int_equal(read_all(bed), 0);
    free(db.bytes);
    free(wal.bytes);
}

static void test_refusal_leaves_every_byte(void **state)
{
    const struct bed *bed = *state;
    struct study *other = study_fixture_study(training_study, "trials: 20", "trials: 20, seed: 9");
    struct image before[2], after[2];
    struct store *store = NULL;
    struct errmsg err = { "" };
    static const char *const names[] = { "study.db", "study.db-wal" };

    fill_and_be_killed(bed);
    for (int i = 0; i < 2; i++)
        before[i] = read_image(bed, names[i]);
    assert_int_equal(store_open(bed->directory, other, &store, &err), -EEXIST);
    for (int i = 0; i < 2; i++) {
        after[i] = read_image(bed, names[i]);
        assert_int_equal(after[i].size, before[i].size);
        assert_memory_equal(after[i].bytes, before[i].bytes, before[i].size);
        free(before[i].bytes);
        free(after[i].bytes);
    }
    study_free(other);
    assert_int_equal(read_all(bed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bed(test_flipped_bits_in_the_database), with_bed(test_a_database_cut_short),
        with_bed(test_rows_that_are_not_there),      with_bed(test_a_damaged_or_cut_wal),
        with_bed(test_refusal_leaves_every_byte),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
