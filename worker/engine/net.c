#include "worker/engine/net.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "worker/engine/graph.h"
#include "worker/engine/share.h"

static const struct layer *const layers[NODE_KINDS] = {
    [NODE_CONV] = &layer_conv,           [NODE_WINOGRAD] = &layer_winograd,
    [NODE_DEPTHWISE] = &layer_depthwise, [NODE_SUM] = &layer_sum,
    [NODE_POOL] = &layer_pool,           [NODE_DENSE] = &layer_dense,
    [NODE_SCALE] = &layer_scale,         [NODE_DROPOUT] = &layer_dropout,
};

const struct op *node_op(const struct net *net, const struct node *node)
{
    return &net->network.ops[node->op];
}

/* ---- memory ---- */

static float *take_channels(const struct node *node, struct arena *arena)
{
    return arena_take(arena, node->x.blocks * BLOCK, sizeof(float));
}

static void lay_out_norm(struct node *node, struct arena *arena)
{
    struct norm *norm = &node->norm;
    size_t channels = node->x.blocks * BLOCK;

    parameter_take(node, SCALE, channels, arena);
    parameter_take(node, SHIFT, channels, arena);
    norm->running_mean = take_channels(node, arena);
    norm->running_variance = take_channels(node, arena);
    norm->mean = take_channels(node, arena);
    norm->inverse_deviation = take_channels(node, arena);
    for (size_t i = 0; i < 2; i++)
        norm->sum[i] = arena_take(arena, channels, sizeof *norm->sum[i]);
    node->by_g = take_channels(node, arena);
    node->by_x = take_channels(node, arena);
    node->by_1 = take_channels(node, arena);
}

static int lay_out_node(struct net *net, struct node *node, struct arena *arena, struct errmsg *err)
{
    node->x = tensor_of(&node_op(net, node)->out, net->batch);
    if (node->live)
        node->x.data = arena_take(arena, tensor_floats(&node->x), sizeof(float));
    node->g = node->x;
    node->scale = take_channels(node, arena);
    node->shift = take_channels(node, arena);
    if (node->has_norm)
        lay_out_norm(node, arena);
    return node->kind == NODE_INPUT ? 0 : layers[node->kind]->lay_out(net, node, arena, err);
}

static size_t scratch_bytes(const struct net *net)
{
    size_t most = 0;

    for (size_t i = 1; i < net->n_nodes; i++) {
        const struct node *node = &net->nodes[i];
        size_t bytes = layers[node->kind]->scratch(net, node);

        most = bytes > most ? bytes : most;
    }
    return most;
}

static void lay_out_shared(struct net *net, struct arena *arena)
{
    size_t channels = 0, width = 0;

    for (size_t i = 0; i < net->n_nodes; i++) {
        const struct tensor *x = &net->nodes[i].x;

        channels = x->blocks * BLOCK > channels ? x->blocks * BLOCK : channels;
        width = (size_t)x->shape.width > width ? (size_t)x->shape.width : width;
    }
    net->zeros = arena_take(arena, channels, sizeof *net->zeros);
    net->row_floats = width * BLOCK;
    net->row = arena_take(arena, net->row_floats, sizeof *net->row);
    net->scratch_bytes = scratch_bytes(net);
    net->scratch = arena_take(arena, net->scratch_bytes, 1);
}

static int lay_out(struct net *net, struct arena *arena, struct errmsg *err)
{
    int rc = 0;

    for (size_t i = 0; i < net->n_nodes && rc == 0; i++)
        rc = lay_out_node(net, &net->nodes[i], arena, err);
    if (rc < 0)
        return rc;
    lay_out_shared(net, arena);
    rc = graph_place_gradients(net, arena);
    shares_lay_out(net, arena);
    return rc == 0 ? 0 : errmsg_set(err, rc, "no memory for a network");
}

/* Until a norm says otherwise, a value is what its op computed. */
static void set_identity(struct node *node)
{
    for (size_t c = 0; c < (size_t)node->x.shape.channels; c++) {
        node->scale[c] = 1;
        if (node->has_norm)
            node->parameter[SCALE].value[c] = node->norm.running_variance[c] = 1;
    }
}

int net_reserve(struct net *net, struct errmsg *err)
{
    int rc = arena_reserve(&net->arena);

    if (rc < 0)
        return errmsg_set(err, rc, "no memory for this network at a batch of %zu", net->batch);
    rc = lay_out(net, &net->arena, err);
    for (size_t i = 0; i < net->n_nodes; i++)
        set_identity(&net->nodes[i]);
    net_seed(net, 0);
    if (rc == 0) {
        rc = team_new(net->threads, &net->team);
        if (rc < 0)
            errmsg_set(err, rc, "%zu threads: %s", net->threads, strerror(-rc));
    }
    return rc;
}

static int copy_network(const struct network *from, struct network *to)
{
    for (size_t i = 0; i < from->n_ops; i++) {
        int rc = network_append(to, &from->ops[i]);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int net_plan(const struct network *network, size_t batch, size_t threads,
             const struct kernels *kernels, struct net **net_out, struct errmsg *err)
{
    struct net *net;
    int rc = network_check(network, err);

    if (rc < 0)
        return rc;
    net = calloc(1, sizeof *net);
    if (!net)
        return errmsg_set(err, -ENOMEM, "no memory for a network");
    net->batch = batch;
    net->threads = threads;
    net->kernels = kernels;
    rc = copy_network(network, &net->network);
    if (rc == 0)
        rc = graph_build(net, err);
    if (rc == 0 && shares_new(net) < 0)
        rc = errmsg_set(err, -ENOMEM, "no memory for a network on %zu threads", threads);
    if (rc == 0)
        rc = lay_out(net, &net->arena, err);
    if (rc < 0) {
        net_free(net);
        return rc;
    }
    *net_out = net;
    return 0;
}

int net_new(const struct network *network, size_t batch, size_t threads,
            const struct kernels *kernels, struct net **net_out, struct errmsg *err)
{
    struct net *net;
    int rc = net_plan(network, batch, threads, kernels, &net, err);

    if (rc < 0)
        return rc;
    rc = net_reserve(net, err);
    if (rc < 0) {
        net_free(net);
        return rc;
    }
    *net_out = net;
    return 0;
}

void net_free(struct net *net)
{
    if (!net)
        return;
    team_free(net->team);
    shares_free(net);
    arena_clear(&net->arena);
    network_clear(&net->network);
    free(net->nodes);
    free(net->node_of);
    free(net);
}

/* Far from the streams that the trainer takes from the same seed. */
enum { FIRST_STREAM = 1 << 20 };

void net_seed(struct net *net, uint64_t seed)
{
    for (size_t rank = 0; rank < net->threads; rank++)
        for (size_t i = 0; i < net->n_nodes; i++) {
            struct node *node = &share_of(net, rank)->nodes[i];

            rng_init(&node->rng, seed, ((uint64_t)rank << 32) + FIRST_STREAM + node->op);
        }
}

/* ---- the way forward and back ---- */

/* What is done at a node, with a share of the batch or the whole of it. */
struct job {
    void (*run)(struct net *net, const struct job *job, size_t rank);
    struct net *net;
    size_t node;
    bool add; /* to the gradients that are there */
};

static void run_share(void *arg, size_t rank)
{
    const struct job *job = arg;

    job->run(share_of(job->net, rank), job, rank);
}

static void run(struct job job)
{
    if (is_shared(&job.net->nodes[job.node]))
        team_run(job.net->team, run_share, &job);
    else
        job.run(job.net, &job, 0);
}

static bool goes_on(const struct net *net)
{
    return !net->goes_on || net->goes_on(net->goes_on_arg);
}

static void forward(struct net *net, const struct job *job, size_t rank)
{
    struct node *node = &net->nodes[job->node];

    (void)rank;
    if (net->n > 0)
        layers[node->kind]->forward(net, node);
}

int net_forward(struct net *net, size_t n, bool training)
{
    net->n = n;
    net->training = training;
    shares_hand_out(net);
    for (size_t i = 0; i < net->n_nodes; i++) {
        struct node *node = &net->nodes[i];

        if (!goes_on(net))
            return -ECANCELED;
        if (!node->live)
            continue;
        if (node->kind != NODE_INPUT)
            run((struct job){ .run = forward, .net = net, .node = i });
        shares_add_moments(net, i);
        norm_forward(net, node);
    }
    return 0;
}

static void clear_gradients(struct node *node, enum parameter_kind first, enum parameter_kind last)
{
    for (unsigned kind = first; kind <= last; kind++) {
        struct parameter *p = &node->parameter[kind];

        if (p->n)
            memset(p->gradient, 0, p->n * sizeof *p->gradient);
    }
}

static void backward(struct net *net, const struct job *job, size_t rank)
{
    struct node *node = &net->nodes[job->node];

    if (rank > 0 || !job->add)
        clear_gradients(node, WEIGHT, BIAS);
    if (net->n > 0 && node->live && node->wants_gradient)
        layers[node->kind]->backward(net, node);
}

int net_backward(struct net *net, bool add)
{
    for (size_t i = net->n_nodes; i-- > 0;) {
        struct node *node = &net->nodes[i];

        if (!goes_on(net))
            return -ECANCELED;
        if (!add)
            clear_gradients(node, SCALE, SHIFT);
        if (node->live && node->wants_gradient) {
            shares_add_moments(net, i);
            norm_backward(net, node);
        }
        run((struct job){ .run = backward, .net = net, .node = i, .add = add });
    }
    shares_add_gradients(net);
    return 0;
}
