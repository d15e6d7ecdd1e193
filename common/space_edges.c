#include "common/space_edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_graph.h"

void edge_layers_free(struct edge_layers *layers)
{
    if (!layers)
        return;
    for (uint32_t l = 0; l < layers->n_layers; l++) {
        for (uint32_t o = 0; o < layers->layers[l].n; o++)
            free(layers->layers[l].options[o].blocks);
        free(layers->layers[l].options);
    }
    cells_free(layers->cells, layers->n_cells);
    free(layers);
}

int edge_layers_open(struct edge_layers *layers, uint32_t n_options)
{
    struct edge_option *options = calloc(n_options, sizeof *options);

    if (!options)
        return -ENOMEM;
    layers->layers[layers->n_layers].n = n_options;
    layers->layers[layers->n_layers++].options = options;
    return 0;
}

int edge_option_set(struct edge_option *option, const struct block_sequence *sequence)
{
    option->blocks = calloc(sequence->n, sizeof *option->blocks);
    if (!option->blocks)
        return -ENOMEM;
    memcpy(option->blocks, sequence->blocks, sequence->n * sizeof *option->blocks);
    option->n = sequence->n;
    return 0;
}

/* ---- networks ---- */

int edge_layer_emit(int layer, struct emitter *e)
{
    struct shape in = emitter_shape(e), want = { e->cell.out, in.height, in.width }, out;
    uint16_t choice = e->arch->option[layer];
    const struct edge_option *option;
    int32_t around = e->layer;
    int rc = 0;

    if (choice == EDGE_OPEN)
        return -ECANCELED;
    option = &e->layers->layers[layer].options[choice];
    e->layer = layer;
    for (size_t i = 0; rc == 0 && i < option->n; i++)
        rc = block_emit(&option->blocks[i], e);
    e->layer = around;
    if (rc < 0)
        return rc;
    out = emitter_shape(e);
    if (!shape_equal(&out, &want))
        return errmsg_set(
            e->err, -EINVAL, "option %u gives %dx%dx%d; %dx%dx%d, as every option of an edge",
            choice, out.channels, out.height, out.width, want.channels, want.height, want.width);
    return 0;
}

static int emit_fixed(const struct block_sequence *sequence, struct emitter *e,
                      const struct block **fault_out)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sequence->n; i++) {
        if (fault_out)
            *fault_out = &sequence->blocks[i];
        rc = block_emit(&sequence->blocks[i], e);
    }
    return rc;
}

int edges_emit(const struct space *space, const struct arch *arch, struct network *network,
               const struct block **fault_out, struct errmsg *err)
{
    struct op input = { .kind = OP_INPUT, .layer = NETWORK_STEM, .out = space->input };
    struct emitter e = { .network = network,
                         .layer = NETWORK_STEM,
                         .classes = space->classes,
                         .width = space->width,
                         .layers = space->edges,
                         .arch = arch,
                         .err = err };
    int rc;

    network->n_ops = 0;
    rc = network_append(network, &input);
    if (rc == 0)
        rc = emit_fixed(&space->edges->stem, &e, fault_out);
    e.layer = NETWORK_HEAD;
    return rc < 0 ? rc : emit_fixed(&space->edges->head, &e, fault_out);
}

/* ---- canonical form ---- */

struct speller {
    const struct space *space;
    struct network network, prefix;
    struct arch arch;
};

/* Whether what is chosen so far begins as the network does (1) or not (0); -ENOMEM. */
static int begins_alike(struct speller *s)
{
    int rc = edges_emit(s->space, &s->arch, &s->prefix, NULL, NULL);

    if (rc < 0 && rc != -ECANCELED)
        return rc;
    if (s->prefix.n_ops > s->network.n_ops || (rc == 0 && s->prefix.n_ops < s->network.n_ops))
        return 0;
    for (size_t i = 0; i < s->prefix.n_ops; i++)
        if (!op_equal(&s->prefix.ops[i], &s->network.ops[i]))
            return 0;
    return 1;
}

/* Depth first, from the first layer, the smallest option that leads to the same network: 1, or 0
 * where none does; -ENOMEM. */
static int spell(struct speller *s, uint32_t layer)
{
    int rc = 0;

    if (layer == s->space->n_layers)
        return 1;
    for (uint32_t o = 0; rc == 0 && o < s->space->layers[layer].n_options; o++) {
        s->arch.option[layer] = (uint16_t)o;
        rc = begins_alike(s);
        if (rc > 0)
            rc = spell(s, layer + 1);
    }
    if (rc == 0)
        s->arch.option[layer] = EDGE_OPEN;
    return rc;
}

int edges_canonical(const struct space *space, const struct arch *arch, struct arch *canonical_out)
{
    struct speller s = { .space = space, .arch = { .n = arch->n } };
    int rc;

    for (uint32_t l = 0; l < space->n_layers; l++)
        s.arch.option[l] = EDGE_OPEN;
    rc = edges_emit(space, arch, &s.network, NULL, NULL);
    if (rc == 0)
        rc = spell(&s, 0);
    if (rc > 0)
        *canonical_out = s.arch;
    network_clear(&s.network);
    network_clear(&s.prefix);
    return rc < 0 ? rc : 0;
}
