/* store - what a study knows, on disk: results, failures, quarantines, openings. Append-only.
 *
 *     <state>/study.db     SQLite, WAL, synchronous=FULL; locked against other programs meanwhile
 *     <state>/study.commits  how many transactions were committed; a file apart, so that a study.db
 *                          that has lost some (a damaged WAL, an old copy) is noticed
 *     <state>/lock         held (flock) while a coordinator runs; says which
 *     <state>/spool/       of the local workers: results that are not acknowledged
 *     <state>/weights/     <key>.weights of final trainings, durable before their result's row
 *     <state>/logs/        trial-<number>-<n>.log, what each attempt's evaluator printed. For people:
 *                          written before the row, but not worth a disk flush each
 *
 * Every row carries a hash of its content and place, and rows are counted: what is read is what was
 * written, or is refused.
 *
 * Writes are queued and done in order by a thread of the store's own, as many as are waiting in
 * one transaction, begun five milliseconds after the one before at the earliest; done(arg) is called
 * by store_dispatch, on the loop thread, once the write is durable. A write never fails for good: when the disk is full or cannot be written, the store says
 * so (store_trouble) and tries again every second, and nothing is done until it succeeds.
 *
 * All functions are for one thread, the loop's, which waits for the disk only while opening,
 * reading and closing. */
#ifndef LAYERNAS_COORDINATOR_LEDGER_STORE_H
#define LAYERNAS_COORDINATOR_LEDGER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/errmsg.h"
#include "common/study.h"
#include "common/trial.h"
#include "coordinator/search/strategy.h"
#include "proto/wire.h"

enum { STORE_SCHEMA = 3, STEERING_MAX_ASIDE = 256 };

struct store;

/* Opens the state directory of a study, or makes it and its parents. -EBUSY: another coordinator
 * holds it; -EEXIST: it belongs to another study, or a field differs that may not change (err names
 * it); -ENOTEMPTY: it holds other things than a study; -EUCLEAN: the database is damaged;
 * -EPROTONOSUPPORT: written by a newer schema; or the errno of the directory. On failure nothing that
 * was in the directory is changed. */
int store_open(const char *directory, const struct study *study, struct store **store_out,
               struct errmsg *err);

/* Waits until everything queued is durable, then closes. What cannot be written at once (trouble)
 * is given up. Calls no done: whoever wants that waits for store_pending to be 0 first. */
void store_close(struct store *store);

/* ---- reading, before the first write ---- */

struct stored_result {
    struct trial_result result;
    bool quarantined;         /* then result has only key, stage, replica, arch and reason */
    bool retried;             /* no result: its quarantine ended, and it is tried anew */
    uint64_t failures_before; /* of retried: the failures rows that were there and count no more */
    double finished_at;       /* Unix time, seconds */
};

struct stored_failure {
    struct digest key;
    struct attempt attempt;
    uint8_t worker_id[16];
    char reason[TRIAL_REASON_SIZE];
};

/* Each calls back once per row, in the order written, and stops early with what the callback
 * returns if that is negative. What is passed is the callee's to copy. -EUCLEAN for a row that
 * makes no sense. */
int store_each_result(struct store *store, int (*each)(void *arg, const struct stored_result *),
                      void *arg, struct errmsg *err);
int store_each_failure(struct store *store, int (*each)(void *arg, const struct stored_failure *),
                       void *arg, struct errmsg *err);
int store_each_opening(struct store *store, int (*each)(void *arg, const struct opening *),
                       void *arg, struct errmsg *err);

/* What people told the search to do (steering). All zero: nothing. */
enum steering_mode { STEERING_RUN, STEERING_PAUSE, STEERING_DRAIN };

struct steering {
    enum steering_mode mode;
    uint32_t trials; /* the cap as it was raised; 0: it was not */
    uint32_t n_aside;
    char aside[STEERING_MAX_ASIDE][TRIAL_WORKER_SIZE]; /* names of workers that get nothing */
};

/* As an earlier run left it. */
const struct steering *store_steering(const struct store *store);

/* Seconds that earlier runs of this study took. */
double store_elapsed(const struct store *store);

/* Which data the stored results come from (data_digest). False where there are no results, or where a
 * layernas that did not ask wrote them. */
bool store_data(const struct store *store, struct digest *data_out);

/* ---- writing; -ENOMEM, after which nothing was queued. done may be NULL ---- */

typedef void store_done_fn(void *arg);

/* trial gives the number for the log's name; output and weights may be empty. All is copied. */
int store_put_result(struct store *store, const struct trial *trial,
                     const struct trial_result *result, const struct bytes *output,
                     const struct bytes *weights, store_done_fn *done, void *arg);
int store_put_quarantine(struct store *store, const struct trial *trial, const char *reason,
                         store_done_fn *done, void *arg);
int store_put_retry(struct store *store, const struct trial *trial, store_done_fn *done, void *arg);
int store_put_failure(struct store *store, const struct trial *trial,
                      const struct stored_failure *failure, const struct bytes *output,
                      store_done_fn *done, void *arg);
int store_put_opening(struct store *store, const struct opening *opening, store_done_fn *done,
                      void *arg);
int store_put_steering(struct store *store, const struct steering *steering, store_done_fn *done,
                       void *arg);
int store_put_elapsed(struct store *store, double elapsed_s);

/* Results from here on come from this data. Durable before any of them. */
int store_put_data(struct store *store, const struct digest *data);

/* Readable when store_dispatch has something to do, and when trouble comes or goes. */
int store_fd(const struct store *store);

/* Calls done for writes that became durable, a few of them: store_fd stays readable while there are
 * more. */
void store_dispatch(struct store *store);

/* Writes of which done was not called yet (or would be, if they had one). */
size_t store_pending(const struct store *store);

/* Why nothing can be written at present, as one line; false while all is well. */
bool store_trouble(struct store *store, struct errmsg *trouble_out);

/* Weights of a final trial, the caller's to free, after store_each_result. -ENOENT; -EUCLEAN when they
 * are not what was stored. */
int store_read_weights(struct store *store, const struct digest *key, struct bytes *weights_out,
                       struct errmsg *err);
void store_weights_path(const struct store *store, const struct digest *key, char *path,
                        size_t size);

#endif
