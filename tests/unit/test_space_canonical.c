#include "tests/unit/random_space.h"

#include <stdlib.h>
#include <string.h>

#include "common/space_graph.h"

enum { SPACES = 150, EDGE_SPACES = 60 };

struct spelled {
    struct arch first; /* of the architectures that give this network */
    struct network network;
};

/* Nothing is computed for nothing: each operation but the last is read by a later one. */
static bool every_op_is_read(const struct network *network)
{
    bool read[NETWORK_MAX_OPS] = { false };

    for (size_t i = 0; i < network->n_ops; i++)
        for (int k = 0; k < op_inputs(network->ops[i].kind); k++)
            read[network->ops[i].input[k]] = true;
    for (size_t i = 0; i + 1 < network->n_ops; i++)
        if (!read[i])
            return false;
    return true;
}

/* Finds network among known[0..*n), or adds it: takes it over either way. */
static const struct arch *first_spelling(struct spelled *known, size_t *n, struct network *network,
                                         const struct arch *arch)
{
    for (size_t i = 0; i < *n; i++) {
        if (network_equal(&known[i].network, network)) {
            network_clear(network);
            return &known[i].first;
        }
    }
    known[*n] = (struct spelled){ *arch, *network };
    return &known[(*n)++].first;
}

/* Returns how many architectures are a second spelling of an earlier one. */
static size_t compare_with_brute_force(const struct space *space)
{
    static struct spelled known[RANDOM_SPACE_MAX];
    struct arch arch = first_arch(space);
    size_t n = 0, second = 0;

    do {
        char text[ARCH_TEXT_SIZE], got[ARCH_TEXT_SIZE], want[ARCH_TEXT_SIZE];
        struct arch canonical;
        struct network network;
        const struct arch *first;

        arch_format(&arch, text);
        assert_int_equal(space_resolve(space, &arch, &network), 0);
        check_int_equal(text, network_check(&network, NULL), 0);
        check_true(text, every_op_is_read(&network));
        first = first_spelling(known, &n, &network, &arch);
        assert_int_equal(space_canonical(space, &arch, &canonical), 0);
        check_string_equal(text, arch_format(&canonical, got), arch_format(first, want));
        second += !arch_equal(first, &arch);
    } while (next_arch(space, &arch));
    for (size_t i = 0; i < n; i++)
        network_clear(&known[i].network);
    return second;
}

static void test_smallest_spelling_of_every_network(void **state)
{
    struct rng rng;
    size_t second = 0;
    int prefix_free = 0;

    (void)state;
    rng_init(&rng, 1, 0);
    for (int i = 0; i < SPACES; i++) {
        struct space *space = random_space(&rng);

        prefix_free += space->graph.prefix_free;
        second += compare_with_brute_force(space);
        space_free(space);
    }
    assert_true(second > 1000); /* else there was nothing to find */
    print_message("# %d of %d spaces are prefix-free\n", prefix_free, SPACES);
    assert_in_range(prefix_free, 10, SPACES - 10);
}

/* A cell of up to four nodes, each edge a layer, none, or a layer that is on another edge too. */
static struct space *random_edges(struct rng *rng)
{
    static const char *const menu[] = { "skip",      "act: zero",         "norm",
                                        "act: relu", "[norm, act: relu]", "act: none" };
    char text[2048], options[256] = "";
    struct space *space;
    int n_options = 2 + (int)rng_below(rng, 3);

    for (int o = 0, item = (int)rng_below(rng, 6); o < n_options; o++, item++)
        snprintf(options + strlen(options), sizeof options - strlen(options), "%s%s", o ? ", " : "",
                 menu[item % 6]);
    for (;;) {
        uint64_t n_nodes = 1 + rng_below(rng, 4);
        size_t n = (size_t)snprintf(text, sizeof text,
                                    "input: {channels: 2, height: 4, width: 4, classes: 3}\n"
                                    "edges: [{name: e, repeat: 5, options: [%s]}]\n"
                                    "cells: {c: {nodes: [",
                                    options);

        for (uint64_t to = 0; to < n_nodes; to++)
            for (uint64_t from = 0; from <= to; from++) {
                uint64_t layer = rng_below(rng, 6);

                n += (size_t)snprintf(text + n, sizeof text - n, from ? ", " : "[");
                n += layer ? (size_t)snprintf(text + n, sizeof text - n, "e.%u", (unsigned)layer)
                           : (size_t)snprintf(text + n, sizeof text - n, "none");
                if (from == to)
                    n += (size_t)snprintf(text + n, sizeof text - n, "], ");
            }
        n += (size_t)snprintf(text + n, sizeof text - n,
                              "]}}\nstem: [c, pool: {kind: avg, size: 2}, c]\n"
                              "head: [pool: {kind: avg, size: all}, dense: classes]\n");
        if (space_parse(text, n, "random", &space, NULL) == 0)
            return space;
    }
}

static void test_smallest_spelling_of_layers_on_edges(void **state)
{
    struct rng rng;
    size_t second = 0;

    (void)state;
    rng_init(&rng, 3, 0);
    for (int i = 0; i < EDGE_SPACES; i++) {
        struct space *space = random_edges(&rng);

        second += compare_with_brute_force(space);
        space_free(space);
    }
    print_message("# %zu second spellings\n", second);
    assert_true(second > 100);
}

static void test_equal_networks_of_different_blocks(void **state)
{
    static const char text[] = "input: {channels: 4, height: 8, width: 8, classes: 3}\n"
                               "layers:\n"
                               "- name: a\n"
                               "  options:\n"
                               "  - skip: {stride: 2}\n"
                               "  - conv: {out: 4, kernel: 1, stride: 2, act: none}\n"
                               "  - mbconv: {expand: 1, kernel: 3, out: 6, stride: 2}\n"
                               "  - conv: {out: same, kernel: 3, groups: 4, stride: 2}\n"
                               "- name: b\n"
                               "  options:\n"
                               "  - act: relu\n"
                               "  - conv: {out: 6, kernel: 1, act: none}\n"
                               "  - identity\n"
                               "  - [identity, skip]\n"
                               "- name: c\n"
                               "  options: [identity, act: relu, skip]\n"
                               "head: [pool: {kind: avg, size: all}, dense: classes]\n";
    static const struct {
        const char *name, *arch, *want;
    } cases[] = {
        { "a projection is a convolution", "1:0:0", "0:0:0" },
        { "an mbconv that does not expand is two convolutions", "3:1:0", "2:2:0" },
        { "a block may move to the next layer", "0:2:1", "0:0:0" },
        { "a skip at the end is any other skip", "0:3:2", "0:2:0" },
        { "widths differ: not the same", "3:2:0", "3:2:0" },
    };
    struct space *space;
    struct errmsg err;

    (void)state;
    if (space_parse(text, sizeof text - 1, "f.yaml", &space, &err) < 0)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arch arch, canonical;
        char got[ARCH_TEXT_SIZE];

        assert_int_equal(arch_parse(cases[i].arch, &arch), 0);
        assert_int_equal(space_canonical(space, &arch, &canonical), 0);
        check_string_equal(cases[i].name, arch_format(&canonical, got), cases[i].want);
    }
    space_free(space);
}

/* The last layer's operations end as the head's do; they are not the head's. */
static void test_the_head_ends_the_network(void **state)
{
    static const char text[] = "input: {channels: 4, height: 8, width: 8, classes: 3}\n"
                               "layers: [{name: a, options: [skip, dense: classes]}]\n"
                               "head: [dense: classes]\n";
    struct arch arch = { .n = 1, .option = { 1 } }, canonical;
    struct space *space;

    (void)state;
    assert_int_equal(space_parse(text, sizeof text - 1, "f.yaml", &space, NULL), 0);
    assert_int_equal(space_canonical(space, &arch, &canonical), 0);
    assert_int_equal(canonical.option[0], 1);
    space_free(space);
}

/* Of n random architectures: the first of its spellings, and its own canonical form. */
static void check_canonical(const struct space *space, int n)
{
    struct rng rng;

    rng_init(&rng, 2, 0);
    for (int i = 0; i < n; i++) {
        struct arch arch = random_arch(space, &rng), canonical, again;

        assert_int_equal(space_canonical(space, &arch, &canonical), 0);
        assert_true(arch_compare(&canonical, &arch) <= 0);
        assert_int_equal(space_canonical(space, &canonical, &again), 0);
        assert_true(arch_equal(&canonical, &again));
    }
}

/* 63 layers that may do the same thing or nothing: 2^63 spellings, 64 networks. */
static void test_a_space_of_equal_layers_is_no_trap(void **state)
{
    static const char text[] = "input: {channels: 2, height: 4, width: 4, classes: 3}\n"
                               "layers:\n"
                               "- name: a\n"
                               "  repeat: 63\n"
                               "  options: [skip, norm, [norm, norm, act: relu]]\n"
                               "head: [pool: {kind: avg, size: all}, dense: classes]\n";
    struct space *space;

    (void)state;
    assert_int_equal(space_parse(text, sizeof text - 1, "f.yaml", &space, NULL), 0);
    check_canonical(space, 1000);
    space_free(space);
}

/* The same on edges: a chain of 16. */
static void test_a_chain_of_equal_edges_is_no_trap(void **state)
{
    char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text,
                                "input: {channels: 2, height: 4, width: 4, classes: 3}\n"
                                "edges: [{name: e, repeat: 16, options: [skip, norm, act: relu]}]\n"
                                "stem: [c]\n"
                                "head: [pool: {kind: avg, size: all}, dense: classes]\n"
                                "cells: {c: {nodes: [");
    struct space *space;
    struct errmsg err;

    (void)state;
    for (int to = 1; to <= 16; to++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "[");
        for (int from = 1; from < to; from++)
            n += (size_t)snprintf(text + n, sizeof text - n, "none, ");
        n += (size_t)snprintf(text + n, sizeof text - n, "e.%d], ", to);
    }
    n += (size_t)snprintf(text + n, sizeof text - n, "]}}\n");
    if (space_parse(text, n, "f.yaml", &space, &err) < 0)
        fail_msg("%s", err.text);
    check_canonical(space, 20);
    space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest_spelling_of_every_network),
        cmocka_unit_test(test_smallest_spelling_of_layers_on_edges),
        cmocka_unit_test(test_equal_networks_of_different_blocks),
        cmocka_unit_test(test_the_head_ends_the_network),
        cmocka_unit_test(test_a_space_of_equal_layers_is_no_trap),
        cmocka_unit_test(test_a_chain_of_equal_edges_is_no_trap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
