/* results_file - files that are replaced whole, or not at all. */
#ifndef LAYERNAS_COORDINATOR_STATUS_RESULTS_FILE_H
#define LAYERNAS_COORDINATOR_STATUS_RESULTS_FILE_H

#include <stdio.h>

#include "common/errmsg.h"

/* Writes a file's content. 0 or a negative errno; errors of out itself are seen by the caller. */
typedef int results_writer(FILE *out, const void *arg);

/* Has write fill directory/name.new, makes it durable and renames it to directory/name. On failure
 * (a negative errno, a line in err) the former file stays as it was. */
int results_file_replace(const char *directory, const char *name, results_writer *write,
                         const void *arg, struct errmsg *err);

/* The last step alone, for a name.new that another program wrote. */
int results_file_adopt(const char *directory, const char *name, struct errmsg *err);

/* A field of a CSV line, in quotes where it needs them. */
void results_csv_text(FILE *out, const char *text);

#endif
