/* trainer_plan - what a training will take, before it takes it. Private to the trainer, whose header
 * has struct trainer_plan. */
#ifndef LAYERNAS_WORKER_ENGINE_TRAINER_PLAN_H
#define LAYERNAS_WORKER_ENGINE_TRAINER_PLAN_H

#include "worker/engine/net.h"
#include "worker/engine/trainer.h"

/* The fastest that this processor runs. */
const struct kernels *trainer_kernels(enum precision precision);

/* As trainer_plan; the net too, laid out but without memory: net_reserve is next. */
int trainer_lay_out(const struct network *network, const struct schedule *schedule,
                    uint32_t threads, struct net **net_out, struct trainer_plan *plan_out,
                    struct errmsg *err);

/* The i-th part of n images of which the net takes `most` at a time, as even as can be. Returns false
 * past the last. */
bool trainer_part(size_t n, size_t most, size_t i, size_t *first_out, size_t *images_out);

#endif
