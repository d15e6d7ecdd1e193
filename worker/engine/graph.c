#include "worker/engine/graph.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "worker/engine/conv.h"

/* What building needs to know of an op. */
struct use {
    bool live;      /* its result leads to the logits */
    size_t readers; /* live ones */
    struct edge result;
};

static enum node_kind kind_of(const struct net *net, const struct op *op)
{
    int channels;

    switch (op->kind) {
    case OP_INPUT:
        return NODE_INPUT;
    case OP_CONV:
        if (op->groups > 1 && op->groups == op->out.channels &&
            op->groups == net->network.ops[op->input[0]].out.channels)
            return NODE_DEPTHWISE;
        channels = net->network.ops[op->input[0]].out.channels;
        return winograd_pays(op, channels) && !(net->kernels->bf16 && conv_rounds(op, channels))
                   ? NODE_WINOGRAD
                   : NODE_CONV;
    case OP_POOL:
        return NODE_POOL;
    case OP_DENSE:
        return NODE_DENSE;
    case OP_SCALE:
        return NODE_SCALE;
    case OP_DROPOUT:
        return NODE_DROPOUT;
    default: /* an addition, or the copy that a norm or an activation of its own needs */
        return NODE_SUM;
    }
}

/* The way to what an activation makes of a tensor that is read by `edge`. */
static struct edge activated(struct edge edge, enum activation activation)
{
    static const struct {
        enum curve curve;
        float low, high;
    } curves[ACTIVATION_KINDS] = {
        [ACTIVATION_RELU] = { CURVE_CLAMP, 0, INFINITY },
        [ACTIVATION_RELU6] = { CURVE_CLAMP, 0, 6 },
        [ACTIVATION_HSWISH] = { .curve = CURVE_HSWISH },
        [ACTIVATION_SWISH] = { .curve = CURVE_SWISH },
        [ACTIVATION_HSIGMOID] = { .curve = CURVE_HSIGMOID },
        [ACTIVATION_SIGMOID] = { .curve = CURVE_SIGMOID },
        [ACTIVATION_ZERO] = { CURVE_CLAMP, 0, 0 },
    };

    edge.curve = curves[activation].curve;
    edge.low = curves[activation].low;
    edge.high = curves[activation].high;
    return edge;
}

static struct edge add_node(struct net *net, const struct use *uses, size_t i)
{
    const struct op *op = &net->network.ops[i];
    struct node *node = &net->nodes[net->n_nodes];

    *node = (struct node){ .kind = kind_of(net, op), .op = i, .live = uses[i].live };
    node->has_norm = op->kind == OP_NORM;
    node->wants_gradient = node->has_norm || op->kind == OP_CONV || op->kind == OP_DENSE;
    for (int k = 0; k < op_inputs(op->kind); k++) {
        node->input[k] = uses[op->input[k]].result;
        node->n_inputs++;
        node->wants_gradient |= edge_node(net, &node->input[k])->wants_gradient;
    }
    return (struct edge){ .node = net->n_nodes++ };
}

/* Joins the norm i to the node that its input comes from, if that can still take one. */
static bool join_norm(struct net *net, const struct use *uses, size_t i)
{
    const struct use *in = &uses[net->network.ops[i].input[0]];
    struct node *node = edge_node(net, &in->result);

    if (!uses[i].live || in->readers > 1 || in->result.curve != CURVE_NONE || node->has_norm ||
        node->kind == NODE_INPUT) /* which has no way back, as a norm needs */
        return false;
    node->has_norm = node->wants_gradient = true;
    return true;
}

static struct edge add_op(struct net *net, const struct use *uses, size_t i)
{
    const struct op *op = &net->network.ops[i];
    struct edge in = uses[op->input[0]].result;

    if (op->kind == OP_NORM && join_norm(net, uses, i))
        return in;
    if (op->kind != OP_ACTIVATION)
        return add_node(net, uses, i);
    if (in.curve != CURVE_NONE)
        in = add_node(net, uses, i);
    return activated(in, op->activation);
}

/* The readers' order backward, last node first. */
static void order_edges(struct net *net, struct edge **latest)
{
    for (size_t i = net->n_nodes; i-- > 0;)
        for (size_t k = 0; net->nodes[i].live && k < net->nodes[i].n_inputs; k++) {
            struct edge *edge = &net->nodes[i].input[k];

            edge->first = !latest[edge->node];
            latest[edge->node] = edge;
        }
    for (size_t i = 0; i < net->n_nodes; i++)
        if (latest[i])
            latest[i]->last = true;
    net->output.first = net->output.last = true; /* whoever else reads it leads nowhere */
}

static void find_uses(const struct network *network, struct use *uses)
{
    uses[network->n_ops - 1].live = true;
    for (size_t i = network->n_ops; i-- > 0;)
        for (int k = 0; uses[i].live && k < op_inputs(network->ops[i].kind); k++) {
            struct use *input = &uses[network->ops[i].input[k]];

            input->live = true;
            input->readers++;
        }
}

int graph_build(struct net *net, struct errmsg *err)
{
    size_t n = net->network.n_ops;
    struct use *uses = calloc(n, sizeof *uses);
    struct edge **latest = calloc(n, sizeof *latest);
    int rc = 0;

    net->nodes = calloc(n, sizeof *net->nodes);
    net->node_of = calloc(n, sizeof *net->node_of);
    if (uses && latest && net->nodes && net->node_of) {
        find_uses(&net->network, uses);
        for (size_t i = 0; i < n; i++) {
            uses[i].result = add_op(net, uses, i);
            net->node_of[i] = uses[i].result.node;
        }
        net->output = uses[n - 1].result;
        order_edges(net, latest);
    } else {
        rc = errmsg_set(err, -ENOMEM, "no memory for a network");
    }
    free(uses);
    free(latest);
    return rc;
}

/* ---- gradients ---- */

/* The way back is counted in nodes, last node first: a gradient is needed from its first reader's turn
 * to its own. */
struct life {
    size_t node, born; /* born >= node */
    size_t start, floats;
};

static bool overlap(const struct life *a, const struct life *b)
{
    return a->node <= b->born && b->node <= a->born;
}

static size_t find_lives(struct net *net, struct life *lives)
{
    size_t n = 0;

    lives[n++] = (struct life){ .node = net->output.node, .born = net->n_nodes };
    for (size_t i = net->n_nodes; i-- > 0;)
        for (size_t k = 0; net->nodes[i].live && k < net->nodes[i].n_inputs; k++) {
            const struct edge *edge = &net->nodes[i].input[k];

            if (edge->first && edge_node(net, edge)->wants_gradient)
                lives[n++] = (struct life){ .node = edge->node, .born = i };
        }
    for (size_t i = 0; i < n; i++)
        lives[i].floats = tensor_floats(&net->nodes[lives[i].node].g);
    return n;
}

static int larger_first(const void *a, const void *b)
{
    const struct life *x = a, *y = b;

    if (x->floats != y->floats)
        return x->floats < y->floats ? 1 : -1;
    return (x->node < y->node) - (x->node > y->node);
}

/* Puts one at the lowest gap that is large enough beside those already placed, which are sorted by
 * start. */
static void place(struct life *placed, size_t n, struct life life)
{
    size_t at = n;

    for (size_t i = 0; i < n && placed[i].start < life.start + life.floats; i++)
        if (overlap(&placed[i], &life) && placed[i].start + placed[i].floats > life.start)
            life.start = placed[i].start + placed[i].floats;
    for (; at > 0 && placed[at - 1].start > life.start; at--)
        placed[at] = placed[at - 1];
    placed[at] = life;
}

/* The largest first, so that small ones fill the gaps; placed in the order of the way back, large ones
 * find gaps only almost large enough. */
int graph_place_gradients(struct net *net, struct arena *arena)
{
    struct life *lives = calloc(net->n_nodes, sizeof *lives);
    struct life *placed = calloc(net->n_nodes, sizeof *placed);
    size_t n = 0, floats = 0;
    float *base;

    if (lives && placed)
        n = find_lives(net, lives);
    if (n)
        qsort(lives, n, sizeof *lives, larger_first);
    for (size_t i = 0; i < n; i++)
        place(placed, i, lives[i]);
    for (size_t i = 0; i < n; i++)
        if (placed[i].start + placed[i].floats > floats)
            floats = placed[i].start + placed[i].floats;
    base = arena_take(arena, floats, sizeof *base);
    for (size_t i = 0; i < n; i++)
        net->nodes[placed[i].node].g.data = base ? base + placed[i].start : NULL;
    free(lives);
    free(placed);
    return n ? 0 : -ENOMEM;
}
