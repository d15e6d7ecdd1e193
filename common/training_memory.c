#include "common/training_memory.h"

#include <errno.h>
#include <stdlib.h>

enum { LANES = 16 }; /* channels are kept in blocks of so many */

/* What an op is to the engine. */
struct use {
    uint32_t readers;  /* that lead to the logits; the last op has one more */
    uint32_t node;     /* the op that stores what this one's readers read */
    bool bent, normed; /* an activation lies between; a norm has been joined to the node */
    bool wants;        /* some parameter lies on the way to the node */
    bool gradient;     /* a reader has begun it */
};

static double padded(const struct shape *shape)
{
    return (double)((shape->channels + LANES - 1) / LANES) * LANES;
}

static double pixels(const struct shape *shape)
{
    return (double)shape->height * shape->width;
}

static const struct shape *input_of(const struct network *network, const struct op *op)
{
    return &network->ops[op->input[0]].out;
}

static bool is_depthwise(const struct network *network, const struct op *op)
{
    return op->groups > 1 && op->groups == op->out.channels &&
           op->groups == input_of(network, op)->channels;
}

/* ---- what is stored ---- */

static void find_readers(const struct network *network, struct use *uses)
{
    uses[network->n_ops - 1].readers = 1;
    for (size_t i = network->n_ops; i-- > 0;)
        for (int k = 0; uses[i].readers && k < op_inputs(network->ops[i].kind); k++)
            uses[network->ops[i].input[k]].readers++;
}

/* Whether an op stores nothing of its own. */
static bool is_joined(const struct network *network, const struct use *uses, size_t i)
{
    const struct op *op = &network->ops[i];
    const struct use *in = &uses[op->input[0]];

    if (op->kind == OP_ACTIVATION)
        return !in->bent;
    return op->kind == OP_NORM && in->readers == 1 && !in->bent && !uses[in->node].normed &&
           network->ops[in->node].kind != OP_INPUT;
}

static void find_nodes(const struct network *network, struct use *uses)
{
    for (size_t i = 0; i < network->n_ops; i++) {
        const struct op *op = &network->ops[i];
        bool joined = is_joined(network, uses, i);

        uses[i].node = joined ? uses[op->input[0]].node : (uint32_t)i;
        uses[i].bent = op->kind == OP_ACTIVATION || (joined && uses[op->input[0]].bent);
        if (op->kind == OP_NORM)
            uses[uses[i].node].normed = uses[uses[i].node].wants = true;
        if (op->kind == OP_CONV || op->kind == OP_DENSE)
            uses[i].wants = true;
        for (int k = 0; k < op_inputs(op->kind); k++)
            uses[i].wants |= uses[uses[op->input[k]].node].wants;
    }
}

static double stored(const struct network *network, size_t i)
{
    return padded(&network->ops[i].out) * pixels(&network->ops[i].out);
}

static bool is_node(const struct use *uses, size_t i)
{
    return uses[i].readers && uses[i].node == i;
}

static double activations(const struct network *network, const struct use *uses)
{
    double sum = 0;

    for (size_t i = 0; i < network->n_ops; i++)
        if (is_node(uses, i))
            sum += stored(network, i);
    return sum;
}

/* A gradient lives from its first reader on the way back to its own op. */
static double gradients(const struct network *network, struct use *uses)
{
    size_t last = uses[network->n_ops - 1].node;
    double now = stored(network, last), most = now;

    for (size_t i = network->n_ops; i-- > 0;) {
        const struct op *op = &network->ops[i];

        if (!is_node(uses, i))
            continue;
        for (int k = 0; k < op_inputs(op->kind); k++) {
            uint32_t from = uses[op->input[k]].node;

            if (uses[from].wants && !uses[from].gradient) {
                now += stored(network, from);
                uses[from].gradient = true;
            }
        }
        most = now > most ? now : most;
        now -= uses[i].wants ? stored(network, i) : 0;
    }
    return most;
}

/* ---- weights ---- */

static double weights(const struct network *network, const struct op *op)
{
    const struct shape *in = op->kind == OP_INPUT ? NULL : input_of(network, op);
    double kernel = (double)op->kernel_h * op->kernel_w, out = padded(&op->out);

    switch (op->kind) {
    case OP_CONV:
        return out * (kernel * (is_depthwise(network, op) ? 1 : in->channels) + op->bias);
    case OP_DENSE:
        return (double)in->channels * pixels(in) * op->out.channels + out * op->bias;
    case OP_NORM:
        return 2 * out;
    default:
        return 0;
    }
}

/* Value, gradient, velocity; a norm's statistics and sums; tables of offsets. */
static double parameters(const struct network *network, const struct schedule *schedule)
{
    double copies = 3 + (schedule->optimizer == OPTIMIZER_RMSPROP) + (schedule->ema > 0), sum = 0;

    for (size_t i = 0; i < network->n_ops; i++) {
        const struct op *op = &network->ops[i];

        sum += copies * weights(network, op) + 2 * padded(&op->out);
        if (op->kind == OP_NORM)
            sum += 11 * padded(&op->out);
        if (op->kind == OP_CONV && !is_depthwise(network, op))
            sum += (double)op->kernel_h * op->kernel_w *
                   (input_of(network, op)->channels + op->out.channels);
    }
    return sum;
}

/* ---- scratch ---- */

/* Where bfloat16 is asked for, see worker/engine/conv.h. */
static bool is_rounded(const struct schedule *schedule, const struct shape *in, const struct op *op)
{
    return schedule->precision == PRECISION_BF16 && in->channels >= 8 && pixels(&op->out) > 1;
}

/* Of so many pixels of input and output: two blocks as they are, all rounded to half the size, twice;
 * the weights for the way back, too, and their gradient. Or else floats, and the weights once more. */
static double rounded_scratch(const struct shape *in, const struct op *op, double floats,
                              double in_side, double out_side, double turned)
{
    enum { PANEL = 2 * LANES };
    double in_panels = (in->channels + PANEL - 1) / PANEL * PANEL;
    double out_panels = (op->out.channels + PANEL - 1) / PANEL * PANEL;
    double dx = padded(in) * in_side * (op->stride > 1 ? 2 : 1);
    double halves = PANEL * (in_side + out_side) + in_panels * (in_side + out_side) / 2 +
                    out_panels * out_side + dx + 2.5 * turned;

    return halves > floats + turned ? halves : floats + turned;
}

/* An image or a strip of pixels of input and output, and the weights for the way back; those of 3x3
 * kernels as Winograd's algorithm has them, which are 16 for 9, three times. */
static double convolution_scratch(const struct network *network, const struct schedule *schedule,
                                  const struct op *op, bool goes_back)
{
    enum { STRIP = 42, MOST_STRIPS = 8, CACHE = 49152, TILES = 64, POSITIONS = 16 };
    const struct shape *in = input_of(network, op);
    double side = pixels(in) + 2.0 * op->pad * (in->height + in->width + 2.0 * op->pad);
    double channels = padded(in) + padded(&op->out), out_side = side / op->stride / op->stride;
    double turned = (double)op->kernel_h * op->kernel_w * padded(in) * op->out.channels;
    bool rounded = is_rounded(schedule, in, op);
    double floats;

    if (is_depthwise(network, op))
        return 4 * side * LANES;
    if (op->kernel_h == 1 && op->kernel_w == 1 && op->stride == 1) {
        double strips = CACHE / (STRIP * channels);

        side = STRIP * (strips < 1 ? 1 : strips > MOST_STRIPS ? MOST_STRIPS : (int)strips);
        out_side = side;
        floats = side * (channels + padded(in)) + turned;
    } else if (!rounded && op->kernel_h == 3 && op->kernel_w == 3 && op->stride == 1 &&
               op->pad == 1 && op->groups == 1 && in->channels >= 8 && op->out.channels >= 8 &&
               (double)in->channels * op->out.channels >= 192) {
        return side * channels + TILES * (POSITIONS * channels + 4 * padded(in)) +
               (1 + 3 * POSITIONS / 9.0) * turned;
    } else {
        floats = side * padded(in) + out_side * padded(&op->out) +
                 (goes_back ? (op->stride > 1 ? 2 : 1) * pixels(in) * padded(in) + turned : 0);
    }
    return rounded ? rounded_scratch(in, op, floats, side, out_side, turned) : floats;
}

static double scratch(const struct network *network, const struct schedule *schedule,
                      const struct use *uses)
{
    double most = 0;

    for (size_t i = 0; i < network->n_ops; i++) {
        const struct op *op = &network->ops[i];
        double floats = 0;

        if (op->kind == OP_CONV)
            floats = convolution_scratch(network, schedule, op,
                                         uses[uses[op->input[0]].node].wants);
        else if (op->kind == OP_DENSE)
            floats = (double)schedule->batch *
                     (2 * input_of(network, op)->channels * pixels(input_of(network, op)) +
                      op->out.channels);
        most = floats > most ? floats : most;
    }
    return most;
}

int training_memory(const struct network *network, const struct schedule *schedule,
                    uint64_t *bytes_out)
{
    const struct shape *in = &network->ops[0].out;
    struct use *uses = calloc(network->n_ops, sizeof *uses);
    double image, floats;

    if (!uses)
        return -ENOMEM;
    find_readers(network, uses);
    find_nodes(network, uses);
    image = activations(network, uses) + gradients(network, uses) + in->channels * pixels(in) +
            network->ops[network->n_ops - 1].out.channels;
    floats = schedule->batch * image + parameters(network, schedule) +
             scratch(network, schedule, uses);
    free(uses);
    *bytes_out = (uint64_t)(floats < 1e18 ? floats * sizeof(float) : 4e18);
    return 0;
}
