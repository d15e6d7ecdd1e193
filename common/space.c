#include "common/space.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_edges.h"
#include "common/space_emit.h"
#include "common/space_graph.h"

void space_free(struct space *space)
{
    if (!space)
        return;
    for (uint32_t l = 0; l < space->n_layers; l++) {
        struct space_layer *layer = &space->layers[l];

        for (uint32_t o = 0; layer->options && o < layer->n_options; o++)
            free(layer->options[o]);
        for (uint32_t g = 0; g < layer->n_groups; g++)
            free(layer->groups[g].name);
        free(layer->groups);
        free(layer->options);
        free(layer->name);
    }
    edge_layers_free(space->edges);
    graph_clear(&space->graph);
    free(space);
}

uint32_t space_n_layers(const struct space *space)
{
    return space->n_layers;
}

uint32_t space_n_options(const struct space *space, uint32_t layer)
{
    return space->layers[layer].n_options;
}

const char *space_layer_name(const struct space *space, uint32_t layer)
{
    return space->layers[layer].name;
}

const char *space_option_name(const struct space *space, uint32_t layer, uint32_t option)
{
    return space->layers[layer].options[option];
}

uint32_t space_groups(const struct space *space, uint32_t layer,
                      const struct option_group **groups_out)
{
    *groups_out = space->layers[layer].groups;
    return space->layers[layer].n_groups;
}

bool space_has_networks(const struct space *space)
{
    return space->has_networks;
}

const struct count_rules *space_count_rules(const struct space *space)
{
    return &space->rules;
}

struct shape space_input(const struct space *space)
{
    return space->input;
}

uint32_t space_classes(const struct space *space)
{
    return space->classes;
}

double space_width(const struct space *space)
{
    return (double)space->width / FRACTION_ONE;
}

double space_size(const struct space *space)
{
    double size = 1;

    for (uint32_t l = 0; l < space->n_layers; l++)
        size *= space->layers[l].n_options;
    return size;
}

int space_check_arch(const struct space *space, const struct arch *arch, struct errmsg *err)
{
    char text[ARCH_TEXT_SIZE];

    if (arch->n != space->n_layers)
        return errmsg_set(err, -EINVAL, "architecture %s: %u layers; the space has %u",
                          arch_format(arch, text), arch->n, space->n_layers);
    for (uint32_t l = 0; l < space->n_layers; l++)
        if (arch->option[l] >= space->layers[l].n_options)
            return errmsg_set(err, -EINVAL, "architecture %s: option %u of layer %s; 0 to %u",
                              arch_format(arch, text), arch->option[l], space->layers[l].name,
                              space->layers[l].n_options - 1);
    return 0;
}

/* ---- interfaces and costs ---- */

uint32_t space_n_interfaces(const struct space *space, uint32_t border)
{
    return space->graph.borders[border].n;
}

struct shape space_interface(const struct space *space, uint32_t border, uint32_t interface)
{
    return space->graph.borders[border].shapes[interface];
}

static void add_costs(const struct fragment *fragment, struct costs *costs)
{
    costs->madds += fragment->costs.madds;
    costs->params += fragment->costs.params;
    costs->activations += fragment->costs.activations;
}

uint32_t space_step(const struct space *space, uint32_t layer, uint32_t option, uint32_t interface,
                    struct costs *costs)
{
    const struct fragment *fragment = graph_fragment(&space->graph, layer, option, interface);

    add_costs(fragment, costs);
    return fragment->to;
}

void space_stem(const struct space *space, struct costs *costs)
{
    add_costs(&space->graph.stem, costs);
}

void space_head(const struct space *space, uint32_t interface, struct costs *costs)
{
    add_costs(graph_fragment(&space->graph, space->n_layers, 0, interface), costs);
}

/* ---- networks ---- */

/* There is room. */
static void append_fragment(const struct graph *graph, const struct fragment *fragment,
                            int32_t layer, struct network *network)
{
    for (uint32_t i = 0; i < fragment->n; i++) {
        struct op *op = &network->ops[network->n_ops];

        *op = graph->vocabulary.ops[graph->words[fragment->first + i]];
        op->layer = layer;
        for (int k = 0; k < op_inputs(op->kind); k++)
            op->input[k] = (int32_t)network->n_ops - op->input[k];
        network->n_ops++;
    }
}

static int resolve_edges(const struct space *space, const struct arch *arch,
                         struct network *network_out)
{
    struct network network = { 0 };
    int rc = edges_emit(space, arch, &network, NULL, NULL);

    if (rc < 0)
        network_clear(&network);
    else
        *network_out = network;
    return rc;
}

int space_resolve(const struct space *space, const struct arch *arch, struct network *network_out)
{
    const struct graph *graph = &space->graph;
    const struct fragment *fragments[ARCH_MAX_LAYERS + 1];
    struct network network = { 0 };
    uint32_t interface = 0;
    size_t n_ops = graph->stem.n;

    if (!space->has_networks)
        return -ENOTSUP;
    if (space->edges)
        return resolve_edges(space, arch, network_out);
    for (uint32_t l = 0; l <= space->n_layers; l++) { /* the head too */
        fragments[l] = graph_fragment(graph, l, l < space->n_layers ? arch->option[l] : 0,
                                      interface);
        interface = fragments[l]->to;
        n_ops += fragments[l]->n;
    }
    if (network_reserve(&network, n_ops) < 0)
        return -ENOMEM;
    append_fragment(graph, &graph->stem, NETWORK_STEM, &network);
    for (uint32_t l = 0; l <= space->n_layers; l++)
        append_fragment(graph, fragments[l], l < space->n_layers ? (int32_t)l : NETWORK_HEAD,
                        &network);
    *network_out = network;
    return 0;
}

/* ---- digest ---- */

static void digest_fragments(struct digest_state *state, const struct graph *graph, uint32_t layer)
{
    const struct graph_layer *l = &graph->layers[layer];

    for (uint32_t i = 0; i < graph->borders[layer].n * l->n_options; i++) {
        const struct fragment *f = &l->fragments[i];

        digest_bytes(state, &graph->words[f->first], f->n * sizeof *graph->words);
        digest_integer(state, f->to);
    }
}

/* Words are numbered as they come up, so equal spaces have equal ones. The last number, drop, counts
 * only where there is one: stored studies keep the names they had before there was dropout. */
static void digest_graph(struct digest_state *state, const struct graph *graph, uint32_t n_layers)
{
    for (uint32_t word = 0; word < graph->vocabulary.n; word++) {
        const struct op *op = &graph->vocabulary.ops[word];
        int n = op->kind == OP_DROPOUT ? OP_NUMBERS : OP_NUMBERS - 1;
        int32_t numbers[OP_NUMBERS];

        op_numbers(op, numbers);
        for (int i = 0; i < n; i++)
            digest_integer(state, numbers[i]);
    }
    digest_bytes(state, &graph->words[graph->stem.first], graph->stem.n * sizeof *graph->words);
    for (uint32_t l = 0; l <= n_layers; l++)
        digest_fragments(state, graph, l);
}

struct digest space_digest(const struct space *space)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "space");
    digest_integer(&state, space->n_layers);
    for (uint32_t l = 0; l < space->n_layers; l++) {
        digest_integer(&state, space->layers[l].n_options);
        for (uint32_t o = 0; !space->has_networks && o < space->layers[l].n_options; o++)
            digest_string(&state, space->layers[l].options[o]);
    }
    if (space->has_networks) {
        digest_integer(&state, space->rules.dense_bias);
        if (space->edges)
            digest_string(&state, "edges");
        digest_graph(&state, &space->graph, space->n_layers);
    }
    digest_end(&state, &digest);
    return digest;
}
