#include "proto/key_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/unit/check.h"
#include "tests/unit/key_folder.h"

#define KEY "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6" /* of RFC 26's example */

static void test_names(void **state)
{
    static const struct {
        const char *name;
        int role; /* -1: none */
    } cases[] = {
        { "server", KEY_SERVER },
        { "worker", KEY_WORKER },
        { "observer", KEY_OBSERVER },
        { "control", KEY_CONTROL },
        { "worker-gpu1", KEY_WORKER },
        { "control-anna.b_2-c", KEY_CONTROL },
        { "server-2", -1 },
        { "worker-", -1 },
        { "worker1", -1 },
        { "workers", -1 },
        { "worker-a/b", -1 },
        { "worker-a b", -1 },
        { "../worker", -1 },
        { "", -1 },
        { "worker-0123456789012345678901234567890123456789012345678901234", KEY_WORKER },
        { "worker-01234567890123456789012345678901234567890123456789012345678", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum key_role role;
        bool found = key_role_of(cases[i].name, &role);

        check_int_equal(cases[i].name, found ? (int)role : -1, cases[i].role);
    }
}

static mode_t mode_of(const char *folder, const char *file)
{
    struct stat stat_of;

    assert_int_equal(stat(key_path(folder, file), &stat_of), 0);
    return stat_of.st_mode & 07777;
}

static void test_a_pair_fits_and_its_secret_is_secret(void **state)
{
    const char *folder = *state;
    char public[KEY_TEXT_SIZE], secret[KEY_TEXT_SIZE], computed[KEY_TEXT_SIZE];
    struct errmsg err;
    mode_t before = umask(0);

    key_make(folder, "worker-a");
    umask(077);
    key_make(folder, "worker-b");
    umask(before);
    assert_int_equal(mode_of(folder, "worker-a.key"), 0600);
    assert_int_equal(mode_of(folder, "worker-a.pub"), 0644);
    assert_int_equal(mode_of(folder, "worker-b.pub"), 0644);
    assert_int_equal(key_file_secret(folder, "worker-a", secret, &err), 0);
    assert_int_equal(key_file_public(folder, "worker-a", public, &err), 0);
    assert_int_equal(zmq_curve_public(computed, secret), 0);
    assert_string_equal(public, computed);
    assert_int_equal(key_file_public(folder, "worker-b", computed, &err), 0);
    assert_string_not_equal(public, computed);
}

static void test_nothing_is_overwritten(void **state)
{
    static const char *const names[] = { "server", "worker", "observer" };
    const char *folder = *state;
    char before[KEY_TEXT_SIZE], after[KEY_TEXT_SIZE];
    struct errmsg err;

    key_make(folder, "observer");
    key_public(folder, "observer", before);
    assert_int_equal(key_files_make(folder, names, 3, &err), -EEXIST);
    assert_non_null(strstr(err.text, "observer.key"));
    assert_int_not_equal(access(key_path(folder, "server.key"), F_OK), 0);
    key_remove(folder, "observer.pub"); /* revoked: the pair is not made anew */
    assert_int_equal(key_files_make(folder, &names[2], 1, &err), -EEXIST);
    key_copy(folder, "observer.key", folder, "kept");
    key_remove(folder, "observer.key");
    key_write(folder, "observer.pub", 0644, "layernas public key\n" KEY "\n");
    assert_int_equal(key_files_make(folder, &names[2], 1, &err), -EEXIST);
    key_public(folder, "observer", after);
    assert_string_equal(after, KEY);
    assert_int_equal(access(key_path(folder, "observer.key"), F_OK), -1);
}

static void test_faults_of_a_file(void **state)
{
    static const struct {
        const char *name, *text;
        mode_t mode;
        int want;
        const char *says;
    } secrets[] = {
        { "good", "layernas secret key\n" KEY "\n", 0600, 0, "" },
        { "only the owner can read it", "layernas secret key\n" KEY "\n", 0400, 0, "" },
        { "the group can read it", "layernas secret key\n" KEY "\n", 0640, -EACCES, "0640" },
        { "all can read it", "layernas secret key\n" KEY "\n", 0604, -EACCES, "chmod 600" },
        { "a public key", "layernas public key\n" KEY "\n", 0600, -EINVAL,
          "worker.key: no layernas" },
        { "empty", "", 0600, -EINVAL, "no layernas secret key" },
        { "cut", "layernas secret key\n" KEY, 0600, -EINVAL, "no layernas secret key" },
        { "too short", "layernas secret key\nabc\n", 0600, -EINVAL, "no layernas secret key" },
        { "more than one", "layernas secret key\n" KEY "\n" KEY "\n", 0600, -EINVAL,
          "no layernas" },
        { "not Z85", "layernas secret key\n                                        \n", 0600,
          -EINVAL, "no layernas secret key" },
        { "long",
          "layernas secret key\n" KEY KEY KEY KEY KEY KEY KEY KEY KEY KEY KEY KEY KEY KEY "\n",
          0600, -EINVAL, "no layernas secret key" },
    };
    const char *folder = *state;

    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        char text[KEY_TEXT_SIZE];
        struct errmsg err = { "" };

        key_write(folder, "worker.key", secrets[i].mode, secrets[i].text);
        check_int_equal(secrets[i].name, key_file_secret(folder, "worker", text, &err),
                        secrets[i].want);
        if (!strstr(err.text, secrets[i].says))
            fail_msg("%s: \"%s\"", secrets[i].name, err.text);
        assert_null(strstr(err.text, KEY)); /* a secret is in no message */
    }
}

static void test_more_faults(void **state)
{
    const char *folder = *state;
    char text[KEY_TEXT_SIZE];
    struct errmsg err;

    assert_int_equal(key_file_secret(folder, "worker", text, &err), -ENOENT);
    assert_non_null(strstr(err.text, "worker.key"));
    assert_int_equal(mkdir(key_path(folder, "worker.key"), 0700), 0);
    assert_int_equal(key_file_secret(folder, "worker", text, &err), -EINVAL);
    assert_int_equal(rmdir(key_path(folder, "worker.key")), 0);
    assert_int_equal(mkfifo(key_path(folder, "worker.key"), 0600), 0); /* does not hang */
    assert_int_equal(key_file_secret(folder, "worker", text, &err), -EINVAL);
    key_write(folder, "worker.pub", 0664, "layernas public key\n" KEY "\n");
    assert_int_equal(key_file_public(folder, "worker", text, &err), -EACCES);
    assert_non_null(strstr(err.text, "write"));
    assert_int_equal(chmod(key_path(folder, "worker.pub"), 0444), 0);
    assert_int_equal(key_file_public(folder, "worker", text, &err), 0);
    assert_string_equal(text, KEY);
}

static void test_whose_keys_a_client_takes(void **state)
{
    static const enum key_role worker[] = { KEY_WORKER }, person[] = { KEY_CONTROL, KEY_OBSERVER };
    static const struct {
        const char *name, *pairs[4];
        const enum key_role *roles;
        size_t n;
        int want;
        const char *takes;
    } cases[] = {
        { "none", { NULL }, worker, 1, -ENOENT, "worker.key" },
        { "one of another role", { "observer" }, worker, 1, -ENOENT, "worker.key" },
        { "the one", { "worker" }, worker, 1, 0, "worker" },
        { "the only one with a name", { "worker-a" }, worker, 1, 0, "worker-a" },
        { "that without a name", { "worker-a", "worker", "worker-b" }, worker, 1, 0, "worker" },
        { "several", { "worker-a", "worker-b" }, worker, 1, -EEXIST, "worker-a.key" },
        { "control before observer", { "observer", "control-x" }, person, 2, 0, "control-x" },
        { "observer", { "observer-y", "worker" }, person, 2, 0, "observer-y" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client_keys keys;
        struct errmsg err = { "" };
        void *folder;
        char public[KEY_TEXT_SIZE];

        assert_int_equal(key_folder_setup(&folder), 0);
        key_make(folder, "server");
        for (size_t p = 0; p < 4 && cases[i].pairs[p]; p++)
            key_make(folder, cases[i].pairs[p]);
        check_int_equal(cases[i].name,
                        key_folder_client(folder, cases[i].roles, cases[i].n, &keys, &err),
                        cases[i].want);
        if (cases[i].want == 0) {
            check_string_equal(cases[i].name, keys.own.name, cases[i].takes);
            key_public(folder, cases[i].takes, public);
            check_string_equal(cases[i].name, keys.own.text, public);
            key_public(folder, "server", public);
            check_string_equal(cases[i].name, keys.server, public);
        } else if (!strstr(err.text, cases[i].takes)) {
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        }
        key_folder_teardown(&folder);
    }
    (void)state;
}

static void test_a_client_needs_the_servers_key(void **state)
{
    static const enum key_role worker = KEY_WORKER;
    struct client_keys keys;
    struct errmsg err;

    key_make(*state, "worker");
    assert_int_equal(key_folder_client(*state, &worker, 1, &keys, &err), -ENOENT);
    assert_non_null(strstr(err.text, "server.pub"));
    assert_int_equal(key_folder_client("/tmp/not/there", &worker, 1, &keys, &err), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, key_folder_setup, key_folder_teardown)
        IN_FOLDER(test_a_pair_fits_and_its_secret_is_secret),
        IN_FOLDER(test_nothing_is_overwritten),
        IN_FOLDER(test_faults_of_a_file),
        IN_FOLDER(test_more_faults),
        cmocka_unit_test(test_whose_keys_a_client_takes),
        IN_FOLDER(test_a_client_needs_the_servers_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
