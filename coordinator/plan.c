#include "coordinator/plan.h"

#include <errno.h>
#include <inttypes.h>

#include "common/training_memory.h"
#include "coordinator/plan_parts.h"
#include "coordinator/search/strategy.h"

static int reckon(const struct study *study, enum stage stage, const struct arch *arch,
                  uint64_t *bytes_out)
{
    struct network network;
    int rc = space_resolve(study->space, arch, &network);

    if (rc < 0)
        return rc;
    rc = training_memory(&network, &study_evaluation(study, stage)->schedule, bytes_out);
    network_clear(&network);
    return rc;
}

static int reckon_memory(const struct study *study, struct plan *plan)
{
    int rc = 0;

    for (int stage = STAGE_SEARCH; stage <= STAGE_FINAL; stage++) {
        if (rc == 0)
            rc = reckon(study, stage, &plan->cheapest, &plan->memory[stage][0]);
        if (rc == 0)
            rc = reckon(study, stage, &plan->dearest, &plan->memory[stage][1]);
    }
    return rc;
}

static int make_plan(const struct study *study, struct plan *plan_out, struct errmsg *err)
{
    const struct cost_model *model = study->cost_model;
    struct arch any = { .n = (uint16_t)space_n_layers(study->space) };
    struct plan plan = {
        .study = study,
        .cheapest = cost_cheapest(model, &any, 0),
        .dearest = cost_dearest(model, &any, 0),
        .trials = strategy_trial_bound(&study->search, model),
        .finals = (uint64_t)study->final.top * study->final.seeds,
    };
    int rc = strategy_anchor(&study->search, model, &plan.anchor);

    if (rc == -ENOENT)
        return errmsg_set(err, rc,
                          "%s: cost: no architecture costs %" PRId64 " to %" PRId64
                          ", though some are cheaper and some dearer; move min or max",
                          study->path, study->search.target.lowest, study->search.target.highest);
    if (rc == 0 && study->evaluation.evaluator == EVALUATOR_TRAIN)
        rc = reckon_memory(study, &plan);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: no memory for the plan", study->path);
    *plan_out = plan;
    return 0;
}

int plan_print(const struct study *study, bool json, FILE *out, struct errmsg *err)
{
    struct plan plan;
    int rc = make_plan(study, &plan, err);

    if (rc < 0)
        return rc;
    rc = json ? plan_print_json(&plan, out) : plan_print_text(&plan, out);
    if (rc < 0)
        errmsg_set(err, rc, "%s: no memory for the plan", study->path);
    return rc;
}
