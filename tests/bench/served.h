/* served - a study on a folder of its own, with as many trials in its store as wanted, and the real
 * coordinator serving it in a process of its own.
 *
 * The space has 24 layers of MobileNetV2's blocks, 4^24 networks; the search draws at random, so what it
 * costs to propose a trial does not depend on how many there were. Ends the program with a line
 * where anything fails. */
#ifndef LAYERNAS_TESTS_SERVED_H
#define LAYERNAS_TESTS_SERVED_H

#include <stdint.h>
#include <sys/types.h>

#include "common/study.h"

enum { SERVED_LAYERS = 24, SERVED_VALID = 5000, SERVED_NAME_SIZE = 128 };

struct served {
    char folder[64];
    struct study *study;
    struct digest data; /* of the study's data, as workers have it */
    pid_t pid;          /* 0: it is not running */
    char workers[SERVED_NAME_SIZE], status[SERVED_NAME_SIZE];
    double opening_s; /* from its start until it listens */
};

/* An empty study: SERVED_TRAINS as above. SERVED_LOOKS_UP: rewards are looked up in a table of 4^9
 * networks whose operations nobody knows, so that messages carry none. */
enum served_kind { SERVED_TRAINS, SERVED_LOOKS_UP };
void served_new(struct served *served, enum served_kind kind);

/* Puts the first n trials of the search into the store, by the campaign and the store themselves. */
void served_fill(struct served *served, uint32_t n);

/* Starts the coordinator, and waits until it listens. */
void served_begin(struct served *served);

/* Kills it: writing results of a million trials is another thing to measure. */
void served_end(struct served *served);

/* Kills it, and removes the folder. */
void served_clear(struct served *served);

/* Bytes of its memory that are resident. */
double served_memory(const struct served *served);

/* A name in its folder; returns path. state/ is the coordinator's. */
const char *served_path(const struct served *served, const char *name, char path[SERVED_NAME_SIZE]);

/* What any worker would report of a trial. */
struct trial_result served_result(const struct trial *trial);

#endif
