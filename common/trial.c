#include "common/trial.h"

int reward_compare(struct reward a, struct reward b)
{
    uint64_t left = (uint64_t)a.correct * b.total, right = (uint64_t)b.correct * a.total;

    return (left > right) - (left < right);
}

double reward_percent(struct reward reward)
{
    return 100.0 * reward.correct / reward.total;
}

const char *stage_name(enum stage stage)
{
    static const char *const names[STAGES] = {
        [STAGE_SEARCH] = "search",
        [STAGE_FINAL] = "final",
        [STAGE_TEST] = "test",
    };
    return names[stage];
}
