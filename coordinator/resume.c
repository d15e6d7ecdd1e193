#include "coordinator/resume.h"

#include <errno.h>
#include <inttypes.h>

#include "common/log.h"
#include "coordinator/known_results.h"

struct resumed {
    struct coordinator *coordinator;
    uint64_t results, failures;
    struct known_results *retries; /* the last of each trial that was retried */
};

static int take_opening(void *arg, const struct opening *opening)
{
    struct resumed *resumed = arg;

    return campaign_remember_opening(resumed->coordinator->campaign, opening);
}

static int note_retry(struct resumed *resumed, const struct stored_result *stored)
{
    known_results_drop(resumed->retries, &stored->result.key);
    return known_results_keep(resumed->retries, stored);
}

/* What failed before its trial was retried counts no more. */
static bool is_forgiven(struct resumed *resumed, const struct digest *key)
{
    struct stored_result retry;

    return known_results_find(resumed->retries, key, &retry) &&
           resumed->failures <= retry.failures_before;
}

static int take_result(void *arg, const struct stored_result *stored)
{
    struct resumed *resumed = arg;

    resumed->results++;
    if (stored->retried && note_retry(resumed, stored) < 0)
        return -ENOMEM;
    return campaign_remember_result(resumed->coordinator->campaign, stored);
}

static int take_failure(void *arg, const struct stored_failure *failure)
{
    struct resumed *resumed = arg;
    int rc;

    resumed->failures++;
    rc = trial_ledger_remember_failure(resumed->coordinator->ledger, &failure->key,
                                       &failure->attempt, failure->worker_id, failure->reason);
    if (is_forgiven(resumed, &failure->key))
        trial_ledger_forgive(resumed->coordinator->ledger, &failure->key);
    return rc == -EALREADY ? 0 : rc;
}

int resume(struct coordinator *coordinator, struct errmsg *err)
{
    struct resumed resumed = { .coordinator = coordinator, .retries = known_results_new() };
    int rc = resumed.retries ? store_each_opening(coordinator->store, take_opening, &resumed, err)
                             : errmsg_set(err, -ENOMEM, "out of memory");

    if (rc == 0)
        rc = store_each_result(coordinator->store, take_result, &resumed, err);
    if (rc == 0)
        rc = store_each_failure(coordinator->store, take_failure, &resumed, err);
    known_results_free(resumed.retries);
    if (rc < 0)
        return rc;
    coordinator->elapsed_before_s = store_elapsed(coordinator->store);
    if (resumed.results + resumed.failures > 0)
        log_info("taken up where an earlier run left it: %" PRIu64 " results, %" PRIu64
                 " failed attempts, %.0f s",
                 resumed.results, resumed.failures, coordinator->elapsed_before_s);
    return 0;
}
