/* What the status socket is asked. Whatever the bytes, there is an answer that layernas-status takes:
 * to the question if it is one, an error line if not. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/coordinator.h"
#include "coordinator/status/show/reply.h"
#include "coordinator/status/snapshot.h"

enum { TRIALS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char space_text[] = "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                                 "layers:\n"
                                 "  - name: first\n"
                                 "    options: [conv: {out: [4, 8, 16], kernel: 3}]\n"
                                 "  - name: second\n"
                                 "    options: [skip, conv: {out: [4, 8], kernel: 3}]\n"
                                 "head: [pool: {kind: avg, size: all}, dense: {out: classes}]\n";

static const char study_text[] = "name: asked\n"
                                 "space: space.yaml\n"
                                 "cost: {metric: madds, max: 100%}\n"
                                 "search: {trials: 20}\n"
                                 "evaluate:\n"
                                 "  with: train\n"
                                 "  data: {name: digits, train: 100, valid: 50}\n"
                                 "  schedule: {epochs: 1, lr: 0.1}\n";

/* ---- in place of store and loop ---- */

bool store_trouble(struct store *store, struct errmsg *trouble_out)
{
    (void)store;
    (void)trouble_out;
    return false;
}

double coordinator_elapsed(const struct coordinator *coordinator)
{
    (void)coordinator;
    return 60;
}

/* ---- a coordinator in the middle of a study ---- */

static void must(bool condition)
{
    if (!condition)
        abort();
}

static const struct study *parse_study(void)
{
    struct study *study;
    struct space *space;
    struct errmsg err;

    must(space_parse(space_text, strlen(space_text), "space.yaml", &space, &err) == 0);
    must(study_parse(study_text, strlen(study_text), "study.yaml", space, &study, &err) == 0);
    return study;
}

static void finish(struct coordinator *c, const struct trial *trial)
{
    struct trial_result result = { .key = trial->key,
                                   .arch = trial->arch,
                                   .madds = trial->costs.madds,
                                   .params = trial->costs.params,
                                   .reward = { (uint32_t)trial->number, 50 } };

    must(trial_ledger_receive(c->ledger, &result) == 0);
    must(trial_ledger_settle(c->ledger, &trial->key) == 0);
    must(campaign_settled(c->campaign, &trial->key) == 0);
}

/* All but the last of its trials are done. */
static void run(struct coordinator *c, const uint8_t worker_id[16])
{
    for (int i = 0; i <= TRIALS; i++) {
        struct attempt attempt;
        struct trial trial;
        struct errmsg err;

        while (campaign_advance(c->campaign, 1, &err) > 0)
            campaign_opening_stored(c->campaign);
        must(trial_ledger_lease(c->ledger, worker_id, true, 0, 1000, &trial, &attempt) == 0);
        if (i < TRIALS)
            finish(c, &trial);
    }
}

static const struct coordinator *asked(void)
{
    static struct coordinator coordinator = { .state_directory = "/nowhere" };
    struct hello hello = { .name = "node1:77", .slots = 2, .threads = 1 };
    struct route route = { .size = 1, .bytes = "r" };
    struct worker *worker;

    if (coordinator.study)
        return &coordinator;
    coordinator.study = parse_study();
    coordinator.ledger = trial_ledger_new(1);
    coordinator.roster = worker_roster_new();
    must(coordinator.ledger && coordinator.roster);
    must(campaign_new(coordinator.study, coordinator.ledger, &coordinator.campaign) == 0);
    must(worker_roster_hello(coordinator.roster, &hello, &route, 0, &worker) == 0);
    run(&coordinator, worker->id);
    return &coordinator;
}

/* ---- asking ---- */

static bool is_question(const Layernas__StatusRequest *request)
{
    return request && request->protocol == STATUS_PROTOCOL &&
           request->body_case == LAYERNAS__STATUS_REQUEST__BODY_QUERY &&
           request->query->what >= LAYERNAS__QUERY__WHAT__SUMMARY &&
           request->query->what <= LAYERNAS__QUERY__WHAT__DIAGNOSIS;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Layernas__StatusRequest *request = layernas__status_request__unpack(NULL, size, data);
    bool question = is_question(request);
    Layernas__StatusReply *reply;
    struct bytes bytes;
    struct errmsg err;
    bool watches;
    int rc;

    must(snapshot_reply(asked(), data, size, &bytes, &watches) == 0);
    must(reply_unpack(bytes.data, bytes.size, &reply, &err) == 0);
    rc = reply_check(reply, question ? request->id : 0,
                     question ? request->query->what : LAYERNAS__QUERY__WHAT__SUMMARY, &err);
    if (question && request->query->what == LAYERNAS__QUERY__WHAT__WHY)
        must(rc == 0 || rc == -EREMOTEIO); /* of an architecture that the space may not have */
    else
        must(rc == (question ? 0 : -EREMOTEIO));
    layernas__status_reply__free_unpacked(reply, NULL);
    if (request)
        layernas__status_request__free_unpacked(request, NULL);
    free(bytes.data);
    return 0;
}
