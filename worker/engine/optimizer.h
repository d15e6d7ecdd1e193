/* optimizer - what a step of training does to the parameters, and how fast.
 *
 * With w a parameter, g its gradient plus weight_decay w (weights of convolutions and dense layers
 * only: neither norms nor biases decay), and all state 0 at first:
 *
 *     sgd        v = momentum v + g;  w -= rate v, or with Nesterov  w -= rate (g + momentum v)
 *     rmsprop    s = alpha s + (1 - alpha) g g;  v = momentum v + g / (sqrt(s) + epsilon);
 *                w -= rate v
 *
 * as torch.optim.SGD (no dampening) and torch.optim.RMSprop (not centered) have it. TensorFlow's
 * RMSprop, which the MobileNet papers used, has epsilon under the root and s = 1 at first.
 *
 * With ema > 0 the trained network is an average over its steps: after step n, counted from 0,
 *
 *     average = d average + (1 - d) value,   d = min(ema, (1 + n) / (10 + n))
 *
 * of every parameter and of batch norm's running statistics. The growing d, TensorFlow's
 * ExponentialMovingAverage with num_updates, keeps the first weights from weighing on short
 * trainings. The training itself goes on from the values. */
#ifndef LAYERNAS_WORKER_ENGINE_OPTIMIZER_H
#define LAYERNAS_WORKER_ENGINE_OPTIMIZER_H

#include <stdint.h>

#include "common/evaluation.h"
#include "worker/engine/net.h"

/* The learning rate of a step, counted from 0. Warm-up: a straight line that would be 0 one step
 * before the first and reaches lr at its end. From there on, by decay,
 *
 *     none           lr
 *     cosine         half a cosine, 0 after the last step
 *     step           lr gamma^(milestones reached), each a fraction of all steps, warm-up included
 *     exponential    lr gamma^(whole epochs since the warm-up) */
double learning_rate(const struct schedule *schedule, uint64_t step, uint64_t steps,
                     uint64_t steps_per_epoch);

struct optimizer_state;

/* What it will keep beside the net, in bytes. */
uint64_t optimizer_bytes(struct net *net, const struct schedule *schedule);

/* For a net whose parameters have their first values. -ENOMEM. */
int optimizer_new(struct net *net, const struct schedule *schedule,
                  struct optimizer_state **optimizer_out);
void optimizer_free(struct optimizer_state *optimizer);

/* After a pass forward and backward. */
void optimizer_step(struct optimizer_state *optimizer, double rate);

/* After the last step: leaves the averages in the net, where there are any. */
void optimizer_finish(struct optimizer_state *optimizer);

#endif
