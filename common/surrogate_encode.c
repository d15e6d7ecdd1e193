#include "common/surrogate_parts.h"

#include <errno.h>
#include <string.h>

enum {
    LEAST_DEPTH = 2,
    CLASSES = 1000,
    CHOICES = 3,
    EXPANSIONS_AT = SURROGATE_BLOCKS * CHOICES, /* in x */
    RESOLUTIONS_AT = 2 * EXPANSIONS_AT,
    RESOLUTION_LOWEST = 112,
    RESOLUTION_HIGHEST = 224,
    RESOLUTION_STEP = 16,
};

static const int32_t kernels[CHOICES] = { 3, 5, 7 }, expansions[CHOICES] = { 3, 4, 6 };

static bool is_depthwise(const struct op *op)
{
    return op->kind == OP_CONV && op->groups > 1 && op->groups == op->out.channels;
}

int ofa_read_blocks(const struct network *network, struct ofa_block blocks[SURROGATE_BLOCKS],
                    struct errmsg *err)
{
    memset(blocks, 0, SURROGATE_BLOCKS * sizeof *blocks);
    for (size_t i = 0; i < network->n_ops; i++) {
        const struct op *op = &network->ops[i];
        struct ofa_block *block;

        if (op->layer < 0)
            continue;
        if (op->layer >= SURROGATE_BLOCKS)
            return errmsg_set(err, -EINVAL, "layer %d; ofa-mobilenet-v3 has %d", op->layer + 1,
                              SURROGATE_BLOCKS);
        block = &blocks[op->layer];
        block->n_ops++;
        block->out = op->out;
        if (is_depthwise(op)) {
            block->n_depthwise++;
            block->kernel = op->kernel_h;
            block->hidden = op->out.channels;
        }
    }
    return 0;
}

/* Which of the choices it is, or -1. */
static int find(const int32_t choices[CHOICES], int32_t value)
{
    for (int i = 0; i < CHOICES; i++)
        if (choices[i] == value)
            return i;
    return -1;
}

/* Block `place` of the network, in layer `layer`, into whose depthwise convolution the expanded in
 * channels go, and which gives `out`. */
static int encode_block(const struct ofa_block *block, int layer, int place, int32_t in,
                        const struct shape *out, uint8_t x[SURROGATE_INPUTS], struct errmsg *err)
{
    int kernel = find(kernels, block->kernel);
    int expansion = block->hidden % in == 0 ? find(expansions, block->hidden / in) : -1;

    if (block->n_depthwise != 1)
        return errmsg_set(err, -EINVAL, "layer %d: %d depthwise convolutions; one, or nothing",
                          layer + 1, block->n_depthwise);
    if (!shape_equal(&block->out, out))
        return errmsg_set(err, -EINVAL, "layer %d: output %dx%dx%d; %dx%dx%d in ofa-mobilenet-v3",
                          layer + 1, block->out.channels, block->out.height, block->out.width,
                          out->channels, out->height, out->width);
    if (kernel < 0)
        return errmsg_set(err, -EINVAL, "layer %d: kernel %d; 3, 5 or 7", layer + 1, block->kernel);
    if (expansion < 0)
        return errmsg_set(err, -EINVAL, "layer %d: %d hidden channels; %d times 3, 4 or 6",
                          layer + 1, block->hidden, in);
    x[CHOICES * place + kernel] = 1;
    x[EXPANSIONS_AT + CHOICES * place + expansion] = 1;
    return 0;
}

/* *through is the shape that comes in, and then the one that goes out. */
static int encode_stage(const struct ofa_block *blocks, int stage, struct shape *through,
                        uint8_t x[SURROGATE_INPUTS], struct errmsg *err)
{
    int32_t side = (through->height - 1) / ofa_stages[stage].stride + 1;
    struct shape out = { ofa_stages[stage].channels, side, side };
    int depth = 0, rc = 0;

    for (int layer = OFA_DEPTH * stage; layer < OFA_DEPTH * (stage + 1) && rc == 0; layer++) {
        if (blocks[layer].n_ops == 0)
            continue;
        rc = encode_block(&blocks[layer], layer, OFA_DEPTH * stage + depth++, through->channels,
                          &out, x, err);
        *through = out;
    }
    if (rc == 0 && depth < LEAST_DEPTH)
        rc = errmsg_set(err, -EINVAL, "layers %d to %d: %d block%s; 2 to 4", OFA_DEPTH * stage + 1,
                        OFA_DEPTH * (stage + 1), depth, depth == 1 ? "" : "s");
    return rc;
}

static int check_ends(const struct network *network, struct errmsg *err)
{
    const struct shape *image = &network->ops[0].out, *last;
    bool known = image->channels == 3 && image->height == image->width &&
                 image->height >= RESOLUTION_LOWEST && image->height <= RESOLUTION_HIGHEST &&
                 image->height % RESOLUTION_STEP == 0;

    if (!known)
        return errmsg_set(err, -EINVAL,
                          "input %dx%dx%d; 3 channels and sides of 112, 128, ... or 224",
                          image->channels, image->height, image->width);
    last = &network->ops[network->n_ops - 1].out;
    if (last->channels != CLASSES)
        return errmsg_set(err, -EINVAL, "%d classes; %d, those of ImageNet", last->channels,
                          CLASSES);
    return 0;
}

int surrogate_encode(const struct network *network, uint8_t x[SURROGATE_INPUTS], struct errmsg *err)
{
    struct ofa_block blocks[SURROGATE_BLOCKS];
    struct shape through;
    int rc = network->n_ops ? check_ends(network, err) : errmsg_set(err, -EINVAL, "no network");

    if (rc == 0)
        rc = ofa_read_blocks(network, blocks, err);
    if (rc < 0)
        return rc;
    memset(x, 0, SURROGATE_INPUTS);
    through.channels = OFA_STEM_CHANNELS;
    through.width = through.height = (network->ops[0].out.height + 1) / 2;
    x[RESOLUTIONS_AT + (network->ops[0].out.height - RESOLUTION_LOWEST) / RESOLUTION_STEP] = 1;
    for (int stage = 0; stage < OFA_STAGES && rc == 0; stage++)
        rc = encode_stage(blocks, stage, &through, x, err);
    return rc;
}
