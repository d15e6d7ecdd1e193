#include "common/space_block.h"

struct emitter {
    struct network *network;
    uint32_t classes;
    struct errmsg *err;
};

/* ---- primitive operations, each reading the last ---- */

static int32_t last_op(const struct emitter *e)
{
    return (int32_t)e->network->n_ops - 1;
}

static struct shape last_shape(const struct emitter *e)
{
    return e->network->ops[last_op(e)].out;
}

static int append(struct emitter *e, struct op op)
{
    int rc;

    op.input[0] = last_op(e);
    rc = op_infer_shape(e->network, &op, e->err);
    if (rc == 0)
        rc = network_append(e->network, &op);
    return rc < 0 ? rc : 0;
}

/* An odd kernel keeps the side of the image, divided by the stride and rounded up. */
static int32_t padding(int32_t kernel)
{
    return (kernel - 1) / 2;
}

static int convolve(struct emitter *e, int32_t out, int32_t kernel, int32_t stride, int32_t groups,
                    bool bias)
{
    struct op op = { .kind = OP_CONV,
                     .out.channels = out,
                     .kernel_h = kernel,
                     .kernel_w = kernel,
                     .stride = stride,
                     .pad = padding(kernel),
                     .groups = groups,
                     .bias = bias };

    return append(e, op);
}

static int normalise(struct emitter *e)
{
    return append(e, (struct op){ .kind = OP_NORM });
}

static int activate(struct emitter *e, int32_t act)
{
    if (act == ACT_NONE)
        return 0;
    return append(e, (struct op){ .kind = OP_ACTIVATION,
                                  .activation = (enum activation)(ACT_NONE - 1 - act) });
}

static int convolve_normalise(struct emitter *e, int32_t out, int32_t kernel, int32_t stride,
                              int32_t groups)
{
    int rc = convolve(e, out, kernel, stride, groups, false);

    return rc < 0 ? rc : normalise(e);
}

static int32_t channels(const struct emitter *e, int32_t out)
{
    if (out == OUT_SAME)
        return last_shape(e).channels;
    return out == OUT_CLASSES ? (int32_t)e->classes : out;
}

/* ---- blocks ---- */

static int emit_conv(struct emitter *e, const int32_t *value)
{
    int32_t groups = value[FIELD_GROUPS] == GROUPS_CHANNELS ? last_shape(e).channels
                                                            : value[FIELD_GROUPS];
    int rc = convolve(e, channels(e, value[FIELD_OUT]), value[FIELD_KERNEL], value[FIELD_STRIDE],
                      groups, value[FIELD_BIAS] == BLOCK_TRUE);

    if (rc == 0 && value[FIELD_NORM] == BLOCK_TRUE)
        rc = normalise(e);
    return rc < 0 ? rc : activate(e, value[FIELD_ACT]);
}

/* Adds op `input` to the last one where the block has changed neither resolution nor width. */
static int add_residual(struct emitter *e, int32_t input, int32_t stride)
{
    const struct shape *in = &e->network->ops[input].out;
    struct shape out = last_shape(e);

    if (stride != 1 || in->channels != out.channels || in->height != out.height ||
        in->width != out.width)
        return 0;
    return append(e, (struct op){ .kind = OP_ADD, .input[1] = input });
}

static int emit_mbconv(struct emitter *e, const int32_t *value)
{
    int32_t input = last_op(e), stride = value[FIELD_STRIDE], act = value[FIELD_ACT];
    int32_t out = channels(e, value[FIELD_OUT]);
    int32_t hidden = last_shape(e).channels * value[FIELD_EXPAND];
    int rc = 0;

    if (value[FIELD_EXPAND] > 1) {
        rc = convolve_normalise(e, hidden, 1, 1, 1);
        if (rc == 0)
            rc = activate(e, act);
    }
    if (rc == 0)
        rc = convolve_normalise(e, hidden, value[FIELD_KERNEL], stride, hidden);
    if (rc == 0)
        rc = activate(e, act);
    if (rc == 0)
        rc = convolve_normalise(e, out, 1, 1, 1);
    return rc < 0 ? rc : add_residual(e, input, stride);
}

static int emit_skip(struct emitter *e, const int32_t *value)
{
    int32_t out = channels(e, value[FIELD_OUT]), stride = value[FIELD_STRIDE];

    if (stride == 1 && out == last_shape(e).channels)
        return 0;
    return convolve_normalise(e, out, 1, stride, 1);
}

static int emit_pool(struct emitter *e, const int32_t *value)
{
    struct op op = { .kind = OP_POOL,
                     .stride = 1,
                     .pooling = (enum pooling)BLOCK_WORD(value[FIELD_POOLING]) };

    if (value[FIELD_SIZE] == SIZE_ALL) {
        op.kernel_h = last_shape(e).height;
        op.kernel_w = last_shape(e).width;
    } else {
        op.kernel_h = op.kernel_w = value[FIELD_SIZE];
        op.pad = padding(value[FIELD_SIZE]);
        op.stride = value[FIELD_STRIDE] == STRIDE_SIZE ? value[FIELD_SIZE] : value[FIELD_STRIDE];
    }
    return append(e, op);
}

static int emit_dense(struct emitter *e, const int32_t *value)
{
    int rc = append(e, (struct op){ .kind = OP_DENSE,
                                    .out.channels = channels(e, value[FIELD_OUT]),
                                    .bias = value[FIELD_BIAS] == BLOCK_TRUE });

    return rc < 0 ? rc : activate(e, value[FIELD_ACT]);
}

static int emit_norm(struct emitter *e, const int32_t *value)
{
    (void)value;
    return normalise(e);
}

static int emit_act(struct emitter *e, const int32_t *value)
{
    return activate(e, value[FIELD_ACT]);
}

#define REQUIRED                                                                                   \
    {                                                                                              \
        FIELD_REQUIRED, 0                                                                          \
    }
#define PRESET(v)                                                                                  \
    {                                                                                              \
        FIELD_OPTIONAL, v                                                                          \
    }
#define PRESET_ACT PRESET(BLOCK_WORD(1 + ACTIVATION_RELU6))

const struct block_kind block_kinds[] = {
    { .name = "conv",
      .emit = emit_conv,
      .fields = { [FIELD_OUT] = REQUIRED,
                  [FIELD_KERNEL] = REQUIRED,
                  [FIELD_STRIDE] = PRESET(1),
                  [FIELD_GROUPS] = PRESET(1),
                  [FIELD_ACT] = PRESET_ACT,
                  [FIELD_NORM] = PRESET(BLOCK_TRUE),
                  [FIELD_BIAS] = PRESET(BLOCK_FALSE) } },
    { .name = "mbconv",
      .emit = emit_mbconv,
      .fields = { [FIELD_EXPAND] = REQUIRED,
                  [FIELD_KERNEL] = REQUIRED,
                  [FIELD_OUT] = REQUIRED,
                  [FIELD_STRIDE] = PRESET(1),
                  [FIELD_ACT] = PRESET_ACT } },
    { .name = "skip",
      .emit = emit_skip,
      .fields = { [FIELD_OUT] = PRESET(OUT_SAME), [FIELD_STRIDE] = PRESET(1) } },
    { .name = "identity",
      .emit = emit_skip,
      .fields = { [FIELD_OUT] = PRESET(OUT_SAME), [FIELD_STRIDE] = PRESET(1) } },
    { .name = "pool",
      .emit = emit_pool,
      .fields = { [FIELD_POOLING] = REQUIRED,
                  [FIELD_SIZE] = REQUIRED,
                  [FIELD_STRIDE] = PRESET(STRIDE_SIZE) } },
    { .name = "dense",
      .emit = emit_dense,
      .has_main = true,
      .main = FIELD_OUT,
      .fields = { [FIELD_OUT] = REQUIRED,
                  [FIELD_ACT] = PRESET(ACT_NONE),
                  [FIELD_BIAS] = PRESET(BLOCK_TRUE) } },
    { .name = "norm", .emit = emit_norm },
    { .name = "act",
      .emit = emit_act,
      .has_main = true,
      .main = FIELD_ACT,
      .fields = { [FIELD_ACT] = REQUIRED } },
};

const size_t n_block_kinds = sizeof block_kinds / sizeof *block_kinds;

int block_emit(const struct block *block, uint32_t classes, struct network *network,
               struct errmsg *err)
{
    struct emitter emitter = { .network = network, .classes = classes, .err = err };

    return block->kind->emit(&emitter, block->value);
}
