#include "coordinator/search/layer_record.h"

#include <errno.h>
#include <stdlib.h>

/* best: the kept ones, then the best displaced, in rank order; `room` of them at most. */
struct cell {
    uint32_t bucket, interface, contenders, valid;
    uint32_t first, room, n_best; /* into record->best */
};

struct layer_record {
    struct opening opening; /* lists are the caller's */
    uint32_t *by_arch;      /* all children */
    uint32_t *by_candidate; /* those not dropped; spellings of one in a cell: best first */
    uint32_t n_filed;
    struct cell *cells;
    size_t n_cells;
    struct record_child *best;
    struct record_counts counts;
};

static const struct opening_child *child_at(const struct layer_record *record, uint32_t i)
{
    return &record->opening.children[i];
}

/* ---- orders ---- */

static int compare_arches(const void *left, const void *right, void *arg)
{
    const struct opening_child *children = arg;
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    int order = arch_compare(&children[a].arch, &children[b].arch);

    return order ? order : (a > b) - (a < b);
}

static int compare_places(const struct opening_child *a, uint32_t bucket, uint32_t interface)
{
    if (a->bucket != bucket)
        return a->bucket < bucket ? -1 : 1;
    return (a->interface > interface) - (a->interface < interface);
}

static int compare_candidates(const void *left, const void *right, void *arg)
{
    const struct opening_child *children = arg;
    const struct opening_child *a = &children[*(const uint32_t *)left];
    const struct opening_child *b = &children[*(const uint32_t *)right];
    int order = arch_compare(&a->candidate, &b->candidate);

    if (order == 0)
        order = compare_places(a, b->bucket, b->interface);
    if (order == 0)
        order = (a->cost > b->cost) - (a->cost < b->cost);
    return order ? order : arch_compare(&a->arch, &b->arch);
}

static int compare_cells(const void *left, const void *right)
{
    const struct cell *a = left, *b = right;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return (a->interface > b->interface) - (a->interface < b->interface);
}

static struct candidate as_candidate(const struct layer_record *record,
                                     const struct record_child *ranked)
{
    const struct opening_child *child = child_at(record, ranked->child);

    return (struct candidate){ child->arch, child->candidate, child->cost, ranked->reward };
}

/* ---- finding ---- */

static struct cell *find_cell(const struct layer_record *record, uint32_t bucket,
                              uint32_t interface)
{
    const struct cell wanted = { .bucket = bucket, .interface = interface };

    return bsearch(&wanted, record->cells, record->n_cells, sizeof *record->cells, compare_cells);
}

int layer_record_find(const struct layer_record *record, const struct arch *arch,
                      uint32_t *child_out)
{
    uint32_t low = 0, high = record->opening.n_children;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (arch_compare(&child_at(record, record->by_arch[middle])->arch, arch) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == record->opening.n_children ||
        !arch_equal(&child_at(record, record->by_arch[low])->arch, arch))
        return -ENOENT;
    *child_out = record->by_arch[low];
    return 0;
}

/* The first of by_candidate that is not before candidate. */
static uint32_t find_candidate(const struct layer_record *record, const struct arch *candidate)
{
    uint32_t low = 0, high = record->n_filed;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (arch_compare(&child_at(record, record->by_candidate[middle])->candidate, candidate) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_spelling(const struct layer_record *record, uint32_t place,
                        const struct arch *candidate)
{
    return place < record->n_filed &&
           arch_equal(&child_at(record, record->by_candidate[place])->candidate, candidate);
}

int layer_record_find_candidate(const struct layer_record *record, const struct arch *candidate,
                                uint32_t *child_out)
{
    uint32_t place = find_candidate(record, candidate), first = UINT32_MAX;

    for (; is_spelling(record, place, candidate); place++)
        if (record->by_candidate[place] < first)
            first = record->by_candidate[place];
    if (first == UINT32_MAX)
        return -ENOENT;
    *child_out = first;
    return 0;
}

/* Whether by_candidate[place] is the best spelling of its candidate in its cell. */
static bool leads_cell(const struct layer_record *record, uint32_t place)
{
    const struct opening_child *child = child_at(record, record->by_candidate[place]), *before;

    if (place == 0)
        return true;
    before = child_at(record, record->by_candidate[place - 1]);
    return !arch_equal(&before->candidate, &child->candidate) ||
           compare_places(before, child->bucket, child->interface) != 0;
}

/* ---- verdicts ---- */

static void file_result(struct layer_record *record, uint32_t child, struct reward reward)
{
    const struct opening_child *filed = child_at(record, child);
    struct cell *cell = find_cell(record, filed->bucket, filed->interface);
    struct record_child *best = record->best + cell->first, ranked = { child, reward };
    struct candidate candidate = as_candidate(record, &ranked);
    uint32_t place = cell->n_best;

    if (cell->valid++ < record->opening.keep)
        record->counts.kept++;
    else
        record->counts.displaced++;
    for (; place > 0; place--) {
        struct candidate before = as_candidate(record, &best[place - 1]);

        if (candidate_compare(&before, &candidate) < 0)
            break;
        if (place < cell->room)
            best[place] = best[place - 1];
    }
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

void layer_record_tell(struct layer_record *record, const struct arch *candidate,
                       const struct verdict *verdict)
{
    for (uint32_t p = find_candidate(record, candidate); is_spelling(record, p, candidate); p++) {
        settle_trial(record, child_at(record, record->by_candidate[p]), verdict->valid);
        if (verdict->valid && leads_cell(record, p))
            file_result(record, record->by_candidate[p], verdict->reward);
    }
}

static void tell_known(struct layer_record *record, verdict_lookup_fn *lookup, void *arg)
{
    for (uint32_t p = 0; p < record->n_filed; p++) {
        const struct arch *candidate = &child_at(record, record->by_candidate[p])->candidate;
        struct verdict verdict;

        if (p > 0 && is_spelling(record, p - 1, candidate))
            continue;
        if (lookup(arg, candidate, &verdict))
            layer_record_tell(record, candidate, &verdict);
    }
}

/* ---- making ---- */

static void sort_children(struct layer_record *record)
{
    const struct opening *opening = &record->opening;

    for (uint32_t i = 0; i < opening->n_children; i++) {
        record->by_arch[i] = i;
        record->counts.by_fate[opening->children[i].fate]++;
        if (opening->children[i].fate != FATE_DROPPED)
            record->by_candidate[record->n_filed++] = i;
    }
    qsort_r(record->by_arch, opening->n_children, sizeof *record->by_arch, compare_arches,
            opening->children);
    qsort_r(record->by_candidate, record->n_filed, sizeof *record->by_candidate, compare_candidates,
            opening->children);
}

/* A cell for each contender, then one for all of the same place. */
static void make_cells(struct layer_record *record)
{
    struct cell *cells = record->cells;
    size_t n = 0, distinct = 0;
    uint64_t most = (uint64_t)record->opening.keep + RECORD_MOST_DISPLACED;
    uint32_t first = 0;

    for (uint32_t p = 0; p < record->n_filed; p++) {
        const struct opening_child *child = child_at(record, record->by_candidate[p]);

        if (leads_cell(record, p))
            cells[n++] = (struct cell){ child->bucket, child->interface, .contenders = 1 };
    }
    qsort(cells, n, sizeof *cells, compare_cells);
    for (size_t i = 0; i < n; i++) {
        if (distinct > 0 && compare_cells(&cells[distinct - 1], &cells[i]) == 0)
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

int layer_record_new(const struct opening *opening, verdict_lookup_fn *lookup, void *arg,
                     struct layer_record **record_out)
{
    struct layer_record *record = calloc(1, sizeof *record);
    size_t n = opening->n_children ? opening->n_children : 1;

    if (!record)
        return -ENOMEM;
    record->opening = *opening;
    record->by_arch = malloc(n * sizeof *record->by_arch);
    record->by_candidate = malloc(n * sizeof *record->by_candidate);
    record->cells = malloc(n * sizeof *record->cells);
    record->best = malloc(n * sizeof *record->best);
    if (!record->by_arch || !record->by_candidate || !record->cells || !record->best) {
        layer_record_free(record);
        return -ENOMEM;
    }
    sort_children(record);
    make_cells(record);
    tell_known(record, lookup, arg);
    *record_out = record;
    return 0;
}

void layer_record_free(struct layer_record *record)
{
    if (!record)
        return;
    free(record->by_arch);
    free(record->by_candidate);
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
    const struct opening_child *filed = child_at(record, child);

    return view_of(record, find_cell(record, filed->bucket, filed->interface));
}
