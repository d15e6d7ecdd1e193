/* describe - one architecture's network, operation by operation: --describe. */
#ifndef LAYERNAS_COORDINATOR_DESCRIBE_H
#define LAYERNAS_COORDINATOR_DESCRIBE_H

#include <stdbool.h>
#include <stdio.h>

#include "common/study.h"

/* Writes the options of arch (text form), its canonical form, every operation with its shape,
 * parameters and multiply-adds, the totals, and whether the cost meets the target; on lines of at
 * most 80 columns, or as one JSON object. -EINVAL with a line in err for what is no architecture of
 * the space, -ENOMEM. */
int describe_print(const struct study *study, const char *arch, bool json, FILE *out,
                   struct errmsg *err);

#endif
