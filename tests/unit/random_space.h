/* random_space - small random spaces, full of options that spell the same network, and all of their
 * architectures one after the other: what exact algorithms are compared with brute force on. */
#ifndef LAYERNAS_TESTS_RANDOM_SPACE_H
#define LAYERNAS_TESTS_RANDOM_SPACE_H

#include "tests/unit/check.h"

#include <stdio.h>

#include "common/rng.h"
#include "common/space.h"

enum { RANDOM_SPACE_MAX = 2000 };

/* A cell named `branches` of one to three nodes; the parser refuses some. */
static inline size_t random_cell_text(struct rng *rng, char *text, size_t size)
{
    static const char *const edges[] = { "none", "n", "s", "r" };
    size_t used = (size_t)snprintf(text, size,
                                   "cells:\n"
                                   "  branches:\n"
                                   "    edges:\n"
                                   "      n: {conv: {out: cell, kernel: 1, act: none}}\n"
                                   "      s: {skip: {out: cell}}\n"
                                   "      r: [act: relu, skip: {out: cell, stride: cell}]\n"
                                   "    nodes:\n");
    uint64_t n_nodes = 1 + rng_below(rng, 3);

    for (uint64_t to = 1; to <= n_nodes; to++) {
        used += (size_t)snprintf(text + used, size - used, "    - [");
        for (uint64_t from = 0; from < to; from++)
            used += (size_t)snprintf(text + used, size - used, "%s%s", from ? ", " : "",
                                     edges[rng_below(rng, 4)]);
        used += (size_t)snprintf(text + used, size - used, "]\n");
    }
    return used;
}

static inline size_t random_space_text(struct rng *rng, char *text, size_t size)
{
    static const char *const menu[] = {
        "skip",
        "identity",
        "skip: {out: 4}",
        "skip: {stride: [1, 2]}",
        "identity: {out: [4, 6], stride: 2}",
        "conv: {out: [4, 6], kernel: 1}",
        "conv: {out: [same, 4], kernel: [1, 3], act: relu}",
        "conv: {out: 4, kernel: 1, act: none, norm: false}",
        "conv: {out: same, kernel: 3, groups: channels, stride: 2}",
        "norm",
        "act: relu6",
        "act: [relu, none]",
        "mbconv: {expand: [1, 2], kernel: 3, out: [same, 6], stride: [1, 2]}",
        "[conv: {out: 4, kernel: 1, act: none, norm: false}, norm, act: relu6]",
        "[norm, act: relu6]",
        "[act: relu, act: relu]",
        "[skip, identity]",
        "[conv: {out: same, kernel: 3, groups: channels, stride: 2}, skip: {out: 6}]",
        "pool: {kind: [avg, max], size: 2}",
        "mbconv: {hidden: [6, 8], kernel: 3, out: same, se: [false, true], act: hswish}",
        "mbconv: {expand: [1, 1.5], kernel: 1, out: 6, width: [1, 2]}",
        "[se, dropout: [0, 0.2]]",
        "[depthwise: {kernel: 3, stride: 2}, skip: {out: 6}]",
        "pool: {kind: max, size: 3, stride: 2, pad: [0, 1]}",
        "branches: {out: [same, 6]}",
        "branches: {stride: [1, 2]}",
    };
    uint64_t n_menu = sizeof menu / sizeof *menu, n_layers = 1 + rng_below(rng, 5);
    size_t used = (size_t)snprintf(text, size,
                                   "input: {channels: 2, height: 4, width: 4, classes: 3}\n"
                                   "head: [pool: {kind: avg, size: all}, dense: classes]\n"
                                   "stem: [conv: {out: %u, kernel: 3, act: relu}]\n",
                                   rng_below(rng, 2) ? 4u : 6u);

    used += random_cell_text(rng, text + used, size - used);
    used += (size_t)snprintf(text + used, size - used, "layers:\n");

    for (uint64_t l = 0; l < n_layers; l++) {
        uint64_t item = rng_below(rng, n_menu), n_items = 1 + rng_below(rng, 4);

        used += (size_t)snprintf(text + used, size - used, "- name: l%u\n  options:\n",
                                 (unsigned)l);
        for (uint64_t i = 0; i < n_items; i++, item += 1 + rng_below(rng, n_menu / 5))
            used += (size_t)snprintf(text + used, size - used, "  - %s\n", menu[item % n_menu]);
    }
    return used;
}

/* Draws until a space is sound and has at most RANDOM_SPACE_MAX architectures. */
static inline struct space *random_space(struct rng *rng)
{
    char text[8192];
    struct space *space;

    for (;;) {
        size_t size = random_space_text(rng, text, sizeof text);

        if (space_parse(text, size, "random", &space, NULL) < 0)
            continue;
        if (space_size(space) <= RANDOM_SPACE_MAX)
            return space;
        space_free(space);
    }
}

static inline struct arch first_arch(const struct space *space)
{
    return (struct arch){ .n = (uint16_t)space_n_layers(space) };
}

/* The next one in order of option vectors; false after the last. */
static inline bool next_arch(const struct space *space, struct arch *arch)
{
    for (uint32_t l = space_n_layers(space); l > 0; l--) {
        if (++arch->option[l - 1] < space_n_options(space, l - 1))
            return true;
        arch->option[l - 1] = 0;
    }
    return false;
}

static inline struct arch random_arch(const struct space *space, struct rng *rng)
{
    struct arch arch = first_arch(space);

    for (uint32_t l = 0; l < arch.n; l++)
        arch.option[l] = (uint16_t)rng_below(rng, space_n_options(space, l));
    return arch;
}

#endif
