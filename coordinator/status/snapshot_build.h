/* snapshot_build - the parts of a reply in the making; snapshot*.c only.
 *
 * Messages, texts and lists are allocated one by one, as protobuf-c frees them. Whoever builds does
 * not stop at each for want of memory: what could not be had is left out (NULL, empty), `failed`
 * remembers it, and snapshot.c throws such a reply away whole. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SNAPSHOT_BUILD_H
#define LAYERNAS_COORDINATOR_STATUS_SNAPSHOT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coordinator/coordinator.h"
#include "proto/layernas.pb-c.h"

struct build {
    const struct coordinator *coordinator;
    uint64_t now_ms;
    size_t limit; /* rows of a list, from 1 to STATUS_MAX_ROWS */
    bool failed;
};

/* An empty message of that kind. */
void *build_message(struct build *build, const ProtobufCMessageDescriptor *kind);

/* A copy that protobuf-c may free. */
char *build_text(struct build *build, const char *text);

/* Room for n pointers; NULL for 0. */
void *build_list(struct build *build, size_t n);

/* How many of the n there are go into the reply: the newest, up to the limit. */
size_t build_rows(const struct build *build, size_t n);

Layernas__Summary *build_summary(struct build *build);
Layernas__Layers *build_layers(struct build *build);
Layernas__Trials *build_trials(struct build *build);
Layernas__Workers *build_workers(struct build *build);
Layernas__Pareto *build_pareto(struct build *build);
Layernas__Best *build_best(struct build *build);

/* spelled: as what it is to be shown, one spelling of the candidate. */
Layernas__Candidate *build_candidate(struct build *build, const struct candidate *candidate,
                                     const struct arch *spelled);

/* Trials of an opening, and how many of them are settled: for the current one, all others are. */
void opening_count_trials(const struct coordinator *coordinator, const struct opening *opening,
                          uint32_t *trials_out, uint32_t *settled_out);

#endif
