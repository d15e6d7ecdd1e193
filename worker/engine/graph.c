#include "worker/engine/graph.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* While building: which node gives an op's result, and how many ops read it. */
struct result {
    size_t node, readers;
};

static enum node_kind kind_of(const struct net *net, const struct op *op)
{
    switch (op->kind) {
    case OP_INPUT:
        return NODE_INPUT;
    case OP_CONV:
        if (op->groups > 1 && op->groups == op->out.channels &&
            op->groups == net->network.ops[op->input[0]].out.channels)
            return NODE_DEPTHWISE;
        return NODE_CONV;
    case OP_POOL:
        return NODE_POOL;
    case OP_DENSE:
        return NODE_DENSE;
    default: /* an addition, or the copy that a lone norm or activation needs */
        return NODE_SUM;
    }
}

/* Joins op i to a node, if it is a norm or activation that the node can still take. */
static bool join(struct node *node, const struct op *op, size_t i)
{
    if (op->kind == OP_NORM && !node->has_norm && !node->clamps) {
        node->has_norm = node->wants_gradient = true;
    } else if (op->kind == OP_ACTIVATION && !node->clamps) {
        node->clamps = true;
        node->low = 0;
        node->high = op->activation == ACTIVATION_RELU6 ? 6 : INFINITY;
    } else {
        return false;
    }
    node->last = i;
    return true;
}

static void add_node(struct net *net, const struct result *results, size_t i)
{
    const struct op *op = &net->network.ops[i];
    struct node *node = &net->nodes[net->n_nodes++];

    *node = (struct node){ .kind = kind_of(net, op), .op = i, .last = i };
    node->low = -INFINITY;
    node->high = INFINITY;
    node->wants_gradient = op->kind == OP_CONV || op->kind == OP_DENSE;
    for (int k = 0; k < op_inputs(op->kind); k++) {
        size_t from = results[op->input[k]].node;

        node->input[node->n_inputs++].node = from;
        node->wants_gradient |= net->nodes[from].wants_gradient;
    }
    join(node, op, i);
}

static void add_op(struct net *net, struct result *results, size_t i)
{
    const struct op *op = &net->network.ops[i];
    const struct result *in = &results[op->input[0]];
    struct node *before = i > 0 ? &net->nodes[in->node] : NULL;

    /* The input has no way back, which a norm would need. */
    if (before && in->readers == 1 && before->kind != NODE_INPUT && join(before, op, i)) {
        results[i].node = in->node;
        return;
    }
    results[i].node = net->n_nodes;
    add_node(net, results, i);
}

/* The readers' order backward, last node first. */
static void order_edges(struct net *net, struct edge **latest)
{
    for (size_t i = net->n_nodes; i-- > 0;)
        for (size_t k = 0; k < net->nodes[i].n_inputs; k++) {
            struct edge *edge = &net->nodes[i].input[k];

            edge->first = !latest[edge->node];
            latest[edge->node] = edge;
        }
    for (size_t i = 0; i < net->n_nodes; i++)
        if (latest[i])
            latest[i]->last = true;
}

static int check_kinds(const struct network *network, struct errmsg *err)
{
    for (size_t i = 0; i < network->n_ops; i++) {
        const struct op *op = &network->ops[i];

        if (op->kind == OP_SCALE || op->kind == OP_DROPOUT || op->activation > ACTIVATION_RELU6)
            return errmsg_set(err, -EINVAL, "op %zu (%s): this engine cannot train it", i,
                              op->kind == OP_ACTIVATION ? activation_name(op->activation)
                                                        : op_kind_name(op->kind));
    }
    return 0;
}

static int check_readers(const struct net *net, const struct result *results, struct errmsg *err)
{
    for (size_t i = 0; i + 1 < net->network.n_ops; i++)
        if (results[i].readers == 0)
            return errmsg_set(err, -EINVAL, "op %zu (%s): its result is never used", i,
                              op_kind_name(net->network.ops[i].kind));
    return 0;
}

int graph_build(struct net *net, struct errmsg *err)
{
    size_t n = net->network.n_ops;
    struct result *results = calloc(n, sizeof *results);
    struct edge **latest = calloc(n, sizeof *latest);
    int rc = check_kinds(&net->network, err);

    if (rc < 0)
        goto out;
    rc = -ENOMEM;
    net->nodes = calloc(n, sizeof *net->nodes);
    if (!results || !latest || !net->nodes) {
        errmsg_set(err, rc, "no memory for a network");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < op_inputs(net->network.ops[i].kind); k++)
            results[net->network.ops[i].input[k]].readers++;
    rc = check_readers(net, results, err);
    if (rc < 0)
        goto out;
    for (size_t i = 0; i < n; i++)
        add_op(net, results, i);
    order_edges(net, latest);
out:
    free(results);
    free(latest);
    return rc;
}

/* ---- gradients ---- */

/* Memory that gradients share: the stretches in use, sorted by start. */
struct stretch {
    size_t start, floats, node;
};

struct shared {
    struct stretch *taken;
    size_t n, floats; /* in use; needed so far */
};

/* The lowest gap that is large enough. */
static size_t take(struct shared *shared, size_t node, size_t floats)
{
    size_t start = 0, at = 0;

    for (; at < shared->n && shared->taken[at].start < start + floats; at++)
        start = shared->taken[at].start + shared->taken[at].floats;
    for (size_t i = shared->n++; i > at; i--)
        shared->taken[i] = shared->taken[i - 1];
    shared->taken[at] = (struct stretch){ .start = start, .floats = floats, .node = node };
    if (start + floats > shared->floats)
        shared->floats = start + floats;
    return start;
}

static void release(struct shared *shared, size_t node)
{
    size_t kept = 0;

    for (size_t i = 0; i < shared->n; i++)
        if (shared->taken[i].node != node)
            shared->taken[kept++] = shared->taken[i];
    shared->n = kept;
}

int graph_place_gradients(struct net *net, struct arena *arena)
{
    struct shared shared = { .taken = calloc(net->n_nodes, sizeof *shared.taken) };
    size_t *start = calloc(net->n_nodes, sizeof *start);
    float *base;

    if (!shared.taken || !start) {
        free(shared.taken);
        free(start);
        return -ENOMEM;
    }
    start[net->n_nodes - 1] = take(&shared, net->n_nodes - 1, tensor_floats(&net_output(net)->g));
    for (size_t i = net->n_nodes; i-- > 0;) { /* the order of the way back */
        for (size_t k = 0; k < net->nodes[i].n_inputs; k++) {
            const struct edge *edge = &net->nodes[i].input[k];

            if (edge->first)
                start[edge->node] = take(&shared, edge->node,
                                         tensor_floats(&edge_node(net, edge)->g));
        }
        release(&shared, i);
    }
    base = arena_take(arena, shared.floats, sizeof *base);
    for (size_t i = 0; i < net->n_nodes; i++)
        net->nodes[i].g.data = base ? base + start[i] : NULL;
    free(shared.taken);
    free(start);
    return 0;
}
