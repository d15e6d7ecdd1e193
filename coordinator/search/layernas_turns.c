/* Which cells a layer has, and in which order their children take turns (layernas_early.h). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/target.h"
#include "coordinator/search/layernas_early_inside.h"

/* So many trials to each of those in flight go out while the slowest of these runs. */
enum { WINDOW = 8 };

/* ---- cells ---- */

static int compare_places(const void *left, const void *right, void *arg)
{
    const struct opening_child *children = arg;
    uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
    const struct opening_child *a = &children[l], *b = &children[r];

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    if (a->interface != b->interface)
        return a->interface < b->interface ? -1 : 1;
    if (a->cost != b->cost) /* the dearest first */
        return a->cost > b->cost ? -1 : 1;
    return (l > r) - (l < r);
}

static void add_to_cell(struct layernas_early *early, const struct proposals *known, uint32_t i)
{
    const struct opening_child *child = &early->opening->children[early->children[i]];
    struct cell *cell = early->n_cells ? &early->cells[early->n_cells - 1] : NULL;
    int64_t at;

    if (!cell || cell->bucket != child->bucket || cell->interface != child->interface) {
        cell = &early->cells[early->n_cells++];
        *cell = (struct cell){ child->bucket, child->interface, .first = i };
    }
    at = arch_set_find(&known->archs, &child->candidate);
    if (at >= 0 && (uint64_t)at + 1 > cell->newest)
        cell->newest = (uint64_t)at + 1;
    cell->n++;
}

void layernas_make_cells(struct layernas_early *early, const struct proposals *known)
{
    const struct opening *opening = early->opening;
    uint32_t n = 0;

    for (uint32_t i = 0; i < opening->n_children; i++)
        if (opening_child_is_filed(&opening->children[i]))
            early->children[n++] = i;
    qsort_r(early->children, n, sizeof *early->children, compare_places, opening->children);
    for (uint32_t i = 0; i < n; i++)
        add_to_cell(early, known, i);
    for (uint32_t c = 0; c < early->n_cells; c++)
        if (is_undisputed(early, &early->cells[c]))
            early->cells[c].newest = 0;
}

/* ---- turns ---- */

/* As the children of an opening (layernas_opening.c). */
static int compare_turns(const void *left, const void *right, void *arg)
{
    const struct turn *a = left, *b = right;
    const struct cost_range *target = arg;
    uint64_t a_away = target_distance(target, a->cost), b_away = target_distance(target, b->cost);

    if (a_away != b_away)
        return a_away < b_away ? -1 : 1;
    if (a->cost != b->cost)
        return a->cost > b->cost ? -1 : 1;
    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    return (a->option > b->option) - (a->option < b->option);
}

static int fill_turns(struct layernas_early *early)
{
    early->turns = malloc(((size_t)early->n_cells * early->n_options + 1) * sizeof *early->turns);
    if (!early->turns)
        return -ENOMEM;
    for (uint32_t c = 0; c < early->n_cells; c++) {
        struct arch arch = early->opening->children[early->children[early->cells[c].first]].arch;

        for (uint32_t option = 0; option < early->n_options; option++) {
            arch.option[early->layer] = (uint16_t)option;
            early->turns[early->n_turns++] = (struct turn){ c, option,
                                                            cost_of(early->model, &arch) };
        }
    }
    qsort_r(early->turns, early->n_turns, sizeof *early->turns, compare_turns,
            (void *)&early->settings->target);
    return 0;
}

/* ---- the first turns ---- */

/* The turns in another order: first, of each round, those whose cells will likely be settled. */
struct rounds {
    const struct layernas_early *early;
    uint32_t *by_age; /* turns, those of the oldest cell first */
    uint32_t n_by_age;
    bool *taken;
    struct turn *turns;
    uint32_t n;
};

static uint64_t newest_of(const struct rounds *rounds, uint32_t turn)
{
    return rounds->early->cells[rounds->early->turns[turn].cell].newest;
}

static int compare_ages(const void *left, const void *right, void *arg)
{
    uint32_t l = *(const uint32_t *)left, r = *(const uint32_t *)right;
    uint64_t l_newest = newest_of(arg, l), r_newest = newest_of(arg, r);

    if (l_newest != r_newest)
        return l_newest < r_newest ? -1 : 1;
    return (l > r) - (l < r);
}

static void take(struct rounds *rounds, uint32_t turn)
{
    if (rounds->taken[turn])
        return;
    rounds->taken[turn] = true;
    rounds->turns[rounds->n++] = rounds->early->turns[turn];
}

/* Of cells that have no contender after the settled-th proposal; where these are too few, of the oldest. */
static void take_round(struct rounds *rounds, uint64_t settled, uint32_t size)
{
    uint32_t n_turns = rounds->early->n_turns;
    uint32_t end = n_turns - rounds->n > size ? rounds->n + size : n_turns;

    for (uint32_t t = 0; t < n_turns && rounds->n < end; t++)
        if (newest_of(rounds, t) <= settled)
            take(rounds, t);
    while (rounds->n < end)
        take(rounds, rounds->by_age[rounds->n_by_age++]);
}

static void take_rounds(struct rounds *rounds, uint64_t n_issued)
{
    const struct layernas_early *early = rounds->early;
    uint32_t size = early->settings->parallel;

    for (uint32_t t = 0; t < early->n_turns; t++)
        rounds->by_age[t] = t;
    qsort_r(rounds->by_age, early->n_turns, sizeof *rounds->by_age, compare_ages, rounds);
    for (uint64_t ahead = WINDOW; ahead > 0; ahead--)
        take_round(rounds, n_issued > ahead * size ? n_issued - ahead * size : 0, size);
    for (uint32_t t = 0; t < early->n_turns; t++)
        take(rounds, t);
}

/* The first turns come while the last trials of the layer run: they are of cells that do not wait for
 * these. */
static int put_settled_first(struct layernas_early *early, uint64_t n_issued)
{
    struct rounds rounds = { .early = early };
    size_t n = early->n_turns + (size_t)1;

    rounds.by_age = malloc(n * sizeof *rounds.by_age);
    rounds.taken = calloc(n, sizeof *rounds.taken);
    rounds.turns = malloc(n * sizeof *rounds.turns);
    if (rounds.by_age && rounds.taken && rounds.turns) {
        take_rounds(&rounds, n_issued);
        memcpy(early->turns, rounds.turns, early->n_turns * sizeof *early->turns);
    }
    free(rounds.by_age);
    free(rounds.taken);
    free(rounds.turns);
    return rounds.by_age && rounds.taken && rounds.turns ? 0 : -ENOMEM;
}

int layernas_make_turns(struct layernas_early *early, uint64_t n_issued)
{
    int rc = fill_turns(early);

    return rc == 0 && early->settings->parallel > 1 ? put_settled_first(early, n_issued) : rc;
}
