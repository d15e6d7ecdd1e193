/* The one row of what people told the search to do. */
#include <stdlib.h>
#include <string.h>

#include "coordinator/ledger/store_inside.h"

enum { ASIDE_SIZE = STEERING_MAX_ASIDE * TRIAL_WORKER_SIZE + 1 };

/* A line for each name; names have no line ends (wire_printable). */
static void write_aside(const struct steering *steering, char *text)
{
    for (uint32_t i = 0; i < steering->n_aside; i++) {
        text = stpcpy(text, steering->aside[i]);
        *text++ = '\n';
    }
    *text = '\0';
}

static bool read_aside(const char *text, struct steering *steering)
{
    while (*text) {
        size_t n = strcspn(text, "\n");

        if (n == 0 || n >= TRIAL_WORKER_SIZE || text[n] != '\n' ||
            steering->n_aside == STEERING_MAX_ASIDE)
            return false;
        memcpy(steering->aside[steering->n_aside++], text, n);
        text += n + 1;
    }
    return true;
}

static struct check check_of(const struct steering *steering, const char *aside)
{
    struct digest_state state;
    struct digest digest;
    struct check check;

    digest_begin(&state, "steering");
    digest_integer(&state, steering->mode);
    digest_integer(&state, steering->trials);
    digest_string(&state, aside);
    digest_end(&state, &digest);
    memcpy(check.bytes, digest.bytes, sizeof check.bytes);
    return check;
}

int store_update_steering(struct store *store, const struct steering *steering, struct errmsg *err)
{
    sqlite3_stmt *row = store->statements[STATEMENT_STEERING];
    char aside[ASIDE_SIZE];
    struct check check;

    write_aside(steering, aside);
    check = check_of(steering, aside);
    sqlite3_bind_int64(row, 1, steering->mode);
    sqlite3_bind_int64(row, 2, steering->trials);
    sql_bind_text(row, 3, aside);
    sql_bind_check(row, 4, &check);
    return sql_run(store, STATEMENT_STEERING, err);
}

static bool take_row(sqlite3_stmt *row, struct steering *steering_out)
{
    struct check found, want;
    char aside[ASIDE_SIZE];
    bool valid = true;

    memset(steering_out, 0, sizeof *steering_out);
    steering_out->mode = (enum steering_mode)sql_within(row, 1, 0, STEERING_DRAIN, &valid);
    steering_out->trials = (uint32_t)sql_within(row, 2, 0, UINT32_MAX, &valid);
    sql_text(row, 3, aside, sizeof aside, &valid);
    sql_bytes(row, 4, found.bytes, sizeof found.bytes, &valid);
    want = check_of(steering_out, aside);
    return valid && read_aside(aside, steering_out) && memcmp(&found, &want, sizeof want) == 0;
}

int store_read_steering(struct store *store, struct errmsg *err)
{
    sqlite3_stmt *row = NULL;
    int rc = sql_prepare(store, "SELECT * FROM steering WHERE one = 1", &row, err);

    if (rc == 0)
        rc = sql_error(store, sqlite3_step(row), err);
    if (rc == 0 && !take_row(row, &store->steering_before))
        rc = store_damaged(store, err, "steering, row 1 is not as it was written");
    sqlite3_finalize(row);
    return rc;
}
