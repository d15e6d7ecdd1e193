/* input - batches of images, made ready and put into a net on its threads. Private to the trainer. */
#ifndef LAYERNAS_WORKER_ENGINE_INPUT_H
#define LAYERNAS_WORKER_ENGINE_INPUT_H

#include "worker/data/batch.h"
#include "worker/engine/net.h"

struct input {
    struct view *views; /* [batch] */
    float *pixels;      /* [batch][height][width][channels] */
    uint16_t *labels;   /* [batch] */
};

/* For the net's largest batch. -ENOMEM. Clear it either way. */
int input_init(struct input *input, const struct net *net);
void input_clear(struct input *input);

/* What it will take. */
uint64_t input_bytes(const struct net *net);

/* Images order[0..n) of the set, see data/batch.h, and their labels. */
void input_load(struct input *input, struct net *net, const struct image_set *set,
                const uint32_t *order, size_t n, const struct augmentation *how, struct rng *rng);

#endif
