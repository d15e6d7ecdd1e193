#include "tests/gradient/net_numbers.h"

#include "tests/unit/check.h"

#include <stdlib.h>

#include "worker/engine/weights.h"

float *net_numbers(const struct net *net, size_t *n_out)
{
    uint8_t *bytes;
    size_t size;

    assert_int_equal(weights_save(net, &bytes, &size), 0);
    *n_out = size / sizeof(float);
    return (float *)bytes;
}

static void swap_values(struct net *net)
{
    for (size_t i = 0; i < net->n_nodes; i++)
        for (int kind = 0; kind < PARAMETERS; kind++) {
            struct parameter *p = &net->nodes[i].parameter[kind];
            float *value = p->value;

            p->value = p->gradient;
            p->gradient = value;
        }
}

float *net_gradients(struct net *net, size_t *n_out)
{
    float *gradients;

    swap_values(net);
    gradients = net_numbers(net, n_out);
    swap_values(net);
    return gradients;
}

void net_set_numbers(struct net *net, const float *numbers)
{
    size_t n;

    free(net_numbers(net, &n));
    assert_int_equal(weights_load(net, (const uint8_t *)numbers, n * sizeof(float), NULL), 0);
}

size_t net_place(const struct tensor *x, size_t i)
{
    size_t channels = (size_t)x->shape.channels, c = i / x->pixels % channels;
    size_t pixel = i / x->pixels / channels * x->pixels + i % x->pixels;

    return c / BLOCK * x->stride + pixel * BLOCK + c % BLOCK;
}

void net_set_images(struct net *net, const float *images, size_t n)
{
    const struct tensor *x = &net->nodes[0].x;

    for (size_t i = 0; i < n * (size_t)x->shape.channels * x->pixels; i++)
        x->data[net_place(x, i)] = images[i];
}
