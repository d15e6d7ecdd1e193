/* space_resolve - the part of reading a space file that turns blocks into fragments of networks. */
#include <errno.h>
#include <stdlib.h>

#include "common/space_edges.h"
#include "common/space_reader.h"

/* Says which bound a space has passed; other errors go through. */
static int too_large(const struct space_reader *r, int rc, const yaml_node_t *node,
                     const char *where)
{
    if (rc == -ENOMEM)
        return reader_out_of_memory(r);
    if (rc != -E2BIG)
        return rc;
    return yaml_fault(r->doc, node, r->err,
                      "%s: options times shapes pass what can be held; at most %d shapes before "
                      "a layer",
                      where, SPACE_MAX_INTERFACES);
}

/* ---- fragments ---- */

/* Starts the scratch network anew: *first, then nothing. */
static int start_scratch(struct space_reader *r, const struct shape *first)
{
    struct op op = { .kind = OP_INPUT, .layer = NETWORK_STEM, .out = *first };

    r->scratch.n_ops = 0;
    return network_append(&r->scratch, &op);
}

static int emit_blocks(struct space_reader *r, const struct block_sequence *sequence,
                       const char *where)
{
    struct shape in = r->scratch.ops[0].out;
    struct errmsg why;
    struct emitter emitter = {
        .network = &r->scratch, .classes = r->space->classes, .width = r->space->width, .err = &why
    };

    for (size_t i = 0; i < sequence->n; i++) {
        const struct block *block = &sequence->blocks[i];
        int rc = block_emit(block, &emitter);

        if (rc == -EINVAL)
            return yaml_fault(r->doc, block->node, r->err, "%s.%s: %s (on an input of %dx%dx%d)",
                              where, block_name(block), why.text, in.channels, in.height, in.width);
        if (rc < 0)
            return too_large(r, rc, block->node, where);
    }
    return 0;
}

static struct block_reader block_reader(const struct space_reader *r, const char *where)
{
    return (struct block_reader){
        .doc = r->doc, .field = where, .cells = r->cells, .n_cells = r->n_cells, .err = r->err
    };
}

static struct shape scratch_shape(const struct space_reader *r)
{
    return r->scratch.ops[r->scratch.n_ops - 1].out;
}

/* Resolves one option of a layer on every interface of its border. */
static int resolve_option(struct space_reader *r, uint32_t layer, uint32_t option,
                          const struct block_sequence *sequence, const char *where)
{
    struct graph *graph = &r->space->graph;
    const struct graph_border *border = &graph->borders[layer];
    struct graph_layer *l = &graph->layers[layer];
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < border->n; i++) {
        struct fragment *fragment = &l->fragments[(size_t)i * l->n_options + option];
        struct shape out;

        if (start_scratch(r, &border->shapes[i]) < 0)
            return reader_out_of_memory(r);
        rc = emit_blocks(r, sequence, where);
        if (rc < 0)
            return rc;
        out = scratch_shape(r);
        rc = graph_add_fragment(graph, &r->scratch, 1, &r->space->rules, fragment);
        if (rc == 0 && layer < r->space->n_layers)
            rc = graph_add_interface(graph, layer + 1, &out, border->most_ops[i] + fragment->n,
                                     &fragment->to);
    }
    return too_large(r, rc, sequence->blocks[0].node, where);
}

/* ---- a layer ---- */

/* What an option on an edge comes to is known once the cells are. */
static int keep_option(const struct space_reader *r, uint32_t layer, uint32_t option,
                       const struct block_sequence *sequence)
{
    int rc = edge_option_set(&r->space->edges->layers[layer].options[option], sequence);

    return rc < 0 ? reader_out_of_memory(r) : 0;
}

static int open_layer(struct space *space, uint32_t layer)
{
    uint32_t n = space->layers[layer].n_options;

    return space->edges ? edge_layers_open(space->edges, n)
                        : graph_open_layer(&space->graph, layer, n);
}

/* Reads the variants of item as options from `first` on, and adds their group. */
static int read_options(struct space_reader *r, yaml_node_t *item, uint32_t first, uint32_t n,
                        const char *where)
{
    struct block_reader reader = block_reader(r, where);
    uint32_t l = r->space->n_layers - 1;
    struct space_layer *layer = &r->space->layers[l];
    struct option_group *group = &layer->groups[layer->n_groups];
    struct block_sequence sequence;

    reader.on_edge = r->space->edges;
    for (uint32_t variant = 0; variant < n; variant++) {
        uint32_t option = first + variant;
        int rc = block_sequence_read(&reader, item, variant, &sequence);

        if (rc < 0)
            return rc;
        layer->options[option] = block_sequence_name(&sequence);
        if (!layer->options[option])
            return reader_out_of_memory(r);
        rc = r->space->edges ? keep_option(r, l, option, &sequence)
                             : resolve_option(r, l, option, &sequence, where);
        if (rc < 0)
            return rc;
    }
    *group = (struct option_group){ first, n, block_pattern_name(&reader, item, &sequence) };
    if (!group->name)
        return reader_out_of_memory(r);
    layer->n_groups++;
    return 0;
}

int reader_layer(struct space_reader *r, yaml_node_t *options, const char *where)
{
    uint32_t l = r->space->n_layers - 1, first = 0;
    struct space_layer *layer = &r->space->layers[l];
    yaml_node_t *item;
    int rc = open_layer(r->space, l);

    if (rc < 0)
        return too_large(r, rc, options, where);
    layer->groups = calloc(yaml_length(options), sizeof *layer->groups);
    if (!layer->groups)
        return reader_out_of_memory(r);
    for (size_t i = 0; rc == 0 && (item = yaml_list_item(r->doc, options, i)); i++) {
        uint32_t n = (uint32_t)block_variants(r->doc, item, ARCH_MAX_OPTIONS);

        rc = read_options(r, item, first, n, where);
        first += n;
    }
    return rc;
}

/* ---- stem, head ---- */

/* The stem or the head: one sequence, no variants. */
static int read_fixed(struct space_reader *r, yaml_node_t *node, const char *where,
                      struct block_sequence *sequence_out)
{
    struct block_reader reader = block_reader(r, where);
    int rc = reader_check_list(r, node, where, BLOCK_SEQUENCE_MAX, "blocks");

    if (rc < 0)
        return rc;
    if (block_variants(r->doc, node, 1) != 1)
        return yaml_fault(r->doc, node, r->err,
                          "%s: a list of values; one value, nothing is searched here", where);
    return block_sequence_read(&reader, node, 0, sequence_out);
}

int reader_stem(struct space_reader *r)
{
    yaml_node_t *node = reader_section(r, "stem"), *place = node ? node : yaml_root(r->doc);
    struct block_sequence sequence = { 0 };
    struct graph *graph = &r->space->graph;
    struct errmsg why;
    struct shape out;
    uint32_t first;
    int rc = 0;

    if (node)
        rc = read_fixed(r, node, "stem", &sequence);
    if (rc < 0)
        return rc;
    if (start_scratch(r, &r->space->input) < 0)
        return reader_out_of_memory(r);
    if (op_infer_shape(&r->scratch, &r->scratch.ops[0], &why) < 0)
        return yaml_fault(r->doc, place, r->err, "input: %s", why.text);
    if (r->space->edges) {
        r->space->edges->stem = sequence;
        return 0;
    }
    rc = emit_blocks(r, &sequence, "stem");
    if (rc < 0)
        return rc;
    out = scratch_shape(r);
    rc = graph_add_fragment(graph, &r->scratch, 0, &r->space->rules, &graph->stem);
    if (rc == 0)
        rc = graph_add_interface(graph, 0, &out, graph->stem.n, &first);
    return too_large(r, rc, place, "stem");
}

static int check_logits(const struct space_reader *r, yaml_node_t *node)
{
    const struct graph *graph = &r->space->graph;
    const struct graph_border *border = &graph->borders[r->space->n_layers];

    for (uint32_t i = 0; i < border->n; i++) {
        const struct fragment *head = graph_fragment(graph, r->space->n_layers, 0, i);
        const struct shape *out;

        if (head->n == 0)
            return yaml_fault(r->doc, node, r->err, "head: no operation; at least one");
        out = &graph->vocabulary.ops[graph->words[head->first + head->n - 1]].out;
        if (out->channels != (int32_t)r->space->classes || out->height != 1 || out->width != 1)
            return yaml_fault(r->doc, node, r->err,
                              "head: gives %dx%dx%d; %ux1x1, a logit for each class", out->channels,
                              out->height, out->width, r->space->classes);
        if (border->most_ops[i] + head->n > NETWORK_MAX_OPS)
            return yaml_fault(r->doc, node, r->err,
                              "layers: networks of up to %u operations; %d at most",
                              border->most_ops[i] + head->n, NETWORK_MAX_OPS);
    }
    return 0;
}

int reader_head(struct space_reader *r)
{
    yaml_node_t *node = reader_required_section(r, "head");
    struct block_sequence sequence;
    uint32_t n_layers = r->space->n_layers;
    int rc = node ? read_fixed(r, node, "head", &sequence) : -EINVAL;

    if (rc < 0)
        return rc;
    if (r->space->edges) {
        r->space->edges->head = sequence;
        return reader_edges(r);
    }
    rc = too_large(r, graph_open_layer(&r->space->graph, n_layers, 1), node, "head");
    if (rc == 0)
        rc = resolve_option(r, n_layers, 0, &sequence, "head");
    if (rc == 0)
        rc = check_logits(r, node);
    if (rc == 0)
        graph_find_twins(&r->space->graph, n_layers);
    return rc;
}
