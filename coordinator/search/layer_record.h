/* layer_record - what became of an opening's children: who is kept, who was displaced by whom, what
 * is still out. Kept up to date as verdicts come, so that looking takes no longer the more there
 * are.
 *
 * Cells are those of the candidate table (candidate_table.h), and what they keep is what the table
 * keeps; besides, each remembers the best few that it displaced. A function of the opening and of
 * the set of verdicts told, in whatever order: after a restart it is the same again. Pure. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_LAYER_RECORD_H
#define LAYERNAS_COORDINATOR_SEARCH_LAYER_RECORD_H

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/strategy.h"

enum { RECORD_MOST_DISPLACED = 3 }; /* of each cell, remembered */

struct layer_record;

/* The verdict on a candidate (canonical form); false while there is none. */
typedef bool verdict_lookup_fn(void *arg, const struct arch *candidate,
                               struct verdict *verdict_out);

/* Begins with the verdicts that lookup knows, those on trials among them: they may have gone out before
 * their opening. The opening's lists must outlive the record; struct opening itself is copied.
 * -ENOMEM. */
int layer_record_new(const struct opening *opening, verdict_lookup_fn *lookup, void *arg,
                     struct layer_record **record_out);
void layer_record_free(struct layer_record *record);

/* The verdict on a candidate, once for each; one that has no child here changes nothing. */
void layer_record_tell(struct layer_record *record, const struct arch *candidate,
                       const struct verdict *verdict);

/* Takes a verdict that was not valid back. */
void layer_record_untell(struct layer_record *record, const struct arch *candidate);

struct record_counts {
    uint32_t by_fate[FATES];
    uint32_t settled, quarantined; /* of those with FATE_TRIAL */
    uint32_t kept, displaced;      /* distinct candidates with a valid result, in each cell */
};
struct record_counts layer_record_counts(const struct layer_record *record);

/* A child with a valid result. */
struct record_child {
    uint32_t child; /* index into opening.children */
    struct reward reward;
};

struct record_cell {
    uint32_t bucket, interface;
    uint32_t contenders;  /* distinct candidates, */
    uint32_t valid;       /* and those of them with a valid result */
    uint32_t passed_over; /* children beside them that others promised more than */
    uint32_t n_kept, n_displaced;
    const struct record_child *kept;      /* best first */
    const struct record_child *displaced; /* the best n_displaced of them, best first */
};

/* In order of bucket, then interface. */
size_t layer_record_n_cells(const struct layer_record *record);
struct record_cell layer_record_cell(const struct layer_record *record, size_t i);

/* The cell of a child that was not dropped; of one passed over, it may be empty. */
struct record_cell layer_record_cell_of(const struct layer_record *record, uint32_t child);

/* The child spelled so; the first child that is a spelling of candidate. -ENOENT. */
int layer_record_find(const struct layer_record *record, const struct arch *arch,
                      uint32_t *child_out);
int layer_record_find_candidate(const struct layer_record *record, const struct arch *candidate,
                                uint32_t *child_out);

#endif
