#include "common/space_graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Together some 100 MB at most, far above any space that can be searched. */
enum { MAX_WORDS = 1 << 20, MAX_FRAGMENTS = 1 << 18, FIRST_SLOTS = 256 };

void graph_clear(struct graph *graph)
{
    for (uint32_t i = 0; i <= ARCH_MAX_LAYERS; i++) {
        free(graph->layers[i].fragments);
        free(graph->borders[i].shapes);
        free(graph->borders[i].most_ops);
    }
    free(graph->vocabulary.ops);
    free(graph->vocabulary.slots);
    free(graph->words);
    *graph = (struct graph){ 0 };
}

/* array with room for one more than the n elements in use: it grows at every power of two. NULL when
 * memory runs out, and array is still good. */
static void *make_room(void *array, uint32_t n, size_t size)
{
    if (n & (n - 1))
        return array;
    return realloc(array, (n ? 2 * (size_t)n : 1) * size);
}

/* ---- vocabulary ---- */

void op_numbers(const struct op *op, int32_t numbers[OP_NUMBERS])
{
    const int32_t all[OP_NUMBERS] = {
        (int32_t)op->kind,
        op->layer,
        op->input[0],
        op->input[1],
        op->out.channels,
        op->out.height,
        op->out.width,
        op->kernel_h,
        op->kernel_w,
        op->stride,
        op->pad,
        op->groups,
        op->bias,
        (int32_t)op->activation,
        (int32_t)op->pooling,
        op->drop,
    };

    memcpy(numbers, all, sizeof all);
}

static uint32_t op_hash(const struct op *op)
{
    int32_t numbers[OP_NUMBERS];
    uint64_t hash = 0;

    op_numbers(op, numbers);
    for (int i = 0; i < OP_NUMBERS; i++) {
        hash = (hash ^ (uint32_t)numbers[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return (uint32_t)hash;
}

/* The slot that holds op, or the free one where it belongs. */
static uint32_t *find_slot(const struct vocabulary *v, const struct op *op)
{
    uint32_t i = op_hash(op) & (v->n_slots - 1);

    while (v->slots[i] && !op_equal(&v->ops[v->slots[i] - 1], op))
        i = (i + 1) & (v->n_slots - 1);
    return &v->slots[i];
}

static int grow_slots(struct vocabulary *v)
{
    struct vocabulary grown = *v;

    grown.n_slots = v->n_slots ? 2 * v->n_slots : FIRST_SLOTS;
    grown.slots = calloc(grown.n_slots, sizeof *grown.slots);
    if (!grown.slots)
        return -ENOMEM;
    for (uint32_t word = 0; word < v->n; word++)
        *find_slot(&grown, &v->ops[word]) = word + 1;
    free(v->slots);
    *v = grown;
    return 0;
}

static int vocabulary_add(struct vocabulary *v, const struct op *op, uint32_t *word_out)
{
    uint32_t *slot;

    if (2 * v->n >= v->n_slots && grow_slots(v) < 0)
        return -ENOMEM;
    slot = find_slot(v, op);
    if (!*slot) {
        struct op *ops = make_room(v->ops, v->n, sizeof *ops);

        if (!ops)
            return -ENOMEM;
        v->ops = ops;
        v->ops[v->n++] = *op;
        *slot = v->n;
    }
    *word_out = *slot - 1;
    return 0;
}

/* ---- fragments, interfaces ---- */

static struct op free_of_place(const struct op *op, size_t i)
{
    struct op free = *op;

    free.layer = 0;
    for (int k = 0; k < op_inputs(op->kind); k++)
        free.input[k] = (int32_t)i - op->input[k];
    return free;
}

static int add_word(struct graph *graph, const struct op *op)
{
    uint32_t *words = make_room(graph->words, graph->n_words, sizeof *words);
    int rc;

    if (!words)
        return -ENOMEM;
    graph->words = words;
    if (graph->n_words == MAX_WORDS)
        return -E2BIG;
    rc = vocabulary_add(&graph->vocabulary, op, &words[graph->n_words]);
    if (rc == 0)
        graph->n_words++;
    return rc;
}

int graph_add_fragment(struct graph *graph, const struct network *network, size_t from,
                       const struct count_rules *rules, struct fragment *fragment_out)
{
    struct fragment fragment = { .first = graph->n_words };

    for (size_t i = from; i < network->n_ops; i++) {
        struct op op = free_of_place(&network->ops[i], i);
        int rc = add_word(graph, &op);

        if (rc < 0)
            return rc;
        fragment.n++;
        op_costs(network, i, rules, &fragment.costs);
    }
    *fragment_out = fragment;
    return 0;
}

static int append_interface(struct graph_border *b, const struct shape *shape)
{
    struct shape *shapes = make_room(b->shapes, b->n, sizeof *shapes);
    uint32_t *most_ops;

    if (!shapes)
        return -ENOMEM;
    b->shapes = shapes;
    most_ops = make_room(b->most_ops, b->n, sizeof *most_ops);
    if (!most_ops)
        return -ENOMEM;
    b->most_ops = most_ops;
    shapes[b->n] = *shape;
    most_ops[b->n++] = 0;
    return 0;
}

int graph_add_interface(struct graph *graph, uint32_t border, const struct shape *shape,
                        uint32_t most_ops, uint32_t *interface_out)
{
    struct graph_border *b = &graph->borders[border];
    uint32_t i = 0;

    while (i < b->n && !shape_equal(&b->shapes[i], shape))
        i++;
    if (i == b->n) {
        if (b->n == SPACE_MAX_INTERFACES || graph->n_interfaces == SPACE_MAX_INTERFACES_IN_ALL)
            return -E2BIG;
        if (append_interface(b, shape) < 0)
            return -ENOMEM;
        graph->n_interfaces++;
    }
    if (most_ops > b->most_ops[i])
        b->most_ops[i] = most_ops;
    *interface_out = i;
    return 0;
}

int graph_open_layer(struct graph *graph, uint32_t layer, uint32_t n_options)
{
    struct graph_layer *l = &graph->layers[layer];
    uint32_t n = graph->borders[layer].n * n_options;

    if (graph->n_fragments + n > MAX_FRAGMENTS)
        return -E2BIG;
    l->fragments = calloc(n, sizeof *l->fragments);
    if (!l->fragments)
        return -ENOMEM;
    l->n_options = n_options;
    graph->n_fragments += n;
    return 0;
}

const struct fragment *graph_fragment(const struct graph *graph, uint32_t layer, uint32_t option,
                                      uint32_t interface)
{
    const struct graph_layer *l = &graph->layers[layer];

    return &l->fragments[(size_t)interface * l->n_options + option];
}

/* How many words the two begin with alike. */
static uint32_t common_words(const struct graph *graph, const struct fragment *a,
                             const struct fragment *b)
{
    const uint32_t *words = &graph->words[a->first], *others = &graph->words[b->first];
    uint32_t n = 0;

    while (n < a->n && n < b->n && words[n] == others[n])
        n++;
    return n;
}

/* Among the n fragments that leave one interface. */
static void find_twins(struct graph *graph, struct fragment *fragments, uint32_t n)
{
    for (uint32_t o = 0; o < n; o++) {
        fragments[o].twin = o;
        for (uint32_t k = 0; k < o && fragments[o].twin == o; k++) {
            uint32_t alike = common_words(graph, &fragments[k], &fragments[o]);

            if (alike == fragments[k].n && alike == fragments[o].n)
                fragments[o].twin = k;
            else if (alike == fragments[k].n || alike == fragments[o].n)
                graph->prefix_free = false;
        }
    }
}

void graph_find_twins(struct graph *graph, uint32_t n_layers)
{
    graph->prefix_free = true;
    for (uint32_t l = 0; l <= n_layers; l++) {
        struct graph_layer *layer = &graph->layers[l];

        for (uint32_t i = 0; i < graph->borders[l].n; i++)
            find_twins(graph, &layer->fragments[(size_t)i * layer->n_options], layer->n_options);
    }
}
