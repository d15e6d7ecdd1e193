/* skim - the few fields of a packed Trial or Verdict that a simulated worker needs, without the rest: on
 * one machine with the coordinator, what the workers' side computes counts against what is measured. */
#ifndef LAYERNAS_TESTS_SKIM_H
#define LAYERNAS_TESTS_SKIM_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire.h"

/* True for a ToWorker{trial}; fills study_id, attempt, and of the trial what its result repeats. */
bool skim_trial(const uint8_t *data, size_t size, struct trial_message *trial_out);

/* True for a ToWorker{verdict} that accepts. */
bool skim_accepted(const uint8_t *data, size_t size);

#endif
