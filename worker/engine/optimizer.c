#include "worker/engine/optimizer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- how fast ---- */

static uint32_t milestones_reached(const struct schedule *schedule, double done)
{
    static const double rounding = 1e-9; /* 0.55 of 100 steps is 55 of them */
    uint32_t n = 0;

    while (n < schedule->n_milestones && done + rounding >= schedule->milestones[n])
        n++;
    return n;
}

double learning_rate(const struct schedule *schedule, uint64_t step, uint64_t steps,
                     uint64_t steps_per_epoch)
{
    double warm = schedule->warmup * (double)steps_per_epoch;
    double rest = (double)steps - warm, done = (double)step - warm;

    if (done < 0)
        return schedule->lr * ((double)step + 1) / (warm + 1);
    switch (schedule->decay) {
    case DECAY_COSINE:
        return schedule->lr * 0.5 * (1 + cos(3.141592653589793 * done / rest));
    case DECAY_STEP:
        return schedule->lr *
               pow(schedule->gamma, milestones_reached(schedule, (double)step / (double)steps));
    case DECAY_EXPONENTIAL:
        return schedule->lr * pow(schedule->gamma, floor(done / (double)steps_per_epoch));
    case DECAY_NONE:
    case DECAY_KINDS:
        break;
    }
    return schedule->lr;
}

/* ---- what it keeps ---- */

struct optimizer_state {
    struct net *net;
    const struct schedule *schedule;
    uint64_t steps;
    double rate;    /* of the present step */
    float *square;  /* RMSprop's s, parameter by parameter; NULL: not used */
    float *average; /* of the values, in the order of each_value; NULL: not used */
};

/* What becomes of n values and the n floats kept beside them. */
typedef void value_fn(float *value, float *kept, size_t n, float by);

/* All that makes up a trained net, parameters and running statistics: of each the share of a rank.
 * Returns how many floats there are in all. */
static size_t each_value(struct net *net, size_t rank, value_fn *use, float *kept, float by)
{
    size_t at = 0;

    for (size_t i = 0; i < net->n_nodes; i++) {
        struct node *node = &net->nodes[i];
        size_t channels = node->has_norm ? node->x.blocks * BLOCK : 0;
        struct {
            float *value;
            size_t n;
        } parts[PARAMETERS + 2] = {
            [PARAMETERS] = { node->norm.running_mean, channels },
            [PARAMETERS + 1] = { node->norm.running_variance, channels },
        };

        for (int kind = 0; kind < PARAMETERS; kind++) {
            parts[kind].value = node->parameter[kind].value;
            parts[kind].n = node->parameter[kind].n;
        }
        for (int part = 0; part < PARAMETERS + 2; part++) {
            const struct team_share s = team_share(parts[part].n, BLOCK, rank, net->threads);

            if (use && s.n)
                use(parts[part].value + s.first, kept + at + s.first, s.n, by);
            at += parts[part].n;
        }
    }
    return at;
}

static void keep(float *value, float *kept, size_t n, float by)
{
    (void)by;
    memcpy(kept, value, n * sizeof *kept);
}

static void give_back(float *value, float *kept, size_t n, float by)
{
    (void)by;
    memcpy(value, kept, n * sizeof *kept);
}

static void approach(float *value, float *kept, size_t n, float by)
{
    for (size_t i = 0; i < n; i++)
        kept[i] += by * (value[i] - kept[i]);
}

uint64_t optimizer_bytes(struct net *net, const struct schedule *schedule)
{
    unsigned kept = (schedule->optimizer == OPTIMIZER_RMSPROP) + (schedule->ema > 0);

    return kept * each_value(net, 0, NULL, NULL, 0) * sizeof(float);
}

int optimizer_new(struct net *net, const struct schedule *schedule,
                  struct optimizer_state **optimizer_out)
{
    size_t n = each_value(net, 0, NULL, NULL, 0);
    struct optimizer_state *o = calloc(1, sizeof *o);
    bool squares = schedule->optimizer == OPTIMIZER_RMSPROP, averages = schedule->ema > 0;

    if (!o)
        return -ENOMEM;
    o->net = net;
    o->schedule = schedule;
    o->square = squares ? calloc(n, sizeof *o->square) : NULL;
    o->average = averages ? calloc(n, sizeof *o->average) : NULL;
    if ((squares && !o->square) || (averages && !o->average)) {
        optimizer_free(o);
        return -ENOMEM;
    }
    for (size_t rank = 0; averages && rank < net->threads; rank++)
        each_value(net, rank, keep, o->average, 0);
    *optimizer_out = o;
    return 0;
}

void optimizer_free(struct optimizer_state *o)
{
    if (!o)
        return;
    free(o->square);
    free(o->average);
    free(o);
}

/* ---- a step ---- */

/* With the squares of a share of it. */
static void rmsprop(const struct parameter *p, float *square, const struct schedule *schedule,
                    struct team_share share, float rate, float decay)
{
    float alpha = (float)schedule->alpha, rest = (float)(1 - schedule->alpha);
    float epsilon = (float)schedule->epsilon, momentum = (float)schedule->momentum;

    for (size_t i = share.first; i < share.first + share.n; i++) {
        float g = p->gradient[i] + decay * p->value[i];

        square[i] = alpha * square[i] + rest * g * g;
        p->velocity[i] = momentum * p->velocity[i] + g / (sqrtf(square[i]) + epsilon);
        p->value[i] -= rate * p->velocity[i];
    }
}

static void average(struct optimizer_state *o, size_t rank)
{
    double n = (double)o->steps;

    each_value(o->net, rank, approach, o->average,
               (float)(1 - fmin(o->schedule->ema, (1 + n) / (10 + n))));
}

/* Of every parameter a share. */
static void step(void *arg, size_t rank)
{
    struct optimizer_state *o = arg;
    const struct schedule *schedule = o->schedule;
    const struct kernels *kernels = o->net->kernels;
    float *square = o->square;

    for (size_t i = 0; i < o->net->n_nodes; i++)
        for (int kind = 0; kind < PARAMETERS; kind++) {
            struct parameter *p = &o->net->nodes[i].parameter[kind];
            const struct team_share s = team_share(p->n, BLOCK, rank, o->net->threads);
            double decay = kind == WEIGHT ? schedule->weight_decay : 0;

            if (square) {
                rmsprop(p, square, schedule, s, (float)o->rate, (float)decay);
                square += p->n;
            } else if (s.n) {
                kernels->sgd(p->value + s.first, p->velocity + s.first, p->gradient + s.first, s.n,
                             (float)o->rate, (float)schedule->momentum, (float)decay,
                             schedule->nesterov);
            }
        }
    if (o->average)
        average(o, rank);
}

void optimizer_step(struct optimizer_state *o, double rate)
{
    o->rate = rate;
    team_run(o->net->team, step, o);
    o->steps++;
}

void optimizer_finish(struct optimizer_state *o)
{
    for (size_t rank = 0; o->average && rank < o->net->threads; rank++)
        each_value(o->net, rank, give_back, o->average, 0);
}
