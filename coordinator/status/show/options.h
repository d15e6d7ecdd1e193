/* options - the command line of layernas-status. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_OPTIONS_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/layernas.pb-c.h"

enum { EXIT_USAGE = 2 };

struct options {
    const char *endpoint;
    const char *keys; /* folder of; NULL: without */
    Layernas__Query__What what;
    bool has_what;    /* it, or a command, was named */
    const char *arch; /* of why; NULL: the winner */
    bool commands;    /* it is no view, but: */
    Layernas__Command command;
    uint32_t last; /* rows */
    bool all, json;
    double timeout_s;
    double watch_s; /* 0: once */
};

/* "summary", "layers", ...: as on the command line. */
const char *view_name(Layernas__Query__What what);

/* Exits with EXIT_USAGE and a line where it is wrong. */
void options_parse(int argc, char **argv, struct options *options_out);

#endif
