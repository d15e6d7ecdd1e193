/* space_edges - spaces whose layers lie on the edges of cells: NATS-Bench's topology space (Dong et
 * al., 2021, arXiv 2009.00437). Private to space.
 *
 * An option chosen once for an edge holds in every copy of the cell, so a layer's operations lie all
 * over the network, and fragments laid end to end (space_graph.h) do not describe it. Its blocks are
 * kept instead, and each network is emitted anew. What an option makes of an edge has the shape that
 * all others give there; so nothing that is chosen changes what another layer costs, every border has
 * one interface, and the fragments of the graph hold the costs: those of a layer are the sum over all
 * copies, those of the stem are of all that lies outside the layers and before the head. */
#ifndef LAYERNAS_COMMON_SPACE_EDGES_H
#define LAYERNAS_COMMON_SPACE_EDGES_H

#include "common/arch.h"
#include "common/space_block.h"
#include "common/space_cell.h"

struct space;

enum {
    EDGE_OPEN = UINT16_MAX, /* in place of an option: none is chosen yet */
    EDGE_LAYERS_MAX = 16, /* the canonical form tries all spellings of what may be spelled twice */
};

struct edge_option {
    size_t n;
    struct block *blocks; /* owned; of these `node` may be used while the document lives only */
};

struct edge_layers {
    uint32_t n_layers;
    struct {
        uint32_t n; /* options */
        struct edge_option *options;
    } layers[ARCH_MAX_LAYERS]; /* EDGE_LAYERS_MAX once all are read */
    struct cell *cells;        /* owned; without names once the document is gone */
    size_t n_cells;
    struct block_sequence stem, head;
};

void edge_layers_free(struct edge_layers *layers);

/* Room for the options of the next layer; a copy of one of them. -ENOMEM. */
int edge_layers_open(struct edge_layers *layers, uint32_t n_options);
int edge_option_set(struct edge_option *option, const struct block_sequence *sequence);

/* Appends what emitter->arch chose for an edge. -EINVAL where its result has not the channels of the
 * cell and the size of what comes in; -ECANCELED where nothing is chosen yet. */
int edge_layer_emit(int layer, struct emitter *emitter);

/* Makes network that of arch, up to the first edge of an open layer: -ECANCELED there. -EINVAL, with
 * the fault and the block of stem or head in *fault_out (which may be NULL); -ENOMEM, -E2BIG. */
int edges_emit(const struct space *space, const struct arch *arch, struct network *network,
               const struct block **fault_out, struct errmsg *err);

/* space_canonical for such a space. */
int edges_canonical(const struct space *space, const struct arch *arch, struct arch *canonical_out);

#endif
