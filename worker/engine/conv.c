#include "worker/engine/conv.h"

#include <errno.h>
#include <string.h>

#include "worker/engine/conv_amx.h"

/* The values of a unit (an image; of a pointwise convolution a strip of pixels across images) are
 * copied to scratch, where a convolution is matmul over a list of offsets. The gradient of its input
 * is the same over the output's gradient, phase by phase, with transposed weights; that of its
 * weights is matmul_gradient over both copies. */

static size_t in_pixels(const struct window *w)
{
    return w->height * w->width;
}

static bool is_pointwise(const struct op *op)
{
    return op->kernel_h == 1 && op->kernel_w == 1 && op->stride == 1 && op->pad == 0;
}

/* So many pixels that a strip of what is read and of what is written stay in the second cache; a
 * multiple of every tile's length. */
static size_t strip_pixels(size_t channels)
{
    enum { TILES = 42, CACHE = 192 * 1024 };
    size_t strips = CACHE / (TILES * sizeof(float) * channels);

    return TILES * (strips < 1 ? 1 : strips > 8 ? 8 : strips);
}

bool conv_rounds(const struct op *op, int channels)
{
    enum { LEAST = 8 };

    return channels >= LEAST && (op->out.height > 1 || op->out.width > 1);
}

static bool rounds(const struct net *net, const struct node *node)
{
    return net->kernels->bf16 && conv_rounds(node_op(net, node), (int)channels_in(net, node));
}

static void fill_offsets(const struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    size_t in = channels_in(net, node), out = (size_t)node->x.shape.channels, i = 0, j = 0;

    window_taps_by_phase(w, node->back_tap);
    for (size_t tap = 0; tap < window_taps(w); tap++) {
        size_t there = window_offset(w, tap / w->kernel_w, tap % w->kernel_w);
        size_t from = (size_t)node->back_tap[tap];
        size_t back = window_back_offset(w, from / w->kernel_w, from % w->kernel_w);

        for (size_t c = 0; c < in; c++)
            node->offset[i++] = (int32_t)(there + c / BLOCK * w->plane + c % BLOCK);
        for (size_t c = 0; c < out; c++)
            node->back_offset[j++] = (int32_t)(back + c / BLOCK * w->back_plane + c % BLOCK);
    }
}

static int conv_lay_out(struct net *net, struct node *node, struct arena *arena, struct errmsg *err)
{
    const struct op *op = node_op(net, node);
    const struct tensor *in = &net->nodes[node->input[0].node].x;
    size_t channels = (size_t)in->shape.channels, most_offset, k;
    struct window *w = &node->window;

    *w = is_pointwise(op) ? window_of_strip(strip_pixels((in->blocks + node->x.blocks) * BLOCK))
                          : window_of(&in->shape, op);
    most_offset = in->blocks * w->plane + node->x.blocks * w->back_plane;
    k = window_taps(w) * (channels + (size_t)op->out.channels);
    if (most_offset > INT32_MAX || k > INT32_MAX)
        return errmsg_set(err, -EINVAL, "op %zu: a convolution too large for this engine",
                          node->op);
    node->offset = arena_take(arena, window_taps(w) * channels, sizeof *node->offset);
    node->back_offset = arena_take(arena, window_taps(w) * (size_t)op->out.channels,
                                   sizeof *node->back_offset);
    node->back_tap = arena_take(arena, window_taps(w), sizeof *node->back_tap);
    if (node->offset)
        fill_offsets(net, node);
    parameter_take(node, WEIGHT, node->x.blocks * BLOCK * window_taps(w) * channels, arena);
    bias_lay_out(net, node, arena);
    return 0;
}

/* ---- scratch ---- */

struct pass {
    float *a;    /* values: [input blocks][plane] */
    float *dy;   /* gradient of x: [output blocks][back_plane] */
    float *dx;   /* gradient of the values: [input blocks][image] */
    float *part; /* one phase of it, with a stride above 1: [input blocks][phase] */
    float
        *transposed; /* weights for the way back: [phase][input block][tap][output channel][lane] */
    float *rounded;  /* the weights, where they are rounded */
    size_t bytes;
};

static struct pass pass_of(const struct net *net, const struct node *node)
{
    const struct window *w = &node->window;
    const struct node *from = &net->nodes[node->input[0].node];
    size_t in = from->x.blocks, out = node->x.blocks;
    size_t back = from->wants_gradient ? in : 0;
    struct arena scratch = { .base = (char *)net->scratch };
    struct pass pass;

    pass.a = arena_take(&scratch, in * w->plane, sizeof(float));
    pass.dy = arena_take(&scratch, out * w->back_plane, sizeof(float));
    pass.dx = arena_take(&scratch, back * in_pixels(w) * BLOCK, sizeof(float));
    pass.part = arena_take(&scratch, w->stride > 1 ? back * in_pixels(w) * BLOCK : 0,
                           sizeof(float));
    pass.transposed = arena_take(&scratch, back * BLOCK * window_taps(w),
                                 (size_t)node->x.shape.channels * sizeof(float));
    pass.rounded = arena_take(&scratch, rounds(net, node) ? node->parameter[WEIGHT].n : 0,
                              sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

/* The same with AMX and without: a training's memory does not depend on the machine. */
static size_t conv_scratch(const struct net *net, const struct node *node)
{
    size_t own = pass_of(net, node).bytes;
    size_t amx = rounds(net, node) ? conv_amx_scratch(net, node) : 0;

    return own > amx ? own : amx;
}

/* Zeros for the borders: loading leaves them alone. */
static void clear_borders(const struct net *net, const struct node *node, const struct pass *pass,
                          bool backward)
{
    const struct window *w = &node->window;

    if (w->kernel_h == 1 && w->kernel_w == 1 && w->stride == 1)
        return;
    memset(pass->a, 0, net->nodes[node->input[0].node].x.blocks * w->plane * sizeof *pass->a);
    if (backward)
        memset(pass->dy, 0, node->x.blocks * w->back_plane * sizeof *pass->dy);
}

static void round_scratch(const struct net *net, const struct node *node, float *x, size_t n)
{
    if (rounds(net, node))
        net->kernels->round(x, x, n);
}

/* ---- forward ---- */

static void load_values(const struct net *net, const struct node *node, const struct unit *unit,
                        float *a)
{
    const struct edge *edge = &node->input[0];

    for (size_t block = 0; block < net->nodes[edge->node].x.blocks; block++)
        window_load(net, edge, &node->window, block, unit, a + block * node->window.plane);
    round_scratch(net, node, a, net->nodes[edge->node].x.blocks * node->window.plane);
}

static const float *weights_of(const struct net *net, const struct node *node,
                               const struct pass *pass)
{
    const struct parameter *p = &node->parameter[WEIGHT];

    if (!rounds(net, node))
        return p->value;
    net->kernels->round(pass->rounded, p->value, p->n);
    return pass->rounded;
}

static void forward_floats(struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    struct matmul m = {
        .a = pass.a,
        .a_row = window_row(w),
        .offset = node->offset,
        .taps = window_taps(w) * channels_in(net, node),
        .w = weights_of(net, node, &pass),
        .bias = node->parameter[BIAS].value,
        .out_block = node->x.stride,
        .blocks = node->x.blocks,
        .rows = w->out_height,
    };
    struct unit unit;

    clear_borders(net, node, &pass, false);
    for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
        load_values(net, node, &unit, pass.a);
        m.out = tensor_at(&node->x, 0, unit.out_pixel);
        m.pixels = unit.out_width;
        m.out_row = unit.out_width * BLOCK;
        net->kernels->matmul(&m);
        for (size_t block = 0; block < node->x.blocks; block++)
            node_moments(net, node, block, unit.out_pixel, w->out_height * unit.out_width);
    }
}

static void conv_forward(struct net *net, struct node *node)
{
    if (net->kernels->amx && rounds(net, node))
        conv_amx_forward(net, node);
    else
        forward_floats(net, node);
}

/* ---- backward ---- */

static void transpose_weights(const struct net *net, const struct node *node, float *transposed)
{
    const int32_t *tap = node->back_tap;
    float *end = transposed;

    for (size_t i = 0; i < window_phases(&node->window); i++) {
        size_t taps = window_phase(&node->window, i).taps;

        end = conv_transpose(net, node, tap, taps, end);
        tap += taps;
    }
    round_scratch(net, node, transposed, (size_t)(end - transposed));
}

/* Loads the gradient of x and gathers that of the bias. */
static void load_gradients(const struct net *net, struct node *node, const struct unit *unit,
                           const struct matmul_gradient *m, float *dy)
{
    const struct window *w = &node->window;

    for (size_t block = 0; block < node->x.blocks; block++) {
        window_load_gradient(net, node, w, block, unit, dy + block * w->back_plane);
        bias_gradient(node, block, m->dy + block * m->dy_block, m->rows, m->dy_row, m->pixels);
    }
    round_scratch(net, node, dy, node->x.blocks * w->back_plane);
}

/* The gradient of a unit's values into dx, whose blocks are stride floats apart. */
static void input_gradient(const struct net *net, const struct node *node, const struct unit *unit,
                           const struct pass *pass, float *dx, size_t stride)
{
    const struct window *w = &node->window;
    const size_t out = (size_t)node->x.shape.channels;
    struct matmul m = { .a_row = w->back_pitch,
                        .offset = node->back_offset,
                        .w = pass->transposed,
                        .blocks = net->nodes[node->input[0].node].x.blocks };

    for (size_t i = 0; i < window_phases(w); i++) {
        const struct phase phase = window_phase(w, i);

        m.a = pass->dy + phase.start;
        m.taps = phase.taps * out;
        m.rows = phase.height;
        m.pixels = w->stride > 1 ? phase.width : unit->in_width;
        m.out = w->stride > 1 ? pass->part : dx;
        m.out_row = m.pixels * BLOCK;
        m.out_block = w->stride > 1 ? m.rows * m.out_row : stride;
        if (m.rows > 0)
            net->kernels->matmul(&m);
        for (size_t block = 0; w->stride > 1 && block < m.blocks; block++)
            window_spread(w, &phase, m.out + block * m.out_block, dx + block * stride);
        m.offset += m.taps;
        m.w += m.blocks * m.taps * BLOCK;
    }
}

static void pass_on_gradient(struct net *net, struct node *node, const struct unit *unit,
                             const struct pass *pass)
{
    const struct edge *edge = &node->input[0];
    const struct window *w = &node->window;
    size_t stride = in_pixels(w) * BLOCK;
    float *dx = edge_target(net, edge, unit->in_pixel, pass->dx, &stride);

    input_gradient(net, node, unit, pass, dx, stride);
    for (size_t block = 0; block < edge_node(net, edge)->x.blocks; block++)
        edge_accumulate(net, edge, block, unit->in_pixel, w->height * unit->in_width,
                        dx + block * stride);
}

static void backward_floats(struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    bool passes_on = edge_node(net, &node->input[0])->wants_gradient;
    struct matmul_gradient m = {
        .a = pass.a,
        .a_row = window_row(w),
        .offset = node->offset,
        .taps = window_taps(w) * channels_in(net, node),
        .dy = pass.dy + window_back_origin(w),
        .dy_block = w->back_plane,
        .dy_row = w->back_pitch,
        .blocks = node->x.blocks,
        .rows = w->out_height,
        .dw = node->parameter[WEIGHT].gradient,
    };
    struct unit unit;

    clear_borders(net, node, &pass, true);
    if (passes_on)
        transpose_weights(net, node, pass.transposed);
    for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
        load_values(net, node, &unit, pass.a);
        m.pixels = unit.out_width;
        load_gradients(net, node, &unit, &m, pass.dy);
        net->kernels->matmul_gradient(&m);
        if (passes_on)
            pass_on_gradient(net, node, &unit, &pass);
    }
}

static void conv_backward(struct net *net, struct node *node)
{
    if (net->kernels->amx && rounds(net, node))
        conv_amx_backward(net, node);
    else
        backward_floats(net, node);
    conv_clear_outside_groups(net, node);
}

const struct layer layer_conv = {
    .lay_out = conv_lay_out,
    .scratch = conv_scratch,
    .forward = conv_forward,
    .backward = conv_backward,
};
