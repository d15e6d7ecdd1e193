#include "coordinator/allowed_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/check.h"
#include "tests/unit/key_folder.h"

static void test_who_is_allowed(void **state)
{
    static const char *const pairs[] = { "server", "worker", "worker-a", "observer", "control-x" };
    static const enum key_role roles[] = { KEY_SERVER, KEY_WORKER, KEY_WORKER, KEY_OBSERVER,
                                           KEY_CONTROL };
    struct allowed_keys keys;
    struct errmsg err;
    char text[KEY_TEXT_SIZE];

    for (size_t i = 0; i < 5; i++)
        key_make(*state, pairs[i]);
    key_write(*state, "notes.pub", 0666, "what people leave");
    key_write(*state, "worker.pub.old", 0644, "no key");
    assert_int_equal(allowed_keys_open(&keys, *state, &err), 0);
    assert_int_equal(keys.n, 4);
    for (size_t i = 0; i < 5; i++) {
        const struct allowed_key *key;

        key_public(*state, pairs[i], text);
        key = allowed_keys_find(&keys, text);
        check_int_equal(pairs[i], key != NULL, roles[i] != KEY_SERVER);
        if (key) {
            check_string_equal(pairs[i], key->key.name, pairs[i]);
            check_int_equal(pairs[i], key->role, roles[i]);
        }
    }
    assert_null(allowed_keys_find(&keys, ""));
    assert_null(allowed_keys_find(&keys, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"));
    allowed_keys_clear(&keys);
}

static void test_nobody(void **state)
{
    struct allowed_keys keys;
    struct errmsg err;

    assert_int_equal(allowed_keys_open(&keys, *state, &err), 0);
    assert_null(allowed_keys_find(&keys, "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6"));
    allowed_keys_clear(&keys);
}

static void test_what_is_refused_at_the_start(void **state)
{
    struct allowed_keys keys;
    struct errmsg err;

    key_make(*state, "worker");
    assert_int_equal(chmod(*state, 0770), 0);
    assert_int_equal(allowed_keys_open(&keys, *state, &err), -EACCES);
    assert_non_null(strstr(err.text, "let themselves in"));
    assert_int_equal(chmod(*state, 0755), 0);
    key_copy(*state, "worker.pub", *state, "control.pub");
    assert_int_equal(allowed_keys_open(&keys, *state, &err), -EINVAL);
    assert_non_null(strstr(err.text, "control.pub and worker.pub are one key"));
    key_write(*state, "control.pub", 0644, "nonsense");
    assert_int_equal(allowed_keys_open(&keys, *state, &err), -EINVAL);
    assert_non_null(strstr(err.text, "control.pub"));
    assert_int_equal(allowed_keys_open(&keys, "/tmp/not/there", &err), -ENOENT);
}

static bool allows(const struct allowed_keys *keys, const char *text)
{
    return allowed_keys_find(keys, text) != NULL;
}

static void test_files_come_and_go(void **state)
{
    struct allowed_keys keys;
    struct errmsg err;
    char a[KEY_TEXT_SIZE], b[KEY_TEXT_SIZE];

    key_make(*state, "worker-a");
    key_public(*state, "worker-a", a);
    assert_int_equal(allowed_keys_open(&keys, *state, &err), 0);
    assert_true(
        keys.read_too_soon); /* so it is read again, whatever the clock of the folder says */
    assert_int_equal(allowed_keys_refresh(&keys, true, &err), 1);
    assert_true(allows(&keys, a));

    key_make(*state, "worker-b");
    key_public(*state, "worker-b", b);
    key_remove(*state, "worker-a.pub");
    assert_int_equal(allowed_keys_refresh(&keys, true, &err), 1);
    assert_string_equal(err.text, "");
    assert_false(allows(&keys, a));
    assert_true(allows(&keys, b));

    key_write(*state, "worker-b.pub", 0666, "layernas public key\nx\n"); /* no good any more */
    key_copy(*state, "worker-b.key", *state, "kept");
    assert_int_equal(allowed_keys_refresh(&keys, true, &err), 1);
    assert_non_null(strstr(err.text, "worker-b.pub"));
    assert_false(allows(&keys, b));
    assert_int_equal(keys.by_role[KEY_WORKER], 0);
    allowed_keys_clear(&keys);
}

static void test_a_change_is_seen(void **state)
{
    const struct timespec long_ago[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
    struct allowed_keys keys;
    struct errmsg err;

    key_make(*state, "worker");
    assert_int_equal(utimensat(AT_FDCWD, *state, long_ago, 0), 0);
    assert_int_equal(allowed_keys_open(&keys, *state, &err), 0);
    assert_false(keys.read_too_soon);
    assert_int_equal(allowed_keys_refresh(&keys, false, &err), 0);
    key_remove(*state, "worker.pub");
    assert_int_equal(allowed_keys_refresh(&keys, false, &err), 1);
    assert_int_equal(keys.n, 0);
    allowed_keys_clear(&keys);
}

static void test_a_folder_that_cannot_be_read_changes_nothing(void **state)
{
    struct allowed_keys keys;
    struct errmsg err;
    char text[KEY_TEXT_SIZE];

    key_make(*state, "worker");
    key_public(*state, "worker", text);
    assert_int_equal(allowed_keys_open(&keys, *state, &err), 0);
    keys.folder = "/tmp/not/there";
    assert_int_equal(allowed_keys_refresh(&keys, false, &err), -ENOENT);
    assert_non_null(strstr(err.text, "/tmp/not/there"));
    assert_true(allows(&keys, text));
    allowed_keys_clear(&keys);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, key_folder_setup, key_folder_teardown)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_who_is_allowed),
        IN_FOLDER(test_nobody),
        IN_FOLDER(test_what_is_refused_at_the_start),
        IN_FOLDER(test_files_come_and_go),
        IN_FOLDER(test_a_change_is_seen),
        IN_FOLDER(test_a_folder_that_cannot_be_read_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
