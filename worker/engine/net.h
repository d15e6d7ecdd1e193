/* net - a network made ready to run: nodes, their memory, and the way forward and backward.
 *
 * A node is one operation that computes a tensor x, together with the norm that follows it, if nobody
 * else reads what lies between. An edge is the way by which one operation reads a node, together with
 * the activation that lies on it:
 *
 *     x = op(values of earlier edges)             stored
 *     value = curve(x * scale + shift)            never stored: applied by whoever reads
 *
 * scale and shift are what batch norm comes to once the batch's statistics are known. Backward the
 * same holds: g, the gradient of x * scale + shift, is summed up by the readers, each of which takes
 * what it adds back through its curve; the last takes the sums that the norm's gradient needs, while
 * the numbers are in the cache; and
 *
 *     gradient of x = g * by_g + x * by_x + by_1  applied by the op, as it reads
 *
 * So each activation crosses the memory once or twice per pass, however many operations there are.
 * A norm that cannot be joined to the op before it becomes a node by itself, with x = copy of its
 * input; so does what lies between two activations.
 *
 * Private to engine/; the trainer is its face. */
#ifndef LAYERNAS_WORKER_ENGINE_NET_H
#define LAYERNAS_WORKER_ENGINE_NET_H

#include <stdbool.h>

#include "common/rng.h"
#include "worker/engine/kernels.h"
#include "worker/engine/team.h"
#include "worker/engine/tensor.h"
#include "worker/engine/window.h"

enum node_kind {
    NODE_INPUT,
    NODE_CONV,
    NODE_WINOGRAD, /* a convolution as well */
    NODE_DEPTHWISE,
    NODE_SUM, /* of one input or two */
    NODE_POOL,
    NODE_DENSE,
    NODE_SCALE,
    NODE_DROPOUT,
    NODE_KINDS
};

/* One reader's way to an earlier node. Backward, the readers come in a fixed order: the first
 * stores its gradient, the others add theirs, the last finishes the sum. */
struct edge {
    size_t node;
    enum curve curve;
    float low, high; /* of CURVE_CLAMP */
    bool first, last;
};

enum parameter_kind { WEIGHT, BIAS, SCALE, SHIFT, PARAMETERS };

struct parameter {
    size_t n; /* floats, padding included; 0: the node has none. Padding stays 0. */
    float *value, *gradient, *velocity;
};

/* Batch norm of one node; all per channel. */
struct norm {
    float *running_mean, *running_variance;
    float *mean, *inverse_deviation; /* of the present batch */
    double *sum[2];                  /* forward: moments about running_mean; backward: g, g x */
};

struct node {
    enum node_kind kind;
    size_t op; /* index of the op that computes x; of the norm or activation, for a copy */
    bool live; /* some way leads from it to the logits: else it only keeps its parameters */
    bool has_norm;
    bool wants_gradient; /* some parameter lies on its way from the input */

    size_t n_inputs;
    struct edge input[2];

    struct tensor x, g;
    float *scale, *shift;
    float *by_g, *by_x, *by_1;
    struct parameter parameter[PARAMETERS];
    struct norm norm;

    struct window window; /* convolutions and pools */
    int32_t *offset;      /* convolutions: of tap and channel, see conv.h */
    int32_t *back_offset; /* the same for the way back, phase after phase, */
    int32_t *back_tap;    /* and which taps these are; see window.h */

    struct rng rng, rng_of_pass; /* dropout: its stream; where that stood when the pass began */
};

struct net {
    struct network network; /* owned */
    size_t n_nodes;
    struct node *nodes;
    size_t *node_of;    /* [ops]: the node that an op became, or became part of */
    struct edge output; /* by which the loss reads the logits */
    size_t batch;       /* most images at a time */
    size_t n;           /* images of the present batch */
    bool training;
    const struct kernels *kernels;
    struct arena arena;
    float *zeros; /* as many as any node has channels, padded */
    float *scratch;
    size_t scratch_bytes;
    float *row; /* scratch for one row of pixels: window.c's */
    size_t row_floats;
    size_t threads; /* which share each pass */
    struct team *team;
    struct net *share;          /* [threads], see share.h; NULL with one thread */
    bool (*goes_on)(void *arg); /* asked before each node; NULL: always */
    void *goes_on_arg;
};

/* -EINVAL for what the engine cannot run, -ENOMEM, -EAGAIN for threads that the system does not give.
 * What does not lead to the logits is never run. All parameters are 0, norms pass through. */
int net_new(const struct network *network, size_t batch, size_t threads,
            const struct kernels *kernels, struct net **net_out, struct errmsg *err);

/* The same in two steps: laid out, so that net->arena.used says how many bytes it will take, and
 * then given them. */
int net_plan(const struct network *network, size_t batch, size_t threads,
             const struct kernels *kernels, struct net **net_out, struct errmsg *err);
int net_reserve(struct net *net, struct errmsg *err);
void net_free(struct net *net);

/* Starts the streams of random numbers that dropout draws from, one for each and each thread. */
void net_seed(struct net *net, uint64_t seed);

/* The input's tensor is filled, for n images; leaves the logits to be read by net->output. A
 * training pass uses the batch's statistics and updates the running ones. -ECANCELED when goes_on
 * says no. */
int net_forward(struct net *net, size_t n, bool training);

/* After a training pass, with the gradient of the logits put in by edge_accumulate through
 * net->output; overwrites the gradient of every parameter, or adds to it. -ECANCELED. */
int net_backward(struct net *net, bool add);

const struct op *node_op(const struct net *net, const struct node *node);
static inline struct node *edge_node(struct net *net, const struct edge *edge)
{
    return &net->nodes[edge->node];
}

/* ---- how operations read and write the tensors of nodes; node.c ----
 * A row is n pixels of one block, from `pixel` of the batch on. */

void edge_value(const struct net *net, const struct edge *edge, size_t block, size_t pixel,
                size_t n, float *out);
void edge_value_add(const struct net *net, const struct edge *edge, size_t block, size_t pixel,
                    size_t n, float *out);

/* To be called once for each row of x that a training pass has written. */
void node_moments(const struct net *net, struct node *node, size_t block, size_t pixel, size_t n);

/* The gradient of x. */
void node_gradient(const struct net *net, const struct node *node, size_t block, size_t pixel,
                   size_t n, float *out);

/* Adds the row d, the gradient of the edge's value, to the gradient of its node. d may be where
 * edge_target said. */
void edge_accumulate(struct net *net, const struct edge *edge, size_t block, size_t pixel, size_t n,
                     const float *d);

/* Where best to compute rows for edge_accumulate: in the gradient itself if nothing has been
 * stored there yet, else in scratch. Rows of the blocks to come are *stride_io floats apart (in:
 * those of scratch). */
float *edge_target(struct net *net, const struct edge *edge, size_t pixel, float *scratch,
                   size_t *stride_io);

/* ---- norm.c ---- */

/* Between forward of a node's op and its first reader: scale and shift for this pass. */
void norm_forward(struct net *net, struct node *node);
/* Between the last reader's gradient and backward of the node's op. */
void norm_backward(struct net *net, struct node *node);

/* ---- one of these for each kind of node ---- */

struct layer {
    /* Fills in the node's plan and takes its tables and parameters from the arena. */
    int (*lay_out)(struct net *net, struct node *node, struct arena *arena, struct errmsg *err);
    size_t (*scratch)(const struct net *net, const struct node *node); /* floats */
    void (*forward)(struct net *net, struct node *node);
    void (*backward)(struct net *net, struct node *node);
};

extern const struct layer layer_conv, layer_winograd, layer_depthwise, layer_sum, layer_pool,
    layer_dense, layer_scale, layer_dropout;

void parameter_take(struct node *node, enum parameter_kind kind, size_t n, struct arena *arena);

#endif
