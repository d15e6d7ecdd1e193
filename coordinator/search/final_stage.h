/* final_stage - retrains the best of the search, picks the winner, has it tested once.
 *
 *     top N of the search  ->  N x seeds trials of STAGE_FINAL  ->  one trial of STAGE_TEST
 *
 * Speaks like a strategy (ask, tell), and is as pure. The winner has the highest mean validation
 * top-1 over its seeds (then the candidate order decides); the weights tested are those of its best
 * seed. A trial that is not valid, because it was quarantined or brought no weights, counts as reward
 * 0; if all are so, there is no winner and no test. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_FINAL_STAGE_H
#define LAYERNAS_COORDINATOR_SEARCH_FINAL_STAGE_H

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/strategy.h"

struct final_stage;

struct final_proposal {
    enum stage stage;
    uint32_t replica;
    uint32_t finalist; /* index into the candidates given, best first */
    struct arch arch;
    int64_t cost;
};

/* Over copies of the n best candidates, best first. -ENOMEM. */
int final_stage_new(const struct candidate *best, uint32_t n, uint32_t seeds,
                    struct final_stage **stage_out);
void final_stage_free(struct final_stage *stage);

/* ASK_TRIAL, ASK_WAIT or ASK_DONE. Does not advance until the proposal is taken. */
int final_stage_ask(const struct final_stage *stage, struct final_proposal *proposal_out);

/* The caller has the proposal that ask gave: the next ask gives the next one. */
void final_stage_take(struct final_stage *stage);

/* -EINVAL for a trial never proposed, or told before. */
int final_stage_tell(struct final_stage *stage, const struct final_proposal *proposal,
                     const struct verdict *verdict);

/* Takes the verdict on a final that was not valid back, to be told another. -EINVAL if there was no
 * such; -EPERM: the winner's test is out. */
int final_stage_untell(struct final_stage *stage, const struct final_proposal *proposal);

/* The winner and the replica whose weights count, once all finals are told; -EAGAIN before,
 * -ENOENT when every final was quarantined. mean_percent is over the seeds. */
int final_stage_winner(const struct final_stage *stage, uint32_t *finalist_out,
                       uint32_t *replica_out, double *mean_percent_out);

#endif
