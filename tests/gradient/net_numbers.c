#include "tests/gradient/net_numbers.h"

#include "tests/unit/check.h"

#include <stdlib.h>
#include <zlib.h>

#include "worker/engine/weights.h"

enum { HEADER = 24, TRAILER = 4 };

float *net_numbers(const struct net *net, size_t *n_out)
{
    uint8_t *bytes;
    size_t size;

    assert_int_equal(weights_save(net, &bytes, &size), 0);
    *n_out = (size - HEADER - TRAILER) / sizeof(float);
    memmove(bytes, bytes + HEADER, size - HEADER - TRAILER);
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
    uint8_t *bytes;
    uint32_t sum;
    size_t size;

    assert_int_equal(weights_save(net, &bytes, &size), 0);
    memcpy(bytes + HEADER, numbers, size - HEADER - TRAILER);
    sum = (uint32_t)crc32_z(0, bytes, size - TRAILER);
    memcpy(bytes + size - TRAILER, &sum, sizeof sum);
    assert_int_equal(weights_load(net, bytes, size, NULL), 0);
    free(bytes);
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
