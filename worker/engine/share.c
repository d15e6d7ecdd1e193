#include "worker/engine/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int shares_new(struct net *net)
{
    if (net->threads == 1)
        return 0;
    net->share = calloc(net->threads, sizeof *net->share);
    if (!net->share)
        return -ENOMEM;
    for (size_t rank = 0; rank < net->threads; rank++) {
        net->share[rank].nodes = calloc(net->n_nodes, sizeof *net->nodes);
        if (!net->share[rank].nodes)
            return -ENOMEM;
    }
    return 0;
}

void shares_free(struct net *net)
{
    for (size_t rank = 0; net->share && rank < net->threads; rank++)
        free(net->share[rank].nodes);
    free(net->share);
}

struct net *share_of(struct net *net, size_t rank)
{
    return net->share ? &net->share[rank] : net;
}

/* ---- memory ---- */

static void take_own(struct node *node, struct arena *arena)
{
    size_t channels = node->x.blocks * BLOCK;

    for (int kind = WEIGHT; is_shared(node) && kind <= BIAS; kind++) {
        struct parameter *p = &node->parameter[kind];

        p->gradient = arena_take(arena, p->n, sizeof *p->gradient);
    }
    for (size_t i = 0; node->has_norm && i < 2; i++)
        node->norm.sum[i] = arena_take(arena, channels, sizeof *node->norm.sum[i]);
}

/* The first share has the net's own sums, gradients and scratch: there the others' are added. */
void shares_lay_out(struct net *net, struct arena *arena)
{
    for (size_t rank = 0; net->share && rank < net->threads; rank++) {
        struct net *share = &net->share[rank];
        struct node *nodes = share->nodes;

        memcpy(nodes, net->nodes, net->n_nodes * sizeof *nodes);
        *share = *net;
        share->nodes = nodes;
        if (rank == 0)
            continue;
        for (size_t i = 0; i < net->n_nodes; i++)
            take_own(&nodes[i], arena);
        share->row = arena_take(arena, net->row_floats, sizeof *share->row);
        share->scratch = arena_take(arena, net->scratch_bytes, 1);
    }
}

/* ---- the images of a pass ---- */

static float *from_image(const struct tensor *tensor, size_t image)
{
    return tensor->data ? tensor_at(tensor, 0, image * tensor->pixels) : NULL;
}

void shares_hand_out(struct net *net)
{
    for (size_t rank = 0; net->share && rank < net->threads; rank++) {
        const struct team_share images = team_share(net->n, 1, rank, net->threads);
        struct net *share = &net->share[rank];

        share->n = images.n;
        share->training = net->training;
        for (size_t i = 0; i < net->n_nodes; i++) {
            share->nodes[i].x.data = from_image(&net->nodes[i].x, images.first);
            share->nodes[i].g.data = from_image(&net->nodes[i].g, images.first);
        }
    }
}

/* ---- sums over images ---- */

void shares_add_moments(struct net *net, size_t node)
{
    size_t channels = net->nodes[node].x.blocks * BLOCK;

    for (size_t rank = 1; net->nodes[node].has_norm && rank < net->threads; rank++)
        for (size_t i = 0; i < 2; i++) {
            double *sum = net->nodes[node].norm.sum[i];
            double *own = net->share[rank].nodes[node].norm.sum[i];

            for (size_t c = 0; c < channels; c++) {
                sum[c] += own[c];
                own[c] = 0;
            }
        }
}

static void add_gradients(void *arg, size_t rank)
{
    struct net *net = arg;

    for (size_t i = 0; i < net->n_nodes; i++)
        for (int kind = WEIGHT; is_shared(&net->nodes[i]) && kind <= BIAS; kind++) {
            const struct parameter *p = &net->nodes[i].parameter[kind];
            const struct team_share s = team_share(p->n, BLOCK, rank, net->threads);

            for (size_t other = 1; s.n && other < net->threads; other++)
                net->kernels->accumulate(
                    p->gradient + s.first,
                    net->share[other].nodes[i].parameter[kind].gradient + s.first, s.n / BLOCK, 1);
        }
}

void shares_add_gradients(struct net *net)
{
    if (net->share)
        team_run(net->team, add_gradients, net);
}
