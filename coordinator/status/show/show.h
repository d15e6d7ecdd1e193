/* show - a coordinator's answer as text for people, at most 80 columns. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SHOW_SHOW_H
#define LAYERNAS_COORDINATOR_STATUS_SHOW_SHOW_H

#include <stdio.h>

#include "common/print.h"
#include "proto/layernas.pb-c.h"

/* Whatever the reply, which reply_unpack has accepted, answers. -ENOMEM. */
int show_reply(FILE *out, const Layernas__StatusReply *reply);

/* One of each body, as show_reply prints them. */
int show_summary(FILE *out, const Layernas__Summary *summary);
int show_layers(FILE *out, const Layernas__Layers *layers, const char *metric);
int show_trials(FILE *out, const Layernas__Trials *trials, const char *metric);
int show_workers(FILE *out, const Layernas__Workers *workers, const char *metric);
int show_pareto(FILE *out, const Layernas__Pareto *pareto, const char *metric);
int show_best(FILE *out, const Layernas__Best *best, const char *metric);
/* The final words of one who watched. */
int show_end(FILE *out, const Layernas__End *end, const char *metric);
int show_why(FILE *out, const Layernas__Why *why, const char *metric);
int show_diagnosis(FILE *out, const Layernas__Diagnosis *diagnosis, const char *metric);

/* Study, state, progress and time alone. */
void show_end_of_study(FILE *out, const Layernas__Summary *summary);

/* ---- words they share ---- */

enum { SHOW_TEXT_SIZE = 96, SHOW_INDENT = 10 /* of print_wrapped */ };

/* "91.23", or "-" where there is no result. Returns text. */
const char *show_percent(uint32_t correct, uint32_t total, char text[SHOW_TEXT_SIZE]);

/* What a cost is called: "madds", "params", "bytes", or "cost" where a table supplies it. */
const char *show_unit(const char *metric);

/* "0.973 M madds, 0.120 M params": the cost that counts, and what else is known. */
const char *show_costs(const Layernas__Candidate *candidate, const char *metric,
                       char text[SHOW_TEXT_SIZE]);

/* "8.4", "672", "16,978". */
const char *show_rate(double rate, char text[PRINT_NUMBER_SIZE]);

/* "0.868 - 1.09 M": the unit stands once where both have the same. */
const char *show_span(int64_t lowest, int64_t highest, char text[SHOW_TEXT_SIZE]);

/* "the last 20 of 1,234" below a table that is not whole. */
void show_omitted(FILE *out, size_t shown, uint64_t total);

#endif
