/* status_fixture - a coordinator without sockets and store, whose study is run by hand: the real
 * campaign, ledger and roster, and an evaluator that makes rewards up. For one test program each:
 * it defines what snapshot and results need of store and loop. */
#ifndef LAYERNAS_TESTS_STATUS_FIXTURE_H
#define LAYERNAS_TESTS_STATUS_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "coordinator/coordinator.h"
#include "coordinator/status/snapshot.h"
#include "tests/unit/check.h"

enum { FIXTURE_LEASE_MS = 20000, FIXTURE_VALID = 4000, FIXTURE_TEST = 10000 };

struct status_fixture {
    struct coordinator coordinator;
    struct worker *worker;
};

static const uint8_t fixture_worker_id[16] = "worker";

/* ---- in place of store and loop ---- */

static const char *fixture_disk_trouble; /* NULL: all is well */
static const char *fixture_weights = "/nowhere";

bool store_trouble(struct store *store, struct errmsg *trouble_out)
{
    (void)store;
    if (fixture_disk_trouble)
        errmsg_set(trouble_out, 0, "%s", fixture_disk_trouble);
    return fixture_disk_trouble != NULL;
}

void store_weights_path(const struct store *store, const struct digest *key, char *path,
                        size_t size)
{
    (void)store;
    (void)key;
    snprintf(path, size, "%s", fixture_weights);
}

int store_read_weights(struct store *store, const struct digest *key, struct bytes *weights_out,
                       struct errmsg *err)
{
    enum { ROOM = 1 << 16 };
    FILE *in = fopen(fixture_weights, "r");
    uint8_t *data = malloc(ROOM);

    (void)store;
    (void)key;
    (void)err;
    assert_non_null(in);
    assert_non_null(data);
    *weights_out = (struct bytes){ data, fread(data, 1, ROOM, in) };
    fclose(in);
    return 0;
}

double coordinator_elapsed(const struct coordinator *coordinator)
{
    return (double)(coordinator->loop.time - coordinator->started_ms) / 1000;
}

/* ---- running it ---- */

/* study and directory must outlive the fixture. */
static inline void status_fixture_init(struct status_fixture *fixture, const struct study *study,
                                       const char *directory)
{
    struct coordinator *coordinator = &fixture->coordinator;
    struct hello hello = { .version = "1", .name = "node1:77", .slots = 2, .threads = 1 };
    struct route route = { .size = 1, .bytes = "r" };

    *fixture = (struct status_fixture){ .coordinator.study = study };
    snprintf(coordinator->state_directory, sizeof coordinator->state_directory, "%s", directory);
    memcpy(hello.worker_id, fixture_worker_id, sizeof hello.worker_id);
    snprintf(hello.numerics, sizeof hello.numerics, "haswell-1");
    coordinator->started_ms = coordinator->loop.time = 1000;
    coordinator->ledger = trial_ledger_new(5);
    coordinator->roster = worker_roster_new();
    assert_int_equal(campaign_new(study, coordinator->ledger, &coordinator->campaign), 0);
    assert_int_equal(
        worker_roster_hello(coordinator->roster, &hello, &route, 1000, &fixture->worker), 0);
}

static inline void status_fixture_clear(struct status_fixture *fixture)
{
    campaign_free(fixture->coordinator.campaign);
    worker_roster_free(fixture->coordinator.roster);
    trial_ledger_free(fixture->coordinator.ledger);
}

/* Hands the next trial out; false when there is none. */
static inline bool status_fixture_lease(struct status_fixture *fixture, struct trial *trial_out,
                                        struct attempt *attempt_out)
{
    struct coordinator *c = &fixture->coordinator;
    struct errmsg err = { "" };
    int rc;

    while ((rc = campaign_advance(c->campaign, 2, &err)) > 0)
        campaign_opening_stored(c->campaign);
    check_string_equal("advance", err.text, "");
    return trial_ledger_lease(c->ledger, fixture_worker_id, true, c->loop.time, FIXTURE_LEASE_MS,
                              trial_out, attempt_out) == 0;
}

/* Better for dearer networks, with some noise; a training takes 12 s. */
static inline struct trial_result status_fixture_result(const struct trial *trial)
{
    struct trial_result result = {
        .key = trial->key,
        .stage = trial->stage,
        .replica = trial->replica,
        .arch = trial->arch,
        .madds = trial->costs.madds,
        .params = trial->costs.params,
        .reward.total = trial->stage == STAGE_TEST ? FIXTURE_TEST : FIXTURE_VALID,
        .loss = 0.31,
        .seconds = 12,
    };
    double cost = (double)trial->cost, share = 0.95 - 0.12 / (1 + cost / 3e5);

    share += 0.02 * ((double)(trial->seed % 1000) / 1000 - 0.5);
    result.reward.correct = (uint32_t)(share * result.reward.total);
    snprintf(result.numerics, sizeof result.numerics, "haswell-1");
    snprintf(result.worker, sizeof result.worker, "node1:77");
    return result;
}

static inline void status_fixture_settle(struct status_fixture *fixture, const struct trial *trial)
{
    struct coordinator *c = &fixture->coordinator;
    struct trial_result result = status_fixture_result(trial);

    c->loop.time += 12000;
    assert_int_equal(trial_ledger_receive(c->ledger, &result), 0);
    assert_int_equal(trial_ledger_settle(c->ledger, &trial->key), 0);
    assert_int_equal(campaign_settled(c->campaign, &trial->key), 0);
    worker_roster_succeeded(c->roster, fixture->worker);
}

/* Runs up to n trials; returns how many there were. */
static inline int status_fixture_run(struct status_fixture *fixture, int n)
{
    struct attempt attempt;
    struct trial trial;
    int done = 0;

    for (; done < n && status_fixture_lease(fixture, &trial, &attempt); done++)
        status_fixture_settle(fixture, &trial);
    return done;
}

/* The next trial fails until it is given up. Returns its number. */
static inline uint64_t status_fixture_quarantine(struct status_fixture *fixture)
{
    struct coordinator *c = &fixture->coordinator;
    struct attempt attempt;
    struct trial trial;
    int rc = 0;

    while (rc == 0) {
        assert_true(status_fixture_lease(fixture, &trial, &attempt));
        rc = trial_ledger_fail(c->ledger, &trial.key, &attempt, fixture_worker_id, "out of memory",
                               false);
    }
    assert_int_equal(rc, 1);
    assert_int_equal(trial_ledger_settle(c->ledger, &trial.key), 0);
    assert_int_equal(campaign_settled(c->campaign, &trial.key), 0);
    return trial.number;
}

/* What the coordinator answers a query; *watches_out: whether who asks watches. The caller's to free. */
static inline Layernas__StatusReply *status_fixture_ask(struct status_fixture *fixture,
                                                        Layernas__Query *query, bool *watches_out)
{
    Layernas__StatusRequest request = LAYERNAS__STATUS_REQUEST__INIT;
    Layernas__StatusReply *reply;
    struct bytes packed;
    uint8_t bytes[256];

    request.protocol = STATUS_PROTOCOL;
    request.id = 5;
    request.body_case = LAYERNAS__STATUS_REQUEST__BODY_QUERY;
    request.query = query;
    assert_in_range(layernas__status_request__get_packed_size(&request), 1, sizeof bytes);
    assert_int_equal(snapshot_reply(&fixture->coordinator, bytes,
                                    layernas__status_request__pack(&request, bytes), &packed,
                                    watches_out),
                     0);
    reply = layernas__status_reply__unpack(NULL, packed.size, packed.data);
    free(packed.data);
    assert_non_null(reply);
    check_int_equal("id", reply->id, 5);
    return reply;
}

#endif
