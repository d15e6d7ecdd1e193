/* layer_record_inside - what a record is made of; for layer_record*.c alone. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_LAYER_RECORD_INSIDE_H
#define LAYERNAS_COORDINATOR_SEARCH_LAYER_RECORD_INSIDE_H

#include "coordinator/search/layer_record.h"

/* best: the kept ones, then the best displaced, in rank order; `room` of them at most. */
struct cell {
    uint32_t bucket, interface, contenders, valid, passed_over;
    uint32_t first, room, n_best; /* into record->best */
};

/* The children that are spellings of one candidate. */
struct group {
    uint32_t first, n; /* in record->grouped */
};

struct layer_record {
    struct opening opening; /* lists are the caller's */
    struct child_table {
        uint32_t *slots; /* an index + 1; 0: free */
        uint32_t mask;
    } by_arch, by_candidate; /* -> child, -> group */
    uint32_t *grouped;       /* children not dropped, group by group; in it by cell, best first */
    struct group *groups;
    uint32_t n_groups;
    struct cell *cells;
    size_t n_cells;
    struct record_child *best;
    struct record_counts counts;
};

static inline const struct opening_child *record_child_at(const struct layer_record *record,
                                                          uint32_t i)
{
    return &record->opening.children[i];
}

/* By bucket, then interface. */
int record_compare_cells(const void *left, const void *right);

/* NULL: nothing contends for a place there. */
struct cell *record_find_cell(const struct layer_record *record, uint32_t bucket,
                              uint32_t interface);

/* The slot that holds the child spelled so, or the free one where it belongs. */
uint32_t *record_arch_slot(const struct layer_record *record, const struct arch *arch);

/* The same of the candidate's group, whose first member stands for it. */
uint32_t *record_group_slot(const struct layer_record *record, const struct arch *candidate);

/* Whether the group's m-th member is its best spelling in that cell. */
bool record_leads_cell(const struct layer_record *record, const struct group *group, uint32_t m);

/* Fills all but the verdicts of a record that has its opening. -ENOMEM: free it. */
int record_build(struct layer_record *record);

#endif
