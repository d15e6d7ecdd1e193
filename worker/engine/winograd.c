/* 3x3 convolutions by Winograd's algorithm: see kernels.h for the formula.
 *
 * A batch is worked through in chunks, tiles of some rows of an image or of some small images: their
 * values are transformed, each of the 16 positions is a pointwise convolution over the tiles, and what
 * comes out is transformed back. The gradient of the input is the same over the output's gradient with
 * turned weights; that of the weights is gathered over the batch, transformed, and goes back at its
 * end. */
#include <errno.h>
#include <string.h>

#include "worker/engine/conv.h"
#include "worker/engine/winograd_tiles.h"

enum { SIDE = 3, TAPS = SIDE * SIDE };

/* Below so many channels the transformations, whose time grows with the sum of both sides' channels
 * as the products' does with their product, take longer than they save: measured. */
static bool is_wide(int in, int out)
{
    enum { LEAST = 8, LEAST_PRODUCT = 12 * 16 };

    return in >= LEAST && out >= LEAST && (int64_t)in * out >= LEAST_PRODUCT;
}

bool winograd_pays(const struct op *op, int channels)
{
    return op->kernel_h == SIDE && op->kernel_w == SIDE && op->stride == 1 && op->pad == 1 &&
           op->groups == 1 && op->out.height > 1 && op->out.width > 1 &&
           is_wide(channels, op->out.channels);
}

/* ---- memory ---- */

struct pass {
    struct planes a, dy;  /* values; gradient of x */
    struct tiles in, out; /* of what has the input's channels, the output's */
    float *u;             /* [position][output block][input channel][lane] */
    float *u_back;        /* the same the other way round */
    float *du;            /* the gradient of u */
    float *transposed;    /* see conv_transpose */
    float *dx;            /* gradient of a chunk's values: [input block][pixel][lane] */
    size_t dx_block;
    size_t bytes;
};

static struct pass pass_of(const struct net *net, const struct node *node)
{
    const struct window *w = &node->window;
    const struct tensor *x = &net->nodes[node->input[0].node].x;
    struct arena scratch = { .base = (char *)net->scratch };
    size_t in = x->blocks * BLOCK * (size_t)node->x.shape.channels;
    size_t out = node->x.blocks * BLOCK * (size_t)x->shape.channels;
    struct pass pass;

    pass.a = planes_take(w, x->blocks, &scratch);
    pass.dy = planes_take(w, node->x.blocks, &scratch);
    pass.in = tiles_take(w, x->blocks, &scratch);
    pass.out = tiles_take(w, node->x.blocks, &scratch);
    pass.u = arena_take(&scratch, POSITIONS * out, sizeof(float));
    pass.u_back = arena_take(&scratch, POSITIONS * in, sizeof(float));
    pass.du = arena_take(&scratch, POSITIONS * out, sizeof(float));
    pass.transposed = arena_take(&scratch, TAPS * in, sizeof(float));
    pass.dx_block = 4 * tiles_block(w);
    pass.dx = arena_take(&scratch, x->blocks * pass.dx_block, sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

static size_t winograd_scratch(const struct net *net, const struct node *node)
{
    return pass_of(net, node).bytes;
}

static int winograd_lay_out(struct net *net, struct node *node, struct arena *arena,
                            struct errmsg *err)
{
    const struct tensor *x = &net->nodes[node->input[0].node].x;
    const struct shape *in = &x->shape;

    node->window = window_of(in, node_op(net, node));
    if ((x->blocks + node->x.blocks) * tiles_block(&node->window) > INT32_MAX)
        return errmsg_set(err, -EINVAL, "op %zu: a convolution too large for this engine",
                          node->op);
    node->offset = tiles_take_offsets(&node->window, (size_t)in->channels, arena);
    node->back_offset = tiles_take_offsets(&node->window, (size_t)node->x.shape.channels, arena);
    parameter_take(node, WEIGHT, node->x.blocks * BLOCK * TAPS * (size_t)in->channels, arena);
    bias_lay_out(net, node, arena);
    return 0;
}

/* ---- forward ---- */

static void multiply(const struct net *net, const struct chunk *c, const struct tiles *from,
                     const int32_t *offset, size_t channels, const float *u, const struct tiles *to)
{
    struct matmul m = { .offset = offset,
                        .taps = channels,
                        .out_block = to->block,
                        .blocks = to->blocks,
                        .rows = 1,
                        .pixels = c->tiles };

    for (size_t i = 0; i < POSITIONS; i++) {
        m.a = from->data + i * from->position;
        m.w = u + i * to->blocks * channels * BLOCK;
        m.out = to->data + i * to->position;
        net->kernels->matmul(&m);
    }
}

static struct unit unit_at(const struct window *w, size_t image)
{
    size_t pixel = image * w->height * w->width;

    return (struct unit){ pixel, pixel, w->width, w->width };
}

static void load_values(const struct net *net, const struct node *node, size_t first, size_t images,
                        const struct planes *planes)
{
    for (size_t block = 0; block < planes->blocks; block++)
        for (size_t i = 0; i < images; i++) {
            const struct unit unit = unit_at(&node->window, first + i);

            window_load(net, &node->input[0], &node->window, block, &unit,
                        plane_at(planes, &node->window, block, i));
        }
}

static void forward_chunk(struct net *net, struct node *node, const struct pass *pass,
                          const struct chunk *c)
{
    const struct window *w = &node->window;
    size_t channels = channels_in(net, node);

    tiles_transform(net->kernels->winograd_values, w, c, &pass->a, 0, &pass->in);
    multiply(net, c, &pass->in, node->offset, channels, pass->u, &pass->out);
    for (size_t block = 0; block < node->x.blocks; block++) {
        tiles_put(net, w, c, &pass->out, block, tensor_at(&node->x, block, c->pixel),
                  bias_of(node, block));
        node_moments(net, node, block, c->pixel, c->pixels);
    }
}

/* The weights w, [block][tap][channel][lane], transformed; turned if the taps run backwards. */
static void transform_weights(const struct net *net, const float *w, size_t blocks, size_t channels,
                              bool turned, float *u)
{
    const size_t tap = channels * BLOCK;

    for (size_t block = 0; block < blocks; block++, w += TAPS * tap)
        net->kernels->winograd_weights(u + block * tap, blocks * tap,
                                       turned ? w + (TAPS - 1) * tap : w,
                                       turned ? -(ptrdiff_t)tap : (ptrdiff_t)tap, channels);
}

static void clear(const struct planes *planes)
{
    memset(planes->data, 0, planes->floats * sizeof *planes->data);
}

static void winograd_forward(struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    const struct tiling t = tiling_of(w);
    const struct pass pass = pass_of(net, node);

    clear(&pass.a);
    transform_weights(net, node->parameter[WEIGHT].value, node->x.blocks, channels_in(net, node),
                      false, pass.u);
    for (size_t image = 0, images; image < net->n; image += images) {
        images = net->n - image < t.images ? net->n - image : t.images;
        load_values(net, node, image, images, &pass.a);
        for (size_t row = 0; row < t.high; row += t.rows) {
            const struct chunk c = chunk_of(&t, w, image, images, row);

            forward_chunk(net, node, &pass, &c);
        }
    }
}

/* ---- backward ---- */

/* Loads the gradient of x and gathers that of the bias. */
static void load_gradients(const struct net *net, struct node *node, size_t first, size_t images,
                           const struct planes *planes)
{
    const struct window *w = &node->window;

    for (size_t block = 0; block < planes->blocks; block++)
        for (size_t i = 0; i < images; i++) {
            const struct unit unit = unit_at(w, first + i);
            float *plane = plane_at(planes, w, block, i);

            window_load_gradient(net, node, w, block, &unit, plane);
            bias_gradient(node, block, plane + window_back_origin(w), w->height, w->back_pitch,
                          w->width);
        }
}

static void gather_weights_gradient(const struct net *net, const struct node *node,
                                    const struct pass *pass, const struct chunk *c)
{
    const struct window *w = &node->window;
    size_t channels = channels_in(net, node);
    struct matmul_gradient m = { .offset = node->offset,
                                 .taps = channels,
                                 .dy_block = pass->out.block,
                                 .blocks = pass->out.blocks,
                                 .rows = 1,
                                 .pixels = c->tiles };

    tiles_transform(net->kernels->winograd_values, w, c, &pass->a, 0, &pass->in);
    tiles_transform(net->kernels->winograd_gradients, w, c, &pass->dy, window_back_origin(w),
                    &pass->out);
    for (size_t i = 0; i < POSITIONS; i++) {
        m.a = pass->in.data + i * pass->in.position;
        m.dy = pass->out.data + i * pass->out.position;
        m.dw = pass->du + i * m.blocks * channels * BLOCK;
        net->kernels->matmul_gradient(&m);
    }
}

static void pass_on_gradient(struct net *net, const struct node *node, const struct pass *pass,
                             const struct chunk *c)
{
    const struct edge *edge = &node->input[0];
    size_t stride = pass->dx_block;
    float *dx = edge_target(net, edge, c->pixel, pass->dx, &stride);

    tiles_transform(net->kernels->winograd_values, &node->window, c, &pass->dy, 0, &pass->out);
    multiply(net, c, &pass->out, node->back_offset, (size_t)node->x.shape.channels, pass->u_back,
             &pass->in);
    for (size_t block = 0; block < pass->in.blocks; block++) {
        tiles_put(net, &node->window, c, &pass->in, block, dx + block * stride, NULL);
        edge_accumulate(net, edge, block, c->pixel, c->pixels, dx + block * stride);
    }
}

static void turn_weights(const struct net *net, const struct node *node, const struct pass *pass)
{
    static const int32_t taps[TAPS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };

    conv_transpose(net, node, taps, TAPS, pass->transposed);
    transform_weights(net, pass->transposed, pass->in.blocks, (size_t)node->x.shape.channels, true,
                      pass->u_back);
}

static void put_weights_gradient(const struct net *net, struct node *node, const struct pass *pass)
{
    size_t channels = channels_in(net, node);
    size_t tap = channels * BLOCK;

    for (size_t block = 0; block < node->x.blocks; block++)
        net->kernels->winograd_weights_gradient(
            node->parameter[WEIGHT].gradient + block * TAPS * tap, tap, pass->du + block * tap,
            node->x.blocks * tap, channels);
}

static void winograd_backward(struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    const struct tiling t = tiling_of(w);
    const struct pass pass = pass_of(net, node);
    bool passes_on = edge_node(net, &node->input[0])->wants_gradient;
    size_t channels = channels_in(net, node);

    clear(&pass.a);
    clear(&pass.dy);
    memset(pass.du, 0, POSITIONS * node->x.blocks * channels * BLOCK * sizeof *pass.du);
    if (passes_on)
        turn_weights(net, node, &pass);
    for (size_t image = 0, images; image < net->n; image += images) {
        images = net->n - image < t.images ? net->n - image : t.images;
        load_values(net, node, image, images, &pass.a);
        load_gradients(net, node, image, images, &pass.dy);
        for (size_t row = 0; row < t.high; row += t.rows) {
            const struct chunk c = chunk_of(&t, w, image, images, row);

            gather_weights_gradient(net, node, &pass, &c);
            if (passes_on)
                pass_on_gradient(net, node, &pass, &c);
        }
    }
    put_weights_gradient(net, node, &pass);
}

const struct layer layer_winograd = {
    .lay_out = winograd_lay_out,
    .scratch = winograd_scratch,
    .forward = winograd_forward,
    .backward = winograd_backward,
};
