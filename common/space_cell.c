#include "common/space_cell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/space_edges.h"

enum { PLACE_SIZE = 192, NAME_MAX = 32 };

struct cell_reader {
    struct yaml_doc *doc;
    struct errmsg *err;
    struct cell *cell;
    const char *const *layers;
    size_t n_layers;
    char where[PLACE_SIZE]; /* "cells.residual" */
};

static int out_of_memory(const struct cell_reader *r)
{
    return errmsg_set(r->err, -ENOMEM, "%s: out of memory", r->doc->path);
}

/* ---- edges ---- */

/* The i-th pair of a map whose keys must be names. */
static yaml_node_t *named_pair(struct yaml_doc *doc, yaml_node_t *map, size_t i,
                               const char **name_out)
{
    yaml_node_t *value = yaml_map_pair(doc, map, i, name_out);

    if (!*name_out)
        *name_out = ""; /* the key is a list or a map; check_name refuses it */
    return value;
}

/* Names stand in messages and in names of options. */
static int check_name(const struct cell_reader *r, const yaml_node_t *node, const char *where,
                      const char *name, const char *const *taken)
{
    size_t length = strlen(name);

    if (length < 1 || length > NAME_MAX ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
        return yaml_fault(r->doc, node, r->err,
                          "%s: \"%.40s\"; a name of 1 to %d letters, digits, - and _", where, name,
                          NAME_MAX);
    for (; *taken; taken++)
        if (strcmp(*taken, name) == 0)
            return yaml_fault(r->doc, node, r->err,
                              "%s: \"%s\" has a meaning already; another name", where, name);
    return 0;
}

static int read_edge(const struct cell_reader *r, yaml_node_t *node, struct cell_edge *edge)
{
    const char *taken[ARCH_MAX_LAYERS + 2] = { "none" };
    char where[PLACE_SIZE + NAME_MAX + 8];
    struct block_reader reader = { .doc = r->doc, .field = where, .on_edge = true, .err = r->err };
    int rc;

    for (size_t l = 0; l < r->n_layers; l++)
        taken[l + 1] = r->layers[l];
    snprintf(where, sizeof where, "%s.edges", r->where);
    rc = check_name(r, node, where, edge->name, taken);
    if (rc < 0)
        return rc;
    snprintf(where, sizeof where, "%s.edges.%s", r->where, edge->name);
    switch (block_variants(r->doc, node, 1)) {
    case 0:
        return yaml_fault(r->doc, node, r->err, "%s: an empty list; at least one block", where);
    case 1:
        return block_sequence_read(&reader, node, 0, &edge->blocks);
    default:
        return yaml_fault(r->doc, node, r->err,
                          "%s: a list of values; one value, nothing is searched here", where);
    }
}

static int read_edges(const struct cell_reader *r, yaml_node_t *map)
{
    struct cell *cell = r->cell;
    size_t n = map->type == YAML_MAPPING_NODE ? yaml_length(map) : 0;
    int rc = 0;

    if (n < 1 || n > CELL_EDGES_MAX)
        return yaml_fault(r->doc, map, r->err, "%s.edges: %zu given; 1 to %d of NAME: BLOCK",
                          r->where, n, CELL_EDGES_MAX);
    cell->edges = calloc(n, sizeof *cell->edges);
    if (!cell->edges)
        return out_of_memory(r);
    for (; rc == 0 && cell->n_edges < n; cell->n_edges++) {
        struct cell_edge *edge = &cell->edges[cell->n_edges];
        yaml_node_t *node = named_pair(r->doc, map, cell->n_edges, &edge->name);

        for (size_t i = 0; i < cell->n_edges; i++)
            if (strcmp(cell->edges[i].name, edge->name) == 0)
                return yaml_fault(r->doc, node, r->err, "%s.edges.%s: given twice; once at most",
                                  r->where, edge->name);
        rc = read_edge(r, node, edge);
    }
    return rc;
}

/* ---- nodes ---- */

/* One list: an edge, or none, from each earlier node. */
static int read_node(const struct cell_reader *r, yaml_node_t *list, size_t to)
{
    const char *names[CELL_EDGES_MAX + ARCH_MAX_LAYERS + 2] = { "none" };
    char where[PLACE_SIZE + 32];
    size_t n = list->type == YAML_SEQUENCE_NODE ? yaml_length(list) : 0, edges = 0;

    snprintf(where, sizeof where, "%s.nodes, node %zu", r->where, to);
    if (n != to)
        return yaml_fault(r->doc, list, r->err,
                          "%s: %zu given; a list of %zu, an edge or none from each node before it",
                          where, n, to);
    for (size_t i = 0; i < r->cell->n_edges; i++)
        names[i + 1] = r->cell->edges[i].name;
    for (size_t l = 0; l < r->n_layers; l++)
        names[r->cell->n_edges + 1 + l] = r->layers[l];
    for (size_t from = 0; from < to; from++) {
        int index, layer;
        int rc = yaml_choice(r->doc, yaml_list_item(r->doc, list, from), where, names, &index,
                             r->err);

        if (rc < 0)
            return rc;
        layer = index - 1 - (int)r->cell->n_edges;
        r->cell->edge[to][from] = (int8_t)(layer < 0 ? index - 1 : CELL_LAYER(layer));
        edges += index > 0;
    }
    if (edges == 0)
        return yaml_fault(r->doc, list, r->err, "%s: no edge comes in; at least one", where);
    return 0;
}

static bool node_is_read(const struct cell *cell, size_t node)
{
    for (size_t to = node + 1; to <= cell->n_nodes; to++)
        if (cell->edge[to][node] != CELL_NO_EDGE)
            return true;
    return false;
}

static int read_nodes(const struct cell_reader *r, yaml_node_t *list)
{
    struct cell *cell = r->cell;
    size_t n = list->type == YAML_SEQUENCE_NODE ? yaml_length(list) : 0;

    if (n < 1 || n > CELL_NODES_MAX)
        return yaml_fault(r->doc, list, r->err, "%s.nodes: %zu given; a list of 1 to %d", r->where,
                          n, CELL_NODES_MAX);
    cell->n_nodes = n;
    for (size_t to = 1; to <= n; to++) {
        int rc = read_node(r, yaml_list_item(r->doc, list, to - 1), to);

        if (rc < 0)
            return rc;
    }
    for (size_t node = 0; node < n; node++)
        if (!node_is_read(cell, node))
            return yaml_fault(r->doc, list, r->err,
                              "%s.nodes: no edge goes out of node %zu; at least one", r->where,
                              node);
    return 0;
}

/* ---- cells ---- */

static int read_cell(struct cell_reader *r, yaml_node_t *node)
{
    static const char *const fields[] = { "edges", "nodes", NULL };
    const char *taken[BLOCK_KINDS_MAX + 1] = { 0 };
    yaml_node_t *edges, *nodes;
    int rc;

    for (size_t i = 0; i < n_block_kinds && i < BLOCK_KINDS_MAX; i++)
        taken[i] = block_kinds[i].name;
    rc = check_name(r, node, "cells", r->cell->name, taken);
    if (rc < 0)
        return rc;
    snprintf(r->where, sizeof r->where, "cells.%s", r->cell->name);
    rc = yaml_map_check(r->doc, node, r->where, fields, r->err);
    if (rc < 0)
        return rc;
    edges = yaml_map_get(r->doc, node, "edges");
    nodes = yaml_map_get(r->doc, node, "nodes");
    if (!nodes || (!edges && r->n_layers == 0))
        return yaml_fault(r->doc, node, r->err, "%s.%s: missing; it must be given", r->where,
                          nodes ? "edges" : "nodes");
    rc = edges ? read_edges(r, edges) : 0;
    return rc < 0 ? rc : read_nodes(r, nodes);
}

int cells_read(struct yaml_doc *doc, yaml_node_t *node, const char *const *layers, size_t n_layers,
               struct cell **cells_out, size_t *n_out, struct errmsg *err)
{
    struct cell_reader r = { .doc = doc, .err = err, .layers = layers, .n_layers = n_layers };
    size_t n = node->type == YAML_MAPPING_NODE ? yaml_length(node) : 0;
    int rc = 0;

    if (n < 1 || n > CELLS_MAX)
        return yaml_fault(doc, node, err,
                          "cells: %zu given; 1 to %d of NAME: {edges: ..., nodes: ...}", n,
                          CELLS_MAX);
    *cells_out = calloc(n, sizeof **cells_out);
    if (!*cells_out)
        return out_of_memory(&r);
    for (*n_out = 0; rc == 0 && *n_out < n; ++*n_out) {
        yaml_node_t *value;

        r.cell = &(*cells_out)[*n_out];
        value = named_pair(doc, node, *n_out, &r.cell->name);
        for (const struct cell *other = *cells_out; other < r.cell; other++)
            if (strcmp(other->name, r.cell->name) == 0)
                return yaml_fault(doc, value, err, "cells.%s: given twice; once at most",
                                  r.cell->name);
        rc = read_cell(&r, value);
    }
    return rc;
}

void cells_free(struct cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(cells[i].edges);
    free(cells);
}

/* ---- operations ---- */

static int emit_edge(const struct cell_edge *edge, struct emitter *e)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < edge->blocks.n; i++)
        rc = block_emit(&edge->blocks.blocks[i], e);
    return rc;
}

/* Sums the edges that lead to node `to`; at[node] is the operation that gives it. */
static int emit_node(const struct cell *cell, size_t to, int32_t *at, struct emitter *e)
{
    int32_t sum = -1;

    for (size_t from = 0; from < to; from++) {
        int edge = cell->edge[to][from], rc;

        if (edge == CELL_NO_EDGE)
            continue;
        e->at = at[from];
        rc = edge < 0 ? edge_layer_emit(CELL_LAYER(edge), e) : emit_edge(&cell->edges[edge], e);
        if (rc == 0 && sum >= 0)
            rc = emit_pair(e, OP_ADD, sum, e->at);
        if (rc < 0)
            return rc;
        sum = e->at;
    }
    at[to] = sum;
    return 0;
}

int cell_emit(const struct cell *cell, const int32_t *value, struct emitter *emitter)
{
    struct emitter e = *emitter;
    int32_t at[CELL_NODES_MAX + 1] = { emitter->at };
    struct errmsg why;

    e.cell.out = block_out(emitter, value);
    e.cell.stride = block_stride(emitter, value);
    e.err = &why;
    for (size_t node = 1; node <= cell->n_nodes; node++) {
        int rc = emit_node(cell, node, at, &e);

        if (rc == -EINVAL)
            return errmsg_set(emitter->err, rc, "node %zu: %s", node, why.text);
        if (rc < 0)
            return rc;
    }
    emitter->at = at[cell->n_nodes];
    return 0;
}
