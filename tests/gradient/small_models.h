/* small_models - published networks, whole but small enough to try a step of each in a test. */
#ifndef LAYERNAS_TESTS_SMALL_MODELS_H
#define LAYERNAS_TESTS_SMALL_MODELS_H

#include "common/network.h"

struct small_model {
    const char *name;
    void (*build)(struct network *network); /* of 10 classes; on 32x32x3, the first on 28x28x1 */
};

enum { SMALL_MODELS = 6 };

extern const struct small_model small_models[SMALL_MODELS];

#endif
