#include "coordinator/search/layernas_early.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/layernas_early_inside.h"

/* Else only the best of all cells' candidates will be parents. */
static bool all_kept_go_on(const struct layernas_early *early)
{
    return (uint64_t)early->n_cells * early->opening->keep <=
           OPENING_MAX_CHILDREN / early->n_options;
}

static int fill(struct layernas_early *early, const struct proposals *known)
{
    size_t n = early->opening->n_children ? early->opening->n_children : 1;

    early->children = malloc(n * sizeof *early->children);
    early->cells = malloc(n * sizeof *early->cells);
    if (!early->children || !early->cells)
        return -ENOMEM;
    layernas_make_cells(early, known);
    return all_kept_go_on(early) ? layernas_make_turns(early, proposals_n(known)) : -ERANGE;
}

int layernas_early_new(const struct search_settings *settings, const struct cost_model *model,
                       const struct proposals *known, const struct layernas_place *place,
                       const struct opening *opening, struct layernas_early **early_out)
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
    rc = fill(early, known);
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
    if (is_undisputed(early, cell))
        return true;
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

/* With the least reward that there is. */
static struct candidate candidate_of(const struct opening_child *child)
{
    return (struct candidate){ .arch = child->arch,
                               .canonical = child->candidate,
                               .cost = child->cost,
                               .reward = { .total = 1 } };
}

static int fill_table(const struct layernas_early *early, const struct proposals *known,
                      const struct cell *cell, struct candidate_table *table)
{
    struct proposals_among all = { known, proposals_n(known) };
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < cell->n; i++) {
        const struct opening_child *child = contender(early, cell, i);
        struct candidate candidate = candidate_of(child);

        if (proposals_reward(&all, &child->candidate, &candidate.reward) ||
            is_undisputed(early, cell))
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

int layernas_early_keep_undisputed(const struct layernas_early *early,
                                   const struct proposals *known, struct candidate_table *table)
{
    struct proposals_among all = { known, proposals_n(known) };
    int rc = 0;

    for (uint32_t c = 0; rc == 0 && c < early->n_cells; c++) {
        const struct cell *cell = &early->cells[c];
        const struct opening_child *child = contender(early, cell, 0);
        struct candidate candidate = candidate_of(child);
        struct reward reward;

        if (is_undisputed(early, cell) && !proposals_reward(&all, &child->candidate, &reward))
            rc = candidate_table_offer(table, cell->bucket, cell->interface, &candidate);
    }
    return rc;
}

/* ---- looking ---- */

/* Turns may have gone by what became of its contenders. */
static bool relied_on(const struct layernas_early *early, const struct cell *cell)
{
    return cell->has_family && !is_undisputed(early, cell);
}

bool layernas_early_relied_on(const struct layernas_early *early, const struct arch *candidate)
{
    for (uint32_t c = 0; c < early->n_cells; c++)
        for (uint32_t i = 0; relied_on(early, &early->cells[c]) && i < early->cells[c].n; i++)
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
