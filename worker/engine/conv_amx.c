#include "worker/engine/conv_amx.h"

#include <string.h>

#include "worker/engine/conv.h"
#include "worker/engine/kernels_amx.h"

/* A window counts in floats of one block; a panel's pixel is twice as many numbers. */
enum { WIDER = PANEL / BLOCK, SUMS = BLOCK * BLOCK };

static size_t panels_of(size_t channels)
{
    return (channels + PANEL - 1) / PANEL;
}

static const struct tensor *input_of(const struct net *net, const struct node *node)
{
    return &net->nodes[node->input[0].node].x;
}

/* ---- scratch ---- */

struct pass {
    float *values, *gradients; /* two blocks of each, before they are rounded */
    uint16_t *a, *dy;          /* [panels][plane x WIDER] */
    uint16_t *w;               /* [phase][block][tap][panel][TILE] */
    float *transposed;         /* see conv_transpose */
    int32_t *offset;           /* [tap][panel] */
    uint16_t *dy_tiles;        /* [output blocks, even][tiles][TILE], transposed */
    uint16_t *a_tiles;         /* [input blocks, even][tiles][TILE], of one tap */
    float *dw;                 /* [tap][output block][input block][lane][channel] */
    float *dx, *part;          /* see conv.c */
    size_t tiles;              /* of a whole unit */
    size_t bytes;
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static struct pass pass_of(const struct net *net, const struct node *node)
{
    const struct window *w = &node->window;
    const struct tensor *x = input_of(net, node), *y = &node->x;
    struct arena scratch = { .base = (char *)net->scratch };
    size_t in = panels_of((size_t)x->shape.channels), out = panels_of((size_t)y->shape.channels);
    size_t taps = window_taps(w), image = w->height * w->width * BLOCK;
    size_t forward = y->blocks * in,
           back = net->nodes[node->input[0].node].wants_gradient ? x->blocks : 0;
    struct pass pass = { .tiles = amx_tiles(w->out_height, w->out_width) };

    pass.values = arena_take(&scratch, 2 * w->plane, sizeof(float));
    pass.gradients = arena_take(&scratch, 2 * w->back_plane, sizeof(float));
    pass.a = arena_take(&scratch, in * w->plane, WIDER * sizeof(uint16_t));
    pass.dy = arena_take(&scratch, out * w->back_plane, WIDER * sizeof(uint16_t));
    pass.w = arena_take(&scratch, taps * larger(forward, back * out), TILE * sizeof(uint16_t));
    pass.transposed = arena_take(&scratch, back * BLOCK * taps,
                                 (size_t)y->shape.channels * sizeof(float));
    pass.offset = arena_take(&scratch, taps * larger(in, out), sizeof(int32_t));
    pass.dy_tiles = arena_take(&scratch, 2 * out * pass.tiles, TILE * sizeof(uint16_t));
    pass.a_tiles = arena_take(&scratch, 2 * in * pass.tiles, TILE * sizeof(uint16_t));
    pass.dw = arena_take(&scratch, taps * y->blocks * x->blocks, SUMS * sizeof(float));
    pass.dx = arena_take(&scratch, back * image, sizeof(float));
    pass.part = arena_take(&scratch, w->stride > 1 ? back * image : 0, sizeof(float));
    pass.bytes = scratch.used;
    return pass;
}

size_t conv_amx_scratch(const struct net *net, const struct node *node)
{
    return pass_of(net, node).bytes;
}

static bool has_border(const struct window *w)
{
    return window_taps(w) > 1 || w->stride > 1;
}

/* ---- values and gradients, rounded ---- */

static size_t pixels_of(const struct window *w, size_t plane, size_t width)
{
    return has_border(w) ? plane / BLOCK : width;
}

static void load_values(const struct net *net, const struct node *node, const struct unit *unit,
                        const struct pass *pass)
{
    const struct window *w = &node->window;
    size_t blocks = input_of(net, node)->blocks;
    float *second = pass->values + w->plane;

    for (size_t block = 0; block < blocks; block += 2) {
        bool both = block + 1 < blocks;

        window_load(net, &node->input[0], w, block, unit, pass->values);
        if (both)
            window_load(net, &node->input[0], w, block + 1, unit, second);
        net->kernels->amx->round(pass->a + block * w->plane, pass->values, both ? second : NULL,
                                 pixels_of(w, w->plane, unit->in_width));
    }
}

static void load_gradient(const struct net *net, struct node *node, size_t block,
                          const struct unit *unit, float *plane)
{
    const struct window *w = &node->window;

    window_load_gradient(net, node, w, block, unit, plane);
    bias_gradient(node, block, plane + window_back_origin(w), w->out_height, w->back_pitch,
                  unit->out_width);
}

/* And those of the bias, from what has not been rounded yet. */
static void load_gradients(const struct net *net, struct node *node, const struct unit *unit,
                           const struct pass *pass)
{
    const struct window *w = &node->window;
    float *second = pass->gradients + w->back_plane;

    for (size_t block = 0; block < node->x.blocks; block += 2) {
        bool both = block + 1 < node->x.blocks;

        load_gradient(net, node, block, unit, pass->gradients);
        if (both)
            load_gradient(net, node, block + 1, unit, second);
        net->kernels->amx->round(pass->dy + block * w->back_plane, pass->gradients,
                                 both ? second : NULL,
                                 pixels_of(w, w->back_plane, unit->out_width));
    }
}

static void clear_borders(const struct window *w, const struct pass *pass, bool backward)
{
    if (!has_border(w))
        return;
    memset(pass->values, 0, 2 * w->plane * sizeof *pass->values);
    if (backward)
        memset(pass->gradients, 0, 2 * w->back_plane * sizeof *pass->gradients);
}

/* [block][tap][channel][16] to tiles. */
static void pack_weights(const struct net *net, const float *w, size_t n, size_t channels,
                         uint16_t *tiles)
{
    for (size_t i = 0; i < n; i++, w += channels * BLOCK, tiles += panels_of(channels) * TILE)
        net->kernels->amx->weights(tiles, w, channels);
}

/* ---- forward ---- */

static void fill_offsets(const struct window *w, size_t panels, int32_t *offset)
{
    for (size_t tap = 0; tap < window_taps(w); tap++)
        for (size_t i = 0; i < panels; i++)
            *offset++ = (int32_t)(WIDER * (window_offset(w, tap / w->kernel_w, tap % w->kernel_w) +
                                           i * w->plane));
}

void conv_amx_forward(struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    size_t channels = channels_in(net, node), panels = panels_of(channels);
    struct amx_matmul m = {
        .a = pass.a,
        .a_row = WIDER * window_row(w),
        .offset = pass.offset,
        .panels = window_taps(w) * panels,
        .w = pass.w,
        .bias = node->parameter[BIAS].value,
        .out_block = node->x.stride,
        .blocks = node->x.blocks,
        .rows = w->out_height,
    };
    struct unit unit;

    clear_borders(w, &pass, false);
    fill_offsets(w, panels, pass.offset);
    pack_weights(net, node->parameter[WEIGHT].value, node->x.blocks * window_taps(w), channels,
                 pass.w);
    for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
        load_values(net, node, &unit, &pass);
        m.out = tensor_at(&node->x, 0, unit.out_pixel);
        m.pixels = unit.out_width;
        m.out_row = unit.out_width * BLOCK;
        net->kernels->amx->matmul(&m);
        for (size_t block = 0; block < node->x.blocks; block++)
            node_moments(net, node, block, unit.out_pixel, w->out_height * unit.out_width);
    }
}

/* ---- backward: the input's gradient ---- */

static void fill_back_offsets(const struct node *node, size_t panels, int32_t *offset)
{
    const struct window *w = &node->window;

    for (size_t i = 0; i < window_taps(w); i++) {
        size_t tap = (size_t)node->back_tap[i];
        size_t at = window_back_offset(w, tap / w->kernel_w, tap % w->kernel_w);

        for (size_t panel = 0; panel < panels; panel++)
            *offset++ = (int32_t)(WIDER * (at + panel * w->back_plane));
    }
}

static void pack_transposed(const struct net *net, const struct node *node, const struct pass *pass)
{
    size_t channels = (size_t)node->x.shape.channels, blocks = input_of(net, node)->blocks;
    const int32_t *tap = node->back_tap;
    uint16_t *tiles = pass->w;

    for (size_t i = 0; i < window_phases(&node->window); i++) {
        size_t taps = window_phase(&node->window, i).taps;

        conv_transpose(net, node, tap, taps, pass->transposed);
        pack_weights(net, pass->transposed, blocks * taps, channels, tiles);
        tiles += blocks * taps * panels_of(channels) * TILE;
        tap += taps;
    }
}

static void input_gradient(const struct net *net, const struct node *node, const struct unit *unit,
                           const struct pass *pass, float *dx, size_t stride)
{
    const struct window *w = &node->window;
    const size_t panels = panels_of((size_t)node->x.shape.channels);
    struct amx_matmul m = { .a_row = WIDER * w->back_pitch,
                            .offset = pass->offset,
                            .w = pass->w,
                            .blocks = input_of(net, node)->blocks };

    for (size_t i = 0; i < window_phases(w); i++) {
        const struct phase phase = window_phase(w, i);

        m.a = pass->dy + WIDER * phase.start;
        m.panels = phase.taps * panels;
        m.rows = phase.height;
        m.pixels = w->stride > 1 ? phase.width : unit->in_width;
        m.out = w->stride > 1 ? pass->part : dx;
        m.out_row = m.pixels * BLOCK;
        m.out_block = w->stride > 1 ? m.rows * m.out_row : stride;
        if (m.rows > 0)
            net->kernels->amx->matmul(&m);
        for (size_t block = 0; w->stride > 1 && block < m.blocks; block++)
            window_spread(w, &phase, m.out + block * m.out_block, dx + block * stride);
        m.offset += m.panels;
        m.w += m.blocks * m.panels * TILE;
    }
}

static void pass_on_gradient(struct net *net, struct node *node, const struct unit *unit,
                             const struct pass *pass)
{
    const struct edge *edge = &node->input[0];
    const struct window *w = &node->window;
    size_t stride = w->height * w->width * BLOCK;
    float *dx = edge_target(net, edge, unit->in_pixel, pass->dx, &stride);

    input_gradient(net, node, unit, pass, dx, stride);
    for (size_t block = 0; block < input_of(net, node)->blocks; block++)
        edge_accumulate(net, edge, block, unit->in_pixel, w->height * unit->in_width,
                        dx + block * stride);
}

/* ---- backward: the weights' ---- */

static void gather_weights_gradient(const struct net *net, const struct node *node,
                                    const struct unit *unit, const struct pass *pass)
{
    const struct window *w = &node->window;
    const struct amx *amx = net->kernels->amx;
    size_t blocks = input_of(net, node)->blocks, rows = w->out_height, pixels = unit->out_width;
    struct amx_gradient m = { .dy = pass->dy_tiles,
                              .a = pass->a_tiles,
                              .blocks = node->x.blocks,
                              .a_blocks = blocks,
                              .tiles = amx_tiles(rows, pixels),
                              .dw = pass->dw };
    size_t step = m.tiles * TILE;

    for (size_t b = 0; b < m.blocks; b += 2)
        amx->pair(pass->dy_tiles + b * step, pass->dy_tiles + (b + 1) * step,
                  pass->dy + b * w->back_plane + WIDER * window_back_origin(w),
                  WIDER * w->back_pitch, rows, pixels);
    amx->transpose(pass->dy_tiles, m.blocks * m.tiles);
    for (size_t tap = 0; tap < window_taps(w); tap++) {
        size_t at = window_offset(w, tap / w->kernel_w, tap % w->kernel_w);

        for (size_t b = 0; b < blocks; b += 2)
            amx->pair(pass->a_tiles + b * step, pass->a_tiles + (b + 1) * step,
                      pass->a + b * w->plane + WIDER * at, WIDER * window_row(w), rows, pixels);
        amx->gradient(&m);
        m.dw += m.blocks * blocks * SUMS;
    }
}

static void put_weights_gradient(const struct net *net, struct node *node, const struct pass *pass)
{
    const float *dw = pass->dw;
    size_t channels = channels_in(net, node);
    size_t blocks = input_of(net, node)->blocks, taps = window_taps(&node->window);

    for (size_t tap = 0; tap < taps; tap++)
        for (size_t b = 0; b < node->x.blocks; b++, dw += blocks * SUMS) {
            float *to = node->parameter[WEIGHT].gradient + (b * taps + tap) * channels * BLOCK;

            for (size_t c = 0; c < channels; c++)
                for (size_t lane = 0; lane < BLOCK; lane++)
                    to[c * BLOCK + lane] += dw[c / BLOCK * SUMS + lane * BLOCK + c % BLOCK];
        }
}

void conv_amx_backward(struct net *net, struct node *node)
{
    const struct window *w = &node->window;
    const struct pass pass = pass_of(net, node);
    const struct tensor *x = input_of(net, node);
    bool passes_on = edge_node(net, &node->input[0])->wants_gradient;
    struct unit unit;

    clear_borders(w, &pass, true);
    memset(pass.dw, 0, window_taps(w) * node->x.blocks * x->blocks * SUMS * sizeof *pass.dw);
    if (passes_on) {
        fill_back_offsets(node, panels_of((size_t)node->x.shape.channels), pass.offset);
        pack_transposed(net, node, &pass);
    }
    for (size_t i = 0; unit_of(net, node, i, &unit); i++) {
        load_values(net, node, &unit, &pass);
        load_gradients(net, node, &unit, &pass);
        gather_weights_gradient(net, node, &unit, &pass);
        if (passes_on)
            pass_on_gradient(net, node, &unit, &pass);
    }
    put_weights_gradient(net, node, &pass);
}
