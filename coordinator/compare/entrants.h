/* entrants - what --strategies, --budgets and --within say.
 *
 *     layernas,random,plain=layernas{guided: false, buckets: 20}
 *
 * An entrant is a strategy's name, with fields of the study's section `search` in braces where they
 * are not those of the study, and a label of its own before them. */
#ifndef LAYERNAS_COORDINATOR_COMPARE_ENTRANTS_H
#define LAYERNAS_COORDINATOR_COMPARE_ENTRANTS_H

#include "coordinator/compare/contest.h"

enum { ENTRANTS_MAX = 32, BUDGETS_MAX = 64, BUDGET_MOST = 10000000, GAPS_MAX = 7 };

/* Loads a study for each, with cost.max in place of its own unless it is NULL. *contestants_out is the
 * caller's to clear. -EINVAL with a line in err. */
int entrants_load(const char *study_path, const char *max, const char *text,
                  struct contestant **contestants_out, uint32_t *n_out, struct errmsg *err);
void entrants_clear(struct contestant *contestants, uint32_t n);

/* "50,100,200": rising numbers, at most BUDGETS_MAX. -EINVAL with a line in err. */
int budgets_parse(const char *text, uint32_t budgets[BUDGETS_MAX], uint32_t *n_out,
                  struct errmsg *err);

/* "1,0.5,0": falling points of reward, from 100 to 0, at most GAPS_MAX. -EINVAL with a line in err. */
int gaps_parse(const char *text, double gaps[GAPS_MAX], uint32_t *n_out, struct errmsg *err);

/* 50, 100, 200, ... below trials, then trials. Returns how many. */
uint32_t budgets_default(uint32_t trials, uint32_t budgets[BUDGETS_MAX]);

#endif
