/* surrogate - a published predictor of accuracy in the place of a training.
 *
 * ofa-mobilenet-v3: the predictor of the once-for-all MobileNetV3 space of width 1.2 (Cai et al.,
 * "Once-for-All", ICLR 2020). Five stages of two to four blocks; x is 0 or 1 for each kernel (3, 5,
 * 7) and each expansion (3, 4, 6) of each of the 20 blocks, none for a block that is not there, and
 * for each resolution (112, 128, ..., 224):
 *
 *     y = W4 relu(W3 relu(W2 relu(W1 x + b1) + b2) + b3) + b4
 *
 * is the predicted top-1 on ImageNet, as a fraction. The file: W1 (400 x 128, row major), b1, W2
 * (400 x 400), b2, W3 (400 x 400), b3, W4 (1 x 400), b4 as little-endian float32; gzipped too.
 * Sums are taken in double precision in a fixed order: the same bits everywhere. */
#ifndef LAYERNAS_COMMON_SURROGATE_H
#define LAYERNAS_COMMON_SURROGATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/network.h"
#include "common/trial.h"

enum {
    SURROGATE_BLOCKS = 20,
    SURROGATE_INPUTS = 128,
    SURROGATE_WEIGHTS = 400 * (128 + 1) + 2 * 400 * (400 + 1) + 400 + 1,
    SURROGATE_BYTES = 4 * SURROGATE_WEIGHTS,
};

/* Immutable, safe to share. */
struct surrogate;

/* Reads the predictor's file. -EINVAL for another length or a number that is not finite, -EIO for
 * damaged gzip data, -ENOENT and the like, -ENOMEM; with a line in err that begins with the path. */
int surrogate_load(const char *path, struct surrogate **surrogate_out, struct errmsg *err);

/* The same from size bytes in memory (not gzipped); name stands for the file in errors. */
int surrogate_read(const uint8_t *bytes, size_t size, const char *name,
                   struct surrogate **surrogate_out, struct errmsg *err);
void surrogate_free(struct surrogate *surrogate);

/* What the predictor sees of a network: x. -EINVAL, and the first difference in err, where the
 * network is none of the once-for-all space: its resolution, the number, places and shapes of its
 * blocks, their kernels and expansions are looked at. Layer 4 s + i is block i of stage s, or empty. */
int surrogate_encode(const struct network *network, uint8_t x[SURROGATE_INPUTS],
                     struct errmsg *err);

/* y, for an x as above. */
double surrogate_predict(const struct surrogate *surrogate, const uint8_t x[SURROGATE_INPUTS]);

/* The reward of a network: 0.8123456 is 8123456 of ten million. As surrogate_encode, and -ERANGE where
 * the prediction is no fraction. */
int surrogate_reward(const struct surrogate *surrogate, const struct network *network,
                     struct reward *reward_out, struct errmsg *err);

#endif
