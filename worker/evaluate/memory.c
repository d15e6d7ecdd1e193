#include "worker/evaluate/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* The number after `word` at the start of a line of a file; UINT64_MAX where there is none, as where
 * a control group says "max". An empty word: the first line's. */
static uint64_t number_after(const char *directory, const char *file, const char *word)
{
    char path[PATH_MAX + 300], line[300];
    uint64_t number = UINT64_MAX;
    size_t length = strlen(word);
    FILE *in;

    snprintf(path, sizeof path, "%s/%s", directory, file);
    in = fopen(path, "r");
    if (!in)
        return UINT64_MAX;
    while (fgets(line, sizeof line, in))
        if (strncmp(line, word, length) == 0) {
            if (sscanf(line + length, "%" SCNu64, &number) != 1)
                number = UINT64_MAX;
            break;
        }
    fclose(in);
    return number;
}

static uint64_t kilobytes_after(const char *directory, const char *file, const char *word)
{
    uint64_t number = number_after(directory, file, word);

    return number > UINT64_MAX / 1024 ? UINT64_MAX : number * 1024;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What one group leaves. */
static uint64_t group_available(const char *group)
{
    uint64_t most = number_after(group, "memory.max", "");
    uint64_t used = number_after(group, "memory.current", "");
    uint64_t cached = number_after(group, "memory.stat", "file ");

    if (most == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    used -= cached < used ? cached : 0;
    return most > used ? most - used : 0;
}

/* A group's limits hold for those below it too. */
static uint64_t groups_available(const char *proc, const char *cgroups)
{
    char line[PATH_MAX] = "", path[2 * PATH_MAX], *end;
    uint64_t available = UINT64_MAX;
    FILE *in;

    snprintf(path, sizeof path, "%s/self/cgroup", proc);
    in = fopen(path, "r");
    if (!in)
        return UINT64_MAX;
    while (fgets(line, sizeof line, in) && strncmp(line, "0::/", 4) != 0)
        line[0] = '\0';
    fclose(in);
    if (!line[0])
        return UINT64_MAX;
    line[strcspn(line, "\n")] = '\0';
    snprintf(path, sizeof path, "%s%s", cgroups, line + 3);
    do {
        available = least(available, group_available(path));
        end = strrchr(path, '/');
        if (end)
            *end = '\0';
    } while (end && strlen(path) >= strlen(cgroups));
    return available;
}

static uint64_t address_space_left(void)
{
    uint64_t used = kilobytes_after("/proc", "self/status", "VmSize:");
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY || used == UINT64_MAX)
        return UINT64_MAX;
    return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

uint64_t memory_available(const char *proc, const char *cgroups)
{
    uint64_t available = kilobytes_after(proc, "meminfo", "MemAvailable:");

    available = least(available, groups_available(proc, cgroups));
    return least(available, address_space_left());
}

static uint64_t of_this_process(const char *word)
{
    uint64_t bytes = kilobytes_after("/proc", "self/status", word);

    return bytes == UINT64_MAX ? 0 : bytes;
}

uint64_t memory_resident(void)
{
    return of_this_process("VmRSS:");
}

uint64_t memory_peak(void)
{
    return of_this_process("VmHWM:");
}

bool memory_reset_peak(void)
{
    FILE *out = fopen("/proc/self/clear_refs", "w");
    bool reset;

    if (!out)
        return false;
    reset = fputs("5", out) >= 0; /* see proc(5) */
    return fclose(out) == 0 && reset;
}
