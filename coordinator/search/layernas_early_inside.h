/* layernas_early_inside - what the files of layernas_early share. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_EARLY_INSIDE_H
#define LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_EARLY_INSIDE_H

#include "coordinator/search/layernas_early.h"
#include "coordinator/search/opening.h"

struct cell {
    uint32_t bucket, interface;
    uint32_t first, n;     /* in early->children */
    uint64_t newest;       /* of the proposals that it waits for, the last one */
    struct opening family; /* children of what it keeps; once it is settled */
    bool has_family;
};

/* The children of a cell's candidates that have one option. */
struct turn {
    uint32_t cell, option;
    int64_t cost; /* about: that of the cell's dearest contender with this option */
};

struct layernas_early {
    const struct search_settings *settings;
    const struct cost_model *model;
    const struct opening *opening;
    struct layernas_place place; /* of the next layer, but for its parents */
    uint32_t layer, n_options;   /* the next one */
    uint32_t *children;          /* of the opening, cell by cell */
    struct cell *cells;          /* in order of bucket, then interface */
    uint32_t n_cells;
    struct turn *turns; /* n_cells x n_options */
    uint32_t n_turns, n_over;
    uint32_t next_child; /* in the family of turn n_over */
    uint64_t waits_for;  /* a proposal that turn n_over waits for; 0: not looked */
};

/* Its only contender is kept whatever comes of it. */
static inline bool is_undisputed(const struct layernas_early *early, const struct cell *cell)
{
    return cell->n == 1 && early->settings->parallel > 1;
}

/* Both in layernas_turns.c, in this order, where all trials of the opening are proposed; the second:
 * -ENOMEM. */
void layernas_make_cells(struct layernas_early *early, const struct proposals *known);
int layernas_make_turns(struct layernas_early *early, uint64_t n_issued);

#endif
