/* progress_line - how far the search is, on one line of a terminal that log lines step around. */
#ifndef LAYERNAS_COORDINATOR_PROGRESS_LINE_H
#define LAYERNAS_COORDINATOR_PROGRESS_LINE_H

#include <stddef.h>

#include "proto/layernas.pb-c.h"

struct progress_line;

/* A line on standard error, if that is a terminal; from then on the log writes only warnings. NULL
 * otherwise, or when memory runs out: the functions below take it and do nothing. */
struct progress_line *progress_line_new(void);

/* Wipes the line off the terminal; the log is as before. */
void progress_line_free(struct progress_line *line);

void progress_line_show(struct progress_line *line, const Layernas__Summary *summary);

/* The text for a terminal of so many columns: "block3 (pass 2) | 45/120 trials | ...". */
void progress_line_format(const Layernas__Summary *summary, char *text, size_t columns);

#endif
