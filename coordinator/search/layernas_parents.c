#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"

static int compare_candidates(const void *left, const void *right)
{
    const struct candidate *const *a = left, *const *b = right;

    return candidate_compare(*a, *b);
}

/* The worst candidate that is still a parent when only n of the table may be. -ENOMEM. */
static int find_cut(const struct candidate_table *table, size_t n, struct candidate *cut_out)
{
    size_t n_kept = candidate_table_n(table);
    const struct candidate **ranked = malloc(n_kept * sizeof *ranked);
    uint32_t bucket, interface;

    if (!ranked)
        return -ENOMEM;
    for (size_t i = 0; i < n_kept; i++)
        ranked[i] = candidate_table_at(table, i, &bucket, &interface);
    qsort(ranked, n_kept, sizeof *ranked, compare_candidates);
    *cut_out = *ranked[n - 1];
    free(ranked);
    return 0;
}

static int kept_candidates(const struct candidate_table *table, size_t most, struct arch *parents,
                           uint32_t *n_out)
{
    size_t n_kept = candidate_table_n(table);
    struct candidate cut;
    uint32_t n = 0, bucket, interface;
    int rc = n_kept > most ? find_cut(table, most, &cut) : 0;

    for (size_t i = 0; rc == 0 && i < n_kept; i++) {
        const struct candidate *kept = candidate_table_at(table, i, &bucket, &interface);

        if (n_kept <= most || candidate_compare(kept, &cut) <= 0)
            parents[n++] = kept->arch;
    }
    *n_out = n;
    return rc;
}

int layernas_parents(const struct candidate_table *table, const struct opening *opening,
                     uint32_t n_options, struct arch **parents_out, uint32_t *n_out)
{
    size_t n_kept = candidate_table_n(table);
    struct arch *parents = malloc((n_kept ? n_kept : opening->n_parents) * sizeof *parents);
    int rc = 0;

    if (!parents)
        return -ENOMEM;
    if (n_kept) {
        rc = kept_candidates(table, OPENING_MAX_CHILDREN / n_options, parents, n_out);
    } else {
        memcpy(parents, opening->parents, opening->n_parents * sizeof *parents);
        *n_out = opening->n_parents;
    }
    if (rc < 0)
        free(parents);
    else
        *parents_out = parents;
    return rc;
}
