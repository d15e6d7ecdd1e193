/* optimizer - what a step of training does to the parameters, and how fast. */
#ifndef LAYERNAS_WORKER_ENGINE_OPTIMIZER_H
#define LAYERNAS_WORKER_ENGINE_OPTIMIZER_H

#include <stdint.h>

#include "common/evaluation.h"
#include "worker/engine/net.h"

/* The learning rate of a step, counted from 0: a straight line that would be 0 one step before
 * the first and reaches lr at the end of the warm-up; from there half a cosine, 0 after the last. */
double learning_rate(const struct schedule *schedule, uint64_t step, uint64_t steps,
                     uint64_t steps_per_epoch);

/* One step of stochastic gradient descent with PyTorch's momentum (no dampening); weight decay
 * only for weights of convolutions and dense layers. */
void optimizer_step(struct net *net, const struct schedule *schedule, double rate);

#endif
