/* space_cell - small graphs of blocks, named in a space file and used like a block. Private to
 * space.
 *
 *    cells:
 *      residual:
 *        edges:                            # what may lie between two nodes
 *          conv: {conv: {out: cell, kernel: 3, stride: cell}}
 *          ...
 *        nodes:                            # node 0 is the input, the last one the output
 *          - [conv]                        # node 1: conv of node 0
 *          - [through, conv]               # node 2: through of node 0 + conv of node 1
 *
 * Where layers lie on edges (space_edges.h), nodes may name a layer in the place of an edge.
 *
 * A node is the sum of its edges, one from each node before it; `none` is no edge. This is how
 * NATS-Bench writes a cell (Dong et al., 2021, arXiv 2009.00437), with any blocks on the edges. */
#ifndef LAYERNAS_COMMON_SPACE_CELL_H
#define LAYERNAS_COMMON_SPACE_CELL_H

#include "common/space_block.h"

enum { CELL_NODES_MAX = 16, CELL_EDGES_MAX = 16, CELLS_MAX = 16, CELL_NO_EDGE = -1 };

/* Stands in cell.edge for a layer, and back. */
#define CELL_LAYER(layer) (-2 - (layer))

struct cell_edge {
    const char *name;
    struct block_sequence blocks;
};

/* Names and nodes belong to the document, which must outlive the cell. */
struct cell {
    const char *name;
    size_t n_edges, n_nodes; /* kinds of edges; nodes after node 0 */
    struct cell_edge *edges; /* owned */

    /* Which of edges leads from node `from` to node `to`, or CELL_NO_EDGE, or a CELL_LAYER. */
    int8_t edge[CELL_NODES_MAX + 1][CELL_NODES_MAX]; /* [to][from] */
};

/* Reads the cells that node, the value of `cells`, holds. layers are those that nodes may name. The caller's to free with cells_free, also
 * after -EINVAL and -ENOMEM. */
int cells_read(struct yaml_doc *doc, yaml_node_t *node, const char *const *layers, size_t n_layers,
               struct cell **cells_out, size_t *n_out, struct errmsg *err);
void cells_free(struct cell *cells, size_t n);

/* Appends the operations of a cell used with these values of `out` and `stride`. What its last node
 * gives is the last operation. */
int cell_emit(const struct cell *cell, const int32_t *value, struct emitter *emitter);

#endif
