/* memory - what this process has of it, and what it could still get. In bytes. */
#ifndef LAYERNAS_WORKER_EVALUATE_MEMORY_H
#define LAYERNAS_WORKER_EVALUATE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* The least of: what the system could give without swapping (Linux's MemAvailable), what the control
 * groups (version 2) that the process is in allow beside what they hold already, the files they have
 * cached not counted, and what RLIMIT_AS leaves. What cannot be read limits nothing. proc and cgroups
 * are where these file systems are mounted: "/proc", "/sys/fs/cgroup". */
uint64_t memory_available(const char *proc, const char *cgroups);

/* Resident now, and at most since the last reset; 0 where unknown. */
uint64_t memory_resident(void);
uint64_t memory_peak(void);

/* false where the kernel does not let it: the peak is then that since the start. */
bool memory_reset_peak(void);

#endif
