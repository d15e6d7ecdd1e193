#include "coordinator/resume.h"

#include <errno.h>
#include <inttypes.h>

#include "common/log.h"

struct resumed {
    struct coordinator *coordinator;
    uint64_t results, failures;
};

static int take_opening(void *arg, const struct opening *opening)
{
    struct resumed *resumed = arg;

    return campaign_remember_opening(resumed->coordinator->campaign, opening);
}

static int take_result(void *arg, const struct stored_result *stored)
{
    struct resumed *resumed = arg;

    resumed->results++;
    return campaign_remember_result(resumed->coordinator->campaign, stored);
}

static int take_failure(void *arg, const struct stored_failure *failure)
{
    struct resumed *resumed = arg;
    int rc = trial_ledger_remember_failure(resumed->coordinator->ledger, &failure->key,
                                           &failure->attempt, failure->worker_id, failure->reason);

    resumed->failures++;
    return rc == -EALREADY ? 0 : rc;
}

int resume(struct coordinator *coordinator, struct errmsg *err)
{
    struct resumed resumed = { .coordinator = coordinator };
    int rc = store_each_opening(coordinator->store, take_opening, &resumed, err);

    if (rc == 0)
        rc = store_each_failure(coordinator->store, take_failure, &resumed, err);
    if (rc == 0)
        rc = store_each_result(coordinator->store, take_result, &resumed, err);
    if (rc < 0)
        return rc;
    coordinator->elapsed_before_s = store_elapsed(coordinator->store);
    if (resumed.results + resumed.failures > 0)
        log_info("taken up where an earlier run left it: %" PRIu64 " results, %" PRIu64
                 " failed attempts, %.0f s",
                 resumed.results, resumed.failures, coordinator->elapsed_before_s);
    return 0;
}
