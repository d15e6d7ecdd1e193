/* Lines on standard error, one by one and many in one write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/unit/check.h"

enum { MANY = 1000 };

static int writes;

static void count_write(void *arg)
{
    (void)arg;
    writes++;
}

static int keep_stderr(FILE *file)
{
    int before = dup(STDERR_FILENO);

    writes = 0;
    assert_true(before >= 0 && dup2(fileno(file), STDERR_FILENO) == STDERR_FILENO);
    log_set_hooks(&(struct log_hooks){ .before = count_write });
    return before;
}

static void give_stderr_back(int before)
{
    log_set_hooks(&(struct log_hooks){ NULL, NULL, NULL });
    assert_true(dup2(before, STDERR_FILENO) == STDERR_FILENO);
    close(before);
}

/* The next line, from behind its time. */
static void check_line(const char *name, FILE *file, const char *want)
{
    char line[256] = "";

    assert_non_null(fgets(line, sizeof line, file));
    check_string_equal(name, line + strlen("2026-01-31T23:59:59Z "), want);
}

static void test_held_lines_are_written_together(void **state)
{
    FILE *file = tmpfile();
    int before = keep_stderr(file), writes_of[4];

    (void)state;
    log_info("one");
    writes_of[0] = writes;
    log_hold();
    log_info("two");
    log_info("three");
    writes_of[1] = writes;
    log_warn("four");
    writes_of[2] = writes;
    log_info("five");
    log_release();
    log_release();
    writes_of[3] = writes;
    give_stderr_back(before);

    check_int_equal("a line is written at once", writes_of[0], 1);
    check_int_equal("held ones are not", writes_of[1], 1);
    check_int_equal("a warning is, and they with it", writes_of[2], 2);
    check_int_equal("the others on release, once", writes_of[3], 3);
    rewind(file);
    check_line("order", file, "one\n");
    check_line("order", file, "two\n");
    check_line("order", file, "three\n");
    check_line("order", file, "warning: four\n");
    check_line("order", file, "five\n");
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
}

static void test_more_lines_than_are_held(void **state)
{
    FILE *file = tmpfile();
    int before = keep_stderr(file);
    char text[3000], want[32];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_hold();
    log_info("%s", text);
    for (int i = 0; i < MANY; i++)
        log_info("line %d", i);
    log_release();
    give_stderr_back(before);

    check_true("many in a write", writes > 1 && writes < MANY / 10);
    rewind(file);
    while (fgetc(file) != '\n')
        ; /* the long one, cut */
    check_true("a long line is cut", ftell(file) < (long)sizeof text);
    for (int i = 0; i < MANY; i++) {
        snprintf(want, sizeof want, "line %d\n", i);
        check_line("whole", file, want);
    }
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_lines_are_written_together),
        cmocka_unit_test(test_more_lines_than_are_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
