#include "coordinator/status/snapshot_build.h"

#include <stdlib.h>
#include <string.h>

void *build_message(struct build *build, const ProtobufCMessageDescriptor *kind)
{
    ProtobufCMessage *message = malloc(kind->sizeof_message);

    if (message)
        protobuf_c_message_init(kind, message);
    else
        build->failed = true;
    return message;
}

char *build_text(struct build *build, const char *text)
{
    char *copy = strdup(text);

    if (copy)
        return copy;
    build->failed = true;
    return (char *)protobuf_c_empty_string; /* which protobuf-c knows not to free */
}

void *build_list(struct build *build, size_t n)
{
    void *list = n > 0 ? calloc(n, sizeof(void *)) : NULL;

    if (n > 0 && !list)
        build->failed = true;
    return list;
}

void build_list_text(struct build *build, char **list, size_t *n, const char *text)
{
    char *copy = list ? strdup(text) : NULL;

    if (copy)
        list[(*n)++] = copy;
    else
        build->failed = true;
}

struct rows build_rows(const struct build *build, size_t n)
{
    size_t first = n > build->limit ? n - build->limit : 0;

    if (build->first > 0)
        first = build->first - 1 < n ? (size_t)build->first - 1 : n;
    return (struct rows){ first, n - first < build->limit ? n - first : build->limit };
}

Layernas__Candidate *build_candidate(struct build *build, const struct candidate *candidate,
                                     const struct arch *spelled)
{
    const struct coordinator *coordinator = build->coordinator;
    const struct study *study = coordinator->study;
    Layernas__Candidate *message = build_message(build, &layernas__candidate__descriptor);
    struct costs costs = cost_details(study->cost_model, &candidate->canonical);
    char text[ARCH_TEXT_SIZE];
    size_t i;

    if (!message)
        return NULL;
    if (campaign_trial_of(coordinator->campaign, &candidate->canonical, &i) == 0) {
        struct ledger_entry entry;

        trial_ledger_entry(coordinator->ledger, i, &entry);
        message->trial = entry.trial.number;
    }
    message->arch = build_text(build, arch_format(spelled, text));
    message->cost = candidate->cost;
    message->madds = costs.madds;
    message->params = costs.params;
    message->correct = candidate->reward.correct;
    message->total = candidate->reward.total;
    message->in_target = campaign_in_target(coordinator->campaign, candidate->cost);
    return message;
}
