#include "tests/chaos/fault.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/chaos/fault_undo.h"

enum { SECTOR = 512 };

/* The C library's own. */
#define REAL(name) ((typeof(name) *)real(#name))

static struct fault_plan plan;
static uint64_t calls;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char directory[PATH_MAX];

static void *real(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- the plan ---- */

static const char *const names[FAULT_KINDS] = {
    "none", "before", "after", "torn", "power", "full", "io", "read-only",
};

const char *fault_kind_name(enum fault_kind kind)
{
    return kind < FAULT_KINDS ? names[kind] : NULL;
}

void fault_set(const struct fault_plan *new_plan)
{
    plan = *new_plan;
    calls = 0;
    snprintf(directory, sizeof directory, "%s", plan.directory);
    plan.directory = directory;
    undo_begin(plan.kind == FAULT_POWER);
}

uint64_t fault_count(void)
{
    return calls;
}

static uint64_t number_of(const char *name)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : 0;
}

static void write_count(void)
{
    const char *path = getenv("FAULT_COUNT");
    FILE *file = path && *directory ? fopen(path, "we") : NULL;

    if (file) {
        fprintf(file, "%llu\n", (unsigned long long)calls);
        fclose(file);
    }
}

__attribute__((constructor)) static void plan_of_environment(void)
{
    const char *program = getenv("FAULT_PROGRAM"), *kind = getenv("FAULT_KIND");
    struct fault_plan wanted = { .directory = getenv("FAULT_DIR"),
                                 .at = number_of("FAULT_AT"),
                                 .length = number_of("FAULT_FOR"),
                                 .seed = number_of("FAULT_SEED") };

    if (!program || !kind || !wanted.directory ||
        strcmp(program, program_invocation_short_name) != 0)
        return;
    while (wanted.kind < FAULT_KINDS && strcmp(kind, names[wanted.kind]) != 0)
        wanted.kind++;
    fault_set(&wanted);
    atexit(write_count);
}

/* ---- whose files ---- */

static bool is_below(const char *path)
{
    size_t n = strlen(directory);

    return n > 0 && strncmp(path, directory, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* A relative path is never below: the programs under test are given absolute directories. */
static bool is_ours(int fd)
{
    char link[64], path[PATH_MAX];
    ssize_t n;

    if (!*directory)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return false;
    path[n] = '\0';
    return is_below(path);
}

/* ---- what happens to a call ---- */

enum fate { GOES_WELL, KILLED_BEFORE, KILLED_IN_THE_MIDDLE, KILLED_AFTER, FAILS };

static enum fate fate_of_next(void)
{
    uint64_t call = ++calls;

    switch (plan.kind) {
    case FAULT_KILL_BEFORE:
        return call == plan.at ? KILLED_BEFORE : GOES_WELL;
    case FAULT_TORN:
        return call == plan.at ? KILLED_IN_THE_MIDDLE : GOES_WELL;
    case FAULT_KILL_AFTER:
    case FAULT_POWER:
        return call == plan.at ? KILLED_AFTER : GOES_WELL;
    case FAULT_FULL:
    case FAULT_IO:
    case FAULT_READ_ONLY:
        return plan.at && call >= plan.at && call - plan.at < plan.length ? FAILS : GOES_WELL;
    default:
        return GOES_WELL;
    }
}

static void die(void)
{
    if (plan.kind == FAULT_POWER)
        undo_unflushed(plan.seed);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* 0, or the errno that the call fails with. Its fate after the call is for end(). needs_room: it is
 * one that a full disk refuses. */
static int begin(enum fate *fate, bool needs_room)
{
    static const int errnos[FAULT_KINDS] = {
        [FAULT_FULL] = ENOSPC, [FAULT_IO] = EIO, [FAULT_READ_ONLY] = EROFS
    };

    pthread_mutex_lock(&mutex);
    *fate = fate_of_next();
    if (*fate == KILLED_BEFORE)
        die();
    if (*fate == FAILS && plan.kind == FAULT_FULL && !needs_room)
        *fate = GOES_WELL;
    return *fate == FAILS ? errnos[plan.kind] : 0;
}

static void end(enum fate fate)
{
    if (fate == KILLED_AFTER || fate == KILLED_IN_THE_MIDDLE)
        die();
    pthread_mutex_unlock(&mutex);
}

/* A part of a write, which may be all or nothing: disks write whole sectors. */
static size_t part_of(size_t size, off_t offset)
{
    size_t part = (size_t)((plan.seed * 2654435761u + calls * 40503u) % (size + 1));
    size_t over = ((size_t)offset + part) % SECTOR;

    if (part == size)
        return size;
    return over < part ? part - over : 0;
}

/* ---- the calls ---- */

static ssize_t write_at(int fd, const void *data, size_t size, off_t offset, bool moves)
{
    return moves ? REAL(write)(fd, data, size) : REAL(pwrite)(fd, data, size, offset);
}

static ssize_t write_ours(int fd, const void *data, size_t size, off_t offset, bool moves)
{
    enum fate fate;
    ssize_t rc = -1;
    int error = begin(&fate, true);

    if (moves)
        offset = lseek(fd, 0, SEEK_CUR);
    undo_note_write(fd, offset, size);
    if (fate == KILLED_IN_THE_MIDDLE || error == ENOSPC)
        size = part_of(size, offset);
    if (!error || (error == ENOSPC && size > 0)) /* a full disk takes what it can */
        rc = write_at(fd, data, size, offset, moves);
    else
        errno = error;
    error = errno;
    end(fate);
    errno = error;
    return rc;
}

ssize_t write(int fd, const void *data, size_t size)
{
    return is_ours(fd) ? write_ours(fd, data, size, 0, true) : REAL(write)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return is_ours(fd) ? write_ours(fd, data, size, offset, false)
                       : REAL(pwrite)(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset)
{
    return pwrite(fd, data, size, offset);
}

#define AROUND(needs_room, call)                                                                   \
    do {                                                                                           \
        enum fate fate_;                                                                           \
        int error_ = begin(&fate_, needs_room), rc_ = -1;                                          \
        if (error_)                                                                                \
            errno = error_;                                                                        \
        else                                                                                       \
            rc_ = (call);                                                                          \
        error_ = errno;                                                                            \
        end(fate_);                                                                                \
        errno = error_;                                                                            \
        return rc_;                                                                                \
    } while (0)

static int truncate_noted(int fd, off_t size)
{
    undo_note_truncate(fd, size);
    return REAL(ftruncate)(fd, size);
}

int ftruncate(int fd, off_t size)
{
    if (!is_ours(fd))
        return REAL(ftruncate)(fd, size);
    AROUND(false, truncate_noted(fd, size));
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

/* Not passed on: what a power cut takes back is ours to say, and the disk's own time is saved. */
static int flush_noted(int fd)
{
    undo_note_flush(fd);
    return 0;
}

int fsync(int fd)
{
    if (!is_ours(fd))
        return REAL(fsync)(fd);
    AROUND(false, flush_noted(fd));
}

int fdatasync(int fd)
{
    if (!is_ours(fd))
        return REAL(fdatasync)(fd);
    AROUND(false, flush_noted(fd));
}

static int rename_noted(const char *from, const char *to)
{
    undo_note_rename(from, to);
    return REAL(rename)(from, to);
}

int rename(const char *from, const char *to)
{
    if (!is_below(to))
        return REAL(rename)(from, to);
    AROUND(false, rename_noted(from, to));
}

static int unlink_noted(const char *path)
{
    undo_note_unlink(path);
    return REAL(unlink)(path);
}

int unlink(const char *path)
{
    if (!is_below(path))
        return REAL(unlink)(path);
    AROUND(false, unlink_noted(path));
}

/* Only what makes or empties a file changes something. */
static int open_ours(const char *path, int flags, mode_t mode)
{
    struct stat status;
    bool is_new = stat(path, &status) < 0, empties = (flags & O_TRUNC) && !is_new;

    if (!is_new && !empties)
        return REAL(open)(path, flags, mode);
    if (empties)
        undo_note_empty(path);
    else
        undo_note_create(path);
    AROUND(is_new, REAL(open)(path, flags, mode));
}

static int open_any(const char *path, int flags, mode_t mode)
{
    return (flags & (O_CREAT | O_TRUNC)) && (flags & O_TMPFILE) != O_TMPFILE && is_below(path)
               ? open_ours(path, flags, mode)
               : REAL(open)(path, flags, mode);
}

#define MODE_OF(flags)                                                                             \
    ({                                                                                             \
        mode_t mode_ = 0;                                                                          \
        if ((flags) & (O_CREAT | O_TMPFILE)) {                                                     \
            va_list args_;                                                                         \
            va_start(args_, flags);                                                                \
            mode_ = va_arg(args_, mode_t);                                                         \
            va_end(args_);                                                                         \
        }                                                                                          \
        mode_;                                                                                     \
    })

int open(const char *path, int flags, ...)
{
    return open_any(path, flags, MODE_OF(flags));
}

int open64(const char *path, int flags, ...)
{
    return open_any(path, flags, MODE_OF(flags));
}
