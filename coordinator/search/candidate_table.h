/* candidate_table - one layer's buckets, each with its best distinct candidates.
 *
 * The order is total: higher reward, then lower cost, then the smaller option vector; so a table
 * depends only on the set of candidates it was offered, never on the order they came in.
 *
 * Sparse: memory and time grow with what is offered, not with the number of buckets. Offers are
 * sorted in when the table is read next, so reading is not for two threads at once. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_CANDIDATE_TABLE_H
#define LAYERNAS_COORDINATOR_SEARCH_CANDIDATE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arch.h"
#include "common/cost.h"
#include "common/digest.h"
#include "common/trial.h"

enum { BUCKETS_MAX = INT32_MAX }; /* so that an index fits an int */

struct candidate {
    struct arch arch;      /* as spelled: what later layers are searched from */
    struct arch canonical; /* its identity */
    int64_t cost;
    struct reward reward;
};

/* Negative when a comes before b, that is, is the better one. */
int candidate_compare(const struct candidate *a, const struct candidate *b);

/* floor((cost - edges.lowest) x n / (edges.highest - edges.lowest + 1)), or -ERANGE outside.
 * n_buckets is from 1 to BUCKETS_MAX. */
int bucket_index(const struct cost_range *edges, uint32_t n_buckets, int64_t cost);

/* The costs that bucket holds. Empty for some buckets when there are more buckets than costs. */
struct cost_range bucket_edges(const struct cost_range *edges, uint32_t n_buckets, uint32_t bucket);

struct candidate_table;

/* A table that keeps at most `keep` candidates in each cell; a cell is a (bucket, interface). */
struct candidate_table *candidate_table_new(uint32_t keep);
void candidate_table_free(struct candidate_table *table);

/* Files a copy of *candidate, or drops it when the cell holds `keep` better ones. The same
 * canonical form stays once. -ENOMEM. */
int candidate_table_offer(struct candidate_table *table, uint32_t bucket, uint32_t interface,
                          const struct candidate *candidate);

/* Kept candidates in order of bucket, interface, then rank. i < candidate_table_n. What comes back
 * belongs to the table and lives until the next offer. */
size_t candidate_table_n(const struct candidate_table *table);
const struct candidate *candidate_table_at(const struct candidate_table *table, size_t i,
                                           uint32_t *bucket_out, uint32_t *interface_out);

/* Whether a cell was offered more distinct candidates than it keeps. */
bool candidate_table_displaced(const struct candidate_table *table);

/* A name for the whole content: equal tables, equal digests. */
struct digest candidate_table_digest(const struct candidate_table *table);

#endif
