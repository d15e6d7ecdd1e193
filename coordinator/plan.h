/* plan - what a study would do, before anything is trained: --plan. */
#ifndef LAYERNAS_COORDINATOR_PLAN_H
#define LAYERNAS_COORDINATOR_PLAN_H

#include <stdbool.h>
#include <stdio.h>

#include "common/study.h"

/* Writes layers and options, the range of cost, target, default and anchor, the bound on trials,
 * the evaluation and the final stage; on lines of at most 80 columns, or as one JSON object.
 * -ENOENT with a line in err when no architecture meets the target, -ENOMEM. */
int plan_print(const struct study *study, bool json, FILE *out, struct errmsg *err);

#endif
