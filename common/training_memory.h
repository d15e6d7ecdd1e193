/* training_memory - about how much memory the training of a network takes, for plans.
 *
 * A reckoning of what worker/engine/ lays out, which knows it to the byte: what each operation stores
 * (not norms and activations, which whoever reads applies), the gradients alive at the same time on
 * the way back, weights with gradient and velocity, what the optimizer keeps, the largest scratch, and
 * the batch. Within a tenth. Pure. */
#ifndef LAYERNAS_COMMON_TRAINING_MEMORY_H
#define LAYERNAS_COMMON_TRAINING_MEMORY_H

#include <stdint.h>

#include "common/evaluation.h"
#include "common/network.h"

/* Bytes, images of the data set not counted, in whole batches, on one thread, for a network that
 * network_check accepts. -ENOMEM. */
int training_memory(const struct network *network, const struct schedule *schedule,
                    uint64_t *bytes_out);

#endif
