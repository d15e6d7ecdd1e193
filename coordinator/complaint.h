/* complaint - log lines about what peers do, so many in a while: no peer can flood the log. */
#ifndef LAYERNAS_COORDINATOR_COMPLAINT_H
#define LAYERNAS_COORDINATOR_COMPLAINT_H

#include <stdint.h>

enum { COMPLAINTS = 10, REMARKS = 50, COMPLAINTS_PERIOD_MS = 10000 };

/* Of one kind: neither takes the other's place in the log. All zero to start. */
struct complaints {
    uint64_t period_ms; /* when the present period began */
    uint32_t said, unsaid;
};

/* Warns of what a peer did wrong, unless COMPLAINTS lines were written in this period; the first line
 * of a later one says how many were not. */
void complain(struct complaints *complaints, uint64_t now_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what is no fault: REMARKS lines, and no warnings. */
void remark(struct complaints *remarks, uint64_t now_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
