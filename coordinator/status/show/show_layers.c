#include <inttypes.h>
#include <string.h>

#include "common/human.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/text_table.h"

static int show_openings(FILE *out, const Layernas__Layers *layers)
{
    static const struct text_column columns[] = {
        { "pass", ALIGN_RIGHT, 0 },     { "layer", ALIGN_LEFT, 14 },  { "buckets", ALIGN_RIGHT, 0 },
        { "children", ALIGN_RIGHT, 0 }, { "spared", ALIGN_RIGHT, 0 }, { "trials", ALIGN_RIGHT, 0 },
        { "costs", ALIGN_RIGHT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    char span[SHOW_TEXT_SIZE];
    int rc;

    for (size_t i = 0; i < layers->n_layers; i++) {
        const Layernas__Layer *l = layers->layers[i];

        text_table_cell(table, "%u", l->pass);
        text_table_cell(table, "%u %s", l->layer + 1, l->name);
        text_table_cell(table, "%u", l->buckets);
        text_table_cell(table, "%u", l->children);
        text_table_cell(table, "%" PRIu64,
                        (uint64_t)l->dropped + l->passed_over + l->known + l->duplicates);
        text_table_cell(table, "%u/%u", l->done, l->trials);
        text_table_cell(table, "%s", show_span(l->lowest, l->highest, span));
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

static void add_cell(struct text_table *table, const Layernas__Cell *cell,
                     const Layernas__Candidate *kept)
{
    char span[SHOW_TEXT_SIZE], percent[SHOW_TEXT_SIZE], cost[HUMAN_SIZE];

    text_table_cell(table, "%u", cell->bucket + 1);
    text_table_cell(table, "%s", show_span(cell->lowest, cell->highest, span));
    text_table_cell(table, "%u", cell->contenders);
    if (kept) {
        text_table_cell(table, "%s", show_percent(kept->correct, kept->total, percent));
        text_table_cell(table, "%s", human_amount(kept->cost, cost));
        text_table_cell(table, "%s", kept->arch);
    } else {
        text_table_cell(table, "-");
        text_table_cell(table, "-");
        text_table_cell(table, "none is trained yet");
    }
}

static int show_cells(FILE *out, const Layernas__Layer *layer, const char *metric)
{
    const struct text_column columns[] = {
        { "bucket", ALIGN_RIGHT, 0 },          { "costs", ALIGN_RIGHT, 0 },
        { "contenders", ALIGN_RIGHT, 0 },      { "top-1 %", ALIGN_RIGHT, 0 },
        { show_unit(metric), ALIGN_RIGHT, 0 }, { "kept", ALIGN_LEFT, 0 },
    };
    struct text_table *table = text_table_new(columns, sizeof columns / sizeof *columns);
    int rc;

    for (size_t i = 0; i < layer->n_cells; i++) {
        const Layernas__Cell *cell = layer->cells[i];

        for (size_t k = 0; k < cell->n_kept; k++)
            add_cell(table, cell, cell->kept[k]);
        if (cell->n_kept == 0)
            add_cell(table, cell, NULL);
    }
    rc = text_table_print(table, out);
    text_table_free(table);
    return rc;
}

int show_layers(FILE *out, const Layernas__Layers *layers, const char *metric)
{
    const Layernas__Layer *now;
    int rc;

    if (layers->n_layers == 0) {
        fprintf(out, "no layer is open yet: the first trial is the anchor\n");
        return 0;
    }
    rc = show_openings(out, layers);
    if (rc < 0)
        return rc;
    show_omitted(out, layers->n_layers, layers->total);
    now = layers->layers[layers->n_layers - 1];
    if (now->n_cells == 0)
        return 0;
    fprintf(out, "\nlayer %u (%.24s) in pass %u: the best %u of each bucket\n", now->layer + 1,
            now->name, now->pass, now->keep);
    rc = show_cells(out, now, metric);
    if (now->n_cells < now->cells_total)
        fprintf(out, "\nthe first %zu of %u buckets\n", now->n_cells, now->cells_total);
    return rc;
}
