#include "coordinator/hand_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "coordinator/reply.h"

uint64_t hand_out_n_ready(const struct coordinator *coordinator)
{
    return trial_ledger_counts(coordinator->ledger).by_state[TRIAL_READY];
}

/* ---- moving the campaign on ---- */

static void on_opening_stored(void *arg)
{
    struct coordinator *coordinator = arg;

    campaign_opening_stored(coordinator->campaign);
    hand_out(coordinator);
}

static void log_opening(const struct coordinator *coordinator, const struct opening *opening)
{
    uint32_t by_fate[FATES] = { 0 };

    for (uint32_t i = 0; i < opening->n_children; i++)
        by_fate[opening->children[i].fate]++;
    log_info("pass %" PRIu32 ", layer %s: %" PRIu32 " parents, %" PRIu32 " trials, %" PRIu32
             " known, %" PRIu32 " duplicates, %" PRIu32 " dropped, %" PRIu32
             " passed over; %" PRIu32 " buckets",
             opening->pass, space_layer_name(coordinator->study->space, opening->layer),
             opening->n_parents, by_fate[FATE_TRIAL], by_fate[FATE_KNOWN], by_fate[FATE_DUPLICATE],
             by_fate[FATE_DROPPED], by_fate[FATE_PASSED_OVER], opening->buckets);
}

static void store_opening(struct coordinator *coordinator)
{
    size_t last = campaign_n_openings(coordinator->campaign) - 1;
    const struct opening *opening = campaign_opening(coordinator->campaign, last);

    log_opening(coordinator, opening);
    if (store_put_opening(coordinator->store, opening, on_opening_stored, coordinator) < 0)
        coordinator_fail(coordinator, "out of memory");
}

bool hand_out_propose(struct coordinator *coordinator)
{
    uint64_t before = hand_out_n_ready(coordinator);
    struct errmsg err;
    int rc = campaign_advance(coordinator->campaign, before + 1, &err);

    if (rc < 0)
        coordinator_fail(coordinator, err.text);
    else if (rc > 0)
        store_opening(coordinator);
    return hand_out_n_ready(coordinator) > before;
}

/* ---- sending ---- */

/* The weights that a test trial is about. */
static int read_weights(struct coordinator *coordinator, struct bytes *weights_out,
                        struct errmsg *err)
{
    struct campaign_winner winner;

    if (!campaign_winner(coordinator->campaign, &winner))
        return errmsg_set(err, -ENOENT, "there is no winner");
    return store_read_weights(coordinator->store, &winner.weights_key, weights_out, err);
}

/* On failure too what is in *message is the caller's to clear. */
static int compose(struct coordinator *coordinator, struct trial_message *message,
                   struct errmsg *err)
{
    const struct study *study = coordinator->study;
    const struct trial *trial = &message->trial;
    int rc = 0;

    message->study_id = study->id;
    message->evaluation = *study_evaluation(study, trial->stage);
    if (space_has_networks(study->space)) {
        message->count = *space_count_rules(study->space);
        rc = space_resolve(study->space, &trial->arch, &message->network);
    }
    if (rc == 0 && message->evaluation.evaluator == EVALUATOR_TABLE)
        rc = study_table_key(study, &trial->arch, message->table_key, sizeof message->table_key);
    if (rc < 0)
        return errmsg_set(err, rc, "%s", uv_strerror(rc));
    if (trial->stage == STAGE_TEST && message->evaluation.evaluator == EVALUATOR_TRAIN)
        rc = read_weights(coordinator, &message->weights, err);
    return rc;
}

static void fail_for(struct coordinator *coordinator, const struct trial *trial, const char *reason)
{
    char why[sizeof(struct errmsg) + 64];

    snprintf(why, sizeof why, "trial %" PRIu64 " cannot be sent: %s", trial->number, reason);
    coordinator_fail(coordinator, why);
}

/* 0, or why the worker did not get it. */
static int send_trial(struct coordinator *coordinator, struct worker *worker,
                      const struct trial *trial, const struct attempt *attempt)
{
    struct to_worker message = { .kind = TO_TRIAL,
                                 .trial = { .trial = *trial, .attempt = *attempt } };
    struct errmsg err;
    int rc = compose(coordinator, &message.trial, &err);

    if (rc < 0)
        fail_for(coordinator, trial, err.text);
    else
        rc = reply_send(coordinator, &worker->route, &message);
    if (rc == -EMSGSIZE) /* to nobody, however often it is tried */
        fail_for(coordinator, trial, "it is larger than a message may be");
    to_worker_clear(&message);
    return rc;
}

static int send_leased(struct coordinator *coordinator, struct worker *worker,
                       const struct trial *trial, const struct attempt *attempt)
{
    int rc = send_trial(coordinator, worker, trial, attempt);

    if (rc == 0)
        worker_roster_sent(coordinator->roster, worker);
    else
        trial_ledger_lose(coordinator->ledger, attempt);
    return rc;
}

/* Leases and sends one trial. -EAGAIN: none is READY for this worker; else as send_leased. */
static int hand_one_out(struct coordinator *coordinator, struct worker *worker)
{
    bool alone = worker_roster_n_fit(coordinator->roster) < 2;
    struct attempt attempt;
    struct trial trial;
    int rc = trial_ledger_lease(
        coordinator->ledger, worker->id, alone, coordinator_now(coordinator),
        coordinator->study->limits.lease_s * UINT64_C(1000), &trial, &attempt);

    return rc < 0 ? rc : send_leased(coordinator, worker, &trial, &attempt);
}

/* The same with a second attempt. Nothing is known of one before its first heartbeat. */
static int hand_double_out(struct coordinator *coordinator, struct worker *worker)
{
    const struct limits *limits = &coordinator->study->limits;
    struct attempt attempt;
    struct trial trial;
    int rc = trial_ledger_double(coordinator->ledger, worker->id, coordinator_now(coordinator),
                                 limits->lease_s * UINT64_C(1000),
                                 limits->heartbeat_s * UINT64_C(1000), &trial, &attempt);

    if (rc < 0)
        return rc;
    rc = send_leased(coordinator, worker, &trial, &attempt);
    if (rc == 0)
        coordinator_remark(coordinator, "trial %" PRIu64 " takes long: worker %s runs it too",
                           trial.number, worker->name);
    return rc;
}

static bool may_hand_out(const struct coordinator *coordinator)
{
    return coordinator->steering.mode == STEERING_RUN && !coordinator->stopping &&
           !coordinator->trouble && !coordinator->failed;
}

/* Whom to serve after worker got rc; NULL: nobody can be served at present. */
static struct worker *next_waiting(struct coordinator *coordinator, struct worker *worker, int rc)
{
    if (rc == 0 || (rc == -EAGAIN && hand_out_propose(coordinator)))
        worker = NULL;
    else if (hand_out_n_ready(coordinator) == 0)
        return NULL;
    return worker_roster_waiting(coordinator->roster, worker);
}

static void serve_waiting(struct coordinator *coordinator)
{
    struct worker *worker = worker_roster_waiting(coordinator->roster, NULL);

    while (worker && may_hand_out(coordinator))
        worker = next_waiting(coordinator, worker, hand_one_out(coordinator, worker));
}

void hand_out(struct coordinator *coordinator)
{
    serve_waiting(coordinator);
    /* With nobody waiting too: there may be an opening to store, or nothing left to do. */
    if (may_hand_out(coordinator) && hand_out_n_ready(coordinator) == 0)
        hand_out_propose(coordinator);
    if (campaign_state(coordinator->campaign) == CAMPAIGN_DONE)
        uv_stop(&coordinator->loop);
}

void hand_out_doubles(struct coordinator *coordinator)
{
    struct worker *worker = worker_roster_waiting(coordinator->roster, NULL);

    while (worker && coordinator->study->limits.doubling && may_hand_out(coordinator) &&
           hand_out_n_ready(coordinator) == 0) {
        int rc = hand_double_out(coordinator, worker);

        if (rc == -ENOENT)
            return;
        /* What one may not have another may; who got one may have room for more. */
        worker = worker_roster_waiting(coordinator->roster, rc == 0 ? NULL : worker);
    }
}

void hand_out_send(struct coordinator *coordinator)
{
    while (letters_send(coordinator))
        hand_out(coordinator);
}
