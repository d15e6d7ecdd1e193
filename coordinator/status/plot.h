/* plot - accuracy against cost, drawn by gnuplot: what was trained, the Pareto front, the target. */
#ifndef LAYERNAS_COORDINATOR_STATUS_PLOT_H
#define LAYERNAS_COORDINATOR_STATUS_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/cost.h"
#include "common/errmsg.h"

enum {
    PLOT_MOST_POINTS = 20000, /* of more trials, every second, third, ... is drawn */
    PLOT_PATIENCE_MS = 20000, /* for gnuplot, which is killed after */
};

struct plot_point {
    int64_t cost;
    double percent;
};

struct plot {
    const char *study; /* letters, digits, '-', '_', '.' */
    enum cost_metric metric;
    struct cost_range target;
    size_t n_trials, n_front;
    const struct plot_point *trials;
    const struct plot_point *front; /* by rising cost */
    bool has_best;
    bool best_won; /* when the best were retrained; others may have done better in the search */
    struct plot_point best;
};

/* Writes directory/pareto.gp, data included, and has gnuplot make pareto.png and pareto.svg of it.
 * *plotted_out is false where there is nothing to draw, or no gnuplot, or it fails or takes too
 * long. Blocks meanwhile. A negative errno with a line in err when a file cannot be written. */
int plot_write(const char *directory, const struct plot *plot, bool *plotted_out,
               struct errmsg *err);

#endif
