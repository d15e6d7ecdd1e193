/* Building: children by spelling, by candidate, by cell. */
#include <errno.h>
#include <stdlib.h>

#include "coordinator/search/arch_set.h"
#include "coordinator/search/layer_record_inside.h"
#include "coordinator/search/opening.h"

/* ---- orders ---- */

static int compare_places(const struct opening_child *a, uint32_t bucket, uint32_t interface)
{
    if (a->bucket != bucket)
        return a->bucket < bucket ? -1 : 1;
    return (a->interface > interface) - (a->interface < interface);
}

static int compare_spellings(const void *left, const void *right, void *arg)
{
    const struct opening_child *children = arg;
    const struct opening_child *a = &children[*(const uint32_t *)left];
    const struct opening_child *b = &children[*(const uint32_t *)right];
    int order = compare_places(a, b->bucket, b->interface);

    if (order == 0)
        order = (a->cost > b->cost) - (a->cost < b->cost);
    return order ? order : arch_compare(&a->arch, &b->arch);
}

int record_compare_cells(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return (a->interface > b->interface) - (a->interface < b->interface);
}

struct cell *record_find_cell(const struct layer_record *record, uint32_t bucket,
                              uint32_t interface)
{
    const struct cell wanted = { .bucket = bucket, .interface = interface };

    return bsearch(&wanted, record->cells, record->n_cells, sizeof *record->cells,
                   record_compare_cells);
}

/* ---- tables ---- */

uint32_t *record_arch_slot(const struct layer_record *record, const struct arch *arch)
{
    const struct child_table *table = &record->by_arch;
    uint32_t s = (uint32_t)arch_hash(arch) & table->mask;

    while (table->slots[s] &&
           !arch_equal(&record_child_at(record, table->slots[s] - 1)->arch, arch))
        s = (s + 1) & table->mask;
    return &table->slots[s];
}

uint32_t *record_group_slot(const struct layer_record *record, const struct arch *candidate)
{
    const struct child_table *table = &record->by_candidate;
    uint32_t s = (uint32_t)arch_hash(candidate) & table->mask;

    while (table->slots[s]) {
        uint32_t member = record->grouped[record->groups[table->slots[s] - 1].first];

        if (arch_equal(&record_child_at(record, member)->candidate, candidate))
            break;
        s = (s + 1) & table->mask;
    }
    return &table->slots[s];
}

bool record_leads_cell(const struct layer_record *record, const struct group *group, uint32_t m)
{
    const uint32_t *members = record->grouped + group->first;
    const struct opening_child *child = record_child_at(record, members[m]);

    return m == 0 || compare_places(record_child_at(record, members[m - 1]), child->bucket,
                                    child->interface) != 0;
}

/* ---- making ---- */

/* Slots for n entries, half of them free at least. */
static int make_table(struct child_table *table, uint32_t n)
{
    uint32_t n_slots = 4;

    while (n_slots < 2 * n)
        n_slots *= 2;
    table->mask = n_slots - 1;
    table->slots = calloc(n_slots, sizeof *table->slots);
    return table->slots ? 0 : -ENOMEM;
}

/* Every child under its spelling; the first where two are spelled alike. */
static void enter_children(struct layer_record *record)
{
    for (uint32_t i = 0; i < record->opening.n_children; i++) {
        uint32_t *slot = record_arch_slot(record, &record_child_at(record, i)->arch);

        record->counts.by_fate[record_child_at(record, i)->fate]++;
        if (!*slot)
            *slot = i + 1;
    }
}

/* Until all are counted a group's first member stands in grouped[group], and `first` is the group;
 * group_of[child] is where each child belongs. */
static void count_groups(struct layer_record *record, uint32_t *group_of)
{
    for (uint32_t i = 0; i < record->opening.n_children; i++) {
        const struct opening_child *child = record_child_at(record, i);
        uint32_t *slot;

        if (!opening_child_is_filed(child))
            continue;
        slot = record_group_slot(record, &child->candidate);
        if (!*slot) {
            record->grouped[record->n_groups] = i;
            record->groups[record->n_groups] = (struct group){ record->n_groups, 0 };
            *slot = ++record->n_groups;
        }
        group_of[i] = *slot - 1;
        record->groups[*slot - 1].n++;
    }
}

static void fill_groups(struct layer_record *record, const uint32_t *group_of)
{
    uint32_t first = 0;

    for (uint32_t g = 0; g < record->n_groups; g++) {
        uint32_t n = record->groups[g].n;

        record->groups[g] = (struct group){ first, 0 };
        first += n;
    }
    for (uint32_t i = 0; i < record->opening.n_children; i++) {
        struct group *group = &record->groups[group_of[i]];

        if (opening_child_is_filed(record_child_at(record, i)))
            record->grouped[group->first + group->n++] = i;
    }
    for (uint32_t g = 0; g < record->n_groups; g++)
        if (record->groups[g].n > 1)
            qsort_r(record->grouped + record->groups[g].first, record->groups[g].n,
                    sizeof *record->grouped, compare_spellings, record->opening.children);
}

static int make_groups(struct layer_record *record)
{
    uint32_t n = record->opening.n_children, *group_of = calloc(n ? n : 1, sizeof *group_of);

    if (!group_of)
        return -ENOMEM;
    count_groups(record, group_of);
    fill_groups(record, group_of);
    free(group_of);
    return 0;
}

/* A cell for each contender, then one for all of the same place. */
static void make_cells(struct layer_record *record)
{
    struct cell *cells = record->cells;
    size_t n = 0, distinct = 0;
    uint64_t most = (uint64_t)record->opening.keep + RECORD_MOST_DISPLACED;
    uint32_t first = 0;

    for (uint32_t g = 0; g < record->n_groups; g++)
        for (uint32_t m = 0; m < record->groups[g].n; m++) {
            const struct opening_child *child = record_child_at(
                record, record->grouped[record->groups[g].first + m]);

            if (record_leads_cell(record, &record->groups[g], m))
                cells[n++] = (struct cell){ child->bucket, child->interface, .contenders = 1 };
        }
    qsort(cells, n, sizeof *cells, record_compare_cells);
    for (size_t i = 0; i < n; i++) {
        if (distinct > 0 && record_compare_cells(&cells[distinct - 1], &cells[i]) == 0)
            cells[distinct - 1].contenders++;
        else
            cells[distinct++] = cells[i];
    }
    for (size_t i = 0; i < distinct; i++) {
        cells[i].first = first;
        cells[i].room = cells[i].contenders < most ? cells[i].contenders : (uint32_t)most;
        first += cells[i].room;
    }
    record->n_cells = distinct;
}

static void count_passed_over(struct layer_record *record)
{
    for (uint32_t i = 0; i < record->opening.n_children; i++) {
        const struct opening_child *child = record_child_at(record, i);
        struct cell *cell = child->fate == FATE_PASSED_OVER
                                ? record_find_cell(record, child->bucket, child->interface)
                                : NULL;

        if (cell)
            cell->passed_over++;
    }
}

/* What a list has no need of is given back: a study may have many layers. */
static void *shrink(void *list, size_t n, size_t size)
{
    void *smaller = realloc(list, (n ? n : 1) * size);

    return smaller ? smaller : list;
}

int record_build(struct layer_record *record)
{
    size_t n = record->opening.n_children ? record->opening.n_children : 1;

    record->grouped = malloc(n * sizeof *record->grouped);
    record->groups = malloc(n * sizeof *record->groups);
    record->cells = malloc(n * sizeof *record->cells);
    record->best = malloc(n * sizeof *record->best);
    if (!record->grouped || !record->groups || !record->cells || !record->best ||
        make_table(&record->by_arch, record->opening.n_children) < 0 ||
        make_table(&record->by_candidate, record->opening.n_children) < 0)
        return -ENOMEM;
    enter_children(record);
    if (make_groups(record) < 0)
        return -ENOMEM;
    make_cells(record);
    count_passed_over(record);
    record->groups = shrink(record->groups, record->n_groups, sizeof *record->groups);
    record->cells = shrink(record->cells, record->n_cells, sizeof *record->cells);
    return 0;
}
