/* watch_screen - a running study on one screen. Pure: what is known in, lines out. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_WATCH_SCREEN_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_WATCH_SCREEN_H

#include <stddef.h>
#include <stdio.h>

#include "proto/layernas.pb-c.h"

/* Anything may be NULL: it is not known (yet). */
struct watch_view {
    const char *metric;
    const Layernas__Summary *summary;
    const Layernas__Workers *workers;
    const Layernas__Layers *layers;
    const Layernas__Pareto *pareto;
    const Layernas__StatusReply
        *other;          /* in place of these three: one view, as show_reply has it */
    const char *waiting; /* the first line, where nobody answers */
};

/* At most rows lines (0: as many as there are) of at most columns characters. The lists share what
 * the head leaves them. -ENOMEM. */
int watch_screen(FILE *out, const struct watch_view *view, size_t columns, size_t rows);

#endif
