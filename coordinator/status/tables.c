#include "coordinator/status/tables.h"

#include "coordinator/search/opening_table.h"

static bool known_reward(void *campaign, const struct arch *candidate, struct reward *reward_out)
{
    return campaign_reward(campaign, candidate, reward_out);
}

int table_so_far(struct campaign *campaign, const struct opening *opening,
                 struct candidate_table **table_out)
{
    return opening_table(opening, known_reward, campaign, table_out);
}

int tables_digest(struct campaign *campaign, struct digest *digest_out)
{
    size_t n = campaign_n_openings(campaign);
    struct digest_state state;

    digest_begin(&state, "candidate tables");
    for (size_t i = 0; i < n; i++) {
        struct candidate_table *table;
        struct digest digest;
        int rc = table_so_far(campaign, campaign_opening(campaign, i), &table);

        if (rc < 0)
            return rc;
        digest = candidate_table_digest(table);
        digest_bytes(&state, digest.bytes, sizeof digest.bytes);
        candidate_table_free(table);
    }
    digest_end(&state, digest_out);
    return 0;
}
