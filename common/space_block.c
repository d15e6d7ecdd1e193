#include "common/space_block.h"

#include "common/space_cell.h"

/* ---- what values come to ---- */

int32_t block_out(const struct emitter *e, const int32_t *value)
{
    int32_t given = value[FIELD_OUT], width = value[FIELD_WIDTH], out;

    if (given == OUT_SAME)
        return emitter_shape(e).channels;
    if (given == OUT_CLASSES)
        return (int32_t)e->classes;
    if (given == OUT_CELL)
        return width == FRACTION_ONE ? e->cell.out
                                     : divisible_by_8((int64_t)e->cell.out * width, FRACTION_ONE);
    out = emitter_widen(e, given, width);
    return out < value[FIELD_LEAST] ? value[FIELD_LEAST] : out;
}

int32_t block_stride(const struct emitter *e, const int32_t *value)
{
    return value[FIELD_STRIDE] == STRIDE_CELL ? e->cell.stride : value[FIELD_STRIDE];
}

static enum activation activation_of(int32_t act)
{
    return (enum activation)(ACT_NONE - 1 - act);
}

static int activate(struct emitter *e, int32_t act)
{
    return act == ACT_NONE ? 0 : emit_activation(e, activation_of(act));
}

/* ---- blocks ---- */

static int convolve_normalise(struct emitter *e, int32_t out, int32_t kernel, int32_t stride,
                              int32_t groups)
{
    int rc = emit_convolution(e, out, kernel, stride, groups, false);

    return rc < 0 ? rc : emit_normalisation(e);
}

/* A convolution and what may follow it. */
static int emit_convolution_block(struct emitter *e, const int32_t *value, int32_t out,
                                  int32_t groups)
{
    int rc = emit_convolution(e, out, value[FIELD_KERNEL], block_stride(e, value), groups,
                              value[FIELD_BIAS] == BLOCK_TRUE);

    if (rc == 0 && value[FIELD_NORM] == BLOCK_TRUE)
        rc = emit_normalisation(e);
    return rc < 0 ? rc : activate(e, value[FIELD_ACT]);
}

static int emit_conv(struct emitter *e, const int32_t *value)
{
    int32_t groups = value[FIELD_GROUPS];

    return emit_convolution_block(e, value, block_out(e, value),
                                  groups == GROUPS_CHANNELS ? emitter_shape(e).channels : groups);
}

static int emit_depthwise(struct emitter *e, const int32_t *value)
{
    int32_t channels = emitter_shape(e).channels;

    return emit_convolution_block(e, value, channels, channels);
}

/* Adds op `input` to the last one where the block has changed neither resolution nor width. */
static int add_residual(struct emitter *e, int32_t input, int32_t stride)
{
    const struct shape *in = &e->network->ops[input].out;
    struct shape out = emitter_shape(e);

    if (stride != 1 || !shape_equal(in, &out))
        return 0;
    return emit_pair(e, OP_ADD, e->at, input);
}

static int32_t hidden_channels(const struct emitter *e, const int32_t *value)
{
    int32_t in = emitter_shape(e).channels, expand = value[FIELD_EXPAND];

    if (value[FIELD_HIDDEN] != BLOCK_UNSET)
        return emitter_widen(e, value[FIELD_HIDDEN], FRACTION_ONE);
    if (expand % FRACTION_ONE == 0)
        return in * (expand / FRACTION_ONE);
    return divisible_by_8((int64_t)in * expand, FRACTION_ONE);
}

static int emit_mbconv(struct emitter *e, const int32_t *value)
{
    int32_t input = e->at, stride = block_stride(e, value), act = value[FIELD_ACT];
    int32_t out = block_out(e, value), hidden = hidden_channels(e, value);
    int rc = 0;

    if (hidden != emitter_shape(e).channels) {
        rc = convolve_normalise(e, hidden, 1, 1, 1);
        if (rc == 0)
            rc = activate(e, act);
    }
    if (rc == 0)
        rc = convolve_normalise(e, hidden, value[FIELD_KERNEL], stride, hidden);
    if (rc == 0)
        rc = activate(e, act);
    if (rc == 0 && value[FIELD_SE] == BLOCK_TRUE)
        rc = emit_squeeze_excite(e, value[FIELD_SQUEEZE], ACTIVATION_RELU, ACTIVATION_HSIGMOID);
    if (rc == 0)
        rc = convolve_normalise(e, out, 1, 1, 1);
    return rc < 0 ? rc : add_residual(e, input, stride);
}

static int emit_se(struct emitter *e, const int32_t *value)
{
    return emit_squeeze_excite(e, value[FIELD_SQUEEZE], activation_of(value[FIELD_ACT]),
                               ACTIVATION_HSIGMOID + (GATE_HSIGMOID - value[FIELD_GATE]));
}

static int emit_skip(struct emitter *e, const int32_t *value)
{
    int32_t out = block_out(e, value), stride = block_stride(e, value);

    if (stride == 1 && out == emitter_shape(e).channels)
        return 0;
    return convolve_normalise(e, out, 1, stride, 1);
}

static int emit_pool(struct emitter *e, const int32_t *value)
{
    enum pooling pooling = (enum pooling)BLOCK_WORD(value[FIELD_POOLING]);
    int32_t size = value[FIELD_SIZE], pad = value[FIELD_PAD];

    if (size == SIZE_ALL)
        return emit_global_pool(e, pooling);
    return emit_op(
        e,
        (struct op){ .kind = OP_POOL,
                     .pooling = pooling,
                     .kernel_h = size,
                     .kernel_w = size,
                     .stride = value[FIELD_STRIDE] == BLOCK_UNSET ? size : block_stride(e, value),
                     .pad = pad == BLOCK_UNSET ? emit_padding(size) : pad });
}

static int emit_dense(struct emitter *e, const int32_t *value)
{
    int rc = emit_op(e, (struct op){ .kind = OP_DENSE,
                                     .out.channels = block_out(e, value),
                                     .bias = value[FIELD_BIAS] == BLOCK_TRUE });

    return rc < 0 ? rc : activate(e, value[FIELD_ACT]);
}

static int emit_norm(struct emitter *e, const int32_t *value)
{
    (void)value;
    return emit_normalisation(e);
}

static int emit_act(struct emitter *e, const int32_t *value)
{
    return activate(e, value[FIELD_ACT]);
}

static int emit_dropout(struct emitter *e, const int32_t *value)
{
    if (value[FIELD_RATE] == 0)
        return 0;
    return emit_op(e, (struct op){ .kind = OP_DROPOUT, .drop = value[FIELD_RATE] });
}

/* ---- faults ---- */

static const char *fault_of_out(const int32_t *value)
{
    if (value[FIELD_WIDTH] != FRACTION_ONE && value[FIELD_OUT] < 0 && value[FIELD_OUT] != OUT_CELL)
        return "a width without a number of channels to multiply; a number in out";
    if (value[FIELD_LEAST] != BLOCK_UNSET && value[FIELD_OUT] < 0)
        return "least without a number of channels to bound; a number in out";
    return NULL;
}

static const char *fault_of_mbconv(const int32_t *value)
{
    bool expand = value[FIELD_EXPAND] != BLOCK_UNSET, hidden = value[FIELD_HIDDEN] != BLOCK_UNSET;

    if (expand == hidden)
        return expand ? "both expand and hidden; one of them"
                      : "neither expand nor hidden; one of them";
    return fault_of_out(value);
}

static const char *fault_of_se(const int32_t *value)
{
    return value[FIELD_ACT] == ACT_NONE ? "no activation inside; an act other than none" : NULL;
}

static const char *fault_of_pool(const int32_t *value)
{
    if (value[FIELD_SIZE] == SIZE_ALL && value[FIELD_PAD] != BLOCK_UNSET)
        return "padding around the whole image; a size in pixels with pad";
    return NULL;
}

/* ---- the table ---- */

#define REQUIRED                                                                                   \
    {                                                                                              \
        FIELD_REQUIRED, BLOCK_UNSET                                                                \
    }
#define PRESET(v)                                                                                  \
    {                                                                                              \
        FIELD_OPTIONAL, v                                                                          \
    }
#define ACT(activation) BLOCK_WORD(1 + (activation))
#define PRESET_ACT      PRESET(ACT(ACTIVATION_RELU6))

/* A number of channels, and the fields that go with it. */
#define OUT(use)                                                                                   \
    [FIELD_OUT] = use, [FIELD_WIDTH] = PRESET(FRACTION_ONE), [FIELD_LEAST] = PRESET(BLOCK_UNSET)

const struct block_kind block_kinds[] = {
    { .name = "conv",
      .emit = emit_conv,
      .fault = fault_of_out,
      .fields = { OUT(REQUIRED), [FIELD_KERNEL] = REQUIRED, [FIELD_STRIDE] = PRESET(1),
                  [FIELD_GROUPS] = PRESET(1), [FIELD_ACT] = PRESET_ACT,
                  [FIELD_NORM] = PRESET(BLOCK_TRUE), [FIELD_BIAS] = PRESET(BLOCK_FALSE) } },
    { .name = "depthwise",
      .emit = emit_depthwise,
      .fields = { [FIELD_KERNEL] = REQUIRED,
                  [FIELD_STRIDE] = PRESET(1),
                  [FIELD_ACT] = PRESET_ACT,
                  [FIELD_NORM] = PRESET(BLOCK_TRUE),
                  [FIELD_BIAS] = PRESET(BLOCK_FALSE) } },
    { .name = "mbconv",
      .emit = emit_mbconv,
      .fault = fault_of_mbconv,
      .fields = { [FIELD_EXPAND] = PRESET(BLOCK_UNSET),
                  [FIELD_HIDDEN] = PRESET(BLOCK_UNSET),
                  OUT(REQUIRED),
                  [FIELD_KERNEL] = REQUIRED,
                  [FIELD_STRIDE] = PRESET(1),
                  [FIELD_SE] = PRESET(BLOCK_FALSE),
                  [FIELD_SQUEEZE] = PRESET(4),
                  [FIELD_ACT] = PRESET_ACT } },
    { .name = "se",
      .emit = emit_se,
      .fault = fault_of_se,
      .fields = { [FIELD_SQUEEZE] = PRESET(4),
                  [FIELD_ACT] = PRESET(ACT(ACTIVATION_RELU)),
                  [FIELD_GATE] = PRESET(GATE_HSIGMOID) } },
    { .name = "skip",
      .emit = emit_skip,
      .fault = fault_of_out,
      .fields = { OUT(PRESET(OUT_SAME)), [FIELD_STRIDE] = PRESET(1) } },
    { .name = "identity",
      .emit = emit_skip,
      .fault = fault_of_out,
      .fields = { OUT(PRESET(OUT_SAME)), [FIELD_STRIDE] = PRESET(1) } },
    { .name = "pool",
      .emit = emit_pool,
      .fault = fault_of_pool,
      .fields = { [FIELD_POOLING] = REQUIRED,
                  [FIELD_SIZE] = REQUIRED,
                  [FIELD_STRIDE] = PRESET(BLOCK_UNSET),
                  [FIELD_PAD] = PRESET(BLOCK_UNSET) } },
    { .name = "dense",
      .emit = emit_dense,
      .fault = fault_of_out,
      .has_main = true,
      .main = FIELD_OUT,
      .fields = { OUT(REQUIRED), [FIELD_ACT] = PRESET(ACT_NONE),
                  [FIELD_BIAS] = PRESET(BLOCK_TRUE) } },
    { .name = "norm", .emit = emit_norm },
    { .name = "act",
      .emit = emit_act,
      .has_main = true,
      .main = FIELD_ACT,
      .fields = { [FIELD_ACT] = REQUIRED } },
    { .name = "dropout",
      .emit = emit_dropout,
      .has_main = true,
      .main = FIELD_RATE,
      .fields = { [FIELD_RATE] = REQUIRED } },
};

const size_t n_block_kinds = sizeof block_kinds / sizeof *block_kinds;

const struct block_kind cell_kind = {
    .name = "cell",
    .fault = fault_of_out,
    .fields = { OUT(PRESET(OUT_SAME)), [FIELD_STRIDE] = PRESET(1) },
};

const char *block_name(const struct block *block)
{
    return block->cell ? block->cell->name : block->kind->name;
}

int block_emit(const struct block *block, struct emitter *e)
{
    return block->cell ? cell_emit(block->cell, block->value, e)
                       : block->kind->emit(e, block->value);
}
