#include "tests/unit/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "common/data_digest.h"

/* A folder of folders, a and b, for each test. */
static int make_folders(void **state)
{
    static char root[] = "/tmp/layernas-data-XXXXXX";
    char path[64];

    strcpy(root + strlen(root) - 6, "XXXXXX");
    if (!mkdtemp(root))
        return -1;
    for (const char *name = "ab"; *name; name++) {
        snprintf(path, sizeof path, "%s/%c", root, *name);
        if (mkdir(path, 0777) < 0)
            return -1;
    }
    *state = root;
    return 0;
}

static int remove_folders(void **state)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    return system(command);
}

static const char *path_in(const char *root, const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

/* Gzipped if its name says so. */
static void write_file(const char *root, const char *name, const char *text)
{
    bool gzip = strlen(name) > 3 && strcmp(name + strlen(name) - 3, ".gz") == 0;
    gzFile file = gzopen(path_in(root, name), gzip ? "wb" : "wbT"); /* T: as it is */

    assert_non_null(file);
    assert_int_equal(gzwrite(file, text, (unsigned)strlen(text)), strlen(text));
    assert_int_equal(gzclose(file), Z_OK);
}

static struct digest digest_of(const char *root, const char *name)
{
    struct digest digest;
    struct errmsg err = { "" };

    if (data_digest(path_in(root, name), NULL, &digest, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    return digest;
}

/* By Python's hashlib, by the formula in PROTOCOL.md. */
static void test_known_values(void **state)
{
    static const struct {
        const char *name, *want;
    } cases[] = {
        { "table.csv", "5a05e517b2719987d10cb9cc07dad504" },
        { "a", "5b9c3f018ce1576e4738090319026867" },
    };
    const char *root = *state;
    char text[DIGEST_TEXT_SIZE];

    write_file(root, "table.csv", "arch,acc\n0,1.5\n");
    write_file(root, "a/train-images-idx3-ubyte", "images");
    write_file(root, "a/train-labels-idx1-ubyte.gz", "labels");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct digest digest = digest_of(root, cases[i].name);

        check_string_equal(cases[i].name, digest_format(&digest, text), cases[i].want);
    }
}

static void test_what_makes_a_difference(void **state)
{
    static const struct {
        const char *name;
        const char *files[2], *texts[2]; /* in folder b, beside b/x.bin */
        bool same;                       /* as folder a: x.bin, y-ubyte */
    } cases[] = {
        { "the same", { "b/y-ubyte" }, { "why" }, true },
        { "gzipped", { "b/y-ubyte.gz" }, { "why" }, true },
        { "both, of which the plain one is read",
          { "b/y-ubyte", "b/y-ubyte.gz" },
          { "why", "no" },
          true },
        { "beside other things", { "b/y-ubyte", "b/README" }, { "why", "read" }, true },
        { "beside hidden things", { "b/y-ubyte", "b/._y-ubyte" }, { "why", "finder" }, true },
        { "another byte", { "b/y-ubyte" }, { "who" }, false },
        { "a byte more", { "b/y-ubyte" }, { "why?" }, false },
        { "another name", { "b/z-ubyte" }, { "why" }, false },
        { "a file less", { NULL }, { NULL }, false },
        { "a file more", { "b/y-ubyte", "b/z.bin" }, { "why", "" }, false },
    };
    const char *root = *state;
    struct digest a;

    write_file(root, "a/x.bin", "ex");
    write_file(root, "a/y-ubyte", "why");
    a = digest_of(root, "a");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct digest b;

        write_file(root, "b/x.bin", "ex");
        for (int f = 0; f < 2 && cases[i].files[f]; f++)
            write_file(root, cases[i].files[f], cases[i].texts[f]);
        b = digest_of(root, "b");
        check_int_equal(cases[i].name, digest_equal(&a, &b), cases[i].same);
        for (int f = 0; f < 2 && cases[i].files[f]; f++)
            unlink(path_in(root, cases[i].files[f]));
    }
}

static void test_a_table_is_known_by_its_content_alone(void **state)
{
    const char *root = *state;
    struct digest plain, gzipped;

    write_file(root, "one.csv", "arch,acc\n");
    write_file(root, "two.txt.gz", "arch,acc\n");
    plain = digest_of(root, "one.csv");
    gzipped = digest_of(root, "two.txt.gz");
    assert_true(digest_equal(&plain, &gzipped));
}

static void test_what_cannot_be_read(void **state)
{
    static const struct {
        const char *name, *path;
        int want;
        const char *says;
    } cases[] = {
        { "nothing there", "nowhere", -ENOENT, "/nowhere: No such file" },
        { "a folder without data", "b", -ENOENT, "/b: no data files in it" },
        { "gzip data cut short", "a", -EIO, "/a/x.bin.gz: damaged gzip data" },
    };
    const char *root = *state;
    struct stat status;

    write_file(root, "a/x.bin.gz", "a text of some length, so that half of it is not nothing");
    assert_int_equal(stat(path_in(root, "a/x.bin.gz"), &status), 0);
    assert_int_equal(truncate(path_in(root, "a/x.bin.gz"), status.st_size - 12), 0);
    write_file(root, "b/README", "data was here");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg err = { "" };
        struct digest digest;

        check_int_equal(cases[i].name,
                        data_digest(path_in(root, cases[i].path), NULL, &digest, &err),
                        cases[i].want);
        check_true(cases[i].name, strstr(err.text, cases[i].says));
    }
}

static void test_a_stamp_tells_when_to_look_again(void **state)
{
    static const struct {
        const char *name, *file, *text;
        bool changes;
    } cases[] = {
        { "nothing", NULL, NULL, false },
        { "another text of the same size", "a/x.bin", "EX", true },
        { "a file more", "a/y.bin.gz", "why", true },
        { "its plain twin", "a/y.bin", "why", true },
        { "a file of no account", "a/README", "read", false },
    };
    const char *root = *state;
    struct digest before, after;

    write_file(root, "a/x.bin", "ex");
    before = data_stamp(path_in(root, "a"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        usleep(20000); /* more than a tick of the clock of the file system */
        if (cases[i].file)
            write_file(root, cases[i].file, cases[i].text);
        after = data_stamp(path_in(root, "a"));
        check_int_equal(cases[i].name, !digest_equal(&before, &after), cases[i].changes);
        before = after;
    }
    before = data_stamp(path_in(root, "table.csv"));
    write_file(root, "table.csv", "arch,acc\n");
    after = data_stamp(path_in(root, "table.csv"));
    assert_false(digest_equal(&before, &after)); /* there now */
}

static void test_it_stops_when_told(void **state)
{
    const char *root = *state;
    atomic_bool stop = true;
    struct digest digest;

    write_file(root, "table.csv", "arch,acc\n");
    assert_int_equal(data_digest(path_in(root, "table.csv"), &stop, &digest, NULL), -ECANCELED);
}

#define with_folders(test) cmocka_unit_test_setup_teardown(test, make_folders, remove_folders)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folders(test_known_values),
        with_folders(test_what_makes_a_difference),
        with_folders(test_a_table_is_known_by_its_content_alone),
        with_folders(test_what_cannot_be_read),
        with_folders(test_a_stamp_tells_when_to_look_again),
        with_folders(test_it_stops_when_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
