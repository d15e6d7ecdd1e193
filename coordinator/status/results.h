/* results - what a study found, as files in <state>/results/.
 *
 *     best.json     the winner (or, before there is one, the best of the search)
 *     winner.weights its weights, where it was retrained
 *     pareto.csv trials.csv layers.csv
 *     diagnosis.txt diagnosis.json   for critics of the method: snapshot_diagnosis
 *     pareto.gp     accuracy against cost, for gnuplot, which makes
 *     pareto.svg pareto.png   of it where it is installed
 *
 * Each file is written beside its place and renamed, so a reader never sees half of one. */
#ifndef LAYERNAS_COORDINATOR_STATUS_RESULTS_H
#define LAYERNAS_COORDINATOR_STATUS_RESULTS_H

#include <stdbool.h>

#include "common/errmsg.h"
#include "common/study.h"

struct coordinator;

enum { RESULTS_PATH_SIZE = STUDY_PATH_SIZE + 16 };

/* <state>/results, as text, which it returns. */
const char *results_directory(const struct coordinator *coordinator, char text[RESULTS_PATH_SIZE]);

/* Writes all of them. A negative errno with a line in err; files already renamed stay. Missing
 * gnuplot is no failure: *plotted_out is false. */
int results_write(const struct coordinator *coordinator, bool *plotted_out, struct errmsg *err);

/* The end of a run for people: best network, its accuracy, trials done, what pruning and known
 * results saved, where the files are; at most 80 columns. */
void results_print(const struct coordinator *coordinator);

#endif
