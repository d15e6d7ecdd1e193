#include "coordinator/search/layer_record.h"

#include <errno.h>
#include <stdlib.h>

#include "coordinator/search/layer_record_inside.h"

/* ---- finding ---- */

static const struct group *find_group(const struct layer_record *record,
                                      const struct arch *candidate)
{
    uint32_t found = *record_group_slot(record, candidate);

    return found ? &record->groups[found - 1] : NULL;
}

int layer_record_find(const struct layer_record *record, const struct arch *arch,
                      uint32_t *child_out)
{
    uint32_t found = *record_arch_slot(record, arch);

    if (!found)
        return -ENOENT;
    *child_out = found - 1;
    return 0;
}

int layer_record_find_candidate(const struct layer_record *record, const struct arch *candidate,
                                uint32_t *child_out)
{
    const struct group *group = find_group(record, candidate);
    uint32_t first = UINT32_MAX;

    if (!group)
        return -ENOENT;
    for (uint32_t m = 0; m < group->n; m++)
        if (record->grouped[group->first + m] < first)
            first = record->grouped[group->first + m];
    *child_out = first;
    return 0;
}

/* ---- verdicts ---- */

static int compare_ranks(const struct layer_record *record, const struct record_child *left,
                         const struct record_child *right)
{
    const struct opening_child *a = record_child_at(record, left->child);
    const struct opening_child *b = record_child_at(record, right->child);

    int order = reward_compare(right->reward, left->reward);

    /* As candidate_compare, without copies of what is compared. */
    if (order == 0)
        order = (a->cost > b->cost) - (a->cost < b->cost);
    if (order == 0)
        order = arch_compare(&a->candidate, &b->candidate);
    return order ? order : arch_compare(&a->arch, &b->arch);
}

static void file_result(struct layer_record *record, uint32_t child, struct reward reward)
{
    const struct opening_child *filed = record_child_at(record, child);
    struct cell *cell = record_find_cell(record, filed->bucket, filed->interface);
    struct record_child *best = record->best + cell->first, ranked = { child, reward };
    uint32_t place = cell->n_best;

    if (cell->valid++ < record->opening.keep)
        record->counts.kept++;
    else
        record->counts.displaced++;
    for (; place > 0 && compare_ranks(record, &ranked, &best[place - 1]) < 0; place--)
        if (place < cell->room)
            best[place] = best[place - 1];
    if (place < cell->room)
        best[place] = ranked;
    if (cell->n_best < cell->room)
        cell->n_best++;
}

static void settle_trial(struct layer_record *record, const struct opening_child *child, bool valid)
{
    if (child->fate != FATE_TRIAL)
        return;
    record->counts.settled++;
    record->counts.quarantined += !valid;
}

static void tell_group(struct layer_record *record, const struct group *group,
                       const struct verdict *verdict)
{
    for (uint32_t m = 0; m < group->n; m++) {
        uint32_t child = record->grouped[group->first + m];

        settle_trial(record, record_child_at(record, child), verdict->valid);
        if (verdict->valid && record_leads_cell(record, group, m))
            file_result(record, child, verdict->reward);
    }
}

void layer_record_tell(struct layer_record *record, const struct arch *candidate,
                       const struct verdict *verdict)
{
    const struct group *group = find_group(record, candidate);

    if (group)
        tell_group(record, group, verdict);
}

void layer_record_untell(struct layer_record *record, const struct arch *candidate)
{
    const struct group *group = find_group(record, candidate);

    for (uint32_t m = 0; group && m < group->n; m++)
        if (record_child_at(record, record->grouped[group->first + m])->fate == FATE_TRIAL) {
            record->counts.settled--;
            record->counts.quarantined--;
        }
}

static void tell_known(struct layer_record *record, verdict_lookup_fn *lookup, void *arg)
{
    for (uint32_t g = 0; g < record->n_groups; g++) {
        const struct group *group = &record->groups[g];
        struct verdict verdict;

        if (lookup(arg, &record_child_at(record, record->grouped[group->first])->candidate,
                   &verdict))
            tell_group(record, group, &verdict);
    }
}

int layer_record_new(const struct opening *opening, verdict_lookup_fn *lookup, void *arg,
                     struct layer_record **record_out)
{
    struct layer_record *record = calloc(1, sizeof *record);

    if (!record)
        return -ENOMEM;
    record->opening = *opening;
    if (record_build(record) < 0) {
        layer_record_free(record);
        return -ENOMEM;
    }
    tell_known(record, lookup, arg);
    *record_out = record;
    return 0;
}

void layer_record_free(struct layer_record *record)
{
    if (!record)
        return;
    free(record->by_arch.slots);
    free(record->by_candidate.slots);
    free(record->grouped);
    free(record->groups);
    free(record->cells);
    free(record->best);
    free(record);
}

/* ---- looking ---- */

struct record_counts layer_record_counts(const struct layer_record *record)
{
    return record->counts;
}

size_t layer_record_n_cells(const struct layer_record *record)
{
    return record->n_cells;
}

static struct record_cell view_of(const struct layer_record *record, const struct cell *cell)
{
    uint32_t keep = record->opening.keep, n_kept = cell->n_best < keep ? cell->n_best : keep;

    return (struct record_cell){
        .bucket = cell->bucket,
        .interface = cell->interface,
        .contenders = cell->contenders,
        .valid = cell->valid,
        .passed_over = cell->passed_over,
        .n_kept = n_kept,
        .n_displaced = cell->n_best - n_kept,
        .kept = record->best + cell->first,
        .displaced = record->best + cell->first + n_kept,
    };
}

struct record_cell layer_record_cell(const struct layer_record *record, size_t i)
{
    return view_of(record, &record->cells[i]);
}

struct record_cell layer_record_cell_of(const struct layer_record *record, uint32_t child)
{
    const struct opening_child *filed = record_child_at(record, child);
    const struct cell *cell = record_find_cell(record, filed->bucket, filed->interface);

    if (!cell)
        return (struct record_cell){ .bucket = filed->bucket, .interface = filed->interface };
    return view_of(record, cell);
}
