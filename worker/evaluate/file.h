/* file - layernas-worker --evaluate: what a file of weights is, and top-1 on the test images. */
#ifndef LAYERNAS_WORKER_EVALUATE_FILE_H
#define LAYERNAS_WORKER_EVALUATE_FILE_H

#include "worker/options.h"

/* Prints to standard output, faults (one line) to standard error. The exit status: 0; EXIT_USAGE for
 * a file that is not what it should be, or a data set that no --data names; else EXIT_FAILED. */
int evaluate_file(const struct worker_options *options);

#endif
