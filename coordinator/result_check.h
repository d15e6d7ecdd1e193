/* result_check - whether a worker's result may count. Pure. */
#ifndef LAYERNAS_COORDINATOR_RESULT_CHECK_H
#define LAYERNAS_COORDINATOR_RESULT_CHECK_H

#include "common/errmsg.h"
#include "common/study.h"
#include "proto/wire.h"

/* Checks that message is about a trial of this study, named as the study names it, and that its
 * numbers can be: costs as computed here (another cost is another network), totals as the evaluation
 * gives them. known: the ledger's trial of that key, where there is one (NULL), which spares naming it
 * again. *trial_out is the trial, without a number where it is not known. -EINVAL with the reason in
 * err. */
int result_check(const struct study *study, const struct result_message *message,
                 const struct trial *known, struct trial *trial_out, struct errmsg *err);

#endif
