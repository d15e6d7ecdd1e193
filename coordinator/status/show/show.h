/* show - a coordinator's answer as text for people, at most 80 columns. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_SHOW_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_SHOW_H

#include <stdio.h>

#include "proto/layernas.pb-c.h"

/* Whatever the reply, which reply_read has accepted, answers. -ENOMEM. */
int show_reply(FILE *out, const Layernas__StatusReply *reply);

/* One of each body, as show_reply prints them. */
int show_summary(FILE *out, const Layernas__Summary *summary);
int show_layers(FILE *out, const Layernas__Layers *layers, const char *metric);
int show_trials(FILE *out, const Layernas__Trials *trials, const char *metric);
int show_workers(FILE *out, const Layernas__Workers *workers, const char *metric);
int show_pareto(FILE *out, const Layernas__Pareto *pareto, const char *metric);
int show_best(FILE *out, const Layernas__Best *best, const char *metric);

/* ---- words they share ---- */

enum { SHOW_TEXT_SIZE = 96, SHOW_INDENT = 10 /* of print_wrapped */ };

/* "91.23", or "-" where there is no result. Returns text. */
const char *show_percent(uint32_t correct, uint32_t total, char text[SHOW_TEXT_SIZE]);

/* What a cost is called: "madds", "params", "bytes", or "cost" where a table supplies it. */
const char *show_unit(const char *metric);

/* "0.973 M madds, 0.120 M params": the cost that counts, and what else is known. */
const char *show_costs(const Layernas__Candidate *candidate, const char *metric,
                       char text[SHOW_TEXT_SIZE]);

/* "the newest 20 of 1,234" below a table that is not whole. */
void show_omitted(FILE *out, size_t shown, uint64_t total);

#endif
