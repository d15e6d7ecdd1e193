#include "worker/engine/optimizer.h"

#include <math.h>

double learning_rate(const struct schedule *schedule, uint64_t step, uint64_t steps,
                     uint64_t steps_per_epoch)
{
    double warm = schedule->warmup * (double)steps_per_epoch;
    double rest = (double)steps - warm, done = (double)step - warm;

    if (done < 0)
        return schedule->lr * ((double)step + 1) / (warm + 1);
    if (schedule->decay == DECAY_NONE)
        return schedule->lr;
    return schedule->lr * 0.5 * (1 + cos(3.141592653589793 * done / rest));
}

void optimizer_step(struct net *net, const struct schedule *schedule, double rate)
{
    for (size_t i = 0; i < net->n_nodes; i++)
        for (int kind = 0; kind < PARAMETERS; kind++) {
            struct parameter *p = &net->nodes[i].parameter[kind];
            double decay = kind == WEIGHT ? schedule->weight_decay : 0;

            if (p->n)
                net->kernels->sgd(p->value, p->velocity, p->gradient, p->n, (float)rate,
                                  (float)schedule->momentum, (float)decay, schedule->nesterov);
        }
}
