/* space_edges_read - the part of space_edges that counts a space once its file is read. */
#include <errno.h>
#include <stdlib.h>

#include "common/space_edges.h"
#include "common/space_reader.h"

/* The costs of the ops of a layer, or of the stem or the head. */
static struct costs costs_of_layer(const struct space_reader *r, int32_t layer)
{
    struct costs costs = { 0 };

    for (size_t i = 0; i < r->scratch.n_ops; i++)
        if (r->scratch.ops[i].layer == layer)
            op_costs(&r->scratch, i, &r->space->rules, &costs);
    return costs;
}

/* One line for a network that cannot be, at the block it cannot be for. */
static int network_fault(struct space_reader *r, int rc, const char *section, const char *layer,
                         const struct block *block, const char *why)
{
    yaml_node_t *node = reader_section(r, section);

    if (rc == -E2BIG)
        return yaml_fault(r->doc, node, r->err,
                          "%s: networks of more operations than the %d that there may be, or "
                          "more options than can be held",
                          section, NETWORK_MAX_OPS);
    if (rc != -EINVAL)
        return reader_out_of_memory(r);
    return yaml_fault(r->doc, block ? block->node : node, r->err, "%s%s%s%s%s: %s", section,
                      *layer ? "." : "", layer, block ? "." : "", block ? block_name(block) : "",
                      why);
}

/* The network of all first options: whether it can be, and what lies outside the layers. */
static int read_first(struct space_reader *r, const struct arch *arch)
{
    const struct edge_layers *edges = r->space->edges;
    struct graph *graph = &r->space->graph;
    const struct block *block = NULL;
    const struct op *last;
    struct shape out;
    struct errmsg why;
    uint32_t interface;
    int rc = edges_emit(r->space, arch, &r->scratch, &block, &why);
    bool in_head = block >= edges->head.blocks && block < edges->head.blocks + edges->head.n;

    if (rc < 0)
        return network_fault(r, rc, in_head ? "head" : "stem", "", block, why.text);
    last = &r->scratch.ops[r->scratch.n_ops - 1];
    if (last->layer != NETWORK_HEAD || last->out.channels != (int32_t)r->space->classes ||
        last->out.height != 1 || last->out.width != 1)
        return yaml_fault(r->doc, reader_section(r, "head"), r->err,
                          "head: gives %dx%dx%d; %ux1x1, a logit for each class",
                          last->out.channels, last->out.height, last->out.width, r->space->classes);
    for (size_t i = 0; i < r->scratch.n_ops && r->scratch.ops[i].layer != NETWORK_HEAD; i++)
        out = r->scratch.ops[i].out;
    graph->stem.costs = costs_of_layer(r, NETWORK_STEM);
    for (uint32_t l = 0; rc == 0 && l <= r->space->n_layers; l++) {
        rc = graph_add_interface(graph, l, &out, 0, &interface);
        if (rc == 0)
            rc = graph_open_layer(graph, l,
                                  l < r->space->n_layers ? r->space->layers[l].n_options : 1);
    }
    if (rc < 0)
        return network_fault(r, rc, "edges", "", NULL, "");
    graph->layers[r->space->n_layers].fragments[0].costs = costs_of_layer(r, NETWORK_HEAD);
    return 0;
}

/* Each option of a layer, all others first: its cost, and the words that the space's digest is of.
 * *most_out is how many operations the longest of these networks has. */
static int read_options(struct space_reader *r, struct arch arch, uint32_t layer, size_t *most_out)
{
    struct graph *graph = &r->space->graph;
    int rc = 0;

    *most_out = 0;
    for (uint32_t o = 0; rc == 0 && o < r->space->layers[layer].n_options; o++) {
        struct fragment *fragment = &graph->layers[layer].fragments[o];
        struct errmsg why = { "" };

        arch.option[layer] = (uint16_t)o;
        rc = edges_emit(r->space, &arch, &r->scratch, NULL, &why);
        if (rc == 0)
            rc = graph_add_fragment(graph, &r->scratch, 0, &r->space->rules, fragment);
        if (rc < 0)
            return network_fault(r, rc, "edges", r->space->layers[layer].name,
                                 &r->space->edges->layers[layer].options[o].blocks[0], why.text);
        fragment->costs = costs_of_layer(r, (int32_t)layer);
        if (r->scratch.n_ops > *most_out)
            *most_out = r->scratch.n_ops;
    }
    return 0;
}

/* -EINVAL unless the layer lies on an edge of a cell that is used. */
static int check_used(struct space_reader *r, struct arch arch, uint32_t layer)
{
    arch.option[layer] = EDGE_OPEN;
    if (edges_emit(r->space, &arch, &r->scratch, NULL, NULL) == -ECANCELED)
        return 0;
    return yaml_fault(r->doc, reader_section(r, "edges"), r->err,
                      "edges.%s: on no edge of a cell that is used; on one at least",
                      r->space->layers[layer].name);
}

int reader_edges(struct space_reader *r)
{
    struct arch arch = { .n = (uint16_t)r->space->n_layers };
    size_t first, most, longest;
    int rc = read_first(r, &arch);

    first = longest = r->scratch.n_ops;
    for (uint32_t l = 0; rc == 0 && l < r->space->n_layers; l++) {
        rc = read_options(r, arch, l, &most);
        if (rc == 0)
            rc = check_used(r, arch, l);
        longest += most - first;
    }
    if (rc == 0 && longest > NETWORK_MAX_OPS)
        return network_fault(r, -E2BIG, "edges", "", NULL, "");
    return rc;
}
