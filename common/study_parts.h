/* study_parts - the readers of a study file's parts. Internal to common/study*.c.
 *
 * Each takes the section that stands for the whole file and gives its rc: 0, or the first fault.
 * Called in the order below: a later part may use what an earlier one filled in. */
#ifndef LAYERNAS_COMMON_STUDY_PARTS_H
#define LAYERNAS_COMMON_STUDY_PARTS_H

#include "common/study.h"
#include "common/study_section.h"

/* study->evaluation and data_path. Needs the space. */
int study_read_evaluate(const struct section *root, struct study *study);

/* How the table spells architectures and what its columns are: study->evaluation.table, table_labels,
 * table_separator, table_rewards. */
int study_read_table(const struct section *evaluate, struct study *study);

/* Which of table_rewards the search's seed gives: evaluation.table.reward_column. Needs the seed. */
void study_choose_reward(struct study *study);

/* study->evaluation.surrogate. A fault unless the space's networks are those that it predicts. */
int study_read_surrogate(const struct section *evaluate, struct study *study);

/* Whether the predictor lies at data_path. */
int study_check_surrogate(const struct study *study, struct errmsg *err);

/* metric, cost_model and search.target. */
int study_read_cost(const struct section *root, struct study *study);

/* Every architecture's cost, from a column of the table at data_path. */
int study_cost_from_table(struct section *cost, const char *column, struct study *study);

/* Every architecture's latency, from `table`, for a space of once-for-all networks. */
int study_cost_from_latency(struct section *cost, struct study *study);

/* -EINVAL, and the first difference in why, unless the space's networks are of the once-for-all
 * space: every option of every layer is looked at. */
int study_check_once_for_all(const struct space *space, struct errmsg *why);

int study_read_search(const struct section *root, struct study *study);

int study_read_final(const struct section *root, struct study *study);

int study_read_limits(const struct section *root, struct study *study);

/* Makes the change in doc, adding fields that the section does not have. -EINVAL, -ENOMEM. */
int study_change(struct yaml_doc *doc, const struct study_change *change, struct errmsg *err);

/* study->id and evaluation_ids, once all is read. -ENOMEM. */
int study_identify(struct study *study);

#endif
