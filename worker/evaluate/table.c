/* A trial's reward is looked up in a benchmark table. For tests of everything but training. */
#include "common/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "worker/evaluate/evaluator.h"

enum { NAP_MS = 20 };

/* The table that this process read last. */
static struct {
    struct table *table;
    char *path;
    struct table_spec columns;
    size_t reward, report, seconds; /* places among the values; those not named have none */
} kept;

static bool is_kept(const char *path, const struct table_spec *columns)
{
    return kept.table && strcmp(kept.path, path) == 0 &&
           strcmp(kept.columns.arch_columns, columns->arch_columns) == 0 &&
           strcmp(kept.columns.reward_column, columns->reward_column) == 0 &&
           strcmp(kept.columns.report_column, columns->report_column) == 0 &&
           strcmp(kept.columns.seconds_column, columns->seconds_column) == 0;
}

static void forget(void)
{
    table_free(kept.table);
    free(kept.path);
    kept.table = NULL;
    kept.path = NULL;
}

static int load(const char *path, const struct table_spec *columns, struct errmsg *err)
{
    const char *values[3];
    size_t n = 0;
    int rc;

    if (is_kept(path, columns))
        return 0;
    forget();
    kept.columns = *columns;
    kept.path = strdup(path);
    if (!kept.path)
        return -ENOMEM;
    values[kept.reward = n++] = columns->reward_column;
    if (columns->report_column[0])
        values[kept.report = n++] = columns->report_column;
    if (columns->seconds_column[0])
        values[kept.seconds = n++] = columns->seconds_column;
    rc = table_load(path, columns->arch_columns, values, n, &kept.table, err);
    if (rc == 0 && columns->seconds_column[0])
        rc = table_check_seconds(kept.table, kept.seconds, path, columns->seconds_column, err);
    if (rc < 0)
        forget();
    else
        printf("%s: %zu rows\n", path, table_n_rows(kept.table));
    return rc;
}

static int look_up(const struct trial_message *trial, struct evaluation_result *result,
                   struct errmsg *err)
{
    const struct table_spec *columns = &trial->evaluation.table;
    bool report = trial->trial.stage == STAGE_TEST;
    const char *column = report ? columns->report_column : columns->reward_column;
    long row = table_find(kept.table, trial->table_key);
    double percent;

    if (row < 0)
        return errmsg_set(err, (int)row, "%s: no row with %s = %s", kept.path,
                          columns->arch_columns, trial->table_key);
    if (!column[0])
        return errmsg_set(err, -EINVAL, "a test, and the study names no report column");
    percent = table_value(kept.table, (size_t)row, report ? kept.report : kept.reward);
    if (percent < 0 || percent > 100)
        return errmsg_set(err, -ERANGE, "%s:%lu: row '%s': %s: %g; percent, from 0 to 100",
                          kept.path, table_line((size_t)row), trial->table_key, column, percent);
    result->reward = table_reward(percent);
    if (columns->seconds_column[0])
        result->seconds = table_value(kept.table, (size_t)row, kept.seconds);
    return 0;
}

/* $LAYERNAS_TABLE_DELAY_MS makes every trial take so long: a search to break in the middle. */
static int pretend_to_work(const struct evaluator_context *context)
{
    const char *text = getenv("LAYERNAS_TABLE_DELAY_MS");
    long delay_ms = text ? strtol(text, NULL, 10) : 0;

    for (long done_ms = 0; done_ms < delay_ms; done_ms += NAP_MS) {
        long left_ms = delay_ms - done_ms < NAP_MS ? delay_ms - done_ms : NAP_MS;
        struct progress progress = { .fraction = (double)done_ms / (double)delay_ms };

        if (!context->progress(context->arg, &progress))
            return -ECANCELED;
        nanosleep(&(struct timespec){ .tv_nsec = left_ms * 1000000 }, NULL);
    }
    return 0;
}

int evaluate_table(const struct trial_message *trial, const struct evaluator_context *context,
                   struct evaluation_result *result_out, struct errmsg *err)
{
    struct evaluation_result result = { .numerics = "table" };
    const char *path;
    int rc = evaluator_find_data(trial, context, &path, err);

    if (rc == 0)
        rc = load(path, &trial->evaluation.table, err);
    if (rc == 0)
        rc = look_up(trial, &result, err);
    if (rc == 0)
        rc = pretend_to_work(context);
    if (rc == 0)
        *result_out = result;
    return rc;
}
