#include "tests/unit/check.h"

#include "common/yaml_doc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int parse(const char *text, struct yaml_doc *doc, struct errmsg *err)
{
    return yaml_doc_parse(text, strlen(text), "f.yaml", doc, err);
}

static void test_faults_of_files(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "nothing", "", "f.yaml:1: an empty file; fields are wanted" },
        { "comments only", "# a\n# b\n", "f.yaml:1: an empty file; fields are wanted" },
        { "open bracket", "a: 1\nb: [1, 2\n",
          "f.yaml:3: not YAML: while parsing a flow sequence, did not find expected ',' or ']'" },
        { "tab", "a:\n\tb: 1\n",
          "f.yaml:2: not YAML: while scanning for the next token, found character that cannot "
          "start "
          "any token" },
        { "two documents", "a: 1\n---\nb: 2\n", "f.yaml:2: a second document; one a file" },
        { "alias", "a: &x 1\nb: *x\n", "f.yaml:2: an alias (*name); write the value out" },
        { "deep", "a: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1",
          "f.yaml:1: nested too deeply; 32 levels at most" },
        { "NUL", "a: \"x\\0y\"\n", "f.yaml:1: a NUL character in a value" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_doc doc;
        struct errmsg err = { "" };

        check_int_equal(cases[i].name, parse(cases[i].text, &doc, &err), -EINVAL);
        check_string_equal(cases[i].name, err.text, cases[i].want);
    }
}

static void test_size_of_files(void **state)
{
    size_t size = YAML_DOC_MAX_BYTES + 1;
    char *text = malloc(size), path[] = "/tmp/test_yaml_doc.XXXXXX";
    struct yaml_doc doc;
    struct errmsg err;
    int file = mkstemp(path);

    (void)state;
    assert_non_null(text);
    assert_true(file >= 0);
    memset(text, ' ', size);
    memcpy(text, "a: 1\n", 5);
    assert_int_equal(yaml_doc_parse(text, size, "f.yaml", &doc, &err), -EINVAL);
    assert_int_equal(write(file, text, size), size);
    assert_int_equal(yaml_doc_load(path, &doc, &err), -EINVAL);
    assert_int_equal(ftruncate(file, (off_t)size - 1), 0);
    assert_int_equal(yaml_doc_load(path, &doc, &err), 0);
    yaml_doc_clear(&doc);
    yaml_doc_clear(&doc);
    yaml_doc_clear(NULL);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(yaml_doc_load(path, &doc, &err), -ENOENT);
    assert_int_equal(yaml_doc_load("/tmp", &doc, &err), -EISDIR);
    close(file);
    free(text);
}

static void test_keys(void **state)
{
    static const char *const allowed[] = { "trials", "seed", "parallel", NULL };
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        { "known keys", "seed: 1\ntrials: 2\n", "" },
        { "a near miss", "seed: 1\ntrails: 2\n",
          "f.yaml:2: search.trails: unknown field; did you mean trials?" },
        { "nothing near", "color: 1\n",
          "f.yaml:1: search.color: unknown field; allowed: trials, seed, parallel" },
        { "a key twice", "seed: 1\ntrials: 2\nseed: 3\n",
          "f.yaml:3: search.seed: given twice; once at most" },
        { "a list for a key", "[a, b]: 1\n",
          "f.yaml:1: search: a key that is not a word; allowed: trials, seed, parallel" },
        { "a list", "- 1\n", "f.yaml:1: search: a list; fields, allowed: trials, seed, parallel" },
        { "a word", "seed\n",
          "f.yaml:1: search: \"seed\"; fields, allowed: trials, seed, parallel" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_doc doc;
        struct errmsg err = { "" };
        int rc;

        check_int_equal(cases[i].name, parse(cases[i].text, &doc, &err), 0);
        rc = yaml_map_check(&doc, yaml_root(&doc), "search", allowed, &err);
        check_int_equal(cases[i].name, rc, *cases[i].want ? -EINVAL : 0);
        check_string_equal(cases[i].name, err.text, cases[i].want);
        yaml_doc_clear(&doc);
    }
}

static void test_integers(void **state)
{
    static const struct {
        const char *text;
        int64_t lowest, highest;
        int rc;
        int64_t want;
    } cases[] = {
        { "0", 0, 10, 0, 0 },
        { "-3", -10, 10, 0, -3 },
        { "1.0M", 0, INT64_MAX, 0, 1000000 },
        { "0.97M", 0, INT64_MAX, 0, 970000 },
        { "1.2345k", 0, INT64_MAX, -EINVAL, 0 },
        { "1.234k", 0, INT64_MAX, 0, 1234 },
        { "2G", 0, INT64_MAX, 0, 2000000000 },
        { "9223372036854775807", 0, INT64_MAX, 0, INT64_MAX },
        { "9223372036854775808", 0, INT64_MAX, -EINVAL, 0 },
        { "9223372036854776k", 0, INT64_MAX, -EINVAL, 0 },
        { "99999999999999999999999999999999999999999", 0, INT64_MAX, -EINVAL, 0 },
        { "0.00000000000000000000000000000000000000001", 0, INT64_MAX, -EINVAL, 0 },
        { "11", 0, 10, -EINVAL, 0 },
        { "-1", 0, 10, -EINVAL, 0 },
        { "2.0", 0, 10, 0, 2 },
        { "2.5", 0, 10, -EINVAL, 0 },
        { "1e3", 0, INT64_MAX, -EINVAL, 0 },
        { "1kk", 0, INT64_MAX, -EINVAL, 0 },
        { "1 k", 0, INT64_MAX, -EINVAL, 0 },
        { "k", 0, INT64_MAX, -EINVAL, 0 },
        { ".", 0, INT64_MAX, -EINVAL, 0 },
        { "1.2.3", 0, INT64_MAX, -EINVAL, 0 },
        { "0x10", 0, INT64_MAX, -EINVAL, 0 },
        { "[1]", 0, INT64_MAX, -EINVAL, 0 },
        { "~", 0, INT64_MAX, -EINVAL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_doc doc;
        struct errmsg err;
        int64_t value = 0;

        check_int_equal(cases[i].text, parse(cases[i].text, &doc, &err), 0);
        check_int_equal(cases[i].text,
                        yaml_integer(&doc, yaml_root(&doc), "n", cases[i].lowest, cases[i].highest,
                                     &value, &err),
                        cases[i].rc);
        check_int_equal(cases[i].text, value, cases[i].want);
        yaml_doc_clear(&doc);
    }
}

static void test_reals(void **state)
{
    static const struct {
        const char *text;
        int rc;
        double want;
    } cases[] = {
        { "0.1", 0, 0.1 },      { "5e-4", 0, 5e-4 },       { "1", 0, 1 },
        { "1.5", -EINVAL, 0 },  { "-0.1", -EINVAL, 0 },    { "nan", -EINVAL, 0 },
        { "inf", -EINVAL, 0 },  { "1e999", -EINVAL, 0 },   { "0x1p-1", -EINVAL, 0 },
        { "0.1x", -EINVAL, 0 }, { "0.1 0.2", -EINVAL, 0 }, { "''", -EINVAL, 0 },
        { "e", -EINVAL, 0 },    { "{}", -EINVAL, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct yaml_doc doc;
        struct errmsg err;
        double value = 0;

        check_int_equal(cases[i].text, parse(cases[i].text, &doc, &err), 0);
        check_int_equal(cases[i].text, yaml_real(&doc, yaml_root(&doc), "x", 0, 1, &value, &err),
                        cases[i].rc);
        check_true(cases[i].text, value == cases[i].want);
        yaml_doc_clear(&doc);
    }
}

static void test_faults_of_values(void **state)
{
    static const char text[] = "int: many\n"
                               "above: 7\n"
                               "real: [1]\n"
                               "bool: yes\n"
                               "choice: averag\n"
                               "string: ''\n"
                               "long: " /* 50 letters */
                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
    static const char *const names[] = { "average", "max", NULL };
    struct yaml_doc doc;
    struct errmsg err;
    yaml_node_t *root;
    int64_t integer;
    double real;
    bool truth;
    int index;
    char copy[8];

    (void)state;
    assert_int_equal(parse(text, &doc, &err), 0);
    root = yaml_root(&doc);
    yaml_integer(&doc, yaml_map_get(&doc, root, "int"), "n", 1, INT64_MAX, &integer, &err);
    assert_string_equal(err.text, "f.yaml:1: n: \"many\"; an integer, at least 1");
    yaml_integer(&doc, yaml_map_get(&doc, root, "above"), "n", 1, 6, &integer, &err);
    assert_string_equal(err.text, "f.yaml:2: n: \"7\"; an integer from 1 to 6");
    yaml_real(&doc, yaml_map_get(&doc, root, "real"), "x", 0, 1, &real, &err);
    assert_string_equal(err.text, "f.yaml:3: x: a list; a number from 0 to 1");
    yaml_bool(&doc, yaml_map_get(&doc, root, "bool"), "b", &truth, &err);
    assert_string_equal(err.text, "f.yaml:4: b: \"yes\"; allowed: false, true");
    yaml_choice(&doc, yaml_map_get(&doc, root, "choice"), "c", names, &index, &err);
    assert_string_equal(err.text, "f.yaml:5: c: \"averag\"; did you mean average?");
    yaml_string(&doc, yaml_map_get(&doc, root, "string"), "s", copy, sizeof copy, &err);
    assert_string_equal(err.text, "f.yaml:6: s: nothing; text of 1 to 7 bytes");
    yaml_string(&doc, yaml_map_get(&doc, root, "long"), "s", copy, sizeof copy, &err);
    assert_string_equal(err.text, "f.yaml:7: s: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\"; "
                                  "text of 1 to 7 bytes");
    yaml_doc_clear(&doc);
}

static void test_access(void **state)
{
    struct yaml_doc doc;
    struct errmsg err;
    yaml_node_t *root, *list;
    const char *key;
    bool truth = false;

    (void)state;
    assert_int_equal(parse("a: [x, y]\nb: true\n", &doc, &err), 0);
    root = yaml_root(&doc);
    assert_int_equal(yaml_length(root), 2);
    list = yaml_map_get(&doc, root, "a");
    assert_int_equal(yaml_length(list), 2);
    assert_string_equal(yaml_text(yaml_list_item(&doc, list, 1)), "y");
    assert_null(yaml_list_item(&doc, list, 2));
    assert_null(yaml_list_item(&doc, root, 0));
    assert_null(yaml_text(list));
    assert_null(yaml_map_get(&doc, root, "c"));
    assert_null(yaml_map_get(&doc, list, "a"));
    assert_null(yaml_map_pair(&doc, root, 2, &key));
    assert_int_equal(yaml_bool(&doc, yaml_map_pair(&doc, root, 1, &key), "b", &truth, &err), 0);
    assert_string_equal(key, "b");
    assert_true(truth);
    yaml_doc_clear(&doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults_of_files),
        cmocka_unit_test(test_size_of_files),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_reals),
        cmocka_unit_test(test_faults_of_values),
        cmocka_unit_test(test_access),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
