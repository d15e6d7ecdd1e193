/* space_canonical - the smallest spelling of a network.
 *
 * An architecture is a sequence of words (space_graph.h). Depth first, from the front, each layer
 * takes its smallest option whose fragment comes next in the sequence and from which the rest can
 * be spelled too. What a layer sees is the shape of the word before it, so whether the rest can be
 * spelled depends on (layer, position) alone: a dead end is met once.
 *
 * Where no fragment begins another of its interface, only the layer's own words can come next: its
 * smallest option with these words is all there is to choose. Spaces without skips are mostly so. */
#include <string.h>

#include "common/space_edges.h"
#include "common/space_graph.h"

enum { BITS = 64, POSITION_WORDS = NETWORK_MAX_OPS / BITS + 1 };

struct speller {
    const struct graph *graph;
    struct arch *arch;
    uint32_t n_layers, n;
    uint32_t words[NETWORK_MAX_OPS];
    uint64_t dead_ends[ARCH_MAX_LAYERS + 1][POSITION_WORDS]; /* a bit for each position */
};

static bool comes_next(const struct speller *s, const struct fragment *fragment, uint32_t at)
{
    const uint32_t *words = &s->graph->words[fragment->first];

    if (fragment->n == 0)
        return true;
    return fragment->n <= s->n - at && words[0] == s->words[at] &&
           memcmp(words, &s->words[at], fragment->n * sizeof *words) == 0;
}

/* Spells words[at..n) with layers layer, layer + 1, ... and the head. */
static bool spell(struct speller *s, uint32_t layer, uint32_t interface, uint32_t at)
{
    const struct fragment *fragments = graph_fragment(s->graph, layer, 0, interface);
    uint64_t *dead_ends = &s->dead_ends[layer][at / BITS], bit = UINT64_C(1) << at % BITS;
    bool head = layer == s->n_layers;

    if (*dead_ends & bit)
        return false;
    for (uint32_t o = 0; o < s->graph->layers[layer].n_options; o++) {
        uint32_t end = at + fragments[o].n;

        if (!comes_next(s, &fragments[o], at))
            continue;
        if (head && end == s->n)
            return true;
        if (!head && spell(s, layer + 1, fragments[o].to, end)) {
            s->arch->option[layer] = (uint16_t)o;
            return true;
        }
    }
    *dead_ends |= bit;
    return false;
}

static void add_words(struct speller *s, const struct fragment *fragment)
{
    memcpy(&s->words[s->n], &s->graph->words[fragment->first], fragment->n * sizeof *s->words);
    s->n += fragment->n;
}

static void spell_twins(const struct graph *graph, struct arch *arch)
{
    uint32_t interface = 0;

    for (uint32_t l = 0; l < arch->n; l++) {
        const struct fragment *fragment = graph_fragment(graph, l, arch->option[l], interface);

        arch->option[l] = (uint16_t)fragment->twin;
        interface = fragment->to;
    }
}

int space_canonical(const struct space *space, const struct arch *arch, struct arch *canonical_out)
{
    const struct graph *graph = &space->graph;
    struct arch canonical = *arch;
    uint32_t interface = 0;
    struct speller s;

    if (space->edges)
        return edges_canonical(space, arch, canonical_out);
    if (space->has_networks && graph->prefix_free) {
        spell_twins(graph, &canonical);
    } else if (space->has_networks) {
        s.graph = graph;
        s.arch = &canonical;
        s.n_layers = space->n_layers;
        s.n = 0;
        for (uint32_t l = 0; l <= space->n_layers; l++) {
            uint32_t option = l < space->n_layers ? arch->option[l] : 0;
            const struct fragment *fragment = graph_fragment(graph, l, option, interface);

            add_words(&s, fragment);
            interface = fragment->to;
        }
        for (uint32_t l = 0; l <= space->n_layers; l++)
            memset(s.dead_ends[l], 0, (s.n / BITS + 1) * sizeof *s.dead_ends[l]);
        spell(&s, 0, 0, 0);
    }
    *canonical_out = canonical;
    return 0;
}
