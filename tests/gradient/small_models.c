#include "tests/gradient/small_models.h"

#include "tests/bench/models.h"

enum { SIDE = 32, CLASSES = 10 };

static void mobilenet_v2(struct network *network)
{
    model_mobilenet_v2(network, SIDE, CLASSES);
}

static void mobilenet_v3_small(struct network *network)
{
    model_mobilenet_v3_small(network, SIDE, CLASSES);
}

static void mobilenet_v3_large(struct network *network)
{
    model_mobilenet_v3_large(network, SIDE, CLASSES);
}

static void nats_size(struct network *network)
{
    model_nats_size(network, (const int[5]){ 8, 24, 40, 64, 56 }, CLASSES);
}

static void nas_bench_macro(struct network *network)
{
    model_nas_bench_macro(network, "12021021");
}

const struct small_model small_models[SMALL_MODELS] = {
    { "fashion", model_fashion },
    { "mobilenet_v2", mobilenet_v2 },
    { "mobilenet_v3_small", mobilenet_v3_small },
    { "mobilenet_v3_large", mobilenet_v3_large },
    { "nats_size", nats_size },
    { "nas_bench_macro", nas_bench_macro },
};
