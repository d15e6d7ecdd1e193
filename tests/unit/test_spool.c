/* Results on disk: they come back whole, once, to one worker; what is damaged is set aside. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/wire_messages.h"
#include "worker/spool.h"

static const struct digest data = { { 5 } };

static struct spool spool;
static char folder[64];

static int set_up(void **state)
{
    char path[96];
    struct errmsg err;

    (void)state;
    strcpy(folder, "/tmp/layernas-spool-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/made/on/the/way", folder);
    if (spool_open(&spool, path, &err) < 0)
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct result_message make_result(uint8_t study, uint64_t counter)
{
    struct result_message message = wire_full_result().result;

    message.study_id.bytes[0] = study;
    message.attempt.counter = counter;
    return message;
}

static void clear_result(struct result_message *message)
{
    from_worker_clear(&(struct from_worker){ .kind = FROM_RESULT, .result = *message });
}

/* Returns the lock. */
static int put(uint8_t study, uint64_t counter)
{
    struct result_message message = make_result(study, counter);
    struct errmsg err;
    int lock = -1;

    if (spool_put(&spool, &message, &data, &lock, &err) < 0)
        fail_msg("%s", err.text);
    assert_true(lock >= 0);
    clear_result(&message);
    return lock;
}

/* What a scan of that study finds: their counters as bits; how many files were faulty. */
static uint64_t scan(uint8_t study, const struct digest *from, size_t *n_faults, struct errmsg *err)
{
    struct result_message wanted = make_result(study, 0), found;
    uint64_t counters = 0;
    struct spool_scan s;
    int lock, rc;

    *n_faults = 0;
    assert_int_equal(spool_scan_begin(&s, &spool, &wanted.study_id, from, NULL), 0);
    while ((rc = spool_scan_next(&s, &found, &lock, err)) != -ENOENT) {
        if (rc < 0) {
            ++*n_faults;
            continue;
        }
        counters |= UINT64_C(1) << found.attempt.counter;
        assert_true(digest_equal(&found.study_id, &wanted.study_id));
        assert_true(digest_equal(&found.result.key, &wanted.result.key));
        assert_int_equal(found.result.reward.correct, wanted.result.reward.correct);
        assert_int_equal(found.output.size, wanted.output.size);
        assert_memory_equal(found.output.data, wanted.output.data, wanted.output.size);
        clear_result(&found);
        close(lock);
    }
    spool_scan_end(&s);
    clear_result(&wanted);
    return counters;
}

static void test_what_nobody_holds_comes_back(void **state)
{
    const struct digest other = { { 6 } };
    struct result_message message = make_result(1, 3);
    int locks[] = { put(1, 1), put(1, 2), put(1, 3), put(2, 4) };
    struct errmsg err;
    size_t n_faults;

    (void)state;
    assert_int_equal(scan(1, &data, &n_faults, &err), 0); /* all are held */
    for (size_t i = 0; i < sizeof locks / sizeof *locks; i++)
        if (i != 1)
            close(locks[i]);
    assert_int_equal(scan(1, &data, &n_faults, &err), 1 << 1 | 1 << 3);
    assert_int_equal(scan(2, &data, &n_faults, &err), 1 << 4);
    assert_int_equal(scan(3, &data, &n_faults, &err), 0);
    assert_int_equal(scan(1, &other, &n_faults, &err), 0);
    spool_remove(&spool, &message, &data);
    assert_int_equal(scan(1, &data, &n_faults, &err), 1 << 1);
    close(locks[1]);
    assert_int_equal(scan(1, &data, &n_faults, &err), 1 << 1 | 1 << 2);
    assert_int_equal(n_faults, 0);
    clear_result(&message);
}

/* The one file that is there. */
static void find_file(char path[512], const char *suffix)
{
    char command[SPOOL_PATH_SIZE + 64];
    FILE *list;

    snprintf(command, sizeof command, "ls %s/*%s", spool.folder, suffix);
    list = popen(command, "r");
    assert_non_null(list);
    assert_non_null(fgets(path, 512, list));
    path[strcspn(path, "\n")] = '\0';
    assert_int_equal(pclose(list), 0);
}

static void cut(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(truncate(path, status.st_size - 20), 0);
}

static void empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void grow(const char *path)
{
    assert_int_equal(truncate(path, (off_t)WIRE_MAX_MESSAGE * 2), 0);
}

static void flip(const char *path)
{
    int fd = open(path, O_RDWR);
    char byte;

    assert_int_equal(pread(fd, &byte, 1, 10), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 10), 1);
    close(fd);
}

/* Sound, but for its name. */
static void rename_it(const char *path)
{
    char other[512];
    char *counter;

    strcpy(other, path);
    counter = strstr(other, ".result") - 1;
    *counter = *counter == '7' ? '8' : '7';
    assert_int_equal(rename(path, other), 0);
}

static void test_a_damaged_file_is_set_aside(void **state)
{
    static const struct {
        const char *name, *says;
        void (*damage)(const char *path);
    } cases[] = {
        { "cut short", "damaged: its checksum is wrong", cut },
        { "a byte changed", "damaged: its checksum is wrong", flip },
        { "empty", "0 bytes", empty },
        { "far too long", "134217728 bytes", grow },
        { "under another name", "not the result that its name says", rename_it },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        struct errmsg err = { "" };
        size_t n_faults;

        close(put(1, 1));
        find_file(path, ".result");
        cases[i].damage(path);
        check_int_equal(cases[i].name, scan(1, &data, &n_faults, &err), 0);
        check_int_equal(cases[i].name, n_faults, 1);
        if (!strstr(err.text, cases[i].says) || !strstr(err.text, "; it is set aside") ||
            !strstr(err.text, spool.folder))
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        scan(1, &data, &n_faults, &err);
        check_int_equal(cases[i].name, n_faults, 0);
        find_file(path, ".damaged");
        check_int_equal(cases[i].name, unlink(path), 0);
    }
}

/* What else may lie there is nobody's result. */
static void test_other_things_in_the_folder_are_left_alone(void **state)
{
    char path[512];
    struct errmsg err;
    size_t n_faults;

    (void)state;
    close(put(1, 1));
    find_file(path, ".result");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(scan(1, &data, &n_faults, &err), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(scan(1, &data, &n_faults, &err), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_int_equal(scan(1, &data, &n_faults, &err), 0);
    assert_int_equal(n_faults, 0);
}

static void test_old_files_go(void **state)
{
    struct timespec old[2] = { { .tv_sec = time(NULL) - (SPOOL_DAYS + 1) * 86400 } };
    char path[512];
    struct errmsg err;
    struct spool again;
    size_t n_faults;

    (void)state;
    close(put(1, 1));
    find_file(path, ".result");
    old[1] = old[0];
    assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    close(put(1, 2));
    assert_int_equal(spool_open(&again, spool.folder, &err), 0);
    assert_int_equal(scan(1, &data, &n_faults, &err), 1 << 2);
}

static void test_a_folder_that_is_tidied_away_is_made_anew(void **state)
{
    struct errmsg err;
    size_t n_faults;

    (void)state;
    assert_int_equal(rmdir(spool.folder), 0);
    assert_int_equal(scan(1, &data, &n_faults, &err), 0);
    close(put(1, 1));
    assert_int_equal(scan(1, &data, &n_faults, &err), 1 << 1);
}

static void test_folders_that_cannot_be(void **state)
{
    char long_name[SPOOL_PATH_SIZE + 1];
    struct spool none;
    struct errmsg err;

    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    assert_int_equal(spool_open(&none, "", &err), -ENAMETOOLONG);
    assert_int_equal(spool_open(&none, long_name, &err), -ENAMETOOLONG);
    assert_int_equal(spool_open(&none, "/dev/null/spool", &err), -ENOTDIR);
    assert_string_equal(err.text, "/dev/null/spool: Not a directory");
    assert_string_equal(none.folder, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_nobody_holds_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_file_is_set_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_things_in_the_folder_are_left_alone, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_old_files_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_folder_that_is_tidied_away_is_made_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_folders_that_cannot_be, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
