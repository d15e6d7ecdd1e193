#include "coordinator/search/layernas_early.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/target.h"
#include "coordinator/search/opening.h"

struct cell {
    uint32_t bucket, interface;
    uint32_t first, n;     /* in early->children */
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

static void add_to_cell(struct layernas_early *early, uint32_t i)
{
    const struct opening_child *child = &early->opening->children[early->children[i]];
    struct cell *cell = early->n_cells ? &early->cells[early->n_cells - 1] : NULL;

    if (!cell || cell->bucket != child->bucket || cell->interface != child->interface) {
        cell = &early->cells[early->n_cells++];
        *cell = (struct cell){ child->bucket, child->interface, .first = i };
    }
    cell->n++;
}

static void make_cells(struct layernas_early *early)
{
    const struct opening *opening = early->opening;
    uint32_t n = 0;

    for (uint32_t i = 0; i < opening->n_children; i++)
        if (opening_child_is_filed(&opening->children[i]))
            early->children[n++] = i;
    qsort_r(early->children, n, sizeof *early->children, compare_places, opening->children);
    for (uint32_t i = 0; i < n; i++)
        add_to_cell(early, i);
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

static int make_turns(struct layernas_early *early)
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

/* Else only the best of all cells' candidates will be parents. */
static bool all_kept_go_on(const struct layernas_early *early)
{
    return (uint64_t)early->n_cells * early->opening->keep <=
           OPENING_MAX_CHILDREN / early->n_options;
}

static int fill(struct layernas_early *early)
{
    size_t n = early->opening->n_children ? early->opening->n_children : 1;

    early->children = malloc(n * sizeof *early->children);
    early->cells = malloc(n * sizeof *early->cells);
    if (!early->children || !early->cells)
        return -ENOMEM;
    make_cells(early);
    return all_kept_go_on(early) ? make_turns(early) : -ERANGE;
}

int layernas_early_new(const struct search_settings *settings, const struct cost_model *model,
                       const struct layernas_place *place, const struct opening *opening,
                       struct layernas_early **early_out)
{
    struct layernas_early *early;
    int rc;

    *early_out = NULL;
    if (settings->layernas.guided || place->position + 1 == space_n_layers(cost_model_space(model)))
        return 0;
    early = calloc(1, sizeof *early);
    if (!early)
        return -ENOMEM;
    early->settings = settings;
    early->model = model;
    early->opening = opening;
    early->place = *place;
    early->place.position++;
    early->place.turns = NULL;
    early->layer = layernas_layer(settings, model, place->pass, early->place.position);
    early->n_options = space_n_options(cost_model_space(model), early->layer);
    rc = fill(early);
    if (rc == 0)
        *early_out = early;
    else
        layernas_early_free(early);
    return rc == -ERANGE ? 0 : rc;
}

void layernas_early_free(struct layernas_early *early)
{
    if (!early)
        return;
    for (uint32_t c = 0; c < early->n_cells; c++)
        opening_clear(&early->cells[c].family);
    free(early->children);
    free(early->cells);
    free(early->turns);
    free(early);
}

/* ---- trials ---- */

static const struct opening_child *contender(const struct layernas_early *early,
                                             const struct cell *cell, uint32_t i)
{
    return &early->opening->children[early->children[cell->first + i]];
}

/* Looks at all of them only when the one that it waited for is told: the last to go out is looked at
 * first, which is likely to be told last. */
static bool is_settled(struct layernas_early *early, const struct proposals *known,
                       const struct cell *cell)
{
    if (early->waits_for && !known->at[early->waits_for - 1].told)
        return false;
    for (uint32_t i = cell->n; i-- > 0;) {
        int64_t at = arch_set_find(&known->archs, &contender(early, cell, i)->candidate);

        if (at >= 0 && !known->at[at].told) {
            early->waits_for = (uint64_t)at + 1;
            return false;
        }
    }
    early->waits_for = 0;
    return true;
}

static int fill_table(const struct layernas_early *early, const struct proposals *known,
                      const struct cell *cell, struct candidate_table *table)
{
    struct proposals_among all = { known, proposals_n(known) };
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < cell->n; i++) {
        const struct opening_child *child = contender(early, cell, i);
        struct candidate candidate = { .arch = child->arch,
                                       .canonical = child->candidate,
                                       .cost = child->cost };

        if (proposals_reward(&all, &child->candidate, &candidate.reward))
            rc = candidate_table_offer(table, cell->bucket, cell->interface, &candidate);
    }
    return rc;
}

/* The opening of the next layer as far as this cell's kept candidates are its parents. */
static int make_family(struct layernas_early *early, const struct proposals *known,
                       const struct candidate_table *table, struct cell *cell)
{
    size_t n = candidate_table_n(table);
    struct arch *parents = malloc((n ? n : 1) * sizeof *parents);
    uint32_t bucket, interface;
    int rc;

    if (!parents)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        parents[i] = candidate_table_at(table, i, &bucket, &interface)->arch;
    early->place.parents = parents;
    early->place.n_parents = (uint32_t)n;
    rc = n ? layernas_open(early->settings, early->model, known, &early->place, &cell->family) : 0;
    cell->has_family = rc == 0;
    free(parents);
    return rc;
}

static int settle_cell(struct layernas_early *early, const struct proposals *known,
                       struct cell *cell)
{
    struct candidate_table *table = candidate_table_new(early->opening->keep);
    int rc = table ? fill_table(early, known, cell, table) : -ENOMEM;

    if (rc == 0)
        rc = make_family(early, known, table, cell);
    candidate_table_free(table);
    return rc;
}

static bool next_of_turn(struct layernas_early *early, const struct proposals *known,
                         const struct turn *turn, struct arch *candidate_out)
{
    const struct opening *family = &early->cells[turn->cell].family;

    while (early->next_child < family->n_children) {
        const struct opening_child *child = &family->children[early->next_child++];

        if (child->arch.option[early->layer] == turn->option && child->fate != FATE_DROPPED &&
            !proposals_known(known, &child->candidate)) {
            *candidate_out = child->candidate;
            return true;
        }
    }
    return false;
}

int layernas_early_next(struct layernas_early *early, const struct proposals *known,
                        struct arch *candidate_out)
{
    while (early->n_over < early->n_turns) {
        const struct turn *turn = &early->turns[early->n_over];
        struct cell *cell = &early->cells[turn->cell];

        if (!cell->has_family) {
            int rc;

            if (!is_settled(early, known, cell))
                return 0;
            rc = settle_cell(early, known, cell);
            if (rc < 0)
                return rc;
        }
        if (next_of_turn(early, known, turn, candidate_out))
            return 1;
        early->n_over++;
        early->next_child = 0;
    }
    return 0;
}

/* ---- looking ---- */

bool layernas_early_relied_on(const struct layernas_early *early, const struct arch *candidate)
{
    for (uint32_t c = 0; c < early->n_cells; c++)
        for (uint32_t i = 0; early->cells[c].has_family && i < early->cells[c].n; i++)
            if (arch_equal(&contender(early, &early->cells[c], i)->candidate, candidate))
                return true;
    return false;
}

/* By cell and option. */
static uint32_t *turn_numbers(const struct layernas_early *early)
{
    uint32_t *numbers = malloc((early->n_turns + (size_t)1) * sizeof *numbers);

    for (uint32_t i = 0; numbers && i < early->n_turns; i++)
        numbers[early->turns[i].cell * early->n_options + early->turns[i].option] = i;
    return numbers;
}

int layernas_early_turns(const struct layernas_early *early, const struct candidate_table *table,
                         uint32_t **turns_out)
{
    size_t n = candidate_table_n(table), size = early->n_options * sizeof **turns_out;
    uint32_t *numbers = turn_numbers(early), *turns = malloc(n ? n * size : 1);
    uint32_t c = 0, bucket, interface;

    *turns_out = n ? turns : NULL;
    for (size_t i = 0; numbers && turns && i < n; i++) {
        candidate_table_at(table, i, &bucket, &interface);
        while (early->cells[c].bucket != bucket || early->cells[c].interface != interface)
            c++; /* both are in order of bucket, then interface */
        memcpy(turns + i * early->n_options, numbers + (size_t)c * early->n_options, size);
    }
    free(numbers);
    if (numbers && turns && n)
        return 0;
    free(turns);
    return numbers && turns ? 0 : -ENOMEM;
}
