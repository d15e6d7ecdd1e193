#include "worker/engine/input.h"

#include <errno.h>
#include <stdlib.h>

static size_t image_size(const struct net *net)
{
    const struct tensor *x = &net->nodes[0].x;

    return x->pixels * (size_t)x->shape.channels;
}

int input_init(struct input *input, const struct net *net)
{
    input->views = calloc(net->batch, sizeof *input->views);
    input->pixels = calloc(net->batch, image_size(net) * sizeof *input->pixels);
    input->labels = calloc(net->batch, sizeof *input->labels);
    return input->views && input->pixels && input->labels ? 0 : -ENOMEM;
}

void input_clear(struct input *input)
{
    free(input->views);
    free(input->pixels);
    free(input->labels);
}

uint64_t input_bytes(const struct net *net)
{
    const struct input *input = NULL;

    return net->batch *
           (sizeof *input->views + image_size(net) * sizeof *input->pixels + sizeof *input->labels);
}

/* Into the engine's layout; lanes past the channels stay zero. */
static void put(const struct tensor *x, size_t image, const float *pixels)
{
    size_t channels = (size_t)x->shape.channels, first = image * x->pixels;

    for (size_t pixel = first; pixel < first + x->pixels; pixel++)
        for (size_t c = 0; c < channels; c++)
            tensor_at(x, c / BLOCK, pixel)[c % BLOCK] = *pixels++;
}

struct load {
    const struct input *input;
    const struct net *net;
    const struct image_set *set;
    const uint32_t *order;
    size_t n;
};

static void load_share(void *arg, size_t rank)
{
    const struct load *load = arg;
    const struct input *input = load->input;
    const struct team_share s = team_share(load->n, 1, rank, load->net->threads);
    size_t size = image_size(load->net);

    batch_fill(load->set, load->order + s.first, s.n, input->views + s.first,
               input->pixels + s.first * size, input->labels + s.first);
    for (size_t i = s.first; i < s.first + s.n; i++)
        put(&load->net->nodes[0].x, i, input->pixels + i * size);
}

void input_load(struct input *input, struct net *net, const struct image_set *set,
                const uint32_t *order, size_t n, const struct augmentation *how, struct rng *rng)
{
    batch_draw(how, rng, n, input->views);
    team_run(net->team, load_share, &(struct load){ input, net, set, order, n });
}
