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
    uint64_t first; /* the row wanted first, from 1; 0: the newest */
    size_t limit;   /* rows of a list, from 1 to STATUS_MAX_ROWS; more where unhurried */
    bool unhurried; /* nobody waits for the loop: all rows, and all that can be computed */
    bool failed;
    char *error; /* the reply's, where the question is wrong */
};

/* An empty message of that kind. */
void *build_message(struct build *build, const ProtobufCMessageDescriptor *kind);

/* A copy that protobuf-c may free. */
char *build_text(struct build *build, const char *text);

/* Room for n pointers; NULL for 0. */
void *build_list(struct build *build, size_t n);

/* Appends a copy to a list with room for it (NULL: that could not be had). protobuf-c frees each text of
 * a list, the empty one too. */
void build_list_text(struct build *build, char **list, size_t *n, const char *text);

/* Which of the n rows that there are go into the reply. */
struct rows {
    size_t first, n;
};
struct rows build_rows(const struct build *build, size_t n);

/* What the study does, in a word or two, and why. */
void build_state(struct build *build, char **state_out, char **note_out);

Layernas__Summary *build_summary(struct build *build);
Layernas__Layers *build_layers(struct build *build);
Layernas__Trials *build_trials(struct build *build);
Layernas__Workers *build_workers(struct build *build);
Layernas__Pareto *build_pareto(struct build *build);
Layernas__Best *build_best(struct build *build);
/* NULL with build->error set where arch is none of the space. */
Layernas__Why *build_why(struct build *build, const char *arch);
Layernas__Diagnosis *build_diagnosis(struct build *build);

/* spelled: as what it is to be shown, one spelling of the candidate. */
Layernas__Candidate *build_candidate(struct build *build, const struct candidate *candidate,
                                     const struct arch *spelled);

/* The i-th opening. */
Layernas__Layer *build_layer(struct build *build, size_t i, bool with_cells);

/* n children of an opening, as spelled; *list_out is for protobuf-c. Returns how many there are. */
size_t build_children(struct build *build, const struct opening *opening,
                      const struct record_child *ranked, size_t n, Layernas__Candidate ***list_out);

#endif
