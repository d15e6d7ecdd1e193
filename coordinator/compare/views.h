/* views - the paper's three views of a contest, drawn by gnuplot: quality (report of the best against
 * trials), stability (its spread over the runs), efficiency (trials to come near the best reward).
 * With workers a fourth: quality against time. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_VIEWS_H
#define LAYERNAS_COORDINATOR_COMPARE_VIEWS_H

#include "coordinator/compare/findings.h"

enum { VIEWS_PATIENCE_MS = 20000 };

/* Writes quality, stability, efficiency and time .gp into directory, data included, and has gnuplot
 * make .png and .svg of each. *drawn_out is false where there is no gnuplot, or it fails or takes too
 * long. A negative errno with a line in err. */
int views_write(const struct findings *findings, const char *directory, bool *drawn_out,
                struct errmsg *err);

#endif
