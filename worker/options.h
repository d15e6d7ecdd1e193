/* options - the command line of layernas-worker. */
#ifndef LAYERNAS_WORKER_OPTIONS_H
#define LAYERNAS_WORKER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "proto/wire.h"
#include "worker/spool.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct data_folder {
    char name[EVALUATION_NAME_SIZE];
    const char *path; /* a folder of images, or a table's file */
};

struct worker_options {
    int argc;
    char **argv;
    const char *endpoint;
    const char *keys; /* folder of; NULL: without */
    char name[TRIAL_WORKER_SIZE];
    uint32_t slots, threads;
    uint32_t idle_exit_s;        /* UINT32_MAX: never */
    uint32_t memory_mb;          /* of each slot; 0: no limit */
    char spool[SPOOL_PATH_SIZE]; /* a folder; "": there is none */
    bool spool_given;
    bool until_eof;       /* stop when standard input ends */
    bool is_slot;         /* this process evaluates, for a session that started it */
    const char *evaluate; /* a file of weights: measure it, and nothing else; NULL: none */
    bool json;
    size_t n_data;
    struct data_folder data[WIRE_MAX_DATA];
};

/* Prints what is wrong and exits with EXIT_USAGE where the line makes no sense; exits for --help and
 * --version. The texts are those of argv. */
void options_parse(int argc, char **argv, struct worker_options *options_out);

/* Whether everything that --data names is there. -ENOENT and the like. */
int options_check_data(const struct worker_options *options, struct errmsg *err);

/* Where a data set lies; NULL: not on this worker. */
const char *options_data_path(const struct worker_options *options, const char *name);

/* The arguments of a slot's process that goes by the same options: argv with --slot, NULL at the
 * end. The array is the caller's to free(). NULL when memory runs out. */
char **options_for_slot(const struct worker_options *options);

#endif
