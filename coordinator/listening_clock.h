/* listening_clock - time as far as this process was there to listen.
 *
 * A process that was stopped, or whose machine slept, heard no heartbeats meanwhile; those that were
 * sent are still on their way through the kernel and ZeroMQ's own thread when its timers fire. So a
 * jump counts as one LISTENING_STEP_MS, and everybody has the rest of their lease to be heard. */
#ifndef LAYERNAS_COORDINATOR_LISTENING_CLOCK_H
#define LAYERNAS_COORDINATOR_LISTENING_CLOCK_H

#include <stdint.h>

/* Asked more often than this while all is well. */
enum { LISTENING_STEP_MS = 2000 };

struct listening_clock {
    uint64_t last_ms, missed_ms; /* zero both to start */
};

/* now_ms is monotonic. */
uint64_t listening_clock_read(struct listening_clock *clock, uint64_t now_ms);

#endif
