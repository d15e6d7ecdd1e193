/* results_content - what stands in each of the results files; results.c only.
 *
 * Each is a results_writer (results_file.h) whose argument is the coordinator. */
#ifndef LAYERNAS_COORDINATOR_STATUS_RESULTS_CONTENT_H
#define LAYERNAS_COORDINATOR_STATUS_RESULTS_CONTENT_H

#include <stdio.h>

#include "common/digest.h"
#include "coordinator/coordinator.h"
#include "coordinator/status/results_best.h"

int write_best_json(FILE *out, const void *coordinator);
int write_pareto_csv(FILE *out, const void *coordinator);
int write_trials_csv(FILE *out, const void *coordinator);
int write_layers_csv(FILE *out, const void *coordinator);

enum { RESULTS_WEIGHTS_PATH_SIZE = STUDY_PATH_SIZE + 64 };

/* Where the winner's weights are kept; false while there are none. */
bool results_weights_path(const struct coordinator *coordinator,
                          char path[RESULTS_WEIGHTS_PATH_SIZE]);

/* The candidate table of an opening, from the results so far. The caller's to free. -ENOMEM. */
int results_table(const struct coordinator *coordinator, const struct opening *opening,
                  struct candidate_table **table_out);

/* A name for all candidate tables of the study in their order: equal searches, equal digests. */
int results_tables_digest(const struct coordinator *coordinator, struct digest *digest_out);

#endif
