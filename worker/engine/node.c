#include <string.h>

#include "worker/engine/net.h"

void parameter_take(struct node *node, enum parameter_kind kind, size_t n, struct arena *arena)
{
    struct parameter *p = &node->parameter[kind];

    p->n = n;
    p->value = arena_take(arena, n, sizeof *p->value);
    p->gradient = arena_take(arena, n, sizeof *p->gradient);
    p->velocity = arena_take(arena, n, sizeof *p->velocity);
}

static struct finish finish_of(const struct node *node, const struct edge *edge, size_t block)
{
    return (struct finish){ .scale = node->scale + block * BLOCK,
                            .shift = node->shift + block * BLOCK,
                            .curve = edge->curve,
                            .low = edge->low,
                            .high = edge->high };
}

void edge_value(const struct net *net, const struct edge *edge, size_t block, size_t pixel,
                size_t n, float *out)
{
    const struct node *node = &net->nodes[edge->node];
    const struct finish finish = finish_of(node, edge, block);

    net->kernels->value(out, tensor_at(&node->x, block, pixel), n, &finish);
}

void edge_value_add(const struct net *net, const struct edge *edge, size_t block, size_t pixel,
                    size_t n, float *out)
{
    const struct node *node = &net->nodes[edge->node];
    const struct finish finish = finish_of(node, edge, block);

    net->kernels->value_add(out, tensor_at(&node->x, block, pixel), n, &finish);
}

static void add_sums(struct norm *norm, size_t block, float sum[2][BLOCK])
{
    for (size_t i = 0; i < 2; i++)
        for (size_t lane = 0; lane < BLOCK; lane++)
            norm->sum[i][block * BLOCK + lane] += (double)sum[i][lane];
}

void node_moments(const struct net *net, struct node *node, size_t block, size_t pixel, size_t n)
{
    _Alignas(64) float sum[2][BLOCK];

    if (!node->has_norm || !net->training)
        return;
    net->kernels->moments(tensor_at(&node->x, block, pixel), n,
                          node->norm.running_mean + block * BLOCK, sum);
    add_sums(&node->norm, block, sum);
}

void node_gradient(const struct net *net, const struct node *node, size_t block, size_t pixel,
                   size_t n, float *out)
{
    const float *g = tensor_at(&node->g, block, pixel);

    if (node->has_norm)
        net->kernels->input_gradient(out, g, tensor_at(&node->x, block, pixel), n,
                                     node->by_g + block * BLOCK, node->by_x + block * BLOCK,
                                     node->by_1 + block * BLOCK);
    else
        net->kernels->accumulate(out, g, n, 0);
}

float *edge_target(struct net *net, const struct edge *edge, size_t pixel, float *scratch,
                   size_t *stride_io)
{
    struct tensor *g = &edge_node(net, edge)->g;

    if (!edge->first)
        return scratch;
    *stride_io = g->stride;
    return tensor_at(g, 0, pixel);
}

void edge_accumulate(struct net *net, const struct edge *edge, size_t block, size_t pixel, size_t n,
                     const float *d)
{
    struct node *node = edge_node(net, edge);
    float *g = tensor_at(&node->g, block, pixel);
    _Alignas(64) float sum[2][BLOCK];
    bool sums = edge->last && node->has_norm;

    if (!sums && edge->curve == CURVE_NONE) {
        net->kernels->accumulate(g, d, n, !edge->first);
        return;
    }
    const struct finish finish = finish_of(node, edge, block);
    const float *center = sums ? node->norm.mean + block * BLOCK : net->zeros;

    net->kernels->accumulate_bent(g, d, n, !edge->first, tensor_at(&node->x, block, pixel), &finish,
                                  center, sum);
    if (sums)
        add_sums(&node->norm, block, sum);
}
