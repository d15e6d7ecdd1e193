/* layernas_early - trials of a layer that go out while the layer before it still has some running.
 *
 * A cell (bucket, interface) of the current layer is settled once all its contenders are told: what
 * it keeps are parents of the next layer whatever the other cells come to. So their children that
 * are trials may go out. They do so in turns, one for each cell and option of the next layer: in the
 * order of the costs that children of the cell's dearest contender would have, which is known before
 * any result and close to the order of the children's own costs. A turn waits until its cell is
 * settled and all turns before it are over. The opening of the next layer has its children in the
 * same order (layernas_place.turns), so that which trial comes when does not depend on who finished
 * first.
 *
 * Where settings->parallel is over 1, so that others run when a layer's last trial goes out, two things
 * keep them from waiting. The first turns are taken in rounds of so many: of those whose cells have no
 * contender among the last proposals, 8 rounds of them and then one less in each round, while there are
 * such. And a cell of one contender is settled before that is told: it is kept whatever comes of it, a
 * result or none.
 *
 * Not where the search is guided, as the predictor needs the whole layer; not after a pass's last
 * layer, as the next pass starts from the best of all. */
#ifndef LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_EARLY_H
#define LAYERNAS_COORDINATOR_SEARCH_LAYERNAS_EARLY_H

#include "coordinator/search/candidate_table.h"
#include "coordinator/search/layernas.h"

struct layernas_early;

/* place is that of opening, all of whose trials have gone out; opening must outlive it. NULL in
 * *early_out where the next layer has to wait for all of this one. -ENOMEM. */
int layernas_early_new(const struct search_settings *settings, const struct cost_model *model,
                       const struct proposals *known, const struct layernas_place *place,
                       const struct opening *opening, struct layernas_early **early_out);
void layernas_early_free(struct layernas_early *early);

/* 1 with a candidate of the next layer, not proposed yet; 0 when none may go out now. -ENOMEM. */
int layernas_early_next(struct layernas_early *early, const struct proposals *known,
                        struct arch *candidate_out);

/* Offers table, the opening's, the only contenders of cells that have no valid result, as the worst
 * that there are: their children may have gone out. -ENOMEM. */
int layernas_early_keep_undisputed(const struct layernas_early *early,
                                   const struct proposals *known, struct candidate_table *table);

/* Whether trials went out, or may have, because of what became of a candidate. */
bool layernas_early_relied_on(const struct layernas_early *early, const struct arch *candidate);

/* The turns of each candidate that table, the opening's, keeps, in table order: one for each option
 * of the next layer. NULL where it keeps none. The caller's to free. -ENOMEM. */
int layernas_early_turns(const struct layernas_early *early, const struct candidate_table *table,
                         uint32_t **turns_out);

#endif
