#include "coordinator/search/opening_table.h"

#include <errno.h>

#include "coordinator/search/opening.h"

int opening_table(const struct opening *opening, reward_lookup_fn *lookup, void *arg,
                  struct candidate_table **table_out)
{
    struct candidate_table *table = candidate_table_new(opening->keep);
    int rc = table ? 0 : -ENOMEM;

    for (uint32_t i = 0; rc == 0 && i < opening->n_children; i++) {
        const struct opening_child *child = &opening->children[i];
        struct candidate candidate = { .arch = child->arch,
                                       .canonical = child->candidate,
                                       .cost = child->cost };

        /* A duplicate is offered too: it may lie in another cell, where it is the only spelling.
         * What was passed over is not, though another layer may have had it evaluated since. */
        if (opening_child_is_filed(child) && lookup(arg, &child->candidate, &candidate.reward))
            rc = candidate_table_offer(table, child->bucket, child->interface, &candidate);
    }
    if (rc < 0) {
        candidate_table_free(table);
        return rc;
    }
    *table_out = table;
    return 0;
}
