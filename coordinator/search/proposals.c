#include "coordinator/search/proposals.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "common/target.h"

void proposals_clear(struct proposals *proposals)
{
    arch_set_clear(&proposals->archs);
    free(proposals->at);
    *proposals = (struct proposals){ 0 };
}

uint64_t proposals_n(const struct proposals *proposals)
{
    return proposals->archs.n;
}

bool proposals_known(const struct proposals *proposals, const struct arch *candidate)
{
    return arch_set_find(&proposals->archs, candidate) >= 0;
}

bool proposals_known_among(const struct proposals *proposals, uint64_t n,
                           const struct arch *candidate)
{
    int64_t i = arch_set_find(&proposals->archs, candidate);

    return i >= 0 && (uint64_t)i < n;
}

int64_t proposals_add(struct proposals *proposals, const struct arch *candidate, int64_t cost)
{
    size_t n = proposals->archs.n;
    int rc;

    if (n == proposals->room) {
        size_t room = n ? 2 * n : 32;
        struct proposed *at = realloc(proposals->at, room * sizeof *at);

        if (!at)
            return -ENOMEM;
        proposals->at = at;
        proposals->room = room;
    }
    rc = arch_set_add(&proposals->archs, candidate);
    if (rc < 0)
        return rc;
    assert(rc == 1);
    proposals->at[n] = (struct proposed){ .cost = cost };
    return (int64_t)n + 1;
}

static struct candidate candidate_of(const struct proposals *proposals, uint64_t number)
{
    const struct proposed *p = &proposals->at[number - 1];
    struct arch arch = arch_set_at(&proposals->archs, number - 1);

    return (struct candidate){
        .arch = arch, .canonical = arch, .cost = p->cost, .reward = p->verdict.reward
    };
}

bool proposals_better(const struct proposals *proposals, uint64_t a, uint64_t b,
                      const struct cost_range *target)
{
    struct candidate left = candidate_of(proposals, a), right;
    bool left_inside = target_holds(target, left.cost), right_inside;

    if (b == 0)
        return true;
    right = candidate_of(proposals, b);
    right_inside = target_holds(target, right.cost);
    return left_inside == right_inside ? candidate_compare(&left, &right) < 0 : left_inside;
}

int proposals_tell(struct proposals *proposals, uint64_t number, const struct verdict *verdict)
{
    struct proposed *p;

    if (number < 1 || number > proposals->archs.n)
        return -EINVAL;
    p = &proposals->at[number - 1];
    if (p->told || (verdict->valid && verdict->reward.total == 0))
        return -EINVAL;
    p->verdict = *verdict;
    p->told = true;
    proposals->told++;
    while (proposals->told_up_to < proposals->archs.n && proposals->at[proposals->told_up_to].told)
        proposals->told_up_to++;
    return 0;
}

int proposals_untell(struct proposals *proposals, uint64_t number)
{
    struct proposed *p;

    if (number < 1 || number > proposals->archs.n)
        return -EINVAL;
    p = &proposals->at[number - 1];
    if (!p->told || p->verdict.valid)
        return -EINVAL;
    p->told = false;
    proposals->told--;
    if (proposals->told_up_to >= number)
        proposals->told_up_to = number - 1;
    return 0;
}

bool proposals_reward(void *arg, const struct arch *candidate, struct reward *reward_out)
{
    const struct proposals_among *among = arg;
    const struct proposals *proposals = among->proposals;
    int64_t i = arch_set_find(&proposals->archs, candidate);

    if (i < 0 || (uint64_t)i >= among->n || !proposals->at[i].told ||
        !proposals->at[i].verdict.valid)
        return false;
    *reward_out = proposals->at[i].verdict.reward;
    return true;
}
