/* sqlite_alone - what SQLite can do by itself: results put into one table with the store's settings, as
 * many rows to a transaction as told. */
#ifndef LAYERNAS_TESTS_SQLITE_ALONE_H
#define LAYERNAS_TESTS_SQLITE_ALONE_H

#include <stdint.h>

#include "common/trial.h"

/* A made-up result of 24 layers, another one for each number. */
struct trial_result sqlite_alone_result(uint64_t number);

/* Durable rows per second; the database is removed again. */
double sqlite_alone_rate(const char *folder, uint32_t rows, uint32_t batch);

#endif
