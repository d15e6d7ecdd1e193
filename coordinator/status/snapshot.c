#include "coordinator/status/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "coordinator/status/snapshot_build.h"

static void fill_body(struct build *build, const Layernas__Query *query,
                      Layernas__StatusReply *reply)
{
    switch (query->what) {
    case LAYERNAS__QUERY__WHAT__SUMMARY:
        reply->summary = build_summary(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_SUMMARY;
        break;
    case LAYERNAS__QUERY__WHAT__LAYERS:
        reply->layers = build_layers(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_LAYERS;
        break;
    case LAYERNAS__QUERY__WHAT__TRIALS:
        reply->trials = build_trials(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_TRIALS;
        break;
    case LAYERNAS__QUERY__WHAT__WORKERS:
        reply->workers = build_workers(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_WORKERS;
        break;
    case LAYERNAS__QUERY__WHAT__PARETO:
        reply->pareto = build_pareto(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_PARETO;
        break;
    case LAYERNAS__QUERY__WHAT__BEST:
        reply->best = build_best(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_BEST;
        break;
    case LAYERNAS__QUERY__WHAT__WHY:
        reply->why = build_why(build, query->arch);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_WHY;
        break;
    case LAYERNAS__QUERY__WHAT__DIAGNOSIS:
        reply->diagnosis = build_diagnosis(build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS;
        break;
    default:
        reply->error = build_text(build, "this coordinator does not know what was asked for");
    }
}

static void answer(struct build *build, const Layernas__StatusRequest *request,
                   Layernas__StatusReply *reply)
{
    if (!request) {
        reply->error = build_text(build, "malformed request");
        return;
    }
    reply->id = request->id;
    if (request->protocol != STATUS_PROTOCOL) {
        struct errmsg err;

        errmsg_set(&err, 0, "status protocol %u; this coordinator speaks %d", request->protocol,
                   STATUS_PROTOCOL);
        reply->error = build_text(build, err.text);
        return;
    }
    if (request->body_case != LAYERNAS__STATUS_REQUEST__BODY_QUERY) {
        reply->error = build_text(build, "a request that asks for nothing");
        return;
    }
    if (request->query->limit > 0 && request->query->limit < build->limit)
        build->limit = request->query->limit;
    build->first = request->query->first;
    fill_body(build, request->query, reply);
    if (build->error) {
        reply->error = build->error;
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY__NOT_SET;
    }
}

static struct build begin(const struct coordinator *coordinator)
{
    return (struct build){
        .coordinator = coordinator,
        .now_ms = uv_now(&coordinator->loop),
        .limit = STATUS_MAX_ROWS,
    };
}

/* With all but its body. NULL when memory runs out. */
static Layernas__StatusReply *begin_reply(struct build *build)
{
    const struct study *study = build->coordinator->study;
    Layernas__StatusReply *reply = build_message(build, &layernas__status_reply__descriptor);

    if (!reply)
        return NULL;
    reply->protocol = STATUS_PROTOCOL;
    reply->study = build_text(build, study->name);
    reply->metric = build_text(build, cost_metric_name(study->metric));
    return reply;
}

/* Packs the reply and frees it. */
static int pack(const struct build *build, Layernas__StatusReply *reply, struct bytes *packed_out)
{
    struct bytes packed = { 0 };

    if (!build->failed) {
        packed.size = layernas__status_reply__get_packed_size(reply);
        packed.data = malloc(packed.size);
    }
    if (packed.data)
        layernas__status_reply__pack(reply, packed.data);
    layernas__status_reply__free_unpacked(reply, NULL);
    if (!packed.data)
        return -ENOMEM;
    *packed_out = packed;
    return 0;
}

static bool watches(const Layernas__StatusRequest *request)
{
    return request && request->protocol == STATUS_PROTOCOL &&
           request->body_case == LAYERNAS__STATUS_REQUEST__BODY_QUERY && request->query->watch;
}

int snapshot_reply(const struct coordinator *coordinator, const uint8_t *request, size_t size,
                   struct bytes *reply_out, bool *watches_out)
{
    struct build build = begin(coordinator);
    Layernas__StatusRequest *asked = NULL;
    Layernas__StatusReply *reply = begin_reply(&build);

    if (size <= STATUS_MAX_REQUEST)
        asked = layernas__status_request__unpack(NULL, size, request);
    if (reply)
        answer(&build, asked, reply);
    *watches_out = watches(asked);
    layernas__status_request__free_unpacked(asked, NULL);
    return pack(&build, reply, reply_out);
}

int snapshot_end(const struct coordinator *coordinator, struct bytes *reply_out)
{
    struct build build = begin(coordinator);
    Layernas__StatusReply *reply = begin_reply(&build);

    if (reply) {
        reply->end = build_message(&build, &layernas__end__descriptor);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_END;
    }
    if (reply && reply->end) {
        reply->end->summary = build_summary(&build);
        reply->end->best = build_best(&build);
    }
    return pack(&build, reply, reply_out);
}

Layernas__Summary *snapshot_summary(const struct coordinator *coordinator)
{
    struct build build = begin(coordinator);
    Layernas__Summary *summary = build_summary(&build);

    if (!build.failed)
        return summary;
    layernas__summary__free_unpacked(summary, NULL);
    return NULL;
}

Layernas__StatusReply *snapshot_diagnosis(const struct coordinator *coordinator)
{
    struct build build = begin(coordinator);
    Layernas__StatusReply *reply;

    build.unhurried = true;
    build.limit = SIZE_MAX;
    reply = begin_reply(&build);
    if (reply) {
        reply->diagnosis = build_diagnosis(&build);
        reply->body_case = LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS;
    }
    if (!build.failed)
        return reply;
    layernas__status_reply__free_unpacked(reply, NULL);
    return NULL;
}
