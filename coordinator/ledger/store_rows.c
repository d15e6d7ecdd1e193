/* Rows <-> structs. The order of columns here is that of the tables in store_database.c. */
#include <string.h>

#include "coordinator/ledger/store_inside.h"

/* ---- the hash of a row ---- */

static struct check check_end(struct digest_state *state)
{
    struct digest digest;
    struct check check;

    digest_end(state, &digest);
    memcpy(check.bytes, digest.bytes, sizeof check.bytes);
    return check;
}

struct check store_check_text(const char *what, const char *text)
{
    struct digest_state state;

    digest_begin(&state, what);
    digest_string(&state, text);
    return check_end(&state);
}

struct check store_check_tally(const struct tally *tally)
{
    struct digest_state state;

    digest_begin(&state, "tally");
    digest_integer(&state, (int64_t)tally->commits);
    digest_integer(&state, (int64_t)tally->results);
    digest_integer(&state, (int64_t)tally->failures);
    digest_integer(&state, (int64_t)tally->openings);
    digest_real(&state, tally->elapsed_s);
    return check_end(&state);
}

struct check store_check_data(const struct digest *data)
{
    struct digest_state state;

    digest_begin(&state, "data");
    digest_bytes(&state, data, data ? sizeof *data : 0);
    return check_end(&state);
}

enum settled_as { ROW_RESULT, ROW_QUARANTINE, ROW_RETRY };

static enum settled_as settled_as(const struct stored_result *stored)
{
    return stored->retried ? ROW_RETRY : stored->quarantined ? ROW_QUARANTINE : ROW_RESULT;
}

/* A retry has no images: their column counts failures. */
static uint64_t total_of(const struct stored_result *stored)
{
    return stored->retried ? stored->failures_before : stored->result.reward.total;
}

static struct check check_of_result(uint64_t seq, const struct stored_result *stored,
                                    const struct digest *weights)
{
    const struct trial_result *result = &stored->result;
    struct digest_state state;

    digest_begin(&state, "results");
    digest_integer(&state, (int64_t)seq);
    digest_bytes(&state, result->key.bytes, sizeof result->key.bytes);
    digest_integer(&state, result->stage);
    digest_integer(&state, result->replica);
    digest_bytes(&state, result->arch.option, result->arch.n * sizeof *result->arch.option);
    digest_integer(&state, result->madds);
    digest_integer(&state, result->params);
    digest_integer(&state, settled_as(stored));
    digest_integer(&state, result->reward.correct);
    digest_integer(&state, (int64_t)total_of(stored));
    digest_real(&state, result->loss);
    digest_real(&state, result->seconds);
    digest_integer(&state, result->diverged);
    digest_string(&state, result->numerics);
    digest_string(&state, result->worker);
    digest_string(&state, result->reason);
    digest_real(&state, stored->finished_at);
    digest_bytes(&state, weights, weights ? sizeof *weights : 0);
    return check_end(&state);
}

static struct check check_of_failure(uint64_t seq, const struct stored_failure *failure)
{
    struct digest_state state;

    digest_begin(&state, "failures");
    digest_integer(&state, (int64_t)seq);
    digest_bytes(&state, failure->key.bytes, sizeof failure->key.bytes);
    digest_integer(&state, (int64_t)failure->attempt.start);
    digest_integer(&state, (int64_t)failure->attempt.counter);
    digest_bytes(&state, failure->worker_id, sizeof failure->worker_id);
    digest_string(&state, failure->reason);
    return check_end(&state);
}

/* ---- structs into rows ---- */

int store_update_tally(struct store *store, const struct tally *tally, struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_TALLY];
    struct check check = store_check_tally(tally);

    sqlite3_bind_int64(row, 1, (int64_t)tally->commits);
    sqlite3_bind_int64(row, 2, (int64_t)tally->results);
    sqlite3_bind_int64(row, 3, (int64_t)tally->failures);
    sqlite3_bind_int64(row, 4, (int64_t)tally->openings);
    sqlite3_bind_double(row, 5, tally->elapsed_s);
    sql_bind_check(row, 6, &check);
    return sql_run(store, STATEMENT_TALLY, err);
}

int store_update_data(struct store *store, const struct digest *data, struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_DATA];
    struct check check = store_check_data(data);

    sqlite3_bind_blob(row, 1, data, data ? sizeof *data : 0, SQLITE_TRANSIENT);
    sql_bind_check(row, 2, &check);
    return sql_run(store, STATEMENT_DATA, err);
}

int store_insert_result(struct store *store, uint64_t seq, const struct stored_result *stored,
                        const struct digest *weights, struct errmsg *err)
{
    const struct trial_result *result = &stored->result;
    sqlite3_stmt *row = store->statements[STATEMENT_RESULT];
    struct check check = check_of_result(seq, stored, weights);

    sqlite3_bind_int64(row, 1, (int64_t)seq);
    sqlite3_bind_blob(row, 2, result->key.bytes, sizeof result->key.bytes, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, result->stage);
    sqlite3_bind_int64(row, 4, result->replica);
    sql_bind_arch(row, 5, &result->arch);
    sqlite3_bind_int64(row, 6, result->madds);
    sqlite3_bind_int64(row, 7, result->params);
    sqlite3_bind_int64(row, 8, settled_as(stored));
    sqlite3_bind_int64(row, 9, result->reward.correct);
    sqlite3_bind_int64(row, 10, (int64_t)total_of(stored));
    sqlite3_bind_double(row, 11, result->loss);
    sqlite3_bind_double(row, 12, result->seconds);
    sqlite3_bind_int64(row, 13, result->diverged);
    sqlite3_bind_text(row, 14, result->numerics, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 15, result->worker, -1, SQLITE_STATIC);
    sqlite3_bind_text(row, 16, result->reason, -1, SQLITE_STATIC);
    sqlite3_bind_double(row, 17, stored->finished_at);
    sqlite3_bind_blob(row, 18, weights, weights ? sizeof *weights : 0, SQLITE_STATIC);
    sql_bind_check(row, 19, &check);
    return sql_run(store, STATEMENT_RESULT, err);
}

int store_insert_failure(struct store *store, uint64_t seq, const struct stored_failure *failure,
                         struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_FAILURE];
    struct check check = check_of_failure(seq, failure);

    sqlite3_bind_int64(row, 1, (int64_t)seq);
    sqlite3_bind_blob(row, 2, failure->key.bytes, sizeof failure->key.bytes, SQLITE_STATIC);
    sqlite3_bind_int64(row, 3, (int64_t)failure->attempt.start);
    sqlite3_bind_int64(row, 4, (int64_t)failure->attempt.counter);
    sqlite3_bind_blob(row, 5, failure->worker_id, sizeof failure->worker_id, SQLITE_STATIC);
    sqlite3_bind_text(row, 6, failure->reason, -1, SQLITE_STATIC);
    sql_bind_check(row, 7, &check);
    return sql_run(store, STATEMENT_FAILURE, err);
}

/* ---- rows into structs ---- */

static bool carries(sqlite3_stmt *row, int at, const struct check *want)
{
    struct check found;
    bool valid = true;

    sql_bytes(row, at, found.bytes, sizeof found.bytes, &valid);
    return valid && memcmp(&found, want, sizeof found) == 0;
}

bool store_result_of_row(sqlite3_stmt *row, uint64_t seq, struct stored_result *stored_out,
                         struct digest *weights_out, bool *has_weights_out)
{
    struct stored_result stored = { 0 };
    struct trial_result *result = &stored.result;
    struct check check;
    bool valid = sqlite3_column_int64(row, 0) == (int64_t)seq;
    bool has_weights = sqlite3_column_type(row, 17) != SQLITE_NULL;
    enum settled_as as;

    sql_bytes(row, 1, result->key.bytes, sizeof result->key.bytes, &valid);
    result->stage = (enum stage)sql_within(row, 2, 0, STAGES - 1, &valid);
    result->replica = (uint32_t)sql_within(row, 3, 0, UINT32_MAX, &valid);
    result->arch = sql_arch(row, 4, &valid);
    result->madds = sqlite3_column_int64(row, 5);
    result->params = sqlite3_column_int64(row, 6);
    as = (enum settled_as)sql_within(row, 7, 0, ROW_RETRY, &valid);
    stored.quarantined = as == ROW_QUARANTINE;
    stored.retried = as == ROW_RETRY;
    result->outcome = as != ROW_RESULT ? OUTCOME_FAILED : OUTCOME_OK;
    result->reward.correct = (uint32_t)sql_within(row, 8, 0, UINT32_MAX, &valid);
    if (stored.retried)
        stored.failures_before = (uint64_t)sql_within(row, 9, 0, INT64_MAX, &valid);
    else
        result->reward.total = (uint32_t)sql_within(row, 9, 0, UINT32_MAX, &valid);
    result->loss = sql_real(row, 10);
    result->seconds = sql_real(row, 11);
    result->diverged = sql_within(row, 12, 0, 1, &valid);
    sql_text(row, 13, result->numerics, sizeof result->numerics, &valid);
    sql_text(row, 14, result->worker, sizeof result->worker, &valid);
    sql_text(row, 15, result->reason, sizeof result->reason, &valid);
    stored.finished_at = sql_real(row, 16);
    if (has_weights)
        sql_bytes(row, 17, weights_out->bytes, sizeof weights_out->bytes, &valid);
    check = check_of_result(seq, &stored, has_weights ? weights_out : NULL);
    *stored_out = stored;
    *has_weights_out = has_weights;
    return valid && carries(row, 18, &check);
}

bool store_failure_of_row(sqlite3_stmt *row, uint64_t seq, struct stored_failure *failure_out)
{
    struct stored_failure failure = { 0 };
    struct check check;
    bool valid = sqlite3_column_int64(row, 0) == (int64_t)seq;

    sql_bytes(row, 1, failure.key.bytes, sizeof failure.key.bytes, &valid);
    failure.attempt.start = (uint64_t)sqlite3_column_int64(row, 2);
    failure.attempt.counter = (uint64_t)sqlite3_column_int64(row, 3);
    sql_bytes(row, 4, failure.worker_id, sizeof failure.worker_id, &valid);
    sql_text(row, 5, failure.reason, sizeof failure.reason, &valid);
    check = check_of_failure(seq, &failure);
    *failure_out = failure;
    return valid && carries(row, 6, &check);
}
