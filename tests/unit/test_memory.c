/* How much memory there is, read from files as Linux has them; and this process's own. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker/evaluate/memory.h"

static char folder[] = "/tmp/test_memory.XXXXXX";

static int set_up(void **state)
{
    static const char *const folders[] = { "self", "groups", "groups/a", "groups/a/b" };
    char path[100];

    (void)state;
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        if (mkdir(path, 0700) < 0)
            return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    char command[100];

    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* NULL: no such file. */
static void put(const char *name, const char *text)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    if (!text)
        return;
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static uint64_t available(void)
{
    char groups[100];

    snprintf(groups, sizeof groups, "%s/groups", folder);
    return memory_available(folder, groups);
}

static void test_available(void **state)
{
    static const struct {
        const char *name, *meminfo, *cgroup, *most, *used, *stat, *above, *above_used;
        uint64_t want;
    } cases[] = {
        { "nothing known", NULL, NULL, NULL, NULL, NULL, NULL, NULL, UINT64_MAX },
        { "the machine's", "MemFree: 1 kB\nMemAvailable:  20 kB\n", NULL, NULL, NULL, NULL, NULL,
          NULL, 20480 },
        { "of an old kernel", "MemFree: 1 kB\n", NULL, NULL, NULL, NULL, NULL, NULL, UINT64_MAX },
        { "not a number", "MemAvailable: some\n", NULL, NULL, NULL, NULL, NULL, NULL, UINT64_MAX },
        { "a group's", "MemAvailable: 20 kB\n", "0::/a/b\n", "9000\n", "2000\n", "anon 1\n", NULL,
          NULL, 7000 },
        { "its files given back", NULL, "0::/a/b\n", "9000\n", "2000\n", "anon 1\nfile 500\n", NULL,
          NULL, 7500 },
        { "a group without limit", "MemAvailable: 20 kB\n", "0::/a/b\n", "max\n", "2000\n", NULL,
          NULL, NULL, 20480 },
        { "a group above", NULL, "1:name:/x\n0::/a/b\n", "9000\n", "2000\n", NULL, "4000\n",
          "3000\n", 1000 },
        { "a full group", NULL, "0::/a/b\n", "9000\n", "9500\n", NULL, NULL, NULL, 0 },
        { "an old group", NULL, "1:memory:/a/b\n", "9000\n", "2000\n", NULL, NULL, NULL,
          UINT64_MAX },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put("meminfo", cases[i].meminfo);
        put("self/cgroup", cases[i].cgroup);
        put("groups/a/b/memory.max", cases[i].most);
        put("groups/a/b/memory.current", cases[i].used);
        put("groups/a/b/memory.stat", cases[i].stat);
        put("groups/a/memory.max", cases[i].above);
        put("groups/a/memory.current", cases[i].above_used);
        if (available() != cases[i].want)
            fail_msg("%s: %llu, wanted %llu", cases[i].name, (unsigned long long)available(),
                     (unsigned long long)cases[i].want);
    }
}

/* What the address space's limit leaves is less than the limit. */
static void test_limit(void **state)
{
    struct rlimit before, limit;

    (void)state;
    put("meminfo", NULL);
    put("self/cgroup", NULL);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)1 << 46;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_true(available() < (uint64_t)1 << 46 && available() > (uint64_t)1 << 44);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_true(available() == UINT64_MAX);
}

static void test_own(void **state)
{
    enum { SIZE = 32 << 20 };
    uint64_t before = memory_resident();
    char *block = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(before > 0 && block != MAP_FAILED);
    memset(block, 1, SIZE);
    assert_true(memory_resident() > before + SIZE / 2);
    munmap(block, SIZE);
    assert_true(memory_peak() > before + SIZE / 2);
    if (memory_reset_peak())
        assert_true(memory_peak() < before + SIZE / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_available),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_own),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
