/* results_content - what stands in each of the results files; results.c only.
 *
 * Each is a results_writer (results_file.h) whose argument is the coordinator. */
#ifndef LAYERNAS_COORDINATOR_STATUS_RESULTS_CONTENT_H
#define LAYERNAS_COORDINATOR_STATUS_RESULTS_CONTENT_H

#include <stdio.h>

#include "coordinator/coordinator.h"

int write_best_json(FILE *out, const void *coordinator);
int write_pareto_csv(FILE *out, const void *coordinator);
int write_trials_csv(FILE *out, const void *coordinator);
int write_layers_csv(FILE *out, const void *coordinator);
int write_diagnosis_txt(FILE *out, const void *coordinator);  /* as layernas-status shows it, */
int write_diagnosis_json(FILE *out, const void *coordinator); /* and with --json */
int write_winner_weights(FILE *out, const void *coordinator); /* -ENOENT while there are none */

enum { RESULTS_WEIGHTS_PATH_SIZE = STUDY_PATH_SIZE + 64 };

/* Where the winner's weights are kept; false while there are none. */
bool results_weights_path(const struct coordinator *coordinator,
                          char path[RESULTS_WEIGHTS_PATH_SIZE]);

#endif
