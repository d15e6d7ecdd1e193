/* fault - a disk that fails at a chosen moment.
 *
 * Takes the places of open, write, pwrite, ftruncate, fsync, fdatasync, rename and unlink, and
 * counts the calls that change something below one directory, SQLite's included. When as many are
 * done as the plan says, the process is killed, or calls begin to fail for a while. Flushing is only
 * noted, not done. Other files are left alone.
 *
 * Linked into a test (fault_set), or preloaded into a program (build/tests/chaos/fault.so), with
 *
 *     FAULT_PROGRAM=layernas-coordinator   and no other program that inherits the environment
 *     FAULT_DIR=DIR FAULT_KIND=torn FAULT_AT=40 FAULT_FOR=3 FAULT_SEED=1
 *     FAULT_COUNT=FILE                     gets the number of calls, at exit
 *
 * SQLite's own test VFS would see SQLite's calls only; weights, logs, study.commits and results are
 * written beside it. */
#ifndef LAYERNAS_TESTS_FAULT_H
#define LAYERNAS_TESTS_FAULT_H

#include <stdint.h>

enum fault_kind {
    FAULT_NONE,        /* counts only */
    FAULT_KILL_BEFORE, /* SIGKILL just before the call, */
    FAULT_KILL_AFTER,  /* just after it, */
    FAULT_TORN,        /* or in the middle of it, if it writes: a part is written */
    FAULT_POWER,       /* SIGKILL, and of what was not flushed some, or all, is undone */
    FAULT_FULL,      /* for so many calls: ENOSPC where room is needed, after a part was written */
    FAULT_IO,        /* EIO */
    FAULT_READ_ONLY, /* EROFS */
    FAULT_KINDS
};

struct fault_plan {
    const char *directory; /* absolute; must outlive the plan */
    enum fault_kind kind;
    uint64_t at;     /* the first call that it happens to, from 1; 0: never */
    uint64_t length; /* how many calls fail */
    uint64_t seed;
};

/* The name of a kind in FAULT_KIND; NULL past the last. */
const char *fault_kind_name(enum fault_kind kind);

void fault_set(const struct fault_plan *plan);

/* Calls since the plan was set. */
uint64_t fault_count(void);

#endif
