#include "tests/unit/check.h"

#include "common/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

static const char *const acc[] = { "acc" };

static int read_text(const char *text, const char *key_columns, struct table **table_out,
                     struct errmsg *err)
{
    return table_read(text, strlen(text), "t.csv", key_columns, acc, 1, table_out, err);
}

static void test_rows_are_found_by_key(void **state)
{
    static const char text[] = "arch,n,acc\n007,1,90.5\n7,2,1e1\r\n,3,-0.25";
    static const struct {
        const char *key;
        long row;
        double value;
    } cases[] = {
        { "007", 0, 90.5 },   { "7", 1, 10 },        { "", 2, -0.25 },
        { "07", -ENOENT, 0 }, { "7,2", -ENOENT, 0 },
    };
    struct table *table;

    (void)state;
    assert_int_equal(read_text(text, "arch", &table, NULL), 0);
    check_int_equal("rows", table_n_rows(table), 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long row = table_find(table, cases[i].key);

        check_int_equal(cases[i].key, row, cases[i].row);
        if (row >= 0)
            check_true(cases[i].key, table_value(table, (size_t)row, 0) == cases[i].value);
    }
    table_free(table);
}

static void test_key_of_several_columns(void **state)
{
    struct table *table;

    (void)state;
    assert_int_equal(read_text("b,acc,a\n1,2,3\n13,4,5\n", "a,b", &table, NULL), 0);
    check_int_equal("in the order asked for", table_find(table, "3,1"), 0);
    check_int_equal("in the order asked for", table_find(table, "5,13"), 1);
    check_int_equal("not in the file's order", table_find(table, "1,3"), -ENOENT);
    table_free(table);
}

static void test_columns_joined_by_commas(void **state)
{
    static const struct {
        const char *joined;
        int rc;
        uint32_t n;
        const char *last;
    } cases[] = {
        { "acc", 0, 1, "acc" },         { "a,b,c", 0, 3, "c" },   { "a b, c", 0, 2, " c" },
        { "a,b,c,d", -E2BIG, 0, NULL }, { "", -EINVAL, 0, NULL }, { "a,", -EINVAL, 0, NULL },
        { ",a", -EINVAL, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char joined[20];
        const char *columns[3];
        uint32_t n = 0;

        strcpy(joined, cases[i].joined);
        check_int_equal(cases[i].joined, table_split_columns(joined, columns, 3, &n), cases[i].rc);
        check_int_equal(cases[i].joined, n, cases[i].n);
        if (n > 0)
            check_string_equal(cases[i].joined, columns[n - 1], cases[i].last);
    }
}

static void test_percent_as_a_reward(void **state)
{
    (void)state;
    check_int_equal("exactly", table_reward(93.3452).correct, 933452);
    check_int_equal("of a million", table_reward(93.3452).total, 1000000);
    check_int_equal("all", table_reward(100).correct, 1000000);
}

static void test_faults_name_line_and_column(void **state)
{
    static const struct {
        const char *name, *text, *key_columns, *want;
    } cases[] = {
        { "empty file", "", "arch", "t.csv:1: empty; a line of column names first" },
        { "no key column", "arch,acc\n", "ark", "t.csv:1: no column 'ark'; there are arch, acc" },
        { "no value column", "arch,bcc\n", "arch",
          "t.csv:1: no column 'acc'; there are arch, bcc" },
        { "no name in the key list", "arch,acc\n", "arch,,", "t.csv:1: no column ''; there are " },
        { "column named twice", "arch,acc,acc\n", "arch", "t.csv:1: two columns are named acc" },
        { "column twice in the key", "arch,acc\n", "arch,arch",
          "t.csv:1: column arch is twice in the key" },
        { "short row", "arch,acc\n1,2\n2\n", "arch", "t.csv:3: 1 fields; 2, as in the header" },
        { "long row", "arch,acc\n1,2,3\n", "arch", "t.csv:2: 3 fields; 2, as in the header" },
        { "empty line", "arch,acc\n1,2\n\n", "arch", "t.csv:3: 1 fields; 2, as in the header" },
        { "key again", "arch,acc\n1,2\n2,2\n1,3\n", "arch",
          "t.csv:4: key '1' again; first in line 2" },
        { "word for a number", "arch,acc\n1,high\n", "arch",
          "t.csv:2: acc: 'high'; a finite number" },
        { "no number", "arch,acc\n1,\n", "arch", "t.csv:2: acc: ''; a finite number" },
        { "not a number", "arch,acc\n1,nan\n", "arch", "t.csv:2: acc: 'nan'; a finite number" },
        { "infinite", "arch,acc\n1,1e999\n", "arch", "t.csv:2: acc: '1e999'; a finite number" },
        { "blank before a number", "arch,acc\n1, 2\n", "arch",
          "t.csv:2: acc: ' 2'; a finite number" },
        { "quote", "arch,acc\n\"1\",2\n", "arch", "t.csv:2: a quote or a zero byte" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct table *table = NULL;
        struct errmsg err = { "" };
        int rc = read_text(cases[i].text, cases[i].key_columns, &table, &err);

        check_true(cases[i].name, rc < 0 && !table);
        err.text[strnlen(err.text, strlen(cases[i].want))] = '\0';
        check_string_equal(cases[i].name, err.text, cases[i].want);
    }
}

static void test_too_many_columns(void **state)
{
    static char text[3000];
    struct table *table;

    (void)state;
    memset(text, ',', sizeof text - 1);
    assert_int_equal(read_text(text, "arch", &table, NULL), -E2BIG);
}

/* Enough rows that a weak hash or a wrong probe would lose some. */
static void test_many_rows(void **state)
{
    enum { ROWS = 20000 };
    char *text = malloc(ROWS * 32), *to = text, key[16];
    struct table *table;

    (void)state;
    to += sprintf(to, "arch,acc\n");
    for (int i = 0; i < ROWS; i++)
        to += sprintf(to, "%d,%d\n", i, 2 * i);
    assert_int_equal(read_text(text, "arch", &table, NULL), 0);
    for (int i = 0; i < ROWS; i++) {
        long row;

        sprintf(key, "%d", i);
        row = table_find(table, key);
        check_int_equal(key, row, i);
        check_int_equal(key, table_value(table, (size_t)row, 0), 2 * i);
    }
    table_free(table);
    free(text);
}

/* Writes bytes to a temporary file and loads it. */
static int load_bytes(const void *bytes, size_t size, struct table **table_out, struct errmsg *err)
{
    char path[] = "/tmp/layernas-table-XXXXXX";
    int fd = mkstemp(path), rc;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, size), size);
    close(fd);
    rc = table_load(path, "arch", acc, 1, table_out, err);
    unlink(path);
    return rc;
}

static size_t compress_text(const char *text, unsigned char *bytes, size_t size)
{
    z_stream stream = { .next_in = (unsigned char *)text,
                        .avail_in = (unsigned)strlen(text),
                        .next_out = bytes,
                        .avail_out = (unsigned)size };

    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return stream.total_out;
}

static void test_gzipped_is_the_same_table(void **state)
{
    static const char text[] = "arch,acc\n1,2\n3,4\n";
    unsigned char bytes[200];
    size_t size = compress_text(text, bytes, sizeof bytes);
    struct table *plain, *zipped, *other;
    struct digest a, b, c;

    (void)state;
    assert_int_equal(load_bytes(text, strlen(text), &plain, NULL), 0);
    assert_int_equal(load_bytes(bytes, size, &zipped, NULL), 0);
    assert_int_equal(read_text("arch,acc\n1,2\n3,5\n", "arch", &other, NULL), 0);
    assert_int_equal(table_find(zipped, "3"), 1);
    a = table_digest(plain);
    b = table_digest(zipped);
    c = table_digest(other);
    assert_true(digest_equal(&a, &b));
    assert_false(digest_equal(&a, &c));
    table_free(plain);
    table_free(zipped);
    table_free(other);
}

static void test_damaged_files(void **state)
{
    unsigned char bytes[200];
    size_t size = compress_text("arch,acc\n1,2\n3,4\n", bytes, sizeof bytes);
    struct table *table = NULL;
    struct errmsg err;

    (void)state;
    assert_int_equal(load_bytes(bytes, size - 9, &table, &err), -EIO);
    assert_non_null(strstr(err.text, ": damaged gzip data"));
    bytes[size - 6] ^= 1; /* the checksum */
    assert_int_equal(load_bytes(bytes, size, &table, &err), -EIO);
    assert_int_equal(table_load("/nowhere/t.csv", "arch", acc, 1, &table, &err), -ENOENT);
    assert_string_equal(err.text, "/nowhere/t.csv: No such file or directory");
    assert_int_equal(table_load("/tmp", "arch", acc, 1, &table, &err), -EIO);
    assert_string_equal(err.text, "/tmp: Is a directory");
    assert_null(table);
}

static void test_benchmark_table(void **state)
{
    static const char *const columns[] = { "c10_test90", "c10_flops" };
    const char *path = check_data_path("nats-bench-sss/nats_sss.csv.gz");
    struct table *table;
    long row;

    (void)state;
    if (access(path, R_OK) < 0)
        check_skip("no benchmark tables in %s", path);
    assert_int_equal(table_load(path, "c1,c2,c3,c4,c5", columns, 2, &table, NULL), 0);
    assert_int_equal(table_n_rows(table), 32768);
    row = table_find(table, "64,64,56,64,24");
    assert_int_equal(row, 32698);
    assert_true(table_value(table, (size_t)row, 0) == 93.65);
    row = table_find(table, "64,64,64,64,64");
    assert_true(table_value(table, (size_t)row, 1) == 274399882);
    table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_found_by_key),
        cmocka_unit_test(test_key_of_several_columns),
        cmocka_unit_test(test_columns_joined_by_commas),
        cmocka_unit_test(test_percent_as_a_reward),
        cmocka_unit_test(test_faults_name_line_and_column),
        cmocka_unit_test(test_too_many_columns),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_gzipped_is_the_same_table),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_benchmark_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
