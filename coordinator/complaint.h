/* complaint - log lines about what peers do wrong, so many in a while: no peer can flood the log. */
#ifndef LAYERNAS_COORDINATOR_COMPLAINT_H
#define LAYERNAS_COORDINATOR_COMPLAINT_H

#include <stdint.h>

enum { COMPLAINTS = 10, COMPLAINTS_PERIOD_MS = 10000 };

struct complaints {
    uint64_t period_ms; /* when the present period began */
    uint32_t said, unsaid;
};

/* Warns, unless COMPLAINTS lines were written in this period; the next one says how many were not. */
void complain(struct complaints *complaints, uint64_t now_ms, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
