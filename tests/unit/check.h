/* check - cmocka's assertions with the case's name in the message, for tables of cases. */
#ifndef LAYERNAS_TESTS_CHECK_H
#define LAYERNAS_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define check_int_equal(name, got, want)                                                           \
    do {                                                                                           \
        long long got_ = (long long)(got), want_ = (long long)(want);                              \
        if (got_ != want_)                                                                         \
            fail_msg("%s: %s is %lld, wanted %lld", (name), #got, got_, want_);                    \
    } while (0)

#define check_string_equal(name, got, want)                                                        \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (strcmp(got_, want_) != 0)                                                              \
            fail_msg("%s: %s is \"%s\", wanted \"%s\"", (name), #got, got_, want_);                \
    } while (0)

#define check_true(name, condition)                                                                \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not %s", (name), #condition);                                            \
    } while (0)

/* Skips the test, saying why. */
#define check_skip(...)                                                                            \
    do {                                                                                           \
        print_message("# skipped: " __VA_ARGS__);                                                  \
        print_message("\n");                                                                       \
        skip();                                                                                    \
    } while (0)

/* Where the benchmark tables and images lie: $LAYERNAS_DATA or ../shared/data. */
const char *check_data_path(const char *name);

#endif
