#include <inttypes.h>

#include "common/human.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"

static const char *worker_state(const Layernas__WorkerRow *row)
{
    if (row->put_aside)
        return "put aside";
    return row->n_running > 0 ? "working" : "idle";
}

static int show_rows(FILE *out, const Layernas__Workers *workers)
{
    static const struct text_column columns[] = {
        { "worker", ALIGN_LEFT, 24 }, { "slots", ALIGN_RIGHT, 0 }, { "done", ALIGN_RIGHT, 0 },
        { "failed", ALIGN_RIGHT, 0 }, { "lost", ALIGN_RIGHT, 0 },  { "connected", ALIGN_RIGHT, 0 },
        { "silent", ALIGN_RIGHT, 0 }, { "state", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    char connected[HUMAN_SIZE], silent[HUMAN_SIZE];
    int rc;

    for (size_t i = 0; i < workers->n_rows; i++) {
        const Layernas__WorkerRow *row = workers->rows[i];

        text_table_cell(table, "%s", row->name);
        text_table_cell(table, "%u", row->slots);
        text_table_cell(table, "%" PRIu64, row->done);
        text_table_cell(table, "%" PRIu64, row->failed);
        text_table_cell(table, "%" PRIu64, row->lost);
        text_table_cell(table, "%s", human_duration(row->connected_s, connected));
        text_table_cell(table, "%s", human_duration(row->silent_s, silent));
        text_table_cell(table, "%s", worker_state(row));
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

static void add_running(struct text_table *table, const Layernas__WorkerRow *worker,
                        const Layernas__TrialRow *row)
{
    static const Layernas__Progress none = LAYERNAS__PROGRESS__INIT;
    const Layernas__Progress *progress = row->progress ? row->progress : &none;
    char number[HUMAN_SIZE];

    text_table_cell(table, "%" PRIu64, row->number);
    text_table_cell(table, "%s", row->second ? "double" : row->stage);
    text_table_cell(table, "%s", worker->name);
    text_table_cell(table, "%s", human_amount(row->cost, number));
    if (progress->epoch > 0) {
        text_table_cell(table, "%u/%u", progress->epoch, progress->epochs);
        text_table_cell(table, "%.3f", progress->loss);
        text_table_cell(table, "%.1f", progress->accuracy);
    } else {
        for (int i = 0; i < 3; i++)
            text_table_cell(table, "-");
    }
    text_table_cell(table, "%.0f %%", 100 * progress->fraction);
    text_table_cell(table, "%.0f", progress->images_per_second);
    if (progress->memory > 0)
        text_table_cell(table, "%.0f", 1e-6 * (double)progress->memory);
    else
        text_table_cell(table, "-");
}

static int show_running(FILE *out, const Layernas__Workers *workers, const char *metric)
{
    const struct text_column columns[] = {
        { "trial", ALIGN_RIGHT, 0 },   { "stage", ALIGN_LEFT, 0 },
        { "worker", ALIGN_LEFT, 20 },  { show_unit(metric), ALIGN_RIGHT, 0 },
        { "epoch", ALIGN_RIGHT, 0 },   { "loss", ALIGN_RIGHT, 0 },
        { "train %", ALIGN_RIGHT, 0 }, { "through", ALIGN_RIGHT, 0 },
        { "img/s", ALIGN_RIGHT, 0 },   { "MB", ALIGN_RIGHT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    int rc;

    for (size_t i = 0; i < workers->n_rows; i++)
        for (size_t k = 0; k < workers->rows[i]->n_running; k++)
            add_running(table, workers->rows[i], workers->rows[i]->running[k]);
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

int show_workers(FILE *out, const Layernas__Workers *workers, const char *metric)
{
    size_t n_running = 0;
    int rc;

    if (workers->n_rows == 0) {
        fprintf(out, "no worker is connected\n");
        return 0;
    }
    rc = show_rows(out, workers);
    if (rc < 0)
        return rc;
    show_omitted(out, workers->n_rows, workers->total);
    for (size_t i = 0; i < workers->n_rows; i++)
        n_running += workers->rows[i]->n_running;
    fputc('\n', out);
    if (n_running > 0)
        return show_running(out, workers, metric);
    fprintf(out, "nothing is running\n");
    return 0;
}
