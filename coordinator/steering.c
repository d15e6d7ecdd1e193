#include "coordinator/steering.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "coordinator/hand_out.h"
#include "coordinator/steering_command.h"

/* An answer that waits until what it says is durable. */
struct answer {
    LIST_ENTRY(answer) others;
    struct coordinator *coordinator;
    struct route route;
    struct bytes bytes;
};

/* ---- from an earlier run ---- */

void steering_resume_cap(struct coordinator *coordinator)
{
    coordinator->steering = *store_steering(coordinator->store);
    campaign_raise_cap(coordinator->campaign, coordinator->steering.trials);
    coordinator->steering.mode = STEERING_RUN;
}

void steering_resume(struct coordinator *coordinator)
{
    coordinator->steering.mode = store_steering(coordinator->store)->mode;
    if (coordinator->steering.mode == STEERING_PAUSE)
        log_warn("the search is paused, as it was told: 'layernas-status resume' ends that");
    if (coordinator->steering.mode == STEERING_DRAIN)
        log_warn("the search is drained, as it was told: what workers still run is waited for");
}

/* ---- draining ---- */

/* After a restart in the middle of it, workers have a lease's time to come back with what they run. */
static bool may_run_unseen(const struct coordinator *coordinator)
{
    return store_steering(coordinator->store)->mode == STEERING_DRAIN &&
           uv_now(&coordinator->loop) - coordinator->started_ms <
               coordinator->study->limits.lease_s * UINT64_C(1000);
}

void steering_tick(struct coordinator *coordinator)
{
    struct ledger_counts counts = trial_ledger_counts(coordinator->ledger);

    if (coordinator->steering.mode != STEERING_DRAIN || coordinator->stopping ||
        coordinator->trouble || counts.by_state[TRIAL_LEASED] + counts.by_state[TRIAL_SAVING] > 0 ||
        may_run_unseen(coordinator))
        return;
    log_info("drained: nothing runs any more");
    coordinator->stopping = true; /* before the mode, so that nothing goes out */
    coordinator->steering.mode = STEERING_RUN;
    if (store_put_steering(coordinator->store, &coordinator->steering, NULL, NULL) < 0)
        coordinator_fail(coordinator, "out of memory");
    coordinator_stop(coordinator);
}

/* ---- answers ---- */

static void free_answer(struct answer *answer)
{
    LIST_REMOVE(answer, others);
    free(answer->bytes.data);
    free(answer);
}

void steering_forget(struct coordinator *coordinator)
{
    struct answer *answer;

    while ((answer = LIST_FIRST(&coordinator->answers)))
        free_answer(answer);
}

static void on_durable(void *arg)
{
    struct answer *answer = arg;

    router_send(answer->coordinator->status_socket, &answer->route, &answer->bytes, 1);
    free_answer(answer);
}

static int pack_answer(const struct coordinator *coordinator, uint64_t id,
                       const struct steering_outcome *outcome, struct bytes *bytes_out)
{
    static const char *const modes[] = {
        [STEERING_RUN] = "running", [STEERING_PAUSE] = "paused", [STEERING_DRAIN] = "draining"
    };
    const struct steering *steering = &coordinator->steering;
    Layernas__StatusReply reply = LAYERNAS__STATUS_REPLY__INIT;
    Layernas__Commanded commanded = LAYERNAS__COMMANDED__INIT;
    char *aside[STEERING_MAX_ASIDE];
    struct search_progress progress;

    campaign_progress(coordinator->campaign, &progress);
    for (uint32_t i = 0; i < steering->n_aside; i++)
        aside[i] = (char *)steering->aside[i];
    commanded.now = (char *)outcome->line.text;
    commanded.changed = outcome->changed;
    commanded.mode = (char *)(outcome->stops ? "stopping" : modes[steering->mode]);
    commanded.cap = progress.cap > steering->trials ? progress.cap : steering->trials;
    commanded.retried = outcome->retried;
    commanded.n_aside = steering->n_aside;
    commanded.aside = aside;
    reply.protocol = STATUS_PROTOCOL;
    reply.id = id;
    reply.study = (char *)coordinator->study->name;
    reply.metric = (char *)cost_metric_name(coordinator->study->metric);
    if (outcome->refused) {
        reply.error = (char *)outcome->line.text;
    } else {
        reply.body_case = LAYERNAS__STATUS_REPLY__BODY_COMMANDED;
        reply.commanded = &commanded;
    }
    bytes_out->size = layernas__status_reply__get_packed_size(&reply);
    bytes_out->data = malloc(bytes_out->size);
    if (!bytes_out->data)
        return -ENOMEM;
    layernas__status_reply__pack(&reply, bytes_out->data);
    return 0;
}

/* What changes nothing on disk is answered as if it did: an earlier write of the same may be on its
 * way. */
static int store(struct answer *answer, const struct steering_outcome *outcome)
{
    struct coordinator *coordinator = answer->coordinator;

    if (outcome->refused || outcome->stops) {
        on_durable(answer);
        return 0;
    }
    return store_put_steering(coordinator->store, &coordinator->steering, on_durable, answer);
}

void steering_command(struct coordinator *coordinator, const struct route *route,
                      const Layernas__StatusRequest *request)
{
    struct answer *answer = calloc(1, sizeof *answer);
    struct steering_outcome outcome = { .refused = false };
    int rc = answer ? 0 : -ENOMEM;

    if (rc == 0) {
        answer->coordinator = coordinator;
        answer->route = *route;
        LIST_INSERT_HEAD(&coordinator->answers, answer, others);
        steering_obey(coordinator, route, request, &outcome);
        rc = pack_answer(coordinator, request->id, &outcome, &answer->bytes);
    }
    if (rc == 0)
        rc = store(answer, &outcome);
    if (rc < 0) {
        coordinator_fail(coordinator, "out of memory");
        return;
    }
    if (outcome.stops)
        coordinator_stop(coordinator);
    hand_out(coordinator);
}
