/* yardstick - how long trials take, by the last few that ended; and whether a running one is a straggler,
 * which another worker would end sooner.
 *
 * The median: neither a trial that failed at once nor one that hung moves it. Pure. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_YARDSTICK_H
#define LAYERNAS_COORDINATOR_LEDGER_YARDSTICK_H

#include <stdbool.h>
#include <stdint.h>

enum { YARDSTICK_TRIALS = 63 };

/* Empty when all zero. */
struct yardstick {
    double took[YARDSTICK_TRIALS]; /* the newest, in any order */
    uint64_t n;                    /* noted in all */
};

/* A trial that ended took so long. */
void yardstick_note(struct yardstick *yardstick, double took);

/* INFINITY while nothing was noted. */
double yardstick_median(const struct yardstick *yardstick);

/* Of an attempt that has run so long, in the unit of the median, and is through by fraction (0: not
 * known): it has run longer than a trial takes, and as it goes will run on for longer than that. */
bool yardstick_is_slow(double median, double running, double fraction);

#endif
