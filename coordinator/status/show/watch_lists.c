#include "coordinator/status/show/watch_lists.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/human.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"

enum { LISTS = 3, FRAME = 2 /* lines of a list that are no rows: the empty one, the heading */ };

/* ---- workers ---- */

/* A line of the list: a running trial, or a worker that has none. */
struct busy {
    const Layernas__WorkerRow *worker;
    const Layernas__TrialRow *trial;
};

static int by_name(const void *left, const void *right)
{
    const struct busy *a = left, *b = right;
    int order = (a->trial == NULL) - (b->trial == NULL); /* who works stands first */

    if (order == 0)
        order = strcmp(a->worker->name, b->worker->name);
    if (order == 0 && a->trial && b->trial)
        order = (a->trial->number > b->trial->number) - (a->trial->number < b->trial->number);
    return order;
}

static size_t count_busy(const Layernas__Workers *workers)
{
    size_t n = 0;

    for (size_t i = 0; workers && i < workers->n_rows; i++)
        n += workers->rows[i]->n_running ? workers->rows[i]->n_running : 1;
    return n;
}

static void list_busy(const Layernas__Workers *workers, struct busy *list, size_t n)
{
    struct busy *to = list;

    for (size_t i = 0; i < workers->n_rows; i++) {
        const Layernas__WorkerRow *worker = workers->rows[i];

        for (size_t k = 0; k < worker->n_running; k++)
            *to++ = (struct busy){ worker, worker->running[k] };
        if (worker->n_running == 0)
            *to++ = (struct busy){ worker, NULL };
    }
    qsort(list, n, sizeof *list, by_name);
}

static void add_idle(struct text_table *table, const Layernas__WorkerRow *worker)
{
    for (int i = 0; i < 6; i++)
        text_table_cell(table, "-");
    text_table_cell(table, "%s", worker->put_aside ? "put aside" : "idle");
}

static void add_busy(struct text_table *table, const struct busy *busy)
{
    const Layernas__Progress *progress = busy->trial ? busy->trial->progress : NULL;
    char number[HUMAN_SIZE];

    text_table_cell(table, "%s", busy->worker->name);
    if (!busy->trial) {
        add_idle(table, busy->worker);
        return;
    }
    text_table_cell(table, "%" PRIu64, busy->trial->number);
    text_table_cell(table, "%s", human_amount(busy->trial->cost, number));
    text_table_cell(table, "%s", human_duration(busy->trial->running_s, number));
    if (progress && progress->epoch > 0)
        text_table_cell(table, "%u/%u", progress->epoch, progress->epochs);
    else
        text_table_cell(table, "-");
    if (progress && progress->fraction > 0)
        text_table_cell(table, "%.0f %%", 100 * progress->fraction);
    else
        text_table_cell(table, "-");
    if (progress && progress->images_per_second > 0)
        text_table_cell(table, "%.0f", progress->images_per_second);
    else
        text_table_cell(table, "-");
    text_table_cell(table, "%s", busy->trial->arch);
}

static int show_busy(FILE *out, const struct watch_view *view, size_t columns, size_t rows)
{
    const struct text_column headings[] = {
        { "worker", ALIGN_LEFT, 18 },
        { "trial", ALIGN_RIGHT, 0 },
        { show_unit(view->metric), ALIGN_RIGHT, 0 },
        { "for", ALIGN_RIGHT, 0 },
        { "epoch", ALIGN_RIGHT, 0 },
        { "through", ALIGN_RIGHT, 0 },
        { "img/s", ALIGN_RIGHT, 0 },
        { "arch", ALIGN_LEFT, 0 },
    };
    size_t n = count_busy(view->workers);
    struct busy *list = calloc(n ? n : 1, sizeof *list);
    struct text_table *table = text_table_new(headings, sizeof headings / sizeof *headings);
    int rc = -ENOMEM;

    if (list) {
        list_busy(view->workers, list, n);
        for (size_t i = 0; i < n && i < rows; i++)
            add_busy(table, &list[i]);
        rc = text_table_print_within(table, columns, out);
    }
    text_table_free(table);
    free(list);
    return rc;
}

/* ---- the current layer ---- */

static const Layernas__Layer *current_layer(const struct watch_view *view)
{
    const Layernas__Layers *layers = view->layers;

    return layers && layers->n_layers > 0 ? layers->layers[layers->n_layers - 1] : NULL;
}

static int show_buckets(FILE *out, const struct watch_view *view, size_t columns, size_t rows)
{
    const struct text_column headings[] = {
        { "bucket", ALIGN_RIGHT, 0 },  { "costs", ALIGN_RIGHT, 0 },
        { "results", ALIGN_RIGHT, 0 }, { "top-1 %", ALIGN_RIGHT, 0 },
        { "next %", ALIGN_RIGHT, 0 },  { show_unit(view->metric), ALIGN_RIGHT, 0 },
        { "kept", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(headings, sizeof headings / sizeof *headings);
    const Layernas__Layer *layer = current_layer(view);
    char text[SHOW_TEXT_SIZE], number[HUMAN_SIZE];
    int rc;

    for (size_t i = 0; i < layer->n_cells && i < rows; i++) {
        const Layernas__Cell *cell = layer->cells[i];
        const Layernas__Candidate *kept = cell->n_kept > 0 ? cell->kept[0] : NULL;

        text_table_cell(table, "%u", cell->bucket + 1);
        text_table_cell(table, "%s", show_span(cell->lowest, cell->highest, text));
        text_table_cell(table, "%u/%u", cell->results, cell->contenders);
        text_table_cell(table, "%s", kept ? show_percent(kept->correct, kept->total, text) : "-");
        text_table_cell(table, "%s",
                        cell->n_displaced > 0 ? show_percent(cell->displaced[0]->correct,
                                                             cell->displaced[0]->total, text)
                                              : "-");
        text_table_cell(table, "%s", kept ? human_amount(kept->cost, number) : "-");
        text_table_cell(table, "%s", kept ? kept->arch : "-");
    }
    rc = text_table_print_within(table, columns, out);
    text_table_free(table);
    return rc;
}

/* ---- the front ---- */

/* Of a longer front, the part around its last candidate inside the target: the answer and what it
 * would cost to do better. */
static size_t front_begin(const Layernas__Pareto *pareto, size_t rows)
{
    size_t n = pareto->n_candidates, last = n, begin;

    if (n <= rows)
        return 0;
    while (last > 0 && !pareto->candidates[last - 1]->in_target)
        last--;
    begin = last + 1 > rows ? last + 1 - rows : 0; /* one row is left for who is beyond it */
    return begin + rows > n ? n - rows : begin;
}

static int show_front(FILE *out, const struct watch_view *view, size_t columns, size_t rows)
{
    const struct text_column headings[] = {
        { show_unit(view->metric), ALIGN_RIGHT, 0 },
        { "top-1 %", ALIGN_RIGHT, 0 },
        { "target", ALIGN_LEFT, 0 },
        { "trial", ALIGN_RIGHT, 0 },
        { "Pareto front", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(headings, sizeof headings / sizeof *headings);
    const Layernas__Pareto *pareto = view->pareto;
    size_t begin = front_begin(pareto, rows);
    char text[SHOW_TEXT_SIZE];
    int rc;

    for (size_t i = begin; i < pareto->n_candidates && i - begin < rows; i++) {
        const Layernas__Candidate *candidate = pareto->candidates[i];

        text_table_cell(table, "%s", human_amount(candidate->cost, text));
        text_table_cell(table, "%s", show_percent(candidate->correct, candidate->total, text));
        text_table_cell(table, "%s", candidate->in_target ? "inside" : "-");
        text_table_cell(table, "%" PRIu64, candidate->trial);
        text_table_cell(table, "%s", candidate->arch);
    }
    rc = text_table_print_within(table, columns, out);
    text_table_free(table);
    return rc;
}

/* ---- together ---- */

/* Everybody gets an equal share of the rows, and what others do not need. */
static void share_rows(const size_t *wanted, size_t rows, size_t *shares)
{
    bool more = true;

    memset(shares, 0, LISTS * sizeof *shares);
    while (rows > 0 && more) {
        more = false;
        for (int l = 0; l < LISTS && rows > 0; l++)
            if (shares[l] < wanted[l]) {
                shares[l]++;
                rows--;
                more = true;
            }
    }
}

int watch_lists(FILE *out, const struct watch_view *view, size_t columns, size_t rows)
{
    static int (*const show[LISTS])(FILE *, const struct watch_view *, size_t,
                                    size_t) = { show_busy, show_buckets, show_front };
    const Layernas__Layer *layer = current_layer(view);
    size_t wanted[LISTS] = { count_busy(view->workers), layer ? layer->n_cells : 0,
                             view->pareto ? view->pareto->n_candidates : 0 };
    size_t shares[LISTS], frames = 0;

    for (int l = 0; l < LISTS; l++)
        frames += wanted[l] > 0 ? FRAME : 0;
    if (rows > 0 && rows <= frames)
        return 0;
    share_rows(wanted, rows == 0 ? SIZE_MAX : rows - frames, shares);
    for (int l = 0; l < LISTS; l++) {
        int rc;

        if (shares[l] == 0)
            continue;
        fputc('\n', out);
        rc = show[l](out, view, columns, shares[l]);
        if (rc < 0)
            return rc;
    }
    return 0;
}
