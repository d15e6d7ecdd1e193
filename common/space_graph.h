/* space_graph - what a space is once read: fragments of networks. Private to space.
 *
 *    border 0        border 1        border 2                border L
 *   stem -o--- layer 0 ---o--- layer 1 ---o--- ... layer L-1 ---o- head
 *                         o               o                     o
 *
 * Each o is an interface that can reach the border. What an option of a layer makes of one of them
 * is resolved once, at load: a fragment, the list of its ops, and the interface that it leads to.
 * A network is its fragments laid end to end; so resolving copies, counting adds, and canonical form
 * compares lists of small numbers.
 *
 * Ops stand in a vocabulary, each distinct one once, free of its place: input[] holds how many ops
 * back it reads, layer is 0. */
#ifndef LAYERNAS_COMMON_SPACE_GRAPH_H
#define LAYERNAS_COMMON_SPACE_GRAPH_H

#include "common/space.h"

struct vocabulary {
    uint32_t n, n_slots; /* slots: a power of two, at least twice n */
    struct op *ops;
    uint32_t *slots; /* a word + 1; 0: free */
};

struct fragment {
    uint32_t first, n; /* words: graph.words[first .. first + n) */
    uint32_t to;       /* interface at the next border; 0 of the head */
    uint32_t twin;     /* the first option with the same words */
    struct costs costs;
};

/* Fragments leaving a border, fragments[interface * n_options + option]. */
struct graph_layer {
    uint32_t n_options;
    struct fragment *fragments;
};

struct graph_border {
    uint32_t n;
    struct shape *shapes;
    uint32_t *most_ops; /* of the longest way there */
};

/* The layer after the last is the head, which has one option. */
struct graph {
    struct fragment stem; /* the input op too */
    struct graph_layer layers[ARCH_MAX_LAYERS + 1];
    struct graph_border borders[ARCH_MAX_LAYERS + 1];
    struct vocabulary vocabulary;
    uint32_t n_words, n_interfaces, n_fragments;
    uint32_t *words;
    bool prefix_free; /* no fragment begins another one that leaves the same interface */
};

void graph_clear(struct graph *graph);

/* Takes ops[from..n_ops) of network, where ops before `from` only stand for what is there already,
 * as a new fragment (all but `to`). -ENOMEM; -E2BIG where the space becomes too large. */
int graph_add_fragment(struct graph *graph, const struct network *network, size_t from,
                       const struct count_rules *rules, struct fragment *fragment_out);

/* The number of shape at that border, added if new, reached over most_ops operations. -ENOMEM;
 * -E2BIG past SPACE_MAX_INTERFACES and SPACE_MAX_INTERFACES_IN_ALL. */
int graph_add_interface(struct graph *graph, uint32_t border, const struct shape *shape,
                        uint32_t most_ops, uint32_t *interface_out);

/* Room for the fragments of a layer at its border, all interfaces of which are known. -ENOMEM,
 * -E2BIG. */
int graph_open_layer(struct graph *graph, uint32_t layer, uint32_t n_options);

/* Once all is there: twin of all fragments, and prefix_free. */
void graph_find_twins(struct graph *graph, uint32_t n_layers);

const struct fragment *graph_fragment(const struct graph *graph, uint32_t layer, uint32_t option,
                                      uint32_t interface);

/* The fields of an op, one after the other: equal exactly for equal ops (padding apart). */
enum { OP_NUMBERS = 16 };
void op_numbers(const struct op *op, int32_t numbers[OP_NUMBERS]);

struct space_layer {
    char *name;
    uint32_t n_options;
    char **options; /* their names */
    uint32_t n_groups;
    struct option_group *groups; /* their names are owned */
};

struct edge_layers;

struct space {
    bool has_networks; /* or only names: then `width` is 1, what else follows `layers` zero */
    uint32_t n_layers;
    struct space_layer layers[ARCH_MAX_LAYERS];
    struct shape input;
    uint32_t classes;
    int32_t width; /* what numbers of channels are multiplied by, as a fraction */
    struct count_rules rules;
    struct graph graph;
    struct edge_layers *edges; /* owned; NULL where layers lie end to end */
};

#endif
