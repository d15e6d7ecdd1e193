/* cost_rows - costs given for every architecture, and their extremes by search trees.
 *
 * A tree has a level for each layer; a node holds the range of all leaves below it. In one tree the
 * first layer is at the root, in the other the last one. With the front fixed (forward order) a
 * query in the first tree walks down and reads one node; with the back fixed (backward order) the
 * second tree does. Any other set goes to the tree in which fewer free layers stand above the last
 * fixed one, and is pruned: a node whose range is inside what was found already adds nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cost_model.h"

struct tree {
    uint32_t n_layers;
    uint32_t layer[ARCH_MAX_LAYERS], n_options[ARCH_MAX_LAYERS]; /* of each depth */
    int64_t *leaves;                                             /* -1: unknown */
    struct cost_range *nodes[ARCH_MAX_LAYERS]; /* by depth, then the options down to there */
};

struct cost_rows {
    struct tree front, back; /* the first layer at the root; the last one */
};

static struct cost_range range_at(const struct tree *tree, uint32_t depth, size_t index)
{
    int64_t cost;

    if (depth < tree->n_layers)
        return tree->nodes[depth][index];
    cost = tree->leaves[index];
    return cost < 0 ? cost_range_empty : (struct cost_range){ cost, cost };
}

/* ---- queries ---- */

struct query {
    const struct tree *tree;
    const struct arch *arch;
    uint64_t fixed;
    uint32_t free_depth; /* from here on down nothing is fixed */
};

static bool is_fixed(const struct query *q, uint32_t depth)
{
    return q->fixed >> q->tree->layer[depth] & 1;
}

static struct query query_of(const struct tree *tree, const struct arch *arch, uint64_t fixed)
{
    struct query q = { tree, arch, fixed, tree->n_layers };

    while (q.free_depth > 0 && !is_fixed(&q, q.free_depth - 1))
        q.free_depth--;
    return q;
}

/* Nodes that a query reads, without pruning. */
static double nodes_read(const struct query *q)
{
    double n = 1;

    for (uint32_t depth = 0; depth < q->free_depth; depth++)
        n *= is_fixed(q, depth) ? 1 : q->tree->n_options[depth];
    return n;
}

static bool inside(struct cost_range inner, const struct cost_range *outer)
{
    return inner.lowest >= outer->lowest && inner.highest <= outer->highest;
}

static void gather(const struct query *q, uint32_t depth, size_t index, struct cost_range *found)
{
    struct cost_range here = range_at(q->tree, depth, index);
    uint32_t n;

    if (inside(here, found))
        return;
    if (depth == q->free_depth) {
        cost_range_join(found, here);
        return;
    }
    n = q->tree->n_options[depth];
    if (is_fixed(q, depth)) {
        gather(q, depth + 1, index * n + q->arch->option[q->tree->layer[depth]], found);
        return;
    }
    for (uint32_t o = 0; o < n; o++)
        gather(q, depth + 1, index * n + o, found);
}

int64_t cost_rows_of(const struct cost_rows *rows, const struct arch *arch)
{
    const struct tree *tree = &rows->front;
    size_t index = 0;

    for (uint32_t l = 0; l < tree->n_layers; l++)
        index = index * tree->n_options[l] + arch->option[l];
    return tree->leaves[index];
}

struct cost_range cost_rows_completions(const struct cost_rows *rows, const struct arch *arch,
                                        uint64_t fixed)
{
    struct query front = query_of(&rows->front, arch, fixed);
    struct query back = query_of(&rows->back, arch, fixed);
    struct cost_range found = cost_range_empty;

    gather(nodes_read(&front) <= nodes_read(&back) ? &front : &back, 0, 0, &found);
    return found;
}

/* The first leaf below a node of the front tree that costs `wanted`; its options go to *best. */
static bool find(const struct query *q, uint32_t depth, size_t index, int64_t wanted,
                 struct arch *best)
{
    struct cost_range here = range_at(q->tree, depth, index);
    uint32_t n, from = 0, end;

    if (wanted < here.lowest || wanted > here.highest)
        return false;
    if (depth == q->tree->n_layers)
        return true;
    n = end = q->tree->n_options[depth];
    if (is_fixed(q, depth)) {
        from = q->arch->option[depth];
        end = from + 1;
    }
    for (uint32_t o = from; o < end; o++) {
        if (find(q, depth + 1, index * n + o, wanted, best)) {
            best->option[depth] = (uint16_t)o;
            return true;
        }
    }
    return false;
}

struct arch cost_rows_extreme(const struct cost_rows *rows, const struct arch *arch, uint64_t fixed,
                              bool highest)
{
    struct cost_range range = cost_rows_completions(rows, arch, fixed);
    struct query q = query_of(&rows->front, arch, fixed);
    struct arch best = *arch;

    if (range.lowest <= range.highest)
        find(&q, 0, 0, highest ? range.highest : range.lowest, &best);
    return best;
}

/* ---- life ---- */

/* Where the leaf of the front tree with that index lies in the back tree. */
static size_t reversed(const struct tree *back, size_t index)
{
    size_t result = 0;

    for (uint32_t depth = 0; depth < back->n_layers; depth++) {
        result = result * back->n_options[depth] + index % back->n_options[depth];
        index /= back->n_options[depth];
    }
    return result;
}

static void fill_node(struct tree *tree, uint32_t depth, size_t index)
{
    struct cost_range range = cost_range_empty;

    for (uint32_t o = 0; o < tree->n_options[depth]; o++)
        cost_range_join(&range, range_at(tree, depth + 1, index * tree->n_options[depth] + o));
    tree->nodes[depth][index] = range;
}

/* Room for n leaves and the nodes above them. */
static int tree_open(struct tree *tree, const struct space *space, size_t n, bool from_last)
{
    size_t level = 1;

    tree->n_layers = space_n_layers(space);
    tree->leaves = malloc(n * sizeof *tree->leaves);
    if (!tree->leaves)
        return -ENOMEM;
    for (uint32_t depth = 0; depth < tree->n_layers; depth++) {
        uint32_t l = from_last ? tree->n_layers - 1 - depth : depth;

        tree->layer[depth] = l;
        tree->n_options[depth] = space_n_options(space, l);
        tree->nodes[depth] = malloc(level * sizeof **tree->nodes);
        if (!tree->nodes[depth])
            return -ENOMEM;
        level *= tree->n_options[depth];
    }
    return 0;
}

/* The nodes, from the leaves up. */
static void tree_fill(struct tree *tree, size_t n)
{
    for (uint32_t depth = tree->n_layers; depth > 0; depth--) {
        n /= tree->n_options[depth - 1];
        for (size_t i = 0; i < n; i++)
            fill_node(tree, depth - 1, i);
    }
}

static void tree_clear(struct tree *tree)
{
    for (uint32_t depth = 0; depth < tree->n_layers; depth++)
        free(tree->nodes[depth]);
    free(tree->leaves);
}

int cost_rows_new(const struct space *space, const int64_t *cost, size_t n,
                  struct cost_rows **rows_out)
{
    struct cost_rows *rows;
    int rc;

    if (space_size(space) != (double)n)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        if (cost[i] < -1)
            return -EINVAL;
    rows = calloc(1, sizeof *rows);
    if (!rows)
        return -ENOMEM;
    rc = tree_open(&rows->front, space, n, false);
    if (rc == 0)
        rc = tree_open(&rows->back, space, n, true);
    if (rc < 0) {
        cost_rows_free(rows);
        return rc;
    }
    for (size_t i = 0; i < n; i++)
        rows->front.leaves[i] = rows->back.leaves[reversed(&rows->back, i)] = cost[i];
    tree_fill(&rows->front, n);
    tree_fill(&rows->back, n);
    *rows_out = rows;
    return 0;
}

void cost_rows_free(struct cost_rows *rows)
{
    if (!rows)
        return;
    tree_clear(&rows->front);
    tree_clear(&rows->back);
    free(rows);
}
