#include "coordinator/search/final_stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum final_state { FINAL_OPEN, FINAL_TAKEN, FINAL_TOLD };

/* One trial: verdicts count once told. */
struct final_trial {
    enum final_state state;
    struct verdict verdict;
};

struct final_stage {
    struct candidate *best; /* n, best first */
    uint32_t n, seeds;
    struct final_trial *finals; /* (seeds, n): all finalists once, before any a second time */
    size_t taken, told;         /* of the finals */
    struct final_trial test;
};

int final_stage_new(const struct candidate *best, uint32_t n, uint32_t seeds,
                    struct final_stage **stage_out)
{
    struct final_stage *stage = calloc(1, sizeof *stage);
    size_t n_finals = (size_t)n * seeds;

    if (!stage)
        return -ENOMEM;
    stage->n = n;
    stage->seeds = seeds;
    stage->best = malloc((n ? n : 1) * sizeof *stage->best);
    stage->finals = calloc(n_finals ? n_finals : 1, sizeof *stage->finals);
    if (!stage->best || !stage->finals) {
        final_stage_free(stage);
        return -ENOMEM;
    }
    if (n)
        memcpy(stage->best, best, n * sizeof *best);
    *stage_out = stage;
    return 0;
}

void final_stage_free(struct final_stage *stage)
{
    if (!stage)
        return;
    free(stage->best);
    free(stage->finals);
    free(stage);
}

static size_t n_finals(const struct final_stage *stage)
{
    return (size_t)stage->n * stage->seeds;
}

static struct final_proposal propose(const struct final_stage *stage, enum stage kind,
                                     uint32_t finalist, uint32_t replica)
{
    return (struct final_proposal){ .stage = kind,
                                    .replica = replica,
                                    .finalist = finalist,
                                    .arch = stage->best[finalist].canonical,
                                    .cost = stage->best[finalist].cost };
}

int final_stage_ask(const struct final_stage *stage, struct final_proposal *proposal_out)
{
    uint32_t finalist, replica;
    double mean;
    int rc;

    if (stage->taken < n_finals(stage)) {
        *proposal_out = propose(stage, STAGE_FINAL, (uint32_t)(stage->taken % stage->n),
                                (uint32_t)(stage->taken / stage->n));
        return ASK_TRIAL;
    }
    rc = final_stage_winner(stage, &finalist, &replica, &mean);
    if (rc == -ENOENT || stage->test.state == FINAL_TOLD)
        return ASK_DONE;
    if (rc == -EAGAIN || stage->test.state == FINAL_TAKEN)
        return ASK_WAIT;
    *proposal_out = propose(stage, STAGE_TEST, finalist, replica);
    return ASK_TRIAL;
}

void final_stage_take(struct final_stage *stage)
{
    if (stage->taken < n_finals(stage))
        stage->finals[stage->taken++].state = FINAL_TAKEN;
    else
        stage->test.state = FINAL_TAKEN;
}

/* The trial that a proposal is about, or NULL. */
static struct final_trial *find_trial(struct final_stage *stage,
                                      const struct final_proposal *proposal)
{
    uint32_t finalist, replica;
    double mean;

    if (proposal->stage == STAGE_FINAL)
        return proposal->finalist < stage->n && proposal->replica < stage->seeds
                   ? &stage->finals[(size_t)proposal->replica * stage->n + proposal->finalist]
                   : NULL;
    if (proposal->stage != STAGE_TEST || final_stage_winner(stage, &finalist, &replica, &mean) < 0)
        return NULL;
    return proposal->finalist == finalist && proposal->replica == replica ? &stage->test : NULL;
}

int final_stage_tell(struct final_stage *stage, const struct final_proposal *proposal,
                     const struct verdict *verdict)
{
    struct final_trial *trial = find_trial(stage, proposal);

    if (!trial || trial->state != FINAL_TAKEN || (verdict->valid && verdict->reward.total == 0))
        return -EINVAL;
    trial->state = FINAL_TOLD;
    trial->verdict = *verdict;
    stage->told += proposal->stage == STAGE_FINAL;
    return 0;
}

int final_stage_untell(struct final_stage *stage, const struct final_proposal *proposal)
{
    struct final_trial *trial = find_trial(stage, proposal);

    if (proposal->stage != STAGE_FINAL || stage->test.state != FINAL_OPEN)
        return -EPERM;
    if (!trial || trial->state != FINAL_TOLD || trial->verdict.valid)
        return -EINVAL;
    trial->state = FINAL_TAKEN;
    stage->told--;
    return 0;
}

/* A mean over seeds as a fraction, so that equal means are equal. All seeds are evaluated on the
 * same images: the sums of correct and total are as good as the sum of the quotients. */
struct mean {
    uint64_t correct, total;
};

static struct mean mean_of(const struct final_stage *stage, uint32_t finalist,
                           uint32_t *best_replica_out, uint32_t *n_valid_out)
{
    struct mean mean = { 0, 0 };
    struct reward best = { 0, 1 };
    uint32_t n_valid = 0;

    for (uint32_t r = 0; r < stage->seeds; r++) {
        const struct verdict *v = &stage->finals[(size_t)r * stage->n + finalist].verdict;

        if (!v->valid)
            continue;
        mean.correct += v->reward.correct;
        mean.total += v->reward.total;
        if (n_valid++ == 0 || reward_compare(v->reward, best) > 0) {
            best = v->reward;
            *best_replica_out = r;
        }
    }
    mean.correct *= n_valid; /* what was quarantined counts as 0 */
    mean.total *= stage->seeds;
    *n_valid_out = n_valid;
    return mean;
}

int final_stage_winner(const struct final_stage *stage, uint32_t *finalist_out,
                       uint32_t *replica_out, double *mean_percent_out)
{
    struct mean best = { 0, 0 };

    if (stage->told < n_finals(stage))
        return -EAGAIN;
    for (uint32_t f = 0; f < stage->n; f++) {
        uint32_t replica = 0, n_valid;
        struct mean mean = mean_of(stage, f, &replica, &n_valid);

        if (n_valid == 0 || (best.total && (unsigned __int128)mean.correct * best.total <=
                                               (unsigned __int128)best.correct * mean.total))
            continue;
        best = mean;
        *finalist_out = f;
        *replica_out = replica;
    }
    if (best.total == 0)
        return -ENOENT;
    *mean_percent_out = 100.0 * (double)best.correct / (double)best.total;
    return 0;
}
