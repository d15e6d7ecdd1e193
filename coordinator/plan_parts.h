/* plan_parts - a plan worked out, and its two forms. Internal to coordinator/plan*.c. */
#ifndef LAYERNAS_COORDINATOR_PLAN_PARTS_H
#define LAYERNAS_COORDINATOR_PLAN_PARTS_H

#include <stdio.h>

#include "common/study.h"

struct plan {
    const struct study *study;
    struct arch cheapest, dearest, anchor;
    uint64_t trials; /* of the search, at most */
    uint64_t finals; /* trainings of the final stage */
    /* Where networks are trained: about how many bytes cheapest and dearest take, by stage. */
    uint64_t memory[STAGE_FINAL + 1][2];
};

/* -ENOMEM. */
int plan_print_text(const struct plan *plan, FILE *out);
int plan_print_json(const struct plan *plan, FILE *out);

#endif
