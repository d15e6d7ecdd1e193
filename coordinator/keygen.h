/* keygen - key pairs for coordinators, workers and people: --keygen DIR. */
#ifndef LAYERNAS_COORDINATOR_KEYGEN_H
#define LAYERNAS_COORDINATOR_KEYGEN_H

#include <stdio.h>

#include "common/errmsg.h"

/* Makes the pairs named, or, where none is, server, worker, observer and control; then prints what
 * goes where. As key_files_make. */
int keygen(const char *folder, const char *const *names, size_t n, FILE *out, struct errmsg *err);

#endif
